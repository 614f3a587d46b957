import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startQa, startTuleap, startXray } from "../sandbox/services/index.ts";
import { Failure } from "../src/failure.ts";
import { readCredentials } from "../src/input/credentials.ts";
import { plan } from "../src/input/plan.ts";
import { parseSettings } from "../src/input/settings.ts";
import { INPUTS, type InputName, type Inputs } from "../src/input/table.ts";
import { runMain, shown, startTrap, type Trap } from "./support.ts";

type Given = Readonly<Partial<Record<InputName, string>>>;

const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const OAUTH2 = "tlp-oauth2-at1-7.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const LOGIN = { username: "ci-robot", password: "correct-horse" } as const;
const PAIR = { "client-id": "5F2A", "client-secret": "battery-staple" } as const;
const URL_ = "https://service.example.com";
const TOKEN = "a-ready-made-token";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----";

let trap: Trap;
beforeAll(async () => {
  trap = await startTrap();
});
afterAll(() => trap.close());

/** A step of QA, which needs no URL, with these inputs in addition. */
const qa = (given: Given = {}): Given => ({ provider: "qa", ...PAIR, ...given });
const tuleap = (given: Given): Given => ({ provider: "tuleap", url: URL_, ...given });
const reportportal = (given: Given): Given => ({ provider: "reportportal", url: URL_, ...given });
const virtuozzo = (given: Given): Given => ({ provider: "virtuozzo", url: URL_, ...given });
const xray = (given: Given): Given => ({ provider: "xray", ...given });

describe("each mistake is one invalid-input that names the input, before any request", () => {
  test.each<{ what: string; given: Given; names: string }>([
    { what: "no provider", given: { token: TOKEN }, names: '"provider"' },
    { what: "an unknown provider", given: { provider: "jira", token: TOKEN }, names: '"provider"' },
    { what: "a method that no provider has", given: qa({ method: "magic" }), names: '"method"' },
    { what: "another provider's method", given: qa({ method: "api-key" }), names: '"method"' },
    {
      what: "a method that does not use a field",
      given: qa({ method: "client-credentials", token: TOKEN }),
      names: '"token"',
    },
    {
      what: "a method that does not use a field of the JSON",
      given: tuleap({ method: "token", credentials: `{"username":"a","password":"bbbbb","token":"${KEY}"}` }),
      names: '"token"',
    },
    { what: "a field that no method of the provider takes", given: xray({ token: TOKEN }), names: '"token"' },
    {
      what: "fields that no method takes together",
      given: reportportal({ token: TOKEN, username: "a" }),
      names: '"username"',
    },
    { what: "a token beside a login", given: virtuozzo({ token: TOKEN, ...LOGIN }), names: '"token"' },
    { what: "no url for reportportal", given: { provider: "reportportal", token: TOKEN }, names: '"url"' },
    { what: "no url for virtuozzo", given: { provider: "virtuozzo", token: TOKEN }, names: '"url"' },
    { what: "no url for tuleap", given: { provider: "tuleap", token: KEY }, names: '"url"' },
    { what: "a url of another scheme", given: qa({ url: "ftp://service.example.com" }), names: '"url"' },
    { what: "a url without a host", given: qa({ url: "https://" }), names: '"url"' },
    { what: "a url with a port that is none", given: qa({ url: "https://service.example.com:99999" }), names: '"url"' },
    { what: "a url with a space", given: qa({ url: "https://service.example .com" }), names: '"url"' },
    { what: "a url with a backslash", given: qa({ url: "https:\\\\service.example.com" }), names: '"url"' },
    {
      what: "a url of two lines",
      given: qa({ url: "https://service.example.com\nhttps://b.example.com" }),
      names: '"url"',
    },
    { what: "a url with user info", given: qa({ url: "https://user:pass@service.example.com" }), names: '"url"' },
    { what: "a url with a user", given: qa({ url: "https://user@service.example.com" }), names: '"url"' },
    { what: "a url with a query", given: qa({ url: "https://service.example.com/?a=b" }), names: '"url"' },
    { what: "a url with an empty query", given: qa({ url: "https://service.example.com/?" }), names: '"url"' },
    { what: "a url with a fragment", given: qa({ url: "https://service.example.com/#top" }), names: '"url"' },
    { what: "a url with an empty fragment", given: qa({ url: "https://service.example.com/#" }), names: '"url"' },
    {
      what: "a fragment elsewhere than after /ui",
      given: reportportal({ token: TOKEN, url: "https://rp.example.com/rp#login" }),
      names: '"url"',
    },
    {
      what: "a query before the fragment of /ui",
      given: reportportal({ token: TOKEN, url: "https://rp.example.com/ui?a=b#login" }),
      names: '"url"',
    },
    { what: "plain http", given: qa({ url: "http://service.example.com" }), names: '"url"' },
    {
      what: "plain http to a host that only begins like loopback",
      given: qa({ url: "http://127.0.0.1.example.com" }),
      names: '"url"',
    },
    {
      what: "plain http to a host that only ends like loopback",
      given: qa({ url: "http://not-localhost" }),
      names: '"url"',
    },
    {
      what: "credentials that are no JSON",
      given: { provider: "qa", credentials: "client_id=5F2A" },
      names: '"credentials"',
    },
    { what: "credentials that are an array", given: { provider: "qa", credentials: "[]" }, names: '"credentials"' },
    { what: "credentials that are a text", given: { provider: "qa", credentials: '"a text"' }, names: '"credentials"' },
    { what: "credentials that are null", given: { provider: "qa", credentials: "null" }, names: '"credentials"' },
    {
      what: "an unknown key in credentials",
      given: { provider: "qa", credentials: '{"client_key":"5F2A"}' },
      names: "client_key",
    },
    { what: "a prototype for a key", given: qa({ credentials: '{"__proto__":"5F2A"}' }), names: "__proto__" },
    {
      what: "a number in credentials",
      given: { provider: "qa", credentials: '{"client_id":5}' },
      names: '"credentials.client-id"',
    },
    {
      what: "null in credentials",
      given: { provider: "qa", credentials: '{"client_secret":null}' },
      names: '"credentials.client-secret"',
    },
    {
      what: "an object in credentials",
      given: xray({ credentials: '{"clientId":{"a":"b"}}' }),
      names: '"credentials.client-id"',
    },
    {
      what: "a field as an input and in credentials",
      given: qa({ credentials: '{"client_secret":"battery-staple"}' }),
      names: '"credentials.client-secret"',
    },
    {
      what: "one key twice in credentials",
      given: xray({ credentials: '{"client_id":"5F2A","client_secret":"abcdef","client_secret":"ghijkl"}' }),
      names: '"credentials.client-secret"',
    },
    {
      what: "one key twice in credentials, once written with an escape",
      given: xray({ credentials: '{"client_id":"5F2A","client_secret":"abcdef","client\\u005fsecret" : "ghijkl"}' }),
      names: '"credentials.client-secret"',
    },
    {
      what: "a field twice in credentials",
      given: { provider: "qa", "client-secret": "abcdef", credentials: '{"client_id":"5F2A","clientId":"5F2A"}' },
      names: '"credentials.client-id"',
    },
    { what: "a token of 7 characters", given: tuleap({ token: "1234567" }), names: '"token"' },
    { what: "a token of 65,537 characters", given: reportportal({ token: "x".repeat(65_537) }), names: '"token"' },
    { what: "a token of two lines", given: reportportal({ token: "12345678\n12345678" }), names: '"token"' },
    { what: "a token that is not ASCII", given: virtuozzo({ token: "passwörd" }), names: '"token"' },
    { what: "a token with a tab", given: virtuozzo({ token: "1234\t5678" }), names: '"token"' },
    {
      what: "a short token in credentials",
      given: tuleap({ credentials: '{"token":"1234567"}' }),
      names: '"credentials.token"',
    },
    {
      what: "a colon in the user name of basic",
      given: tuleap({ method: "basic", username: "a:b", password: "secret" }),
      names: '"username"',
    },
    { what: "probe", given: qa({ probe: "loose" }), names: '"probe"' },
    { what: "probe in a case that YAML does not have", given: qa({ probe: "tRUE" }), names: '"probe"' },
    { what: "export-env", given: qa({ "export-env": "yes" }), names: '"export-env"' },
    { what: "env-name with a hyphen", given: qa({ "env-name": "QA-TOKEN" }), names: '"env-name"' },
    { what: "a forbidden env-name", given: qa({ "env-name": "node_options" }), names: '"env-name"' },
    { what: "revoke", given: qa({ revoke: "never" }), names: '"revoke"' },
    { what: "timeout 0", given: qa({ timeout: "0" }), names: '"timeout"' },
    { what: "timeout 3601", given: qa({ timeout: "3601" }), names: '"timeout"' },
    { what: "timeout 1.5", given: qa({ timeout: "1.5" }), names: '"timeout"' },
    { what: "timeout 1e3", given: qa({ timeout: "1e3" }), names: '"timeout"' },
    { what: "timeout with a unit", given: qa({ timeout: "60s" }), names: '"timeout"' },
    { what: "retries -1", given: qa({ retries: "-1" }), names: '"retries"' },
    { what: "retries 11", given: qa({ retries: "11" }), names: '"retries"' },
    { what: "retries in words", given: qa({ retries: "four" }), names: '"retries"' },
    {
      what: "a certificate that is not there",
      given: qa({ "ca-certificate": "no/such.pem" }),
      names: '"ca-certificate"',
    },
    { what: "a certificate that is none", given: qa({ "ca-certificate": CERTIFICATE }), names: '"ca-certificate"' },
    {
      what: "half a certificate",
      given: qa({ "ca-certificate": "-----BEGIN CERTIFICATE-----\nabcd" }),
      names: '"ca-certificate"',
    },
    { what: "allow-http", given: qa({ "allow-http": "1" }), names: '"allow-http"' },
    { what: "summary", given: qa({ summary: "always" }), names: '"summary"' },
  ])("$what", async ({ given, names }) => {
    await expectMistake(given, "invalid-input", names);
  });
});

describe("each secret that is not there is one missing-secret that names the input, before any request", () => {
  test.each<{ what: string; given: Given; names: readonly string[] }>([
    { what: "reportportal without any", given: reportportal({}), names: ['"username"', '"password"', '"token"'] },
    { what: "xray without any", given: xray({}), names: ['"client-id"', '"client-secret"'] },
    { what: "virtuozzo without any", given: virtuozzo({}), names: ['"username"', '"password"', '"token"'] },
    { what: "tuleap without any", given: tuleap({}), names: ['"username"', '"password"', '"token"'] },
    { what: "qa without any", given: { provider: "qa" }, names: ['"client-id"', '"client-secret"'] },
    { what: "empty credentials", given: { provider: "qa", credentials: "" }, names: ['"credentials"'] },
    { what: "credentials of spaces", given: { provider: "qa", credentials: " \n " }, names: ['"credentials"'] },
    { what: "credentials without a field", given: { provider: "qa", credentials: "{}" }, names: ['"credentials"'] },
    {
      what: "credentials with empty fields",
      given: { provider: "qa", credentials: '{"client_id":"","client_secret":" "}' },
      names: ['"credentials"'],
    },
    { what: "a token of spaces", given: virtuozzo({ token: "   " }), names: ['"token"'] },
    { what: "a key pair without its secret", given: xray({ "client-id": "5F2A" }), names: ['"client-secret"'] },
    { what: "a key pair without its id", given: xray({ "client-secret": "battery-staple" }), names: ['"client-id"'] },
    { what: "a login without its password", given: virtuozzo({ username: "a" }), names: ['"password"'] },
    { what: "a login without its user", given: tuleap({ password: "correct-horse" }), names: ['"username"'] },
    {
      what: "reportportal's client without its secret",
      given: reportportal({ ...LOGIN, "client-id": "ui" }),
      names: ['"client-secret"'],
    },
    {
      what: "reportportal's client without its id",
      given: reportportal({ ...LOGIN, "client-secret": "uiman" }),
      names: ['"client-id"'],
    },
    {
      what: "reportportal's client without a login",
      given: reportportal({ "client-id": "ui", "client-secret": "uiman" }),
      names: ['"username"', '"password"'],
    },
    {
      what: "a field that credentials should hold",
      given: xray({ credentials: '{"client_id":"5F2A"}' }),
      names: ['"credentials.client-secret"'],
    },
    {
      what: "a field that credentials hold empty",
      given: tuleap({ username: "a", credentials: '{"password":""}' }),
      names: ['"credentials.password"'],
    },
    { what: "method access-key without its token", given: tuleap({ method: "access-key" }), names: ['"token"'] },
    {
      what: "method ephemeral-access-key without a password",
      given: tuleap({ method: "ephemeral-access-key", username: "a" }),
      names: ['"password"'],
    },
    {
      what: "method basic without a user",
      given: tuleap({ method: "basic", password: "correct-horse" }),
      names: ['"username"'],
    },
    {
      what: "method ephemeral-api-key without any",
      given: reportportal({ method: "ephemeral-api-key" }),
      names: ['"username"', '"password"'],
    },
    {
      what: "method personal-access-token without its token",
      given: virtuozzo({ method: "personal-access-token" }),
      names: ['"token"'],
    },
  ])("$what", async ({ given, names }) => {
    const message = await expectMistake(given, "missing-secret", ...names);
    expect(message).toMatch(/fork/);
    expect(message).toMatch(/Dependabot/);
    expect(message).toMatch(/"environment"/);
    expect(message).toMatch(/"secrets: inherit"/);
  });
});

async function expectMistake(given: Given, failure: string, ...names: readonly string[]): Promise<string> {
  const before = trap.connections();
  const main = await runMain(given, { env: trap.env });
  const errors = main.annotations.filter(({ type }) => type === "error");
  expect(errors).toHaveLength(1);
  const [{ title, message } = { title: "", message: "" }] = errors;
  expect(title).not.toBe("");
  for (const name of names) expect(message).toContain(name);
  expect(main.exitCode).toBe(1);
  expect(main.outputs.failure).toBe(failure);
  expect(Object.keys(main.outputs).filter((name) => !["failure", "provider", "method", "url"].includes(name))).toEqual(
    [],
  );
  expect(main.env).toEqual({});
  expect(trap.connections()).toBe(before);
  return message;
}

test("a request would have been seen: without a mistake, one comes", async () => {
  const before = trap.connections();
  const main = await runMain(qa({ retries: "0" }), { env: trap.env });
  expect(main.outputs.failure).toBe("unavailable");
  expect(trap.connections()).toBeGreaterThan(before);
});

test("a field that no method takes lists the provider's methods with what each needs, and says to set method", async () => {
  const { annotations } = await runMain(tuleap({ token: KEY, "client-id": "5F2A" }), { env: trap.env });
  const message = annotations[0]?.message;
  expect(message).toMatch(/Set "method"/);
  expect(message).toContain("access-key (token)");
  expect(message).toContain("ephemeral-access-key (username, password)");
  expect(message).toContain("oauth2-access-token (token)");
  expect(message).toContain("token (username, password)");
  expect(message).toContain("basic (username, password)");
});

test("what is known of a step that fails in its inputs is told: provider and url, but no method", async () => {
  const given = { provider: "Jelastic", url: "app.example.com/1.0/", token: TOKEN, ...LOGIN };
  const { outputs } = await runMain(given, { env: trap.env });
  expect(outputs).toEqual({ provider: "virtuozzo", url: "https://app.example.com", failure: "invalid-input" });
});

// What the inputs come to

const inputsOf = (given: Given): Inputs => {
  const empty = Object.fromEntries(INPUTS.map((name) => [name, ""])) as Record<InputName, string>;
  return { ...empty, ...given };
};

const RUN = { server: "", repository: "", workflow: "", job: "", id: "1", attempt: "1", selfHosted: false };

async function chosen(given: Given) {
  const inputs = inputsOf(given);
  const { target } = await plan(inputs, parseSettings(inputs), {
    run: RUN,
    tell: () => {},
    secret: () => {},
    definition: () => "",
  });
  return { provider: target.provider.id, method: target.method.id, url: target.url, envName: target.envName };
}

describe("the base URL", () => {
  const inputsFor: Readonly<Record<string, Given>> = {
    reportportal: { token: TOKEN },
    xray: PAIR,
    virtuozzo: { token: TOKEN },
    jelastic: { token: TOKEN },
    tuleap: { token: KEY },
    qa: PAIR,
    "cloud-academy": PAIR,
  };

  test.each([
    ["xray", "", "https://xray.cloud.getxray.app"],
    ["qa", "", "https://app.qa.com"],
    ["cloud-academy", "", "https://cloudacademy.com"],
    ["CLOUD-ACADEMY", "", "https://cloudacademy.com"],
    ["cloud-academy", "https://platform.qa.com", "https://platform.qa.com"],

    ["reportportal", "rp.example.com", "https://rp.example.com"],
    ["reportportal", "rp.example.com:8443/rp", "https://rp.example.com:8443/rp"],
    ["reportportal", "HTTPS://RP.Example.com/", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com:443", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com///", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/RP/", "https://rp.example.com/RP"],

    ["reportportal", "https://rp.example.com/ui", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/#", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/#login", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui#login", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/#demo/launches/all?page.page=1", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/rp/ui/#login", "https://rp.example.com/rp"],
    ["reportportal", "https://rp.example.com/uat", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/uat/sso/oauth/token", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/rp/uat/sso/oauth/token/", "https://rp.example.com/rp"],
    ["reportportal", "https://rp.example.com/api", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/api/v1", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/api/v2/", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/api/v3", "https://rp.example.com/api/v3"],
    ["reportportal", "https://rp.example.com/api/ui//", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/gui", "https://rp.example.com/gui"],
    ["reportportal", "https://rp.example.com/ui/rp", "https://rp.example.com/ui/rp"],

    ["xray", "https://eu.xray.cloud.getxray.app/api/v2", "https://eu.xray.cloud.getxray.app"],
    ["xray", "https://eu.xray.cloud.getxray.app/api/v1/", "https://eu.xray.cloud.getxray.app"],
    ["xray", "eu.xray.cloud.getxray.app/api/v1/authenticate", "https://eu.xray.cloud.getxray.app"],
    ["xray", "https://eu.xray.cloud.getxray.app/api/v2/graphql/", "https://eu.xray.cloud.getxray.app"],
    ["xray", "https://proxy.example.com/xray/api/v2", "https://proxy.example.com/xray"],

    ["virtuozzo", "app.example.com", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.0", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.0/", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.0/users/account/rest/getuserinfo", "https://app.example.com"],
    ["jelastic", "https://app.example.com/1.0/development/scripting/rest/eval", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.01", "https://app.example.com/1.01"],
    ["virtuozzo", "https://app.example.com/100", "https://app.example.com/100"],

    ["tuleap", "https://tuleap.example.com/api", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/v1", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/v2/tokens", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/tokens/", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/tokens", "https://tuleap.example.com/tokens"],

    ["qa", "https://app.qa.com/oauth2", "https://app.qa.com"],
    ["qa", "https://app.qa.com/oauth2/token", "https://app.qa.com"],
    ["qa", "https://platform.qa.com/oauth2/token/", "https://platform.qa.com"],
    ["qa", "https://platform.qa.com/restapi", "https://platform.qa.com"],
    ["qa", "https://platform.qa.com/restapi/", "https://platform.qa.com"],

    ["qa", "http://localhost:8080/", "http://localhost:8080"],
    ["qa", "http://LOCALHOST:8080", "http://localhost:8080"],
    ["qa", "http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["qa", "http://127.1.2.3", "http://127.1.2.3"],
    ["qa", "http://[::1]:8080/qa", "http://[::1]:8080/qa"],
    ["qa", "localhost:8080", "https://localhost:8080"],
  ])("of %s, given %p, is %s", async (provider, url, expected) => {
    expect((await chosen({ provider, url, ...inputsFor[provider.toLowerCase()] })).url).toBe(expected);
  });

  test("plain http to another host wants allow-http, and is warned of", async () => {
    const given = qa({ url: "http://service.example.com/oauth2/", "allow-http": "true" });
    expect((await chosen(given)).url).toBe("http://service.example.com");
    const main = await runMain({ ...given, retries: "0" }, { env: trap.env });
    expect(main.annotations.filter(({ type }) => type === "warning")).toHaveLength(1);
    expect(shown(main)).toMatch(/plain http/);
  });
});

describe("provider and method", () => {
  test.each<[Given, string, string, string]>([
    [reportportal({ ...LOGIN }), "reportportal", "password", "RP_API_KEY"],
    [reportportal({ ...LOGIN, "client-id": "ui", "client-secret": "uiman" }), "reportportal", "password", "RP_API_KEY"],
    [reportportal({ token: TOKEN }), "reportportal", "api-key", "RP_API_KEY"],
    [reportportal({ method: "ephemeral-api-key", ...LOGIN }), "reportportal", "ephemeral-api-key", "RP_API_KEY"],
    [xray({ ...PAIR }), "xray", "client-credentials", "XRAY_TOKEN"],
    [virtuozzo({ token: TOKEN }), "virtuozzo", "personal-access-token", "JELASTIC_TOKEN"],
    [virtuozzo({ ...LOGIN }), "virtuozzo", "session", "JELASTIC_TOKEN"],
    [tuleap({ token: KEY }), "tuleap", "access-key", "TULEAP_ACCESS_KEY"],
    [tuleap({ token: OAUTH2 }), "tuleap", "oauth2-access-token", "TULEAP_TOKEN"],
    [tuleap({ token: "no-prefix-that-is-known" }), "tuleap", "access-key", "TULEAP_ACCESS_KEY"],
    [tuleap({ ...LOGIN }), "tuleap", "token", "TULEAP_TOKEN"],
    [tuleap({ method: "basic", ...LOGIN }), "tuleap", "basic", "TULEAP_TOKEN"],
    [tuleap({ method: "ephemeral-access-key", ...LOGIN }), "tuleap", "ephemeral-access-key", "TULEAP_ACCESS_KEY"],
    // A method that is named is taken at its word.
    [tuleap({ method: "access-key", token: OAUTH2 }), "tuleap", "access-key", "TULEAP_ACCESS_KEY"],
    [qa(), "qa", "client-credentials", "QA_TOKEN"],
    [{ provider: "QA", ...PAIR }, "qa", "client-credentials", "QA_TOKEN"],
    [{ provider: "ReportPortal", url: URL_, token: TOKEN }, "reportportal", "api-key", "RP_API_KEY"],
    [{ provider: "jelastic", url: URL_, token: TOKEN }, "virtuozzo", "personal-access-token", "JELASTIC_TOKEN"],
    [{ provider: "JELASTIC", url: URL_, ...LOGIN }, "virtuozzo", "session", "JELASTIC_TOKEN"],
    [{ provider: "Cloud-Academy", ...PAIR }, "qa", "client-credentials", "QA_TOKEN"],
    [
      { provider: "qa", credentials: '{"client_id":"5F2A","client_secret":"abcdef"}' },
      "qa",
      "client-credentials",
      "QA_TOKEN",
    ],
    [tuleap({ credentials: `{"token":"${OAUTH2}"}` }), "tuleap", "oauth2-access-token", "TULEAP_TOKEN"],
    [qa({ "env-name": "MY_TOKEN" }), "qa", "client-credentials", "MY_TOKEN"],
  ])("%j is %s's %s, exported as %s", async (given, provider, method, envName) => {
    expect(await chosen(given)).toMatchObject({ provider, method, envName });
  });
});

describe("settings", () => {
  test("empty inputs are absent and take the defaults of the contract", () => {
    expect(parseSettings(inputsOf({}))).toEqual({
      probe: "true",
      exportEnv: true,
      envName: "",
      revoke: "auto",
      timeout: 60,
      retries: 4,
      caCertificate: "",
      allowHttp: false,
      summary: "failure",
    });
  });

  test.each([
    ["true", true],
    ["True", true],
    ["TRUE", true],
    ["false", false],
    ["False", false],
    ["FALSE", false],
  ])("%s is a boolean of YAML's core schema", (text, value) => {
    const settings = parseSettings(
      inputsOf({ "export-env": text, "allow-http": text, probe: text, revoke: text, summary: text }),
    );
    expect(settings).toMatchObject({ exportEnv: value, allowHttp: value });
    expect(settings).toMatchObject({ probe: String(value), revoke: String(value), summary: String(value) });
  });

  test.each(["yes", "no", "on", "off", "y", "n", "1", "0", "tRue", "TRUe", "fALSE", "null", "~", "truefalse"])(
    "%s is none",
    (text) => {
      expect(() => parseSettings(inputsOf({ "export-env": text }))).toThrow(Failure);
      expect(() => parseSettings(inputsOf({ "allow-http": text }))).toThrow(Failure);
    },
  );

  test.each<[Given, object]>([
    [{ timeout: "1" }, { timeout: 1 }],
    [{ timeout: "3600" }, { timeout: 3600 }],
    [{ retries: "0" }, { retries: 0 }],
    [{ retries: "10" }, { retries: 10 }],
    [{ probe: "strict" }, { probe: "strict" }],
    [{ revoke: "auto" }, { revoke: "auto" }],
    [{ summary: "failure" }, { summary: "failure" }],
  ])("%j is taken", (given, settings) => {
    expect(parseSettings(inputsOf(given))).toMatchObject(settings);
  });
});

describe("the variable's name", () => {
  test.each([
    ...["PATH", "PATHEXT", "HOME", "SHELL", "COMSPEC", "ENV", "BASH_ENV", "IFS", "CI", "PSMODULEPATH"],
    ...["NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NPM_CONFIG_REGISTRY"],
    ...[
      "LD_PRELOAD",
      "LD_LIBRARY_PATH",
      "DYLD_INSERT_LIBRARIES",
      "PYTHONPATH",
      "PYTHONSTARTUP",
      "PERL5LIB",
      "PERL5OPT",
    ],
    ...["RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "DOTNET_STARTUP_HOOKS"],
    ...["SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"],
    ...["GITHUB_TOKEN", "GITHUB_ENV", "RUNNER_TEMP", "ACTIONS_RUNTIME_TOKEN", "INPUT_TOKEN", "STATE_revocation"],
    ...["TULEAP_USER_ID", "path", "Node_Options", "ld_preload", "npm_config_registry", "https_proxy", "tuleap_user_id"],
    ...["github_token", "Bash_Env", "pythonpath"],
    ...["1TOKEN", "MY-TOKEN", "MY TOKEN", "MY.TOKEN", "TOKÉN", "A=B", "A\nB", "$TOKEN"],
  ])("%p is refused", (name) => {
    const parse = () => parseSettings(inputsOf({ "env-name": name }));
    expect(parse).toThrow(
      expect.objectContaining({ code: "invalid-input", message: expect.stringContaining('"env-name"') }),
    );
  });

  test.each([
    ...[
      "NPM_TOKEN",
      "NODE_AUTH_TOKEN",
      "RP_API_KEY",
      "XRAY_TOKEN",
      "_",
      "_token",
      "a",
      "Token9",
      "CI_TOKEN",
      "MY_PATH",
    ],
    ...["PATH_TOKEN", "HOME_TOKEN", "GITLAB_TOKEN", "ENVIRONMENT", "TULEAP_USER_ID_2", "PROXY_TOKEN", "JAVA_TOKEN"],
    ...["NODE_TOKEN", "SHELL_TOKEN", "SSL_TOKEN"],
  ])("%p is taken", (name) => {
    expect(parseSettings(inputsOf({ "env-name": name })).envName).toBe(name);
  });
});

describe("credentials", () => {
  test.each([
    ["kebab-case", '{"client-id":"5F2A","client-secret":"abcdef"}'],
    ["snake_case", '{"client_id":"5F2A","client_secret":"abcdef"}'],
    ["camelCase", '{"clientId":"5F2A","clientSecret":"abcdef"}'],
    ["the file of Xray's documentation", '{ "client_id": "5F2A","client_secret": "abcdef" }'],
    ["several lines", '{\n  "client_id": "5F2A",\n  "client_secret": "abcdef"\n}'],
    ["spaces around the values", '{"client_id":" 5F2A ","client_secret":"abcdef\\n"}'],
  ])("may be written in %s", (_, credentials) => {
    expect(readCredentials(inputsOf({ credentials }))).toEqual({ "client-id": "5F2A", "client-secret": "abcdef" });
  });

  test("may hold what looks like JSON in a value", () => {
    const credentials = JSON.stringify({ username: '"username":', password: '{"password":"\\"}' });
    expect(readCredentials(inputsOf({ credentials }))).toEqual({
      username: '"username":',
      password: '{"password":"\\"}',
    });
  });

  test("hold any of the five fields", () => {
    const all = '{"token":"a-long-token","username":"a","password":"b","client-id":"c","client-secret":"d"}';
    expect(readCredentials(inputsOf({ credentials: all }))).toEqual({
      token: "a-long-token",
      username: "a",
      password: "b",
      "client-id": "c",
      "client-secret": "d",
    });
  });

  test("share the work with the inputs of their own", () => {
    const given = { username: "ci-robot", credentials: '{"password":" with spaces "}' };
    expect(readCredentials(inputsOf(given))).toEqual({ username: "ci-robot", password: " with spaces " });
  });

  test("leave a field to the input where they hold it empty", () => {
    expect(readCredentials(inputsOf({ token: TOKEN, credentials: '{"token":""}' }))).toEqual({ token: TOKEN });
  });

  test("on several lines work, get one notice, and mask the secret but neither brace nor user", async () => {
    const service = await startXray({});
    try {
      const { "client-id": id = "", "client-secret": secret = "" } =
        service.accounts["client-credentials"]?.inputs ?? {};
      const credentials = JSON.stringify({ client_id: id, client_secret: secret }, null, 2);
      const main = await runMain({ provider: "xray", url: service.url, credentials });
      expect(main.outputs.failure).toBe("");
      const notices = main.annotations.filter(({ type }) => type === "notice");
      expect(notices).toHaveLength(1);
      expect(notices[0]?.message).toMatch(/one line/);
      expect(main.masks).toContain(secret);
      expect(main.masks.filter((mask) => mask.length < 4 || mask.includes("\n"))).toEqual([]);
      expect(main.masks).not.toContain(id);
    } finally {
      await service.close();
    }
  });

  test("on one line are masked as a whole too, and get no notice", async () => {
    const service = await startQa({});
    try {
      const { "client-id": id = "", "client-secret": secret = "" } =
        service.accounts["client-credentials"]?.inputs ?? {};
      const credentials = `{ "client_id": "${id}","client_secret": "${secret}" }`;
      const main = await runMain({ provider: "qa", url: service.url, credentials });
      expect(main.outputs).toMatchObject({ failure: "", probe: "accepted", method: "client-credentials" });
      expect(main.annotations).toEqual([]);
      expect(main.masks).toEqual(expect.arrayContaining([credentials, secret]));
      expect(main.masks).not.toContain(id);
    } finally {
      await service.close();
    }
  });
});

describe("what is masked", () => {
  test.each([
    { says: "one line break at its end", given: " p a s s \n", sent: "ci-robot: p a s s " },
    { says: "one line break of Windows", given: "p a s s\r\n", sent: "ci-robot:p a s s" },
    { says: "the last of two line breaks", given: "p a s s\n\n", sent: "ci-robot:p a s s\n" },
  ])("a password loses $says and no more, and both forms are masked", async ({ given, sent }) => {
    const main = await runMain(tuleap({ method: "basic", username: "ci-robot", password: given, probe: "false" }), {
      env: trap.env,
    });
    expect(Buffer.from(main.outputs.token ?? "", "base64").toString()).toBe(sent);
    expect(main.masks).toEqual(expect.arrayContaining([given, sent.slice("ci-robot:".length)]));
  });

  test("every other input is trimmed", async () => {
    const service = await startTuleap({});
    try {
      const token = `\n  ${service.accounts["access-key"]?.inputs.token}\t\n`;
      const given = { provider: " tuleap ", url: ` ${service.url}\n`, token, timeout: " 30 ", "env-name": " MY_KEY " };
      const main = await runMain(given);
      expect(main.outputs).toMatchObject({ token: token.trim(), probe: "accepted", url: service.url });
      expect(main.env).toEqual({ MY_KEY: token.trim() });
    } finally {
      await service.close();
    }
  });

  test("a secret of 3 characters is not, and a warning names its input; one of 4 is", async () => {
    for (const [password, warnings] of [
      ["abc", 1],
      ["abcd", 0],
    ] as const) {
      const main = await runMain(tuleap({ method: "basic", username: "robot", password, probe: "false" }), {
        env: trap.env,
      });
      const names = main.annotations.filter(({ message }) => message.includes('"password"'));
      expect(names.map(({ type }) => type)).toEqual(Array.from({ length: warnings }, () => "warning"));
      expect(main.masks.includes(password)).toBe(warnings === 0);
      expect(main.masks.filter((mask) => mask.trim().length < 4)).toEqual([]);
    }
  });

  test("a short secret inside of credentials is named as such", async () => {
    const main = await runMain(
      tuleap({ method: "basic", probe: "false", credentials: '{"username":"robot","password":"abc"}' }),
    );
    expect(main.annotations.map(({ message }) => message)).toEqual([expect.stringContaining('"credentials.password"')]);
  });

  test("every secret input is, before anything is said of it; user name and client id never are", async () => {
    const given = {
      provider: "jira",
      token: "the-token",
      username: "the-user",
      password: "the-password",
      "client-id": "the-client",
      "client-secret": "the-client-secret",
      "seal-key": "the-seal-key",
    };
    const main = await runMain(given);
    expect(main.masks).toEqual(
      expect.arrayContaining(["the-token", "the-password", "the-client-secret", "the-seal-key"]),
    );
    expect(main.masks.filter((mask) => ["the-user", "the-client"].includes(mask))).toEqual([]);
    const lines = main.raw.split("\n").filter(Boolean);
    const last = lines.findLastIndex((line) => line.startsWith("::add-mask::"));
    expect(last).toBeLessThan(lines.findIndex((line) => line.startsWith("::error")));
  });

  test("an input of several secrets in two spellings masks both, although it is refused", async () => {
    const main = await runMain(
      xray({ credentials: '{"client_secret":"first-secret","clientSecret":"second-secret"}' }),
    );
    expect(main.outputs.failure).toBe("invalid-input");
    expect(main.masks).toEqual(expect.arrayContaining(["first-secret", "second-secret"]));
  });
});
