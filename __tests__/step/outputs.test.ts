import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import { closeServices, type Services, secretsOf, services, startServices, step } from "../kit/five-services.ts";
import { leaks, packageJson } from "../kit/support.ts";

beforeAll(startServices);
afterAll(closeServices);

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
