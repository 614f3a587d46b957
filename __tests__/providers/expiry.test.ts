import { afterEach, describe, expect, test } from "@jest/globals";
import { startTuleap } from "../../sandbox/services/index.ts";
import { answerWith, closeServices, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

describe("an expiry far ahead", () => {
  test("is told as the service tells it", async () => {
    const tuleap = await started(startTuleap({}));
    const inputs = { provider: "tuleap", url: tuleap.url, ...tuleap.accounts["access-key"]?.inputs };
    const key = { expiration_date: "2099-01-01T00:00:00+00:00", scopes: [{ identifier: "write:rest" }] };
    tuleap.fault(answerWith(({ path }) => path === "/api/access_keys/self", 200, JSON.stringify(key)));
    expect((await runMain(inputs)).outputs["expires-at"]).toBe("2099-01-01T00:00:00Z");
  });
});
