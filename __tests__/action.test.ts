import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../sandbox/runner.ts";
import {
  type Qa,
  type ReportPortal,
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
  startXray,
  type Tuleap,
  type Virtuozzo,
  type Xray,
} from "../sandbox/services/index.ts";
import { formsOf, leaks, packageJson, runMain } from "./support.ts";

interface Services {
  readonly legacy: ReportPortal;
  readonly current: ReportPortal;
  readonly next: ReportPortal;
  readonly xray: Xray;
  readonly virtuozzo: Virtuozzo;
  readonly tuleap: Tuleap;
  readonly openTuleap: Tuleap;
  readonly qa: Qa;
}

let services: Services;
beforeAll(async () => {
  services = {
    legacy: await startReportPortal({ personality: "legacy" }),
    current: await startReportPortal({ personality: "new", basePath: "/rp" }),
    next: await startReportPortal({ personality: "6.0" }),
    xray: await startXray({}),
    virtuozzo: await startVirtuozzo({}),
    tuleap: await startTuleap({}),
    openTuleap: await startTuleap({ anonymous: true }),
    qa: await startQa({}),
  };
});
afterAll(() => Promise.all(Object.values(services).map((service: Service) => service.close())));

/** Runs main with one account of a service, and tells the requests that it sent. */
async function step(service: Service, provider: string, inputs: Readonly<Record<string, string>>) {
  const first = service.requests.length;
  const main = await runMain({ provider, url: service.url, ...inputs });
  return { main, requests: service.requests.slice(first) };
}

/** The secrets among the inputs. */
function secretsOf(inputs: Readonly<Record<string, string>>): string[] {
  return ["token", "password", "client-secret"].flatMap((name) => inputs[name] ?? []);
}

const bearer = (token: string) => `Bearer ${token}`;
const authorization = (token: string) => ({ Authorization: `Bearer ${token}` });
const DAY = 86_400;

interface Row {
  readonly at: keyof Services;
  readonly provider: string;
  readonly method: string;
  readonly requests: readonly string[];
  readonly account: string;
  /** Seconds that the credential lives; none where nobody knows. */
  readonly lives?: number;
  readonly variable: string;
  readonly userId?: string;
  readonly authorization: (token: string) => string;
  readonly headers: (token: string) => object;
}

const rp = { provider: "reportportal", variable: "RP_API_KEY", authorization: bearer, headers: authorization };
const vz = { provider: "virtuozzo", variable: "JELASTIC_TOKEN", authorization: () => "", headers: () => ({}) };
const tl = { provider: "tuleap", account: "ci-robot", userId: "" };
const keyed = { authorization: () => "", headers: (token: string) => ({ "X-Auth-AccessKey": token }) };
const tuleapToken = {
  ...tl,
  method: "token",
  requests: ["POST /api/tokens", "GET /api/users/self"],
  lives: DAY,
  variable: "TULEAP_TOKEN",
  userId: "115",
  authorization: () => "",
  headers: (token: string) => ({ "X-Auth-Token": token, "X-Auth-UserId": "115" }),
};

const ROWS: readonly Row[] = [
  {
    ...rp,
    at: "current",
    method: "password",
    requests: ["POST /rp/uat/sso/oauth/token", "GET /rp/api/users"],
    account: "ci-robot",
    lives: DAY,
  },
  { ...rp, at: "current", method: "api-key", requests: ["GET /rp/api/users"], account: "ci-robot" },
  {
    ...rp,
    at: "current",
    method: "ephemeral-api-key",
    requests: [
      "POST /rp/uat/sso/oauth/token",
      "GET /rp/api/users",
      "POST /rp/api/users/42/api-keys",
      "GET /rp/api/users",
      "GET /rp/api/users/42/api-keys",
    ],
    account: "ci-robot",
  },
  {
    ...rp,
    at: "legacy",
    method: "password",
    requests: ["POST /uat/sso/oauth/token", "GET /api/users", "GET /api/v1/users", "GET /api/v1/user"],
    account: "ci-robot",
    lives: DAY,
  },
  {
    ...rp,
    at: "legacy",
    method: "api-key",
    requests: ["GET /api/users", "GET /api/v1/users", "GET /api/v1/user"],
    account: "ci-robot",
  },
  {
    ...rp,
    at: "next",
    method: "password",
    requests: ["POST /uat/sso/oauth/token", "POST /api/sso/oauth/token", "GET /api/v1/users"],
    account: "ci.robot@example.org",
    lives: DAY,
  },
  {
    ...rp,
    at: "next",
    method: "api-key",
    requests: ["GET /api/users", "GET /api/v1/users"],
    account: "ci.robot@example.org",
  },
  {
    at: "xray",
    provider: "xray",
    method: "client-credentials",
    requests: ["POST /api/v2/authenticate", "POST /api/v2/graphql"],
    account: "",
    lives: DAY,
    variable: "XRAY_TOKEN",
    authorization: bearer,
    headers: authorization,
  },
  {
    ...vz,
    at: "virtuozzo",
    method: "personal-access-token",
    requests: ["POST /1.0/users/account/rest/getuserinfo"],
    account: "ci.robot@example.org",
  },
  {
    ...vz,
    at: "virtuozzo",
    method: "session",
    requests: ["POST /1.0/users/authentication/rest/signin", "POST /1.0/users/account/rest/getuserinfo"],
    account: "ci.robot@example.org",
  },
  {
    ...tl,
    ...keyed,
    at: "tuleap",
    method: "access-key",
    requests: ["GET /api/access_keys/self", "GET /api/users/self"],
    variable: "TULEAP_ACCESS_KEY",
  },
  {
    ...tl,
    ...keyed,
    at: "tuleap",
    method: "ephemeral-access-key",
    requests: ["POST /api/access_keys", "GET /api/users/self"],
    lives: 6 * 3600,
    variable: "TULEAP_ACCESS_KEY",
  },
  {
    ...tl,
    at: "tuleap",
    method: "oauth2-access-token",
    requests: ["GET /oauth2/userinfo"],
    variable: "TULEAP_TOKEN",
    authorization: bearer,
    headers: authorization,
  },
  { ...tuleapToken, at: "tuleap" },
  { ...tuleapToken, at: "openTuleap" },
  {
    ...tl,
    at: "tuleap",
    method: "basic",
    requests: ["GET /api/users/self"],
    variable: "TULEAP_TOKEN",
    authorization: (token) => `Basic ${token}`,
    headers: (token) => ({ Authorization: `Basic ${token}` }),
  },
  {
    at: "qa",
    provider: "qa",
    method: "client-credentials",
    requests: ["POST /oauth2/token/", "GET /restapi/v1/organizations/accounts/teams/?page%5Bsize%5D=1"],
    account: "",
    lives: 10 * 3600,
    variable: "QA_TOKEN",
    authorization: bearer,
    headers: authorization,
  },
];

describe("a right credential becomes every output and variable", () => {
  test.each(ROWS)("$provider $method at $at", async (row) => {
    const service = services[row.at];
    const given = service.accounts[row.method]?.inputs ?? {};
    const { main, requests } = await step(service, row.provider, { method: row.method, ...given });
    const token = main.outputs.token ?? "";
    expect(main.outputs).toEqual({
      token: expect.stringMatching(/^[\x20-\x7e]{8,}$/),
      authorization: row.authorization(token),
      headers: JSON.stringify(row.headers(token)),
      "expires-at": row.lives === undefined ? "" : expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      "expires-in": row.lives === undefined ? "" : expect.stringMatching(/^\d+$/),
      account: row.account,
      "user-id": row.userId ?? "",
      probe: "accepted",
      provider: row.provider,
      method: row.method,
      url: service.url,
      "env-name": row.variable,
      failure: "",
    });
    expect(main.env).toEqual({ [row.variable]: token, ...(row.userId && { TULEAP_USER_ID: row.userId }) });
    if (row.lives !== undefined) expectLifetime(main.outputs, row.lives);

    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(row.requests);
    expect(new Set(requests.map(({ connection }) => connection)).size).toBe(1);
    expect(new Set(requests.map(({ headers }) => headers["user-agent"]))).toEqual(
      new Set([`api-token-exchange/${packageJson.version}`]),
    );
    // What was minted is what proved itself: the last request of the probe carries it.
    const carried = requests.map(({ headers, body }) => `${Object.values(headers).join("\n")}\n${body}`);
    expect(carried.some((text) => text.includes(token))).toBe(true);

    expect(main).toMatchObject({ exitCode: 0, stderr: "", summary: "", annotations: [] });
    expect(main.masks).toEqual(expect.arrayContaining([token, ...secretsOf(given)]));
    expect(leaks(main, [token, ...secretsOf(given)])).toEqual([]);
    expect(requests.map(({ path }) => path).filter((path) => path.includes(token))).toEqual([]);
  });

  function expectLifetime(outputs: StageResult["outputs"], seconds: number): void {
    expect(Number(outputs["expires-in"])).toBeLessThanOrEqual(seconds);
    expect(Number(outputs["expires-in"])).toBeGreaterThan(seconds - 600);
    const left = (Date.parse(outputs["expires-at"] ?? "") - Date.now()) / 1000;
    expect(left).toBeLessThanOrEqual(seconds);
    expect(left).toBeGreaterThan(seconds - 600);
  }

  test("every method of every stand-in is among them", () => {
    const rows = ROWS.map(({ provider, method }) => `${provider} ${method}`);
    const all = Object.entries({
      reportportal: services.current,
      xray: services.xray,
      virtuozzo: services.virtuozzo,
      tuleap: services.tuleap,
      qa: services.qa,
    }).flatMap(([provider, { accounts }]) => Object.keys(accounts).map((method) => `${provider} ${method}`));
    expect(all.filter((method) => !rows.includes(method))).toEqual([]);
    expect(all).toHaveLength(12);
  });

  test("the method is inferred where it is left out, and aliases are resolved", async () => {
    const { virtuozzo } = services;
    const { main } = await step(virtuozzo, "Jelastic", virtuozzo.accounts.session?.inputs ?? {});
    expect(main.outputs).toMatchObject({ provider: "virtuozzo", method: "session", probe: "accepted" });
  });

  test("the documentation's own cloud_auth.json works as credentials as it is", async () => {
    const { xray } = services;
    const { "client-id": id = "", "client-secret": secret = "" } = xray.accounts["client-credentials"]?.inputs ?? {};
    const credentials = `{ "client_id": "${id}","client_secret": "${secret}" }`;
    const { main } = await step(xray, "xray", { credentials });
    expect(main.outputs).toMatchObject({ method: "client-credentials", probe: "accepted", failure: "" });
    expect(leaks(main, [credentials, secret])).toEqual([]);
  });

  test("an access key tells its own expiry, in UTC", async () => {
    const { tuleap } = services;
    const minted = await step(tuleap, "tuleap", {
      method: "ephemeral-access-key",
      ...tuleap.accounts["ephemeral-access-key"]?.inputs,
    });
    const { main } = await step(tuleap, "tuleap", { token: minted.main.outputs.token ?? "" });
    expect(main.outputs).toMatchObject({ method: "access-key", "expires-at": minted.main.outputs["expires-at"] });
  });
});

describe("settings change what is done with the credential", () => {
  const run = (inputs: Readonly<Record<string, string>>) => {
    const { qa } = services;
    return step(qa, "qa", { ...qa.accounts["client-credentials"]?.inputs, ...inputs });
  };

  test("probe: false sends the exchange alone", async () => {
    const { main, requests } = await run({ probe: "false" });
    expect(main.outputs).toMatchObject({ probe: "skipped", failure: "" });
    expect(requests.map(({ path }) => path)).toEqual(["/oauth2/token/"]);
  });

  test("env-name names the variable; Tuleap's user id keeps its own", async () => {
    const { tuleap } = services;
    const { main } = await step(tuleap, "tuleap", { ...tuleap.accounts.token?.inputs, "env-name": "MY_TOKEN" });
    expect(main.outputs["env-name"]).toBe("MY_TOKEN");
    expect(main.env).toEqual({ MY_TOKEN: main.outputs.token, TULEAP_USER_ID: "115" });
  });

  test("export-env: false exports nothing, and env-name is empty", async () => {
    const { tuleap } = services;
    const { main } = await step(tuleap, "tuleap", { ...tuleap.accounts.token?.inputs, "export-env": "false" });
    expect(main.outputs).toMatchObject({ "env-name": "", "user-id": "115", failure: "" });
    expect(main.env).toEqual({});
  });

  test.each(["failure", "false"])("summary: %s writes none on success", async (summary) => {
    expect((await run({ summary })).main.summary).toBe("");
  });

  test("summary: true names the service's host and the method, but neither account nor secret", async () => {
    const { virtuozzo } = services;
    const given = virtuozzo.accounts.session?.inputs ?? {};
    const { main } = await step(virtuozzo, "virtuozzo", { ...given, summary: "true" });
    expect(main.outputs.account).toBe("ci.robot@example.org");
    expect(main.summary).toContain(`127.0.0.1:${virtuozzo.port}`);
    expect(main.summary).toContain("session");
    expect(main.summary).not.toContain("ci.robot");
    expect(leaks(main, [main.outputs.token ?? "", given.password ?? ""])).toEqual([]);
  });
});

// How each service says no

interface Refusal {
  readonly what: string;
  readonly at: keyof Services;
  readonly provider: string;
  readonly inputs: (all: Services) => Readonly<Record<string, string>>;
  /** Turns a switch of the stand-in; the switch is turned back after the test. */
  readonly turn?: (all: Services) => void;
  readonly failure: string;
  readonly requests: number;
  readonly probe?: string;
}

const WRONG_KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const WRONG_OAUTH2 = "tlp-oauth2-at1-7.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const WRONG_RP_KEY = "test2_bCV0dcQfRuCo0Eq1Uv2_hizk4pHnssmV6qMLCEHGcyabsGAQxTQ1_gWJaX0kVHPM";
const WRONG = `wr%C3 öng"pa&ss+word='`;

const own = (service: Service, method: string) => service.accounts[method]?.inputs ?? {};

const REFUSALS: readonly Refusal[] = [
  ...(["legacy", "current", "next"] as const).flatMap((at): Refusal[] => [
    {
      what: "a wrong password",
      at,
      provider: "reportportal",
      inputs: (all) => ({ ...own(all[at], "password"), password: WRONG }),
      failure: "refused",
      requests: at === "next" ? 2 : 1,
    },
    {
      what: "a wrong client",
      at,
      provider: "reportportal",
      inputs: (all) => ({ ...own(all[at], "password"), "client-id": "fork", "client-secret": WRONG }),
      failure: "refused",
      requests: at === "next" ? 2 : 1,
    },
    {
      what: "a wrong API key",
      at,
      provider: "reportportal",
      inputs: () => ({ token: WRONG_RP_KEY }),
      failure: "refused",
      requests: 1,
      probe: "refused",
    },
  ]),
  {
    what: "a wrong API key, which the answer repeats",
    at: "legacy",
    provider: "reportportal",
    inputs: () => ({ token: WRONG_RP_KEY }),
    turn: ({ legacy }) => {
      legacy.behaviour.echoToken = true;
    },
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong password for an ephemeral key",
    at: "current",
    provider: "reportportal",
    inputs: ({ current }) => ({ method: "ephemeral-api-key", ...own(current, "password"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a disabled user",
    at: "current",
    provider: "reportportal",
    inputs: ({ current }) => own(current, "password"),
    turn: ({ current }) => {
      current.behaviour.userDisabled = true;
    },
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "a wrong secret",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => ({ ...own(xray, "client-credentials"), "client-secret": WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong secret inside of credentials",
    at: "xray",
    provider: "xray",
    inputs: () => ({ credentials: JSON.stringify({ client_id: "5F2A", client_secret: WRONG }) }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a licence that is not valid",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => own(xray, "client-credentials"),
    turn: ({ xray }) => {
      xray.behaviour.licenceInvalid = true;
    },
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "data in another region",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => own(xray, "client-credentials"),
    turn: ({ xray }) => {
      xray.behaviour.wrongRegion = true;
    },
    failure: "wrong-url",
    requests: 2,
  },
  {
    what: "the refusal of the CDN",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => own(xray, "client-credentials"),
    turn: ({ xray }) => {
      xray.behaviour.cdnRefuses = "authenticate";
    },
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "a wrong password",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => ({ ...own(virtuozzo, "session"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password, told below an outer 0",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => ({ ...own(virtuozzo, "session"), password: WRONG }),
    turn: ({ virtuozzo }) => {
      virtuozzo.behaviour.nestedErrors = true;
    },
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password, told with HTTP 500",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => ({ ...own(virtuozzo, "session"), password: WRONG }),
    turn: ({ virtuozzo }) => {
      virtuozzo.behaviour.errorStatus = 500;
    },
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong personal access token",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: () => ({ token: "0123456789abcdef0123456789abcdef01234567" }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "an account with a second factor",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => virtuozzo.twoFactor.inputs,
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "a wrong access key",
    at: "tuleap",
    provider: "tuleap",
    inputs: () => ({ token: WRONG_KEY }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a malformed access key",
    at: "tuleap",
    provider: "tuleap",
    inputs: () => ({ token: "tlp.k1.1026.not-a-key" }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong access key where strangers are let in",
    at: "openTuleap",
    provider: "tuleap",
    inputs: () => ({ token: WRONG_KEY }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a key for git alone",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ token: tuleap.gitOnlyKey }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong OAuth2 access token",
    at: "tuleap",
    provider: "tuleap",
    inputs: () => ({ token: WRONG_OAUTH2 }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong password",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ ...own(tuleap, "token"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "an account with a passkey",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => tuleap.passkeyOnly.inputs,
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password for an ephemeral key",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ method: "ephemeral-access-key", ...own(tuleap, "token"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password for basic",
    at: "openTuleap",
    provider: "tuleap",
    inputs: ({ openTuleap }) => ({ method: "basic", ...own(openTuleap, "basic"), password: WRONG }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "the key of a suspended account",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ token: tuleap.suspended.accessKey }),
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "the token of a suspended account, which is refused once it is used",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => tuleap.suspended.password.inputs,
    failure: "forbidden",
    requests: 2,
  },
  {
    what: "headers that a proxy strips where strangers are let in",
    at: "openTuleap",
    provider: "tuleap",
    inputs: ({ openTuleap }) => own(openTuleap, "token"),
    turn: ({ openTuleap }) => {
      openTuleap.behaviour.stripsAuthHeaders = true;
    },
    failure: "refused",
    requests: 2,
    probe: "refused",
  },
  {
    what: "a wrong secret",
    at: "qa",
    provider: "qa",
    inputs: ({ qa }) => ({ ...own(qa, "client-credentials"), "client-secret": WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a key pair that was replaced",
    at: "qa",
    provider: "qa",
    inputs: ({ qa }) => own(qa, "client-credentials"),
    turn: ({ qa }) => {
      qa.behaviour.keyPairReplaced = true;
    },
    failure: "refused",
    requests: 1,
  },
];

describe("a service's no ends the step at once, in one annotation, with nothing exported and nothing leaked", () => {
  let turnBack: (() => void)[] = [];
  afterEach(() => {
    for (const restore of turnBack) restore();
    turnBack = [];
  });

  test.each(REFUSALS)(
    "$at: $what is $failure",
    async ({ at, provider, inputs, turn, failure, requests: count, probe }) => {
      const service = services[at];
      if ("behaviour" in service) {
        const before = { ...service.behaviour };
        turnBack.push(() => Object.assign(service.behaviour, before));
      }
      turn?.(services);
      const given = inputs(services);
      const { main, requests } = await step(service, provider, given);

      const { method, ...outputs } = main.outputs;
      expect(outputs).toEqual({ failure, provider, url: service.url, ...(probe && { probe }) });
      expect(method).not.toBe("");
      expect(main.env).toEqual({});
      expect(main.exitCode).toBe(1);
      // No wait and no second try: a refusal is final.
      expect(requests).toHaveLength(count);
      expect(main.log).not.toMatch(/^Attempt /m);

      const errors = main.annotations.filter(({ type }) => type === "error");
      expect(errors).toHaveLength(1);
      expect(errors[0]?.title).toMatch(/^[A-Z][^\n]{3,60}$/);
      expect(errors[0]?.message).not.toContain("\n");
      expect(main.summary).toContain(failure);
      expect(main.summary).not.toContain("robot");
      expect(leaks(main, secretsOf(given))).toEqual([]);
    },
  );
});

test.each([
  { personality: "legacy", statuses: [403] },
  { personality: "new", statuses: [401] },
  { personality: "6.0", statuses: [404, 401] },
] as const)(
  "an address that ReportPortal $personality has locked is locked, even with the right password",
  async ({ personality, statuses }) => {
    const service = await startReportPortal({ personality });
    const place = personality === "6.0" ? "/api" : "/uat";
    try {
      const given = own(service, "password");
      for (let wrong = 0; wrong < 4; wrong++) {
        await fetch(`${service.url}${place}/sso/oauth/token`, {
          method: "POST",
          headers: { authorization: "Basic dWk6dWltYW4=" },
          body: new URLSearchParams({ grant_type: "password", username: given.username ?? "", password: "wrong" }),
        });
      }
      const { main, requests } = await step(service, "reportportal", given);
      expect(main.outputs.failure).toBe("locked");
      expect(requests.map(({ status }) => status)).toEqual(statuses);
    } finally {
      await service.close();
    }
  },
);

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

test("the search for leaks finds a secret in every form", () => {
  const secret = `pä ss"w&r/d?~~~`;
  const nothing = { log: "", summary: "", annotations: [] };
  expect(formsOf(secret).length).toBeGreaterThanOrEqual(6);
  for (const form of formsOf(secret)) {
    expect(leaks({ ...nothing, log: `before ${form} after` } as unknown as StageResult, [secret])).toContain(form);
  }
  expect(leaks({ ...nothing, log: "nothing" } as unknown as StageResult, [secret])).toEqual([]);
});

// In which order things happen

describe("the order of masks, writes and requests", () => {
  /** Runs main and tells in one order what it logged, wrote and sent. Masks that are only a form of a secret are left out. */
  async function journal(
    service: Service,
    inputs: Readonly<Record<string, string>>,
    names: (main: StageResult) => Readonly<Record<string, string | undefined>>,
  ): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "journal-"));
    try {
      const file = join(folder, "journal");
      const preload = pathToFileURL(join(import.meta.dirname, "journal.ts")).href;
      const env = { NODE_OPTIONS: `--import ${preload} --disable-warning=ExperimentalWarning`, JOURNAL: file };
      const main = await runMain({ url: service.url, ...inputs }, { env });
      const named = Object.entries(names(main));
      const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
      return lines.flatMap((line) => {
        const [kind = "", text = ""] = JSON.parse(line) as string[];
        return tell(kind, text, named);
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  function tell(kind: string, text: string, named: readonly [string, string | undefined][]): string[] {
    if (kind === "request") return [text];
    if (kind === "log") return logged(text, named);
    if (kind === "summary") return [];
    const [, name, value] = /^(.*?)<<(?:ghadelimiter_[\w-]+)\n(.*)\n/.exec(text) ?? [];
    return [kind === "state" && value === "none" ? `state ${name} none` : `${kind} ${name}`];
  }

  function logged(line: string, named: readonly [string, string | undefined][]): string[] {
    if (line.startsWith("::error")) return ["error"];
    const [, data] = /^::add-mask::(.*)$/.exec(line) ?? [];
    const mask = data?.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
    return named.flatMap(([name, value]) => (value !== undefined && value === mask ? [`mask ${name}`] : []));
  }

  const handedOut = [
    "output token",
    "output authorization",
    "output headers",
    "output expires-at",
    "output expires-in",
    "output account",
    "output user-id",
    "output env-name",
  ];

  test("a minted token is masked before it is saved, saved before it is proven, proven before it is handed out", async () => {
    const { tuleap } = services;
    const inputs = { provider: "tuleap", method: "token", ...own(tuleap, "token") };
    const order = await journal(tuleap, inputs, ({ outputs }) => ({
      password: own(tuleap, "token").password,
      token: outputs.token,
    }));
    expect(order).toEqual([
      "state revocation none",
      "mask password",
      "output provider",
      "output url",
      "output method",
      "POST /api/tokens",
      "mask token",
      "state revocation",
      "state revocation",
      "GET /api/users/self",
      "output probe",
      ...handedOut,
      "env TULEAP_TOKEN",
      "env TULEAP_USER_ID",
      "output failure",
    ]);
  });

  test("what is only a step on the way is masked like the rest", async () => {
    const { current } = services;
    const inputs = { provider: "reportportal", method: "ephemeral-api-key", ...own(current, "password") };
    const order = await journal(current, inputs, ({ outputs, masks }) => ({
      password: own(current, "password").password,
      "access token": masks.find((mask) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask)),
      key: outputs.token,
    }));
    expect(order).toEqual([
      "state revocation none",
      "mask password",
      "output provider",
      "output url",
      "output method",
      "POST /rp/uat/sso/oauth/token",
      "mask access token",
      "GET /rp/api/users",
      "POST /rp/api/users/42/api-keys",
      "mask key",
      "state revocation",
      "state revocation",
      "GET /rp/api/users",
      "output probe",
      "GET /rp/api/users/42/api-keys",
      ...handedOut,
      "env RP_API_KEY",
      "output failure",
    ]);
  });

  test("a token that nothing can revoke is masked before it is proven", async () => {
    const { xray } = services;
    const given = own(xray, "client-credentials");
    const order = await journal(xray, { provider: "xray", ...given }, ({ outputs }) => ({
      secret: given["client-secret"],
      token: outputs.token,
    }));
    expect(order.filter((entry) => !entry.startsWith("output"))).toEqual([
      "state revocation none",
      "mask secret",
      "POST /api/v2/authenticate",
      "mask token",
      "state revocation",
      "POST /api/v2/graphql",
      "env XRAY_TOKEN",
    ]);
  });

  test("a secret that the user brought is masked before its first request", async () => {
    const { virtuozzo } = services;
    const given = own(virtuozzo, "personal-access-token");
    const order = await journal(virtuozzo, { provider: "virtuozzo", ...given }, () => ({ token: given.token }));
    expect(order.filter((entry) => !entry.startsWith("output"))).toEqual([
      "state revocation none",
      "mask token",
      "POST /1.0/users/account/rest/getuserinfo",
      "env JELASTIC_TOKEN",
    ]);
  });

  test("a token that its probe refuses stays saved for post, and is never handed out", async () => {
    const { tuleap } = services;
    const given = tuleap.suspended.password.inputs;
    const order = await journal(tuleap, { provider: "tuleap", ...given }, () => ({ password: given.password }));
    expect(order).toEqual([
      "state revocation none",
      "mask password",
      "output provider",
      "output url",
      "output method",
      "POST /api/tokens",
      "state revocation",
      "state revocation",
      "GET /api/users/self",
      "error",
      "output failure",
    ]);
  });

  test("a refused secret is masked before the request, and the error comes after it", async () => {
    const { qa } = services;
    const given = { ...own(qa, "client-credentials"), "client-secret": WRONG };
    const order = await journal(qa, { provider: "qa", ...given }, () => ({ secret: WRONG }));
    expect(order).toEqual([
      "state revocation none",
      "mask secret",
      "output provider",
      "output url",
      "output method",
      "POST /oauth2/token/",
      "error",
      "output failure",
    ]);
  });
});
