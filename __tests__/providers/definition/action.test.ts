import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { startIdTokens } from "../../../sandbox/runner/id-token.ts";
import { runPost, type StageResult } from "../../../sandbox/runner/runner.ts";
import { answerWith, closeServices, leaks, line, runAction, runMain, shown, started } from "../../kit/support.ts";
import { HOME, type Home, removeWorkspaces, startHome, workspaceWith } from "./home.ts";

afterEach(closeServices);
afterAll(removeWorkspaces);

const SEAL_KEY = randomBytes(32).toString("base64");

async function home() {
  // It is closed with the stand-ins of services.
  const service: Home = await startHome();
  await started(Promise.resolve({ ...service, accounts: {} }));
  const inputs = {
    provider: "custom",
    definition: "home.json",
    url: service.url,
    username: service.username,
    password: service.password,
  };
  return { service, inputs, workspace: workspaceWith({ "home.json": HOME }) };
}

/** Every secret of a run: what was given, and what was minted. */
function secretsOf(service: Home, main: StageResult): string[] {
  return [service.password, main.outputs.token ?? "", main.env.HOME_CSRF ?? ""].filter(Boolean);
}

function stateOf({ state }: StageResult): Record<string, unknown> & { handle: Record<string, string> } {
  return JSON.parse(state.revocation ?? "");
}

describe("a definition of the workspace", () => {
  test("is exchanged, proven, handed over, and taken back when the job ends", async () => {
    const { service, inputs, workspace } = await home();
    const { main, post } = await runAction(inputs, { workspace, env: { summary: "true" } });
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.outputs).toMatchObject({
      provider: "custom",
      method: "custom",
      url: service.url,
      probe: "accepted",
      account: "robot",
      "env-name": "HOME_LOGIN",
      failure: "",
    });
    const { token = "" } = main.outputs;
    const csrf = main.env.HOME_CSRF ?? "";
    expect(main.outputs.authorization).toBe(`Bearer ${token}`);
    expect(JSON.parse(main.outputs.headers ?? "")).toEqual({ Authorization: `Bearer ${token}`, "X-CSRF": csrf });
    expect(main.env).toEqual({ HOME_LOGIN: token, HOME_CSRF: csrf });
    expect(Number(main.outputs["expires-in"])).toBeGreaterThan(3000);
    expect(main.masks).toEqual(expect.arrayContaining([token, csrf, service.password]));
    expect(main.log).toContain(`Service: Home Login at 127.0.0.1:${service.port}`);
    expect(post?.log).toBe(`Home Login: the credential is revoked at 127.0.0.1:${service.port}.\n`);
    expect(service.live()).toEqual([]);
    for (const stage of [main, post]) expect(stage && leaks(stage, secretsOf(service, main))).toEqual([]);
  });

  test("cuts the tails that people paste", async () => {
    const { service, inputs, workspace } = await home();
    const main = await runMain({ ...inputs, url: `${service.url}/login/` }, { workspace });
    expect(main).toMatchObject({ exitCode: 0, outputs: { url: service.url } });
  });

  test("is not read again when the job ends", async () => {
    const { service, inputs, workspace } = await home();
    const between = () => rmSync(join(workspace, "home.json"));
    const { post } = await runAction(inputs, { workspace, between });
    expect(post?.log).toContain("the credential is revoked");
    expect(service.live()).toEqual([]);
  });

  test("keeps no credential in the state, and only what the revocation needs", async () => {
    const { service, inputs, workspace } = await home();
    const main = await runMain(inputs, { workspace });
    const { handle } = stateOf(main);
    expect(Object.keys(handle).sort()).toEqual(["answer.id", "definition", "given", "method", "secret"]);
    expect(JSON.stringify(main.state)).not.toContain(service.password.slice(0, 8));
    expect(handle.definition).not.toMatch(/\/login|\/me|BAD_LOGIN|HOME_LOGIN/i);
  });

  test("says no in the service's words, without the secret that they repeat", async () => {
    const { service, inputs, workspace } = await home();
    const wrong = `wrong-${randomBytes(9).toString("hex")}`;
    const main = await runMain({ ...inputs, password: wrong }, { workspace });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "refused" } });
    expect(main.annotations[0]?.message).toContain("refuses the credentials");
    expect(leaks(main, [wrong])).toEqual([]);
    expect(service.requests).toHaveLength(1);
  });

  test("infers no method that is by name only, and lists what there is", async () => {
    const { inputs, service } = await home();
    const { name, ...method } = HOME;
    const { $schema: _, "by-hand": __, pasted: ___, ...login } = method;
    const methods = { login, quiet: { ...login, "by-name-only": true }, key: { credentials: ["token"] } };
    const workspace = workspaceWith({ "home.json": { name, methods } });
    const inferred = await runMain(inputs, { workspace });
    expect(inferred).toMatchObject({ exitCode: 0, outputs: { method: "login" } });
    const named = await runMain({ ...inputs, method: "quiet" }, { workspace });
    expect(named).toMatchObject({ exitCode: 0, outputs: { method: "quiet" } });
    const unknown = await runMain({ ...inputs, method: "quite" }, { workspace });
    expect(unknown).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(unknown.annotations[0]?.message).toContain('Did you mean "quiet"?');
    const missing = await runMain({ ...inputs, password: "" }, { workspace });
    expect(missing).toMatchObject({ exitCode: 1, outputs: { failure: "missing-secret" } });
    expect(service.live()).toHaveLength(2);
  });

  test("needs a file and a URL, and no other provider takes one", async () => {
    const { service, inputs, workspace } = await home();
    const without = async (more: Record<string, string>) =>
      (await runMain({ ...inputs, ...more }, { workspace })).annotations[0]?.message ?? "";
    expect(await without({ definition: "" })).toContain('The input "definition" is empty');
    expect(await without({ url: "" })).toContain('The input "url" is empty, but Home Login has no default');
    expect(await without({ provider: "xray" })).toContain('The input "definition" has no use at Xray');
    expect(await without({ scope: "x" })).toContain('The input "scope" has no use at Home Login');
    expect(await without({ "client-id": "x" })).toContain("takes");
    expect(service.requests).toEqual([]);
  });
});

describe("when the job ends", () => {
  test("takes no `env-name` that it exports something else under, nor where its seal is opened", async () => {
    const { service, inputs, workspace } = await home();
    const twice = await runMain({ ...inputs, "env-name": "home_csrf" }, { workspace });
    expect(twice.outputs.failure).toBe("invalid-input");
    expect(twice.annotations[0]?.message).toContain('The input "env-name" is home_csrf');
    expect(service.requests).toEqual([]);
    const { outputs } = await runMain({ ...inputs, "seal-key": SEAL_KEY }, { workspace });
    const opened = await runMain({ sealed: outputs.sealed ?? "", "seal-key": SEAL_KEY, "env-name": "HOME_CSRF" });
    expect(opened.outputs.failure).toBe("invalid-input");
  });

  test("what the inputs do not give any more is not revoked, and the warning says where to", async () => {
    const { service, inputs, workspace } = await home();
    const main = await runMain(inputs, { workspace });
    const post = await runPost({ inputs: { ...inputs, password: "" }, workspace }, main);
    expect(post.annotations).toMatchObject([{ type: "warning", title: "Not revoked" }]);
    expect(post.annotations[0]?.message).toContain("Remove it by hand: Sessions > Sign out.");
    expect(service.live()).toHaveLength(1);
  });

  test("a refusal of the revocation is a warning with no word of the service", async () => {
    const { service, inputs, workspace } = await home();
    service.fault(answerWith(({ method }) => method === "DELETE", 403, '{"error":"say-this"}'));
    const { post } = await runAction(inputs, { workspace });
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post?.annotations[0]?.message).toContain("(status 403)");
    const { name: _, ...unnamed } = HOME;
    const other = await runAction(inputs, { workspace: workspaceWith({ "home.json": unnamed }) });
    expect(other.post?.annotations[0]?.message).toMatch(/^The service: the credential could not be revoked/);
    expect(post && shown(post)).not.toContain("say-this");
  });

  test("`revoke: false` leaves it", async () => {
    const { service, inputs, workspace } = await home();
    const { post } = await runAction({ ...inputs, revoke: "false" }, { workspace });
    expect(post?.log).toContain("the credential is left in place, as `revoke: false` says");
    expect(service.live()).toHaveLength(1);
  });

  test("what the answer did not tell enough of to be revoked lives until it expires", async () => {
    const { service, inputs } = await home();
    const values = { id: { json: "/nothing" } };
    const workspace = workspaceWith({ "home.json": { ...HOME, answer: { ...HOME.answer, values } } });
    const { main, post } = await runAction(inputs, { workspace });
    expect(main.outputs["expires-at"]).toMatch(/Z$/);
    expect(post?.log).toMatch(/the token lives until \d{4}-/);
    expect(service.live()).toHaveLength(1);
  });

  test.each<[string, (state: ReturnType<typeof stateOf>) => object]>([
    ["another host", (state) => ({ ...state, url: "http://127.0.0.1:9" })],
    ["another path", (state) => changed(state, (text) => text.replace("/sessions/", "/elsewhere/"))],
    ["a path that leads out", (state) => changed(state, (text) => text.replace("/sessions/", "/../"))],
    [
      "another place of the password",
      (state) => changed(state, (text) => text.replace('"gone":[404]', '"json":"{password}"')),
    ],
    ["another value", (state) => ({ ...state, handle: { ...state.handle, "answer.id": ".." } })],
    ["no definition", ({ handle: { definition: _, ...handle }, ...state }) => ({ ...state, handle })],
    ["no method", ({ handle: { method: _, ...handle }, ...state }) => ({ ...state, handle })],
    ["another method", (state) => ({ ...state, handle: { ...state.handle, method: "__proto__" } })],
    ["a definition that is none", (state) => ({ ...state, handle: { ...state.handle, definition: "{" } })],
    ["no wish for credentials", ({ handle: { given: _, ...handle }, ...state }) => ({ ...state, handle })],
  ])("a forged state with %s sends no credential anywhere", async (_, forge) => {
    const { service, inputs, workspace } = await home();
    const main = await runMain(inputs, { workspace });
    const sent = service.requests.length;
    const state = { revocation: JSON.stringify(forge(stateOf(main))) };
    const post = await runPost({ inputs, workspace }, { state });
    expect(post).toMatchObject({ exitCode: 0 });
    expect(post.annotations).toMatchObject([{ type: "warning" }]);
    for (const request of service.requests.slice(sent)) {
      expect(JSON.stringify(request)).not.toContain(Buffer.from(`${service.username}:`).toString("base64").slice(0, 6));
      expect(line(request)).toMatch(/^DELETE \/home\/sessions\//);
    }
    expect(service.live()).toHaveLength(1);
  });

  test("a service that nothing is revoked at is called by its name, and a forged line starts no command", async () => {
    const { inputs } = await home();
    const { revoke: _, ...unrevoked } = HOME;
    const workspace = workspaceWith({ "home.json": { ...unrevoked, name: "Zuhause Ü" } });
    const { main, post } = await runAction(inputs, { workspace });
    expect(post?.log).toContain("Zuhause Ü offers no revocation: the token lives until");
    const state = stateOf(main) as Record<string, unknown>;
    expect(Object.keys(state)).toEqual(["kind", "text"]);
    for (const text of ["::warning::x", "##[error]x", "a\n::error::x", `a ${encodeURIComponent(inputs.password)} b`]) {
      const revocation = JSON.stringify({ ...state, text });
      const left = await runPost({ inputs, workspace }, { state: { revocation } });
      expect(left).toMatchObject({ exitCode: 0, outcome: "success", annotations: [] });
      expect(left.log.trim().split("\n")).toHaveLength(1);
      expect(leaks(left, [inputs.password])).toEqual([]);
    }
    const titled = { revocation: JSON.stringify({ ...state, title: "Another title" }) };
    const other = await runPost({ inputs, workspace }, { state: titled });
    expect(other.annotations.map(({ title }) => title)).toEqual(["Nothing was taken back"]);
  });

  function changed(state: ReturnType<typeof stateOf>, change: (definition: string) => string): object {
    const definition = change(state.handle.definition ?? "");
    expect(definition).not.toBe(state.handle.definition);
    return { ...state, handle: { ...state.handle, definition } };
  }
});

describe("a seal", () => {
  async function sealed() {
    const made = await home();
    const { main } = await runAction({ ...made.inputs, "seal-key": SEAL_KEY }, { workspace: made.workspace });
    return { ...made, main, opening: { sealed: main.outputs.sealed ?? "", "seal-key": SEAL_KEY } };
  }

  test("holds all that another job needs, who has no file", async () => {
    const { service, main, opening } = await sealed();
    const opened = await runMain(opening);
    const { sealed: _, "expires-in": __, ...same } = main.outputs;
    expect(opened).toMatchObject({ exitCode: 0, annotations: [], outputs: same, env: main.env });
    expect(opened.masks).toEqual(expect.arrayContaining([main.outputs.token, main.env.HOME_CSRF]));
    expect(leaks(opened, [main.outputs.token ?? "", main.env.HOME_CSRF ?? ""])).toEqual([]);
    expect(service.requests.map(line)).toEqual(["POST /home/login", "GET /home/me", "GET /home/me"]);
    expect(service.live()).toHaveLength(1);
  });

  test("is revoked by a closing job, which gives again what the revocation names and no more", async () => {
    const { service, inputs, opening } = await sealed();
    const { username, password } = inputs;
    const lacking = await runMain({ ...opening, revoke: "true", username });
    expect(lacking).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(lacking.annotations[0]?.message).toContain('The input "password" is empty, but Home Login');
    const spare = await runMain({ ...opening, username, password });
    expect(spare).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    const { main, post } = await runAction({ ...opening, revoke: "true", username, password });
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("the credential is revoked");
    expect(service.live()).toEqual([]);
  });
});

describe("GitHub's ID token", () => {
  test("is fetched for the method that names it, which is never inferred", async () => {
    const { service } = await home();
    const idTokens = await startIdTokens();
    await started(Promise.resolve({ ...idTokens, accounts: {}, live: () => [] }));
    const jwts: string[] = [];
    service.fault((request, _, res) => {
      jwts.push(JSON.parse(request.body).jwt);
      res.writeHead(200, { "content-type": "application/json" }).end('{"access_token":"minted-for-github-0123"}');
      return true;
    });
    const definition = { "id-token": { audience: "home" }, exchange: { path: "/login", json: { jwt: "{id-token}" } } };
    const workspace = workspaceWith({ "d.json": definition });
    const inputs = { provider: "custom", definition: "d.json", url: service.url, method: "custom" };
    const main = await runMain(inputs, { workspace, idTokens });
    expect(main).toMatchObject({ exitCode: 0, outputs: { token: "minted-for-github-0123" } });
    const claims = JSON.parse(Buffer.from(jwts[0]?.split(".")[1] ?? "", "base64url").toString());
    expect(claims.aud).toBe("home");
    expect(leaks(main, [jwts[0] ?? "none"])).toEqual([]);
    const unnamed = await runMain({ ...inputs, method: "" }, { workspace, idTokens });
    expect(unnamed).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    const forbidden = await runMain(inputs, { workspace });
    expect(forbidden).toMatchObject({ exitCode: 1, outputs: { failure: "missing-secret" } });
    expect(jwts).toHaveLength(1);
  });
});
