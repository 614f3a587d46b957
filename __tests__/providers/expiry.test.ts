import { afterEach, describe, expect, test } from "@jest/globals";
import { type Fault, startTuleap } from "../../sandbox/services/index.ts";
import { closeServices, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

const json =
  (status: number, body: unknown): Fault =>
  (_request, _req, res) => {
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    return true;
  };

describe("an expiry far ahead", () => {
  test("is told as the service tells it", async () => {
    const tuleap = await started(startTuleap({}));
    const inputs = { provider: "tuleap", url: tuleap.url, ...tuleap.accounts["access-key"]?.inputs };
    const key = { expiration_date: "2099-01-01T00:00:00+00:00", scopes: [{ identifier: "write:rest" }] };
    tuleap.fault((request, req, res) =>
      request.path === "/api/access_keys/self" ? json(200, key)(request, req, res) : false,
    );
    expect((await runMain(inputs)).outputs["expires-at"]).toBe("2099-01-01T00:00:00Z");
  });
});
