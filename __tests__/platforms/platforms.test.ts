import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { faults } from "../../sandbox/faults.ts";
import { type IdTokens, startIdTokens } from "../../sandbox/id-token.ts";
import type { StageResult } from "../../sandbox/runner.ts";
import { type Fault, platforms, type Service } from "../../sandbox/services/index.ts";
import { pooled } from "../fault-stages.ts";
import { answerWith, leaks, runAction, runMain, shown } from "../support.ts";

const SEAL_KEY = randomBytes(32).toString("base64");
const IDS = globSync("src/providers/platforms/*.json").map((path) => basename(path, ".json"));

/** What each method comes to, as its users are told. */
const METHODS: Readonly<
  Record<string, { env: string; headers: readonly string[]; ends: "revoked" | "expires" | "left"; probe: string }>
> = {
  "qtest api-token": { env: "QTEST_TOKEN", headers: ["Authorization"], ends: "expires", probe: "accepted" },
  "jama client-credentials": { env: "JAMA_TOKEN", headers: ["Authorization"], ends: "expires", probe: "accepted" },
  "allure-testops api-token": {
    env: "ALLURE_ACCESS_TOKEN",
    headers: ["Authorization"],
    ends: "expires",
    probe: "accepted",
  },
  "zebrunner access-token": { env: "ZEBRUNNER_TOKEN", headers: ["Authorization"], ends: "expires", probe: "skipped" },
  "tosca client-credentials": {
    env: "TOSCA_TOKEN",
    headers: ["Authorization", "X-Tricentis"],
    ends: "expires",
    probe: "skipped",
  },
  "blackduck api-token": {
    env: "BLACKDUCK_BEARER_TOKEN",
    headers: ["Authorization", "X-CSRF-TOKEN"],
    ends: "expires",
    probe: "accepted",
  },
  "artifactory github-oidc": { env: "JF_ACCESS_TOKEN", headers: ["Authorization"], ends: "revoked", probe: "accepted" },
  "dependency-track password": { env: "DTRACK_TOKEN", headers: ["Authorization"], ends: "expires", probe: "accepted" },
  "dependency-track api-key": { env: "DTRACK_API_KEY", headers: ["X-Api-Key"], ends: "left", probe: "accepted" },
  "sonarqube token": { env: "SONAR_TOKEN", headers: ["Authorization"], ends: "left", probe: "accepted" },
  "sonarqube ephemeral-token": { env: "SONAR_TOKEN", headers: ["Authorization"], ends: "revoked", probe: "accepted" },
  "fortify-ssc ephemeral-token": {
    env: "FCLI_DEFAULT_SSC_CI_TOKEN",
    headers: ["Authorization"],
    ends: "revoked",
    probe: "accepted",
  },
};

interface Way {
  readonly provider: string;
  readonly method: string;
}

const WAYS: readonly Way[] = Object.keys(METHODS).map((way) => {
  const [provider = "", method = ""] = way.split(" ");
  return { provider, method };
});

/** Those that send something before they have a token. */
const MINTING = WAYS.filter(({ provider, method }) => METHODS[`${provider} ${method}`]?.ends !== "left");

let idTokens: IdTokens;
beforeAll(async () => {
  idTokens = await startIdTokens();
});
afterAll(() => idTokens.close());

/** Lets a test use a platform of its own. */
async function at<Result>(provider: string, use: (service: Service) => Promise<Result>): Promise<Result> {
  const service = await platforms[provider]?.({ trusts: idTokens });
  if (service === undefined) throw new Error(`${provider} has no stand-in`);
  try {
    return await use(service);
  } finally {
    await service.close();
  }
}

function inputsOf({ provider, method }: Way, service: Service): Record<string, string> {
  return { provider, method, url: service.url, ...service.accounts[method]?.inputs };
}

/** What of the inputs is secret. */
function secretsIn(inputs: Readonly<Record<string, string>>): string[] {
  return ["token", "password", "client-secret"].flatMap((name) => inputs[name] ?? []);
}

/** Every header and variable with a secret in it, for the look at what a reader sees. */
function minted({ outputs }: StageResult): string[] {
  const headers: Record<string, string> = JSON.parse(outputs.headers || "{}");
  const values = Object.values(headers).map((value) => value.replace(/^\S+ /, ""));
  return [outputs.token ?? "", ...values].filter((value) => value.length > 3);
}

test("every platform has a stand-in, and every method of it a row here", async () => {
  expect(Object.keys(platforms).sort()).toEqual([...IDS].sort());
  const ways: string[] = [];
  for (const id of IDS) {
    await at(id, async ({ accounts }) => {
      ways.push(...Object.keys(accounts).map((method) => `${id} ${method}`));
    });
  }
  expect(ways.sort()).toEqual(Object.keys(METHODS).sort());
});

describe.each(WAYS)("$provider, $method:", (way) => {
  const facts = METHODS[`${way.provider} ${way.method}`];
  if (facts === undefined) throw new Error("no row");

  test("a job gets a masked and proven credential, and leaves nothing behind", async () => {
    await at(way.provider, async (service) => {
      const inputs = inputsOf(way, service);
      const { main, post } = await runAction(inputs, { idTokens });
      expect(main).toMatchObject({ outcome: "success", annotations: [] });
      expect(main.outputs).toMatchObject({
        ...way,
        url: service.url,
        probe: facts.probe,
        failure: "",
        "env-name": facts.env,
      });
      expect(main.env).toEqual({ [facts.env]: main.outputs.token });
      const headers: Record<string, string> = JSON.parse(main.outputs.headers ?? "");
      expect(Object.keys(headers)).toEqual(facts.headers);
      expect(main.outputs.authorization).toBe(headers.Authorization ?? "");
      expect(main.outputs["expires-at"] !== "").toBe(facts.ends !== "left");
      expect(post).toMatchObject({ outcome: "success", annotations: [] });
      expect(service.live()).toEqual([]);
      if (facts.ends === "revoked") expect(post?.log).toContain("the credential is revoked at");
      for (const stage of [main, post]) {
        if (stage !== undefined) expect(leaks(stage, [...secretsIn(inputs), ...minted(main)])).toEqual([]);
      }
      for (const secret of [...secretsIn(inputs), ...minted(main)]) expect(main.masks).toContain(secret);
    });
  });

  test("what another job sealed is opened, used and taken back as if it had been minted there", async () => {
    await at(way.provider, async (service) => {
      const sealing = await runAction({ ...inputsOf(way, service), "seal-key": SEAL_KEY }, { idTokens });
      expect(sealing.main).toMatchObject({ outcome: "success" });
      const { sealed = "" } = sealing.main.outputs;
      const again = way.provider === "fortify-ssc" ? service.accounts[way.method]?.inputs : {};
      const revoke = facts.ends === "revoked" ? { revoke: "true", ...again } : {};
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
      const main = await runMain({ ...inputs, ...wrong }, { idTokens });
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
      const { main } = await runAction({ ...inputsOf(way, service), probe: "false", revoke: "false" }, { idTokens });
      expect(main).toMatchObject({ outcome: "success", outputs: { probe: "skipped" } });
      expect(service.requests).toHaveLength(facts.ends === "left" ? 0 : 1);
      expect(service.live()).toHaveLength(facts.ends === "revoked" ? 1 : 0);
    });
  });
});

type FaultName = keyof typeof faults;

/** What each fault of an exchange means, at whatever service. */
const FAULTS: Readonly<Partial<Record<FaultName, string>>> = {
  "closes without an answer": "unavailable",
  "resets without an answer": "unavailable",
  "breaks off in a chunked body": "unavailable",
  "answers in another protocol": "bad-response",
  "sends 1 MiB and a byte unannounced": "bad-response",
  "307 to another host": "wrong-url",
  "302 to a login page": "wrong-url",
  "408": "timeout",
  "429": "rate-limited",
  "500": "unavailable",
  "503 with a page": "unavailable",
};

/** What may have been made and could not be looked for is warned of beside. */
function errorsOf({ annotations }: StageResult): number {
  return annotations.filter(({ type }) => type === "error").length;
}

describe("a fault of the exchange", () => {
  test.each(Object.entries(FAULTS))("%s is %s at every platform", async (name, code) => {
    const fault: Fault = faults[name as FaultName];
    const seen = await pooled(MINTING, (way) =>
      at(way.provider, async (service) => {
        service.fault(fault);
        const main = await runMain({ ...inputsOf(way, service), retries: "0" }, { idTokens });
        return { way, code: main.outputs.failure, errors: errorsOf(main), env: main.env };
      }),
    );
    expect(seen).toEqual(MINTING.map((way) => ({ way, code, errors: 1, env: {} })));
  });

  test("a page is another service, and 200 without a token is no answer", async () => {
    const body = '{"unexpected":"hunter2-hunter2"}';
    const seen = await pooled(MINTING, (way) =>
      at(way.provider, async (service) => {
        const post = ({ method }: { method: string }) => method === "POST";
        service.fault(answerWith(post, 200, "<!doctype html><title>Sign in</title>", { "content-type": "text/html" }));
        const page = await runMain({ ...inputsOf(way, service), retries: "0" }, { idTokens });
        service.fault(answerWith(post, 200, body));
        const other = await runMain({ ...inputsOf(way, service), retries: "0" }, { idTokens });
        return {
          way,
          codes: [page.outputs.failure, other.outputs.failure],
          isQuoted: shown(other).includes("hunter2"),
        };
      }),
    );
    const codes = ["wrong-url", "bad-response"];
    expect(seen).toEqual(MINTING.map((way) => ({ way, codes, isQuoted: false })));
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
