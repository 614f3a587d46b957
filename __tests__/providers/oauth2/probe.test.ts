/** What proves a token of OAuth2: a place that the user names, introspection, or nothing. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { signJwt } from "../../../sandbox/services/jwt.ts";
import type { Fault } from "../../../sandbox/services/service.ts";
import { answer, faults, json, page, when } from "../../kit/faults.ts";
import { closeStages, failureOf, first, stage } from "./stage.ts";

afterEach(closeStages);

const at = (path: string, fault: Fault): Fault => when((_method, asked) => asked.startsWith(path), fault);

describe("`probe-url`", () => {
  test("is asked with the token, with its query, and nothing else is", async () => {
    const { main, server } = await stage();
    const ended = await main("client-credentials", { "probe-url": `${server.url}/api/me?page=1` });
    expect(ended.outputs).toMatchObject({ failure: "", probe: "accepted", account: "" });
    const request = first(server.requests.filter(({ path }) => path === "/api/me?page=1"));
    expect(request).toMatchObject({ method: "GET", headers: { authorization: `Bearer ${ended.outputs.token}` } });
    expect(server.requests).toHaveLength(3);
  });

  test.each<{ what: string; fault: Fault; probe: string; failure: string; strict: string; kind: string[] }>([
    { what: "200", fault: json(200, "{}"), probe: "accepted", failure: "", strict: "", kind: [] },
    { what: "204", fault: faults["204"], probe: "accepted", failure: "", strict: "", kind: [] },
    { what: "401", fault: json(401, "{}"), probe: "refused", failure: "refused", strict: "refused", kind: ["error"] },
    {
      what: "401 with a page",
      fault: page(401),
      probe: "refused",
      failure: "refused",
      strict: "refused",
      kind: ["error"],
    },
    { what: "403", fault: json(403, "{}"), probe: "inconclusive", failure: "", strict: "forbidden", kind: [] },
    { what: "404", fault: answer(404), probe: "inconclusive", failure: "", strict: "wrong-url", kind: ["warning"] },
    { what: "a page", fault: page(200), probe: "inconclusive", failure: "", strict: "wrong-url", kind: ["warning"] },
    {
      what: "403 with a page",
      fault: page(403),
      probe: "inconclusive",
      failure: "",
      strict: "wrong-url",
      kind: ["warning"],
    },
    {
      what: "406",
      fault: faults["406"],
      probe: "inconclusive",
      failure: "",
      strict: "bad-response",
      kind: ["warning"],
    },
    { what: "400", fault: answer(400), probe: "inconclusive", failure: "", strict: "bad-response", kind: ["warning"] },
    { what: "503", fault: answer(503), probe: "inconclusive", failure: "", strict: "unavailable", kind: ["warning"] },
    { what: "429", fault: answer(429), probe: "inconclusive", failure: "", strict: "rate-limited", kind: ["warning"] },
  ])("that answers $what is $probe, with strict “$strict”", async ({ fault, probe, failure, strict, kind }) => {
    const { main, server } = await stage();
    server.fault(at("/api/me", fault));
    const inputs = { "probe-url": `${server.url}/api/me`, timeout: "10" };
    const ended = await main("client-credentials", inputs);
    expect(ended.outputs).toMatchObject({ failure, probe });
    expect(ended.annotations.map(({ type }) => type)).toEqual(kind);
    const strictly = await main("client-credentials", { ...inputs, probe: "strict" });
    expect(strictly.outputs.failure).toBe(strict);
  });

  test("that redirects is another place than was meant", async () => {
    const { main, server } = await stage();
    server.fault(at("/api/me", faults["302 to a login page"]));
    const ended = await main("client-credentials", { "probe-url": `${server.url}/api/me` });
    expect(ended.outputs.failure).toBe("wrong-url");
  });

  test("may be on any host, which is all that an `access-token` needs", async () => {
    const { main, server } = await stage({ endpointsElsewhere: true });
    const ended = await main("access-token");
    expect(ended.outputs).toMatchObject({ failure: "", probe: "accepted" });
    expect(first(server.requests).headers.host).toBe(server.otherHost);
    const { outputs } = await main("access-token", { url: "" });
    expect([outputs.failure, outputs.probe, outputs.url ?? ""]).toEqual(["", "accepted", ""]);
  });

  test("that refuses what was brought says to check it", async () => {
    const { main } = await stage();
    const ended = await main("access-token", { token: "a-token-of-another-time" });
    expect(failureOf(ended)).toMatch(
      /^refused: .*expired or revoked, or "probe-url" is of another service.*check the secrets/,
    );
  });

  test("that refuses what was minted blames no secret", async () => {
    const { main, server } = await stage();
    server.fault(at("/api/me", answer(401)));
    const ended = await main("client-credentials", { "probe-url": `${server.url}/api/me` });
    expect(failureOf(ended)).toMatch(/^refused: .*minted a moment ago and not known now/);
  });
});

describe("introspection", () => {
  test.each(["client-credentials", "password", "private-key-jwt", "client-assertion"])(
    "tells of a token of %s",
    async (method) => {
      const { main, server } = await stage();
      const ended = await main(method);
      expect(ended.outputs).toMatchObject({
        failure: "",
        probe: "accepted",
        account: method === "password" ? "ci-robot" : "",
      });
      const request = first(server.requests.filter(({ path }) => path === "/introspect"));
      expect(new URLSearchParams(request.body).get("token")).toBe(ended.outputs.token);
    },
  );

  test("tells the expiry by its own date", async () => {
    const { main } = await stage({ expiresIn: undefined });
    const ended = await main("client-credentials");
    expect(Number(ended.outputs["expires-in"])).toBeGreaterThan(3000);
  });

  test("counts with an account that begins no command", async () => {
    const { main, server } = await stage();
    const username = "##[error]x\n::set-output name=token::forged";
    server.fault(at("/introspect", json(200, JSON.stringify({ active: true, username, exp: "soon" }))));
    const ended = await main("client-credentials");
    expect(ended.outputs).toMatchObject({ failure: "", probe: "accepted" });
    expect(ended.outputs.token).not.toBe("forged");
    expect(ended.raw).not.toMatch(/^::set-output/m);
    expect(ended.annotations).toEqual([]);
  });

  test.each<{ what: string; fault: Fault }>([
    { what: "`active: false`", fault: json(200, '{"active":false}') },
    { what: "401", fault: answer(401) },
    { what: "403", fault: answer(403) },
    { what: "404", fault: answer(404) },
    { what: "400", fault: json(400, '{"error":"invalid_client"}') },
    { what: "a page", fault: page(200) },
    { what: "403 with a page", fault: page(403) },
    { what: "something else", fault: json(200, '{"active":"yes"}') },
    { what: "nothing", fault: answer(200) },
  ])("that answers $what is inconclusive, a plain line", async ({ fault }) => {
    const { main, server } = await stage();
    server.fault(at("/introspect", fault));
    const ended = await main("client-credentials");
    expect(ended.outputs).toMatchObject({ failure: "", probe: "inconclusive" });
    expect(ended.annotations).toEqual([]);
    expect(ended.log).toContain('Give a "probe-url" to prove it.');
    expect((await main("client-credentials", { probe: "strict" })).outputs.failure).toBe("forbidden");
  });

  test("is not asked for by who has not proven itself", async () => {
    for (const method of ["jwt-bearer", "token-exchange"]) {
      const { main, server } = await stage();
      const { outputs, log } = await main(method);
      expect(outputs.probe).toBe("skipped");
      expect(log).toContain("Probe: skipped (no `probe-url` is given, and the client has not proven itself here)");
      expect(server.requests.filter(({ path }) => path === "/introspect")).toEqual([]);
    }
  });

  test("is not asked for with `probe: false`", async () => {
    const { main, server } = await stage();
    expect((await main("client-credentials", { probe: "false" })).outputs.probe).toBe("skipped");
    expect(server.requests).toHaveLength(2);
  });
});

describe("where there is nothing to ask", () => {
  const jwt = (claims: object) => signJwt({ ...claims }, "key");
  const later = Math.floor(Date.now() / 1000) + 7200;

  test.each([
    { what: "has expired", claims: { exp: 1_700_000_000 }, says: "By its own `exp` the token has expired already." },
    {
      what: "is for another audience",
      claims: { exp: later, aud: "other" },
      says: "By its own `aud` the token is for another",
    },
    { what: "is for other audiences", claims: { aud: ["a", "b"] }, says: "By its own `aud` the token is for another" },
  ])("a JWT that $what is told", async ({ claims, says }) => {
    const { main, server } = await stage({ introspection: "none" });
    server.fault(at("/token", json(200, JSON.stringify({ access_token: jwt(claims) }))));
    const ended = await main("client-credentials", { audience: "https://api.example.com" });
    expect(ended.outputs).toMatchObject({ failure: "", probe: "skipped" });
    expect(ended.log).toContain("Probe: skipped (no `probe-url` is given)");
    expect(ended.log).toContain(says);
    expect(ended.annotations).toEqual([]);
  });

  test.each([
    { what: "of the audience", claims: { exp: later, aud: "https://api.example.com" } },
    { what: "of it among others", claims: { aud: ["account", "https://api.example.com"] } },
    { what: "without either", claims: {} },
    { what: "with odd claims", claims: { exp: "soon", aud: 7 } },
  ])("a JWT $what is in order", async ({ claims }) => {
    const { main, server } = await stage({ introspection: "none" });
    server.fault(at("/token", json(200, JSON.stringify({ access_token: jwt(claims) }))));
    const ended = await main("client-credentials", { audience: "https://api.example.com" });
    expect(ended.outputs).toMatchObject({ failure: "", probe: "skipped" });
    expect(ended.log).not.toContain("By its own");
  });

  test("a JWT for one of several audiences that were asked for is told, for all of them it is in order", async () => {
    const { main, server } = await stage({ introspection: "none" });
    for (const [aud, isOdd] of [
      [["one", "two"], false],
      [["one"], true],
    ] as const) {
      server.fault(at("/token", json(200, JSON.stringify({ access_token: jwt({ aud }) }))));
      const ended = await main("client-credentials", { audience: "one two" });
      expect(ended.log.includes("By its own `aud`")).toBe(isOdd);
    }
  });

  test("strict says what to give", async () => {
    const { run, server } = await stage({ introspection: "none" });
    const { main } = await run("client-credentials", { probe: "strict" });
    expect(failureOf(main)).toMatch(/^invalid-input: .*"probe".*"probe-url"/);
    expect(server.live()).toEqual([]);
  });
});
