/** Mistakes in the inputs of `oauth2`: each names its input, and no request is sent. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../../sandbox/runner/runner.ts";
import { publicJwk } from "../../../sandbox/services/jws.ts";
import { leaks, runMain, trapped } from "../../kit/support.ts";
import { closeStages, failureOf, first, jwtOf, stage } from "./stage.ts";

const trap = trapped();
afterEach(closeStages);

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1" = "pkcs8") => String(key.export({ type, format: "pem" }));
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ed = generateKeyPairSync("ed25519").privateKey;
const jwkOf = (key: KeyObject, more: object = {}) => JSON.stringify({ ...key.export({ format: "jwk" }), ...more });

interface Row {
  readonly method: string;
  readonly given: Readonly<Record<string, string>>;
  readonly input: string;
  readonly says?: string;
  readonly code?: string;
}

const MISTAKES: readonly Row[] = [
  { method: "client-credentials", given: { "client-auth": "digest" }, input: "client-auth", says: "basic-plain" },
  { method: "client-credentials", given: { "client-auth": "none" }, input: "client-auth", says: "there is a secret" },
  {
    method: "password",
    given: { "client-secret": "", "client-auth": "basic" },
    input: "client-auth",
    says: "no secret",
  },
  { method: "password", given: { "client-id": "", "client-secret": "", "client-auth": "post" }, input: "client-auth" },
  { method: "private-key-jwt", given: { "client-auth": "post" }, input: "client-auth", says: "has no use" },
  { method: "client-assertion", given: { "client-auth": "auto" }, input: "client-auth", says: "has no use" },
  { method: "client-credentials", given: { body: "xml" }, input: "body", says: "json" },
  { method: "access-token", given: { scope: "read" }, input: "scope", says: "has no use" },
  { method: "access-token", given: { audience: "api" }, input: "audience", says: "has no use" },
  { method: "access-token", given: { "token-url": "https://a.example/token" }, input: "token-url", says: "has no use" },
  { method: "access-token", given: { "revocation-url": "https://a.example/revoke" }, input: "revocation-url" },
  { method: "access-token", given: { revoke: "true" }, input: "revoke", says: "never revokes" },
  { method: "refresh-token", given: { "revocation-url": "https://a.example/revoke" }, input: "revocation-url" },
  { method: "refresh-token", given: { revoke: "true" }, input: "revoke", says: "never revokes" },
  { method: "refresh-token", given: { "id-token-audience": "api" }, input: "id-token-audience", says: "has no use" },
  {
    method: "client-credentials",
    given: { "id-token-audience": "api" },
    input: "id-token-audience",
    says: "has no use",
  },
  { method: "client-credentials", given: { definition: "a.json" }, input: "definition" },
  ...["token-url", "probe-url", "revocation-url"].flatMap((input) =>
    [
      "http://a.example/x",
      "https://a:b@a.example/x",
      "a.example/x",
      "https://a.example/x#y",
      "https://a.example/ x",
      "ftp://a.example",
    ].map((url) => ({ method: "client-credentials", given: { [input]: url }, input })),
  ),
  ...[
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "scope",
    "audience",
    "password",
    "refresh_token",
    "assertion",
    "subject_token",
  ].map((name) => ({
    method: "client-credentials",
    given: { scope: "read", parameters: `${name}=of-a-line` },
    input: "parameters",
    says: `sets ${name}`,
  })),
  { method: "client-credentials", given: { parameters: "team=7\nonly-a-word" }, input: "parameters", says: "line 2" },
  { method: "client-credentials", given: { parameters: "=value" }, input: "parameters", says: "line 1" },
  { method: "client-credentials", given: { parameters: "two words=value" }, input: "parameters", says: "line 1" },
  { method: "client-credentials", given: { parameters: "team=7\nteam=8" }, input: "parameters", says: "twice" },
  { method: "password", given: { parameters: "username=me" }, input: "parameters", says: "sets username" },
  {
    method: "client-credentials",
    given: { parameters: "assertion-key-id=1" },
    input: "parameters",
    says: "no assertion",
  },
  {
    method: "client-assertion",
    given: { parameters: "assertion-audience=1" },
    input: "parameters",
    says: "no assertion",
  },
  { method: "private-key-jwt", given: { parameters: "assertion-algorithm=none" }, input: "parameters", says: "RS256" },
  { method: "private-key-jwt", given: { parameters: "assertion-algorithm=HS256" }, input: "parameters", says: "RS256" },
  { method: "private-key-jwt", given: { parameters: "assertion-algorithm=constructor" }, input: "parameters" },
  {
    method: "private-key-jwt",
    given: { parameters: "assertion-algorithm=RS256" },
    input: "parameters",
    says: "does not fit the key",
  },
  { method: "private-key-jwt", given: { parameters: "assertion-key-id=1\nassertion-key-id=2" }, input: "parameters" },
  {
    method: "private-key-jwt",
    given: { url: "", "token-url": "https://a.example/token" },
    input: "parameters",
    says: "assertion-audience",
  },
  { method: "client-credentials", given: { username: "me" }, input: "method", says: "username" },
  { method: "client-credentials", given: { "client-secret": "" }, input: "client-secret", code: "missing-secret" },
  { method: "private-key-jwt", given: { "private-key": "" }, input: "private-key", code: "missing-secret" },
  { method: "refresh-token", given: { token: "" }, input: "token", code: "missing-secret" },
  { method: "password", given: { "client-id": "" }, input: "client-id", code: "missing-secret" },
  { method: "client-credentials", given: { url: "" }, input: "url" },
];

const KEYS: readonly { what: string; key: string; says: string }[] = [
  { what: "PKCS#1", key: pem(rsa, "pkcs1"), says: "openssl pkcs8 -topk8 -nocrypt" },
  { what: "SEC1", key: pem(ec, "sec1"), says: "openssl pkcs8 -topk8 -nocrypt" },
  { what: "PKCS#1 on one line", key: pem(rsa, "pkcs1").replaceAll("\n", "\\n"), says: "openssl pkcs8 -topk8 -nocrypt" },
  {
    what: "an encrypted key",
    key: String(ec.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })),
    says: "openssl pkcs8 -topk8 -nocrypt",
  },
  { what: "a public key", key: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", says: "neither PEM" },
  { what: "OpenSSH's form", key: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END…", says: "neither PEM" },
  { what: "half of a PEM", key: pem(ec).slice(0, 100), says: "no usable key" },
  { what: "a PEM without its line breaks", key: pem(rsa).replaceAll("\n", " "), says: "no usable key" },
  { what: "a public JWK", key: JSON.stringify(publicJwk(ec)), says: "neither PEM" },
  { what: "a JWK that is none", key: '{"kty":"EC","d":"AAAA"}', says: "no usable key" },
  { what: "a set of JWKs", key: `{"keys":[${jwkOf(ec)}]}`, says: "neither PEM" },
  { what: "a JWK for another algorithm", key: jwkOf(rsa, { alg: "RS512" }), says: "none of RS256" },
  { what: "a JWK that says the algorithm of another key", key: jwkOf(ec, { alg: "RS256" }), says: "none of RS256" },
  { what: "a symmetric key", key: '{"kty":"oct","k":"AAAA","d":"AAAA"}', says: "no usable key" },
  {
    what: "a key on another curve",
    key: pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey),
    says: "P-256",
  },
  {
    what: "a short RSA key",
    key: pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey),
    says: "fewer than 2048 bits",
  },
  { what: "a word", key: "a-word-that-is-no-key", says: "neither PEM" },
];

describe("a mistake", () => {
  test.each(MISTAKES)("in $input of $method ($given) is told", async ({ method, given, input, says = "", code }) => {
    const { main, server, idTokens } = await stage();
    const ended = await main(method, given, { env: trap.env });
    expect(failureOf(ended)).toMatch(new RegExp(`^${code ?? "invalid-input"}: `));
    expect(failureOf(ended)).toContain(`"${input}"`);
    expect(failureOf(ended)).toContain(says);
    // What stands in a line of parameters may be a secret that was meant for another input.
    expect(failureOf(ended)).not.toContain("of-a-line");
    expect([server.requests.length, idTokens.requests.length, trap.connections()]).toEqual([0, 0, 0]);
  });

  test.each(KEYS)("in the private key, $what, is told, and nothing of it shown", async ({ key, says }) => {
    const { main, server } = await stage();
    const ended = await main("private-key-jwt", { "private-key": key });
    expect(failureOf(ended)).toMatch(/^invalid-input: The input "private-key" /);
    expect(failureOf(ended)).toContain(says);
    expect(server.requests).toEqual([]);
    const lines = key.split(/\n|\\n/).filter((line) => line.length > 20 && !line.startsWith("-"));
    expect(leaks(ended, lines)).toEqual([]);
  });
});

describe("a private key", () => {
  const jwk = (key: KeyObject, more?: object) => jwkOf(key, more);

  test.each([
    { what: "RSA as PEM", key: pem(rsa), alg: "RS256", of: rsa },
    { what: "P-256 as PEM", key: pem(ec), alg: "ES256", of: ec },
    { what: "Ed25519 as PEM", key: pem(ed), alg: "EdDSA", of: ed },
    { what: "PEM on one line", key: pem(ec).replaceAll("\n", "\\n"), alg: "ES256", of: ec },
    { what: "PEM with the line ends of Windows", key: pem(ec).replaceAll("\n", "\r\n"), alg: "ES256", of: ec },
    { what: "RSA as JWK", key: jwk(rsa), alg: "RS256", of: rsa },
    { what: "a JWK with its algorithm", key: jwk(rsa, { alg: "PS256" }), alg: "PS256", of: rsa },
    { what: "a JWK with its name", key: jwk(ed, { kid: "key 1" }), alg: "EdDSA", of: ed, kid: "key 1" },
    {
      what: "another algorithm by parameter",
      key: pem(rsa),
      alg: "PS256",
      of: rsa,
      parameters: "assertion-algorithm=PS256",
    },
    {
      what: "a name by parameter",
      key: jwk(ec, { kid: "a" }),
      alg: "ES256",
      of: ec,
      kid: "b",
      parameters: "assertion-key-id=b",
    },
  ])(
    "of the kind “$what” signs, again where the token is taken back",
    async ({ key, alg, of, kid, parameters = "" }) => {
      const { run, server, inputs, tokenRequests } = await stage();
      server.trustKey(publicJwk(of, { ...(kid !== undefined && { kid }) }));
      const given = inputs("private-key-jwt", { "private-key": key, parameters });
      const { main, post } = await run("private-key-jwt", given);
      expect([main.outputs.failure, main.outputs.probe]).toEqual(["", "accepted"]);
      const { header } = jwtOf(first(tokenRequests()).form.get("client_assertion"));
      expect(header).toEqual({ typ: "JWT", alg, ...(kid !== undefined && { kid }) });
      expect(post?.log).toContain("is revoked");
      expect(first(tokenRequests()).form.has("assertion-algorithm")).toBe(false);
    },
  );

  test("that names a place for keys is used alone: nothing is fetched, and the place is not passed on", async () => {
    const { main, server, tokenRequests } = await stage();
    server.trustKey(publicJwk(ec, { kid: "k" }));
    const hostile = {
      jku: `${server.url}/keys`,
      x5u: `${server.url}/chain`,
      kid: "k",
      crit: ["b64"],
      b64: false,
      __proto__: null,
    };
    const ended = await main("private-key-jwt", { "private-key": jwkOf(ec, hostile), probe: "false" });
    expect(ended.outputs.failure).toBe("");
    const { header } = jwtOf(first(tokenRequests()).form.get("client_assertion"));
    expect(header).toEqual({ typ: "JWT", alg: "ES256", kid: "k" });
    expect(server.requests.map(({ path }) => path)).toEqual(["/.well-known/openid-configuration", "/token"]);
  });

  test("has each line and each private part of it masked", async () => {
    const { main } = await stage();
    const asPem = await main("private-key-jwt", { "private-key": pem(rsa) });
    const lines = pem(rsa)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("-"));
    expect(asPem.masks).toEqual(expect.arrayContaining(lines));
    const asJwk = await main("private-key-jwt", { "private-key": jwkOf(rsa) });
    expect(asJwk.masks).toContain(jwkOf(rsa));
    const { d, p, q, dp, dq, qi } = rsa.export({ format: "jwk" });
    expect(asJwk.masks).toEqual(expect.arrayContaining([d, p, q, dp, dq, qi]));
  });

  test("as a JWK of several lines has its private parts masked, and not each of its lines", async () => {
    const { run, server } = await stage();
    const id = server.accounts["private-key-jwt"]?.inputs["client-id"] ?? "";
    server.trustKey(publicJwk(ec, { kid: "k" }));
    const key = JSON.stringify({ ...ec.export({ format: "jwk" }), kid: "k" }, null, 2);
    const inside = {
      "client-id": "",
      "private-key": "",
      credentials: JSON.stringify({ client_id: id, private_key: key }),
    };
    for (const given of [{ "private-key": key }, inside]) {
      const { main, post } = await run("private-key-jwt", given);
      expect(post?.log).toContain("is revoked");
      for (const { masks } of [main, post as StageResult]) {
        expect(masks).toContain(ec.export({ format: "jwk" }).d);
        expect(masks.flatMap((mask) => mask.split("\n"))).not.toContain("{");
      }
    }
  });

  test("may come in `credentials`", async () => {
    const { main, server } = await stage();
    const { "client-id": id, "private-key": key } = server.accounts["private-key-jwt"]?.inputs ?? {};
    const credentials = JSON.stringify({ client_id: id, privateKey: key });
    const ended = await main("private-key-jwt", { "client-id": "", "private-key": "", credentials });
    expect(ended.outputs.failure).toBe("");
  });
});

describe("parameters", () => {
  test("have blanks and empty lines around them that are nothing", async () => {
    const { main, tokenRequests } = await stage();
    await main("client-credentials", { parameters: "\r\n  team = 7 = seven  \n\n\tempty=\nother=ü&x=1\r\n" });
    const { form } = first(tokenRequests());
    expect([form.get("team"), form.get("other"), form.has("empty")]).toEqual(["7 = seven", "ü&x=1", false]);
  });

  test("may name a user beside a client that proves itself", async () => {
    const { main, tokenRequests } = await stage();
    await main("client-credentials", { parameters: "username=a-service-account" });
    expect(first(tokenRequests()).form.get("username")).toBe("a-service-account");
  });

  test("may be called like what every object has", async () => {
    for (const body of ["form", "json"] as const) {
      const { main, server } = await stage({ body });
      const ended = await main("client-credentials", { body, parameters: "__proto__=a\nconstructor=b\ntoString=c" });
      expect(ended.outputs.failure).toBe("");
      expect(server.requests.find(({ path }) => path === "/token")?.body).toContain("__proto__");
    }
  });
});

test.each<Record<string, string>>([
  { token_url: "http://127.0.0.1:1/token", "client-id": "app", "client-secret": "a secret" },
  { probe_url: "http://127.0.0.1:1/me", token: "an-access-token" },
  { private_key: "a key", "client-id": "app" },
  { id_token_audience: "api", method: "jwt-bearer", "token-url": "http://127.0.0.1:1/token" },
  { Definition_: "d.json", provider: "custom" },
])("what was written in the place of an input that is missing is named: %j", async (given) => {
  const main = await runMain({ provider: "oauth2", ...given });
  const [wrong = ""] = Object.keys(given);
  const right = wrong.toLowerCase().replaceAll("_", " ").trim().replaceAll(" ", "-");
  expect(main.annotations.at(-1)?.message).toContain(`the input is "${right}"`);
});
