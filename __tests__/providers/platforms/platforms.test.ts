import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../../sandbox/runner/runner.ts";
import { platforms } from "../../../sandbox/services/index.ts";
import { leaks, runAction, runMain } from "../../kit/support.ts";
import { at, closeIdTokens, idTokens, inputsOf, minted, secretsIn, WAYS } from "./ways.ts";

const SEAL_KEY = randomBytes(32).toString("base64");
const IDS = globSync("src/providers/platforms/*.json").map((path) => basename(path, ".json"));

afterAll(closeIdTokens);

test("every platform has a stand-in, and every method of it a row here", async () => {
  expect(Object.keys(platforms).sort()).toEqual([...IDS].sort());
  const ways: string[] = [];
  for (const id of IDS) {
    await at(id, async ({ accounts }) => {
      ways.push(...Object.keys(accounts).map((method) => `${id} ${method}`));
    });
  }
  expect(ways.sort()).toEqual(WAYS.map(({ provider, method }) => `${provider} ${method}`).sort());
});

function expectToLive({ outputs }: StageResult, seconds: (typeof WAYS)[number]["seconds"]): void {
  if (seconds === undefined) {
    expect(outputs).toMatchObject({ "expires-at": "", "expires-in": "" });
    return;
  }
  const [least, most] = seconds;
  const left = Number(outputs["expires-in"]);
  expect(left).toBeGreaterThanOrEqual(least);
  expect(left).toBeLessThanOrEqual(most);
  expect(outputs["expires-at"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
}

describe.each(WAYS)("$provider, $method:", (way) => {
  test("a job gets a masked and proven credential, and leaves nothing behind", async () => {
    await at(way.provider, async (service) => {
      const inputs = inputsOf(way, service);
      const { main, post } = await runAction(inputs, { idTokens: await idTokens() });
      expect(main).toMatchObject({ outcome: "success", annotations: [] });
      expect(main.outputs).toMatchObject({
        provider: way.provider,
        method: way.method,
        url: service.url,
        probe: way.probe === undefined ? "skipped" : "accepted",
        account: way.account ?? "",
        failure: "",
        "env-name": way.env,
      });
      expect(main.env).toEqual({ [way.env]: main.outputs.token });
      const headers: Record<string, string> = JSON.parse(main.outputs.headers ?? "");
      expect(Object.keys(headers)).toEqual(way.headers);
      expect(main.outputs.authorization).toBe(headers.Authorization ?? "");
      expectToLive(main, way.seconds);
      expect(post).toMatchObject({ outcome: "success", annotations: [] });
      expect(service.live()).toEqual([]);
      if (way.ends === "revoked") expect(post?.log).toContain("the credential is revoked at");
      for (const stage of [main, post]) {
        if (stage !== undefined) expect(leaks(stage, [...secretsIn(inputs), ...minted(main)])).toEqual([]);
      }
      for (const secret of [...secretsIn(inputs), ...minted(main)]) expect(main.masks).toContain(secret);
    });
  });

  test("what another job sealed is opened, used and taken back as if it had been minted there", async () => {
    await at(way.provider, async (service) => {
      const sealing = await runAction(
        { ...inputsOf(way, service), "seal-key": SEAL_KEY },
        { idTokens: await idTokens() },
      );
      expect(sealing.main).toMatchObject({ outcome: "success" });
      const { sealed = "" } = sealing.main.outputs;
      const again = way.provider === "fortify-ssc" ? service.accounts[way.method]?.inputs : {};
      const revoke = way.ends === "revoked" ? { revoke: "true", ...again } : {};
      const { main, post } = await runAction({ sealed, "seal-key": SEAL_KEY, ...revoke });
      expect(main).toMatchObject({ outcome: "success" });
      for (const name of [
        "token",
        "authorization",
        "headers",
        "expires-at",
        "probe",
        "provider",
        "method",
        "url",
        "env-name",
      ]) {
        expect({ [name]: main.outputs[name] }).toEqual({ [name]: sealing.main.outputs[name] });
      }
      expect(main.env).toEqual(sealing.main.env);
      expect(post?.annotations).toEqual([]);
      expect(service.live()).toEqual([]);
      expect(leaks(main, minted(main))).toEqual([]);
    });
  });

  test("a wrong secret is refused once, and nothing is handed over", async () => {
    await at(way.provider, async (service) => {
      const inputs = inputsOf(way, service);
      const wrong = Object.fromEntries(secretsIn(inputs).length === 0 ? [["id-token-audience", "another"]] : []);
      for (const name of ["token", "password", "client-secret"]) {
        const secret = inputs[name];
        if (secret !== undefined) wrong[name] = `${secret.slice(0, -1)}${secret.endsWith("x") ? "y" : "x"}`;
      }
      const main = await runMain({ ...inputs, ...wrong }, { idTokens: await idTokens() });
      expect(main).toMatchObject({
        outcome: "failure",
        env: {},
        outputs: { failure: "refused", provider: way.provider },
      });
      expect(main.annotations).toHaveLength(1);
      expect(main.outputs).not.toHaveProperty("token");
      expect(service.requests).toHaveLength(1);
      expect(leaks(main, Object.values(wrong))).toEqual([]);
    });
  });

  test("`probe: false` sends no more than the exchange, and `revoke: false` leaves what there is", async () => {
    await at(way.provider, async (service) => {
      const { main } = await runAction(
        { ...inputsOf(way, service), probe: "false", revoke: "false" },
        { idTokens: await idTokens() },
      );
      expect(main).toMatchObject({ outcome: "success", outputs: { probe: "skipped" } });
      expect(service.requests).toHaveLength(way.ends === "left" ? 0 : 1);
      expect(service.live()).toHaveLength(way.ends === "revoked" ? 1 : 0);
    });
  });
});

describe("what is made for a run", () => {
  const way = { provider: "sonarqube", method: "ephemeral-token" };

  test("is looked for by its name and made once more where the answer was lost", async () => {
    await at(way.provider, async (service) => {
      let lost = 0;
      service.fault((request, req, res) => {
        if (!request.path.endsWith("/generate") || lost++ > 0) return false;
        res.end = () => {
          req.socket.destroy();
          return res;
        };
        return false;
      });
      const { main, post } = await runAction(inputsOf(way, service));
      expect(main).toMatchObject({ outcome: "success", annotations: [] });
      expect(service.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "POST /api/user_tokens/generate",
        "POST /api/user_tokens/revoke",
        "POST /api/user_tokens/generate",
        "GET /api/authentication/validate",
        "POST /api/user_tokens/revoke",
      ]);
      expect(post?.log).toContain("is revoked");
      expect(service.live()).toEqual([]);
    });
  });

  test("is made by a token of the user as well", async () => {
    await at(way.provider, async (service) => {
      const token = service.accounts.token?.inputs.token ?? "";
      const { main } = await runAction({ ...way, url: service.url, token });
      expect(main).toMatchObject({ outcome: "success", outputs: { probe: "accepted" } });
      expect(main.outputs.token).not.toBe(token);
      expect(service.live()).toEqual([]);
    });
  });

  test("is never made again where nothing can be deleted by its name, and a warning names it", async () => {
    await at("fortify-ssc", async (service) => {
      service.fault((request, req) => {
        if (!request.path.endsWith("/tokens")) return false;
        req.socket.destroy();
        return true;
      });
      const { main } = await runAction(inputsOf({ provider: "fortify-ssc", method: "ephemeral-token" }, service));
      expect(main).toMatchObject({ outcome: "failure", outputs: { failure: "unavailable" } });
      expect(service.requests).toHaveLength(1);
      expect(main.annotations.map(({ type, title }) => `${type}: ${title}`)).toEqual([
        "warning: A key may be left",
        "error: Service unavailable",
      ]);
    });
  });
});
