/** Where the endpoints of an authorization server are, and which of them are believed. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { type OAuth2Behaviour, startOAuth2 } from "../../../sandbox/services/oauth2.ts";
import { createAuthority } from "../../kit/certificates.ts";
import { faults, when } from "../../kit/faults.ts";
import { runMain } from "../../kit/support.ts";
import { closeStages, failureOf, kept, stage, startTunnel } from "./stage.ts";

afterEach(closeStages);

const company = createAuthority("Company Root");
const tls = company.issue(["127.0.0.1"]);

const OPENID = "GET /realms/ci/.well-known/openid-configuration";
const INSERTED = "GET /.well-known/oauth-authorization-server/realms/ci";
const APPENDED = "GET /realms/ci/.well-known/oauth-authorization-server";

describe("the metadata", () => {
  test.each<{ at: OAuth2Behaviour["metadataAt"]; asked: string[] }>([
    { at: "openid", asked: [`${OPENID} 200`] },
    { at: "inserted", asked: [`${OPENID} 404`, `${INSERTED} 200`] },
    { at: "appended", asked: [`${OPENID} 404`, `${INSERTED} 404`, `${APPENDED} 200`] },
  ])("are found where they are $at", async ({ at, asked }) => {
    const { main, lines } = await stage({ metadataAt: at }, { basePath: "/realms/ci" });
    const ended = await main("client-credentials", { probe: "false" });
    expect(ended.outputs.failure).toBe("");
    expect(lines()).toEqual([...asked, "POST /realms/ci/token 200"]);
  });

  test("of an issuer without a path are looked for in two places", async () => {
    const { main, lines } = await stage({ metadataAt: "nowhere" });
    expect(failureOf(await main("client-credentials"))).toMatch(/^wrong-url: .*has nothing.*"token-url"/);
    expect(lines()).toEqual([
      "GET /.well-known/openid-configuration 404",
      "GET /.well-known/oauth-authorization-server 404",
    ]);
  });

  test.each<OAuth2Behaviour["unknownPath"]>(["404 page", "200 page"])(
    "are looked for behind a %s, too",
    async (unknownPath) => {
      const { main } = await stage({ metadataAt: "appended", unknownPath }, { basePath: "/realms/ci" });
      expect((await main("client-credentials")).outputs.failure).toBe("");
    },
  );

  test("that are a page at every place are another URL than the issuer's", async () => {
    const { main, lines } = await stage({ metadataAt: "nowhere", unknownPath: "200 page" }, { basePath: "/realms/ci" });
    expect(failureOf(await main("client-credentials"))).toMatch(/^wrong-url: .*page.*\(status 200\).*“Sign in”/);
    expect(lines()).toHaveLength(3);
  });

  test.each([
    { fault: "302 to another host", code: "wrong-url", requests: 1 },
    { fault: "503", code: "unavailable", requests: 2 },
    { fault: "stays silent", code: "timeout", requests: 1 },
    { fault: "200 with {}", code: "wrong-url", requests: 1 },
    { fault: "200 with []", code: "wrong-url", requests: 1 },
    { fault: "200 in plain text", code: "wrong-url", requests: 1 },
    { fault: "401 without a body", code: "wrong-url", requests: 1 },
    { fault: "404 with a page", code: "wrong-url", requests: 2 },
    { fault: "403 with a page", code: "forbidden", requests: 2 },
    { fault: "sends without an end", code: "bad-response", requests: 1 },
  ] as const)("$fault in their place is $code", async ({ fault, code, requests }) => {
    const { main, server } = await stage();
    server.fault(when((_method, path) => path.includes("/.well-known/"), faults[fault]));
    const ended = await main("client-credentials", { retries: "1", timeout: "5" });
    expect(failureOf(ended)).toMatch(new RegExp(`^${code}: `));
    expect(server.requests).toHaveLength(requests);
  });

  test.each([
    { what: "no issuer", metadata: { issuer: undefined } },
    { what: "an issuer that is no text", metadata: { issuer: 7 } },
    { what: "no token endpoint", metadata: { token_endpoint: undefined } },
    { what: "a token endpoint that is a list", metadata: { token_endpoint: ["https://a.example"] } },
  ])("with $what are none", async ({ metadata }) => {
    const { main, server } = await stage({ metadata });
    expect(failureOf(await main("client-credentials"))).toMatch(
      /^wrong-url: .*no metadata with "issuer" and "token_endpoint"/,
    );
    expect(server.requests).toHaveLength(1);
  });

  test("may say what they like where nothing is needed", async () => {
    const { run, lines } = await stage({
      metadata: {
        token_endpoint_auth_methods_supported: "all",
        introspection_endpoint: 7,
        revocation_endpoint: null,
        grant_types_supported: {},
      },
    });
    const { main, post } = await run("client-credentials");
    expect(main.outputs).toMatchObject({ failure: "", probe: "skipped" });
    expect(main.log).toContain("At the end: lives until it expires, OAuth2 server names no revocation endpoint");
    expect(post?.annotations).toEqual([]);
    expect(post?.log).toContain("OAuth2 server names no revocation endpoint: the token lives until ");
    expect(lines().filter((line) => /revoke|introspect/.test(line))).toEqual([]);
  });
});

describe("the issuer", () => {
  test("may end in a slash that `url` lacks, and is the audience as it is written", async () => {
    const { main, server, tokenRequests } = await stage();
    server.behaviour.metadata = { issuer: `${server.url}/` };
    server.behaviour.idTokenAudience = `${server.url}/`;
    const ended = await main("client-assertion");
    expect(ended.outputs).toMatchObject({ failure: "", url: server.url });
    expect(tokenRequests()[0]?.form.get("client_assertion")).toBeDefined();
  });

  test.each([
    { what: "another host", issuer: () => "https://login.example.com" },
    { what: "another path", issuer: (url: string) => `${url}/other` },
    { what: "another case of the path", issuer: (url: string) => url.replace("/ci", "/CI") },
    { what: "two slashes more", issuer: (url: string) => `${url}//` },
  ])("that is $what is not believed", async ({ issuer }) => {
    const { main, server, lines } = await stage({}, { basePath: "/ci" });
    server.behaviour.metadata = { issuer: issuer(server.url) };
    const failure = failureOf(await main("client-credentials"));
    expect(failure).toMatch(/^wrong-url: .*are those of another issuer than "url"/);
    expect(failure).toContain(issuer(server.url));
    expect(lines()).toEqual(["GET /ci/.well-known/openid-configuration 200"]);
  });

  test("that stands for many wants the tenant", async () => {
    const { main } = await stage({ metadata: { issuer: "https://login.example.com/{tenantid}/v2.0" } });
    expect(failureOf(await main("client-credentials"))).toContain('give the "url" of your own tenant');
  });

  test.each([
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/protocol/openid-connect/token",
    "/oauth2/token",
    "/oauth/token/",
    "/connect/token",
    "/v1/token",
    "/oauth/token/.well-known/openid-configuration",
  ])("is found in front of %s", async (tail) => {
    const { main, server } = await stage({}, { basePath: "/realms/ci" });
    const ended = await main("client-credentials", { url: server.url + tail, probe: "false" });
    expect(ended.outputs).toMatchObject({ failure: "", url: server.url });
  });

  test("keeps the version that stands inside of a pasted tail", async () => {
    const { main, server } = await stage({}, { basePath: "/a-tenant/v2.0" });
    const { origin } = new URL(server.url);
    const ended = await main("client-credentials", { url: `${origin}/a-tenant/oauth2/v2.0/token`, probe: "false" });
    expect(ended.outputs).toMatchObject({ failure: "", url: server.url });
  });

  test("keeps the path that RFC 8414 puts behind the well-known one", async () => {
    const { main, server } = await stage({ metadataAt: "inserted" }, { basePath: "/tenant" });
    const { origin } = new URL(server.url);
    const url = `${origin}/.well-known/oauth-authorization-server/tenant`;
    const ended = await main("client-credentials", { url, probe: "false" });
    expect(ended.outputs).toMatchObject({ failure: "", url: server.url });
  });
});

describe("endpoints on another host", () => {
  test("are each named in the log, and used", async () => {
    const { run, server } = await stage({ endpointsElsewhere: true });
    const { main, post } = await run("client-credentials");
    for (const name of ["token", "introspection", "revocation"]) {
      expect(main.log).toContain(`The ${name} endpoint is on another host: ${server.otherHost}.\n`);
    }
    expect(main.outputs).toMatchObject({ failure: "", probe: "accepted", url: server.url });
    expect(post?.log).toContain("the credential is revoked");
    const hosts = server.requests.map(({ path, headers }) => [path, headers.host === server.otherHost]);
    expect(hosts).toEqual([
      ["/.well-known/openid-configuration", false],
      ["/token", true],
      ["/introspect", true],
      ["/revoke", true],
    ]);
    expect(server.live()).toEqual([]);
  });

  test("are named where the user gives them for the probe, with a warning where they lack TLS", async () => {
    for (const method of ["client-credentials", "access-token"]) {
      const { main, server, inputs } = await stage();
      const proxy = await kept(startTunnel(server.port));
      const given = inputs(method, { "probe-url": "http://probe.example.com/me", "allow-http": "true" });
      const env = { http_proxy: proxy.url, no_proxy: "127.0.0.1" };
      const ended = await main(method, given, { env });
      expect(proxy.asked).toEqual(["probe.example.com:80"]);
      expect(ended.log).toContain("The place of the probe is on another host: probe.example.com.\n");
      const warned = ended.annotations.filter(({ title }) => title === "No TLS").map(({ message }) => message);
      expect(warned).toEqual([expect.stringContaining("probe.example.com is talked to over plain http")]);
    }
  });

  test("are in no log where all is on one host", async () => {
    const { main } = await stage();
    expect((await main("client-credentials")).log).not.toContain("another host");
  });

  test("follow no redirect", async () => {
    const { main, server } = await stage({ endpointsElsewhere: true });
    server.fault(when((_method, path) => path === "/token", faults["307 to another host"]));
    expect(failureOf(await main("client-credentials"))).toMatch(/^wrong-url: .*redirects to elsewhere\.example/);
    expect(server.requests).toHaveLength(2);
  });

  test.each([
    { what: "on plain http", url: "http://login.example.com/token", says: "without TLS" },
    {
      what: "with a user name",
      url: "https://ci@login.example.com/token",
      says: "holds a user name, password or fragment",
    },
    {
      what: "with a password",
      url: "https://a:b@login.example.com/token",
      says: "holds a user name, password or fragment",
    },
    {
      what: "with a fragment",
      url: "https://login.example.com/token#a",
      says: "holds a user name, password or fragment",
    },
    { what: "that is a path", url: "/token", says: "is no https URL" },
    { what: "of another scheme", url: "file:///etc/passwd", says: "is no https URL" },
    { what: "that is empty", url: "", says: "is no https URL" },
  ])("$what are not believed, whichever they are", async ({ url, says }) => {
    for (const name of ["token_endpoint", "introspection_endpoint", "revocation_endpoint"]) {
      const { main, server } = await stage({ metadata: { [name]: url } });
      const ended = await main("client-credentials");
      expect(failureOf(ended)).toMatch(/^wrong-url: /);
      expect(failureOf(ended)).toContain(says);
      expect(server.requests).toHaveLength(1);
    }
  });
});

describe("an issuer somewhere else", () => {
  const ISSUER = "http://login.example.com";

  /** A stand-in that goes by another name, behind a proxy that leads there whoever is asked for. */
  async function elsewhere(metadata: Readonly<Record<string, unknown>>) {
    const { main, server } = await stage({ metadata: { issuer: ISSUER, ...metadata } });
    const proxy = await kept(startTunnel(server.port));
    const ended = await main(
      "client-credentials",
      { url: ISSUER, "allow-http": "true", probe: "false" },
      { env: { http_proxy: proxy.url } },
    );
    return { ended, server, asked: proxy.asked };
  }

  test.each([
    "http://localhost:8080/token",
    "http://127.0.0.1/token",
    "https://[::1]/token",
    "http://127.9.9.9:1/token",
    "https://localhost./token",
    "https://id.localhost/token",
    "https://0.0.0.0/token",
    "https://[::]/token",
    "https://[::ffff:127.0.0.1]/token",
  ])("names no endpoint on the runner's own machine: %s", async (url) => {
    const { ended, asked } = await elsewhere({ token_endpoint: url });
    expect(failureOf(ended)).toMatch(/^wrong-url: .*token endpoint that is on the runner's own machine/);
    expect(asked).toEqual(["login.example.com:80"]);
  });

  test("may name one on another host, which is asked through the same proxy", async () => {
    const { ended, asked } = await elsewhere({
      token_endpoint: "http://token.example.com/token",
      introspection_endpoint: undefined,
      revocation_endpoint: undefined,
    });
    expect(ended.outputs.failure).toBe("");
    expect(asked).toEqual(["login.example.com:80", "token.example.com:80"]);
    // Neither has TLS, which is permitted, and told of each.
    const warned = ended.annotations.filter(({ title }) => title === "No TLS").map(({ message }) => message);
    expect(warned).toEqual([
      expect.stringContaining("login.example.com is talked to over plain http"),
      expect.stringContaining("token.example.com is talked to over plain http"),
    ]);
  });
});

test("an issuer with TLS names no endpoint without, not even on this machine", async () => {
  const { main, server } = await stage({}, { tls });
  server.behaviour.metadata = { token_endpoint: `http://127.0.0.1:${server.port}/token` };
  const ended = await main("client-credentials", { "ca-certificate": company.cert, "allow-http": "true" });
  expect(failureOf(ended)).toMatch(/^wrong-url: .*token endpoint that is no https URL/);
});

test("each endpoint is held to TLS with the certificates that were given", async () => {
  const { run, server } = await stage({ endpointsElsewhere: true }, { tls });
  const { main, post } = await run("client-credentials", { "ca-certificate": company.cert });
  expect([main.outputs.probe, post?.log]).toEqual(["accepted", expect.stringContaining("is revoked")]);
  expect(new Set(server.requests.map(({ headers }) => headers.host)).size).toBe(2);
});

describe("`token-url`", () => {
  test("is the endpoint itself, with its query; nothing is discovered, and `url` may be left out", async () => {
    const { main, server, lines } = await stage();
    const ended = await main("client-credentials", { url: "", "token-url": `${server.url}/token`, probe: "false" });
    expect([ended.outputs.failure, ended.outputs.url ?? ""]).toEqual(["", ""]);
    expect(lines()).toEqual(["POST /token 200"]);
    await main("client-credentials", { url: "", "token-url": `${server.url}/token?tenant=7`, probe: "false" });
    expect(lines().at(-1)).toBe("POST /token?tenant=7 200");
  });

  test("on another host than `url` is named in the log", async () => {
    const { main, server } = await stage({ endpointsElsewhere: true });
    const ended = await main("client-credentials", { "token-url": `${server.endpoints()}/token`, probe: "false" });
    expect(ended.outputs).toMatchObject({ failure: "", url: server.url });
    expect(ended.log).toContain(`The token endpoint is on another host: ${server.otherHost}.`);
  });

  test("has its place told where nothing is there", async () => {
    const { main, server } = await stage();
    const failure = failureOf(await main("client-credentials", { url: "", "token-url": `${server.url}/tokens` }));
    expect(failure).toMatch(/^wrong-url: .*"token-url"/);
  });

  test("and the metadata may be of another service that listens on this machine", async () => {
    // From loopback to loopback is no way out, so it is allowed.
    const other = await kept(startOAuth2());
    const { main } = await stage({ metadata: { token_endpoint: `${other.url}/token` } });
    expect(failureOf(await main("client-credentials"))).toMatch(/^refused: /);
    expect(other.requests).not.toEqual([]);
  });
});

test("without `url` and `token-url` the step says what to give", async () => {
  const main = await runMain({ provider: "oauth2", "client-id": "app", "client-secret": "a secret" });
  expect(failureOf(main)).toMatch(/^invalid-input: The input "url" is empty/);
});
