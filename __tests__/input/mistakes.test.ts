import { describe, expect, test } from "@jest/globals";
import { type Given, KEY, LOGIN, qa, reportportal, TOKEN, tuleap, virtuozzo, xray } from "../kit/given.ts";
import { runMain, trapped } from "../kit/support.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----";

const trap = trapped();

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

describe("what cannot be a token", () => {
  test("is refused as the pair of HTTP Basic too", async () => {
    const inputs = { provider: "tuleap", url: "http://127.0.0.1:9", method: "basic", username: "u", password: "p" };
    const main = await runMain(inputs);
    expect(main.outputs.failure).toBe("invalid-input");
    expect(main.annotations.at(-1)?.message).toContain('"password"');
  });
});
