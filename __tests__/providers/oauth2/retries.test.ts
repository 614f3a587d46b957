/** What of OAuth2 is sent again after a fault, and what never is. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { loseAnswer } from "../../../sandbox/services/serve.ts";
import type { Fault } from "../../../sandbox/services/service.ts";
import { answer, faults, later, page, redirect, when } from "../../kit/faults.ts";
import { closeStages, failureOf, stage } from "./stage.ts";

afterEach(closeStages);

const atToken = (fault: Fault): Fault => when((_method, path) => path === "/token", fault);

describe("a request for a token", () => {
  test.each<{ what: string; fault: Fault; sent: Readonly<Record<string, number>>; failure: string }>([
    {
      what: "503",
      fault: answer(503),
      sent: { "client-credentials": 3, password: 3, "private-key-jwt": 3, "refresh-token": 1, "jwt-bearer": 3 },
      failure: "unavailable",
    },
    {
      what: "429",
      fault: later(429, () => "0.01"),
      sent: { "client-credentials": 3, password: 3, "refresh-token": 1, "client-assertion": 3 },
      failure: "rate-limited",
    },
    {
      what: "500",
      fault: answer(500),
      sent: { "client-credentials": 3, password: 2, "refresh-token": 1, "token-exchange": 3 },
      failure: "unavailable",
    },
    {
      what: "a connection that breaks",
      fault: faults["resets without an answer"],
      sent: { "client-credentials": 3, password: 2, "refresh-token": 1, "jwt-bearer": 3 },
      failure: "unavailable",
    },
    {
      what: "400",
      fault: answer(400),
      sent: { "client-credentials": 1, password: 1, "refresh-token": 1, "jwt-bearer": 1 },
      failure: "bad-response",
    },
  ])("that meets $what goes out so often: $sent", async ({ fault, sent, failure }) => {
    for (const [method, count] of Object.entries(sent)) {
      const { main, server, tokenRequests } = await stage();
      server.fault(atToken(fault));
      const ended = await main(method, { retries: "2", timeout: "20" });
      expect([method, ended.outputs.failure, tokenRequests().length]).toEqual([method, failure, count]);
    }
  });

  test("with a refresh token goes out again where nothing was written", async () => {
    const { main, server } = await stage();
    const free = server.port;
    await server.close();
    const ended = await main("refresh-token", { url: "", "token-url": `http://127.0.0.1:${free}/token`, retries: "1" });
    expect(ended.outputs.failure).toBe("unavailable");
    expect(ended.log).toContain("Asking for the token: attempt 1 failed (the connection was refused)");
  });

  test("with a refresh token whose answer is lost never goes out again", async () => {
    const { main, server } = await stage();
    server.fault(loseAnswer(({ path }) => path === "/token"));
    const ended = await main("refresh-token", { retries: "3" });
    expect(failureOf(ended)).toMatch(/^unavailable: /);
    expect(server.requests.filter(({ path }) => path === "/token")).toHaveLength(1);
  });
});

describe("a redirect", () => {
  test("of the token endpoint names `token-url`, wherever the endpoint came from", async () => {
    for (const given of [{}, { url: "" }]) {
      const { main, server } = await stage();
      const more = "url" in given ? { url: "", "token-url": `${server.url}/token` } : {};
      server.fault(atToken(redirect(308, (host) => `http://${host}/moved/token`)));
      const failure = failureOf(await main("client-credentials", more));
      expect(failure).toContain(`Set "token-url: ${server.url}/moved/token".`);
    }
  });

  test("of the probe names `probe-url`", async () => {
    const { main, server } = await stage();
    server.fault(
      when(
        (_method, path) => path === "/api/me",
        redirect(302, (host) => `http://${host}/v2/me`),
      ),
    );
    const failure = failureOf(await main("client-credentials", { "probe-url": `${server.url}/api/me` }));
    expect(failure).toContain(`Set "probe-url: ${server.url}/v2/me".`);
  });

  test("to another host names the input that would be set there", async () => {
    const { main, server } = await stage();
    server.fault(atToken(faults["307 to another host"]));
    expect(failureOf(await main("client-credentials"))).toMatch(
      /redirects to elsewhere\.example.*set "token-url" to its address there/,
    );
  });

  test.each(["introspect/v2", "api/me"])(
    "of the introspection endpoint to %s names what can be asked in its stead",
    async (to) => {
      for (const location of [(host: string) => `http://${host}/${to}`, () => ""]) {
        const { main, server } = await stage();
        server.fault(when((_method, path) => path === "/introspect", redirect(302, location)));
        const failure = failureOf(await main("client-credentials"));
        expect(failure).toMatch(/^wrong-url: .*redirect.* Give a "probe-url"/);
        expect(failure).not.toContain('"url"');
      }
    },
  );

  test("of the service that makes ID tokens names no input: none can change it", async () => {
    for (const location of [(host: string) => `http://${host}/elsewhere`, () => ""]) {
      const { main, idTokens } = await stage();
      idTokens.fault(redirect(307, location));
      const failure = failureOf(await main("client-assertion"));
      expect(failure).toMatch(/^wrong-url: .*redirect.* look at the proxy of the runner/);
      expect(failure).not.toContain('"url"');
    }
  });

  test("of the revocation endpoint is told as that, with no advice on `url`", async () => {
    const { run, server } = await stage();
    server.fault(
      when(
        (_method, path) => path === "/revoke",
        redirect(308, (host) => `http://${host}/moved/revoke`),
      ),
    );
    const { post } = await run("client-credentials", { probe: "false" });
    expect(post?.annotations).toMatchObject([{ title: "Not revoked" }]);
    expect(post?.annotations[0]?.message).toContain("(a redirect)");
    expect(post?.annotations[0]?.message).not.toContain('"url"');
  });

  test("of the metadata names `url`", async () => {
    const { main, server } = await stage();
    server.fault(
      when(
        (_method, path) => path.startsWith("/.well-known"),
        redirect(301, (host) => `http://${host}/realms/ci/.well-known/openid-configuration`),
      ),
    );
    expect(failureOf(await main("client-credentials"))).toContain(`Set "url: ${server.url}/realms/ci".`);
  });
});

test("a page at the token endpoint is something in front of it", async () => {
  const { main, server } = await stage();
  server.fault(atToken(page(403)));
  expect(failureOf(await main("client-credentials"))).toMatch(/^forbidden: Something in front of/);
  expect(server.requests.filter(({ path }) => path === "/token")).toHaveLength(1);
});
