import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { closeServices, services, startServices, step } from "../kit/five-services.ts";
import { formsOf, leaks } from "../kit/support.ts";

beforeAll(startServices);
afterAll(closeServices);

describe("an answer that repeats the secrets", () => {
  const password = `ä%C3 ss"w&r/d?~~~`;
  afterEach(() => services.tuleap.fault(undefined));

  test.each(formsOf(password))("as %s shows none of them", async (form) => {
    const { tuleap } = services;
    tuleap.fault((_request, _req, res) => {
      res.writeHead(400, { "content-type": "application/json", "x-echo": "echo" });
      res.end(`{"error":{"message":"bad request: ${form} [end]"}}`);
      return true;
    });
    const { main } = await step(tuleap, "tuleap", { username: "ci-robot", password });
    expect(main.outputs.failure).toBe("bad-response");
    expect(main.log).toContain("***");
    expect(main.log).toContain("[end]");
    expect(leaks(main, [password])).toEqual([]);
  });
});
