/** How a token of OAuth2 is taken back at the end of the job, and handed to other jobs. */
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import { runPost } from "../../../sandbox/runner/runner.ts";
import { startOAuth2 } from "../../../sandbox/services/oauth2.ts";
import type { Fault } from "../../../sandbox/services/service.ts";
import { oauth2 } from "../../../src/providers/oauth2.ts";
import { answer, faults, json, page, when } from "../../kit/faults.ts";
import { leaks, runAction } from "../../kit/support.ts";
import { closeStages, failureOf, first, kept, stage } from "./stage.ts";

afterEach(closeStages);

describe("the revocation", () => {
  test("asks with the token, its type and the client", async () => {
    const { run, server } = await stage();
    const { main } = await run("client-credentials");
    const request = first(server.requests.filter(({ path }) => path === "/revoke"));
    const { "client-id": id, "client-secret": secret } = server.accounts["client-credentials"]?.inputs ?? {};
    expect([...new URLSearchParams(request.body)]).toEqual([
      ["token", main.outputs.token],
      ["token_type_hint", "access_token"],
      ["client_id", id],
      ["client_secret", secret],
    ]);
  });

  test.each<{ what: string; fault: Fault; says: string; warns: boolean }>([
    { what: "200", fault: answer(200), says: "is revoked", warns: false },
    {
      what: "an empty 200 typed as a page",
      fault: answer(200, { "content-type": "text/html" }),
      says: "is revoked",
      warns: false,
    },
    { what: "a page", fault: page(200), says: "a page with status 200", warns: true },
    {
      what: "401",
      fault: answer(401),
      says: "status 401: it does not know the client, or there is no revocation endpoint",
      warns: true,
    },
    {
      what: "invalid_client",
      fault: json(400, '{"error":"invalid_client"}'),
      says: "(it does not know the client)",
      warns: true,
    },
    { what: "404", fault: answer(404), says: "no revocation endpoint", warns: true },
    { what: "403", fault: answer(403), says: "status 403", warns: true },
    { what: "an error with 200", fault: json(200, '{"error":"invalid_request"}'), says: "status 200", warns: true },
    { what: "503", fault: answer(503), says: "status 503", warns: true },
    { what: "a redirect", fault: faults["302 to another host"], says: "a redirect", warns: true },
    {
      what: "unsupported_token_type",
      fault: json(400, '{"error":"unsupported_token_type"}'),
      says: "does not revoke access tokens",
      warns: false,
    },
  ])("that is answered with $what: $says", async ({ fault, says, warns }) => {
    const { run, server, inputs } = await stage();
    server.fault(when((_method, path) => path === "/revoke", fault));
    const given = inputs("client-credentials", { retries: "1", timeout: "5" });
    const { main, post } = await run("client-credentials", given);
    expect(main.outputs.failure).toBe("");
    expect([post?.exitCode, post?.annotations.map(({ title }) => title)]).toEqual([0, warns ? ["Not revoked"] : []]);
    expect(post?.log).toContain(says);
    if (post !== undefined) expect(leaks(post, [given["client-secret"] ?? "", main.outputs.token ?? ""])).toEqual([]);
  });

  test.each([
    { method: "jwt-bearer", given: {}, says: 'the client, which gave no secret: check "client-id"' },
    {
      method: "token-exchange",
      given: { "client-id": "" },
      says: 'the client, which gave no secret: check "client-id"',
    },
    { method: "private-key-jwt", given: {}, says: "may want one for this very endpoint" },
    { method: "client-assertion", given: {}, says: "may want one for this very endpoint" },
  ])("that does not know the client of $method $given says why that can be", async ({ method, given, says }) => {
    const { run, server } = await stage();
    server.fault(when((_method, path) => path === "/revoke", json(401, '{"error":"invalid_client"}')));
    const { main, post } = await run(method, { ...given, probe: "false" });
    expect(main.outputs.failure).toBe("");
    expect(post?.annotations).toMatchObject([{ type: "warning", title: "Not revoked" }]);
    expect(post?.annotations[0]?.message).toContain(says);
  });

  test("leaves a refresh token that came along, which is masked, and says so", async () => {
    const { run, server } = await stage();
    const { main } = await run("password");
    const [refreshToken = ""] = [...server.refreshTokens].at(-1) ?? [];
    expect(main.masks).toContain(refreshToken);
    expect(main.log).toContain("A refresh token came along: it is masked and dropped, not revoked.");
    expect(JSON.stringify([main.state, main.env, main.outputs])).not.toContain(refreshToken);
    const asked = server.requests.filter(({ path }) => path === "/revoke");
    expect(asked.map(({ body }) => new URLSearchParams(body).get("token"))).toEqual([main.outputs.token]);
  });

  test("goes where `revocation-url` says", async () => {
    const { run, server } = await stage({ metadata: { revocation_endpoint: undefined } });
    const more = { "revocation-url": `${server.url}/revoke?all=1`, url: "", "token-url": `${server.url}/token` };
    const { post } = await run("client-credentials", more);
    expect(post?.log).toContain("is revoked");
    expect(server.requests.at(-1)?.path).toBe("/revoke?all=1");
  });

  test("is there for a client without a secret, too", async () => {
    const { run, server } = await stage();
    const { post } = await run("jwt-bearer");
    expect(post?.log).toContain("is revoked");
    const form = new URLSearchParams(server.requests.at(-1)?.body);
    expect(form.get("client_id")).toBe(server.accounts["jwt-bearer"]?.inputs["client-id"]);
  });

  test("never happens with `revoke: false`", async () => {
    const { run, server } = await stage();
    const { post } = await run("client-credentials", { revoke: "false" });
    expect(post?.log).toContain("left in place, as `revoke: false` says");
    expect(server.live()).toHaveLength(1);
  });

  test("cleans up after a step that failed behind the exchange", async () => {
    const { run, server } = await stage({ tokenType: "DPoP" });
    const { main } = await run("client-credentials");
    expect(main.outputs.failure).toBe("bad-response");
    expect(server.live()).toEqual([]);
  });
});

describe("a forged state", () => {
  const METHODS = ["client-credentials", "private-key-jwt"];

  test.each(METHODS)("leads no secret of %s to another endpoint", async (method) => {
    const { main, inputs } = await stage();
    const other = await kept(startOAuth2());
    const { state } = await main(method);
    const left = JSON.parse(state.revocation ?? "");
    const forged = { ...left, handle: { ...left.handle, endpoint: `${other.url}/revoke` } };
    for (const revocation of [forged, { ...forged, mac: undefined }, { ...forged, mac: "AAAA" }]) {
      const post = await runPost({ inputs: inputs(method) }, { state: { revocation: JSON.stringify(revocation) } });
      expect(post.annotations.map(({ title }) => title)).toEqual(["Nothing was taken back"]);
    }
    expect(other.requests).toEqual([]);
  });

  test.each([
    { what: "an endpoint on plain http", handle: { endpoint: "http://login.example.com/revoke" } },
    { what: "an endpoint with a password", handle: { endpoint: "https://a:b@login.example.com/revoke" } },
    { what: "no endpoint", handle: { endpoint: "/revoke" } },
    { what: "a client that is none", handle: { client: "%zz" } },
    { what: "a client that is no text", handle: { client: "%FF" } },
    { what: "another way to prove the client", handle: { auth: "guess" } },
    { what: "more than there is", handle: { more: "of it" } },
  ])("with $what sends nothing", async ({ handle }) => {
    const { main, inputs, server, idTokens } = await stage();
    const { state } = await main("jwt-bearer", { probe: "false" });
    const left = JSON.parse(state.revocation ?? "");
    const before = [server.requests.length, idTokens.requests.length];
    const revocation = JSON.stringify({ ...left, handle: { ...left.handle, ...handle } });
    const post = await runPost({ inputs: inputs("jwt-bearer"), idTokens }, { state: { revocation } });
    expect(post.annotations).toHaveLength(1);
    expect(post.annotations[0]?.message).not.toContain("does not handle");
    expect([server.requests.length, idTokens.requests.length]).toEqual(before);
  });
});

test("what is kept is printable, whatever endpoints and clients are called", async () => {
  const { server, inputs } = await stage();
  const { username = "", password = "" } = inputs("password");
  const credentials = `{"clientId":"\\ud800 app","username":${JSON.stringify(username)},"password":${JSON.stringify(password)}}`;
  server.fault(when((_method, path) => path === "/token", json(200, '{"access_token":"an-access-token"}')));
  const { main, post } = await runAction({
    provider: "oauth2",
    method: "password",
    credentials,
    "token-url": `${server.url}/token`,
    "revocation-url": `${server.url}/revoké`,
  });
  expect(main.outputs.failure).toBe("");
  expect(post?.annotations.map(({ message }) => message).join()).toContain("there is no revocation endpoint");
  const last = server.requests.at(-1);
  expect([last?.path, new URLSearchParams(last?.body).get("client_id")]).toEqual(["/revok%C3%A9", "\ufffd app"]);
});

describe("a seal", () => {
  const key = randomBytes(32).toString("base64");
  const REVOKED = [
    "client-credentials",
    "password",
    "private-key-jwt",
    "client-assertion",
    "jwt-bearer",
    "token-exchange",
  ];
  /** What a job that opens a seal gives again to take the token back. */
  const PROOF = ["client-id", "client-secret", "private-key"];

  test.each(REVOKED)("of %s is opened, proven and taken back by another job", async (method) => {
    const { server, run, inputs, idTokens } = await stage();
    const given = inputs(method, { "probe-url": `${server.url}/api/me` });
    const { main, post } = await run(method, { ...given, "seal-key": key });
    expect(main.outputs.failure).toBe("");
    expect(post?.log).toBe("Nothing to take back.\n");
    const isSecretless = given["client-secret"] === undefined && given["private-key"] === undefined;
    const proof = Object.fromEntries(
      PROOF.flatMap((name) => (given[name] && !isSecretless ? [[name, given[name]]] : [])),
    );
    const opened = await runAction(
      { sealed: main.outputs.sealed ?? "", "seal-key": key, revoke: "true", ...proof },
      { idTokens },
    );
    expect(opened.main.outputs).toMatchObject({ failure: "", token: main.outputs.token, probe: "accepted", method });
    expect(opened.main.outputs.authorization).toBe(`Bearer ${main.outputs.token}`);
    expect(opened.post?.log).toContain("is revoked");
    expect(server.live()).toEqual([]);
  });

  test("wants what proved the client again", async () => {
    const { main } = await stage();
    const { outputs } = await main("client-credentials", { "seal-key": key, probe: "false" });
    const opened = await runAction({ sealed: outputs.sealed ?? "", "seal-key": key, revoke: "true" });
    expect(failureOf(opened.main)).toMatch(/^invalid-input: The input "client-id" is empty/);
  });

  test.each(["no URL", "https://a:b@login.example.com/me", "file:///etc/passwd"])(
    "that names %s for the probe lacks what belongs to it",
    (url) => {
      const [method] = oauth2.methods;
      expect(method?.isWhole?.({ token: "a token", parts: { "probe-url": url } })).toBe(false);
      expect(method?.isWhole?.({ token: "a token", parts: { "probe-url": "https://login.example.com/me" } })).toBe(
        true,
      );
    },
  );

  test("holds a `probe-url` of any characters", async () => {
    const { main, server } = await stage();
    const more = { "probe-url": `${server.url}/mé`, "seal-key": key };
    for (const method of ["client-credentials", "access-token"]) {
      const { outputs } = await main(method, more);
      const opened = await runAction({ sealed: outputs.sealed ?? "", "seal-key": key });
      expect(opened.main.outputs).toMatchObject({ failure: "", token: outputs.token });
      expect(server.requests.at(-1)?.path).toBe("/m%C3%A9");
    }
  });

  test("keeps a token that goes in no header out of it", async () => {
    const { main } = await stage({ tokenType: "N_A" });
    const { outputs } = await main("client-credentials", { "seal-key": key, probe: "false" });
    const opened = await runAction({ sealed: outputs.sealed ?? "", "seal-key": key });
    expect(opened.main.outputs).toMatchObject({ failure: "", authorization: "", headers: "{}", probe: "skipped" });
  });

  test("of a step that knows only an endpoint has no URL either", async () => {
    const { main, server } = await stage();
    const more = { url: "", "token-url": `${server.url}/token`, "seal-key": key };
    const { outputs } = await main("client-credentials", more);
    const opened = await runAction({ sealed: outputs.sealed ?? "", "seal-key": key });
    expect([opened.main.outputs.failure, opened.main.outputs.url ?? ""]).toEqual(["", ""]);
    const other = { sealed: outputs.sealed ?? "", "seal-key": key, url: "http://127.0.0.1:1" };
    expect(failureOf((await runAction(other)).main)).toContain(`but the seal is of ${server.url}.`);
  });
});
