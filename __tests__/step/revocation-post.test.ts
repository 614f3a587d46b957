import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { runPost, type StageResult } from "../../sandbox/runner/runner.ts";
import {
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
  startXray,
} from "../../sandbox/services/index.ts";
import {
  answerWith,
  closeServices,
  holdUp,
  inputsOf,
  line,
  mishap,
  preload,
  runAction,
  runMain,
  started,
  staySilent,
} from "../kit/support.ts";

const any = (): boolean => true;

afterEach(closeServices);

/** A Tuleap token, minted with these inputs beside the usual ones. */
async function mintedToken(more: Readonly<Record<string, string>> = {}) {
  const service = await started(startTuleap());
  const inputs = { ...inputsOf({ provider: "tuleap", method: "token" }, service), ...more };
  return { service, inputs, main: await runMain(inputs) };
}

/** What main left, with something in it changed. */
function changed({ state }: StageResult, change: Readonly<Record<string, unknown>>): Record<string, string> {
  return { revocation: JSON.stringify({ ...JSON.parse(state.revocation ?? ""), ...change }) };
}

describe("what is not to be taken back", () => {
  test.each<{ provider: string; method: string; start: () => Promise<Service> }>([
    { provider: "tuleap", method: "access-key", start: startTuleap },
    { provider: "tuleap", method: "oauth2-access-token", start: startTuleap },
    { provider: "tuleap", method: "basic", start: startTuleap },
    { provider: "virtuozzo", method: "personal-access-token", start: startVirtuozzo },
    { provider: "reportportal", method: "api-key", start: () => startReportPortal({ personality: "legacy" }) },
  ])("a ready-made secret is never touched: $provider $method", async ({ start, ...chosen }) => {
    const service = await started(start());
    const inputs = { ...inputsOf(chosen, service), revoke: "true" };
    let sent = 0;
    const { main, post } = await runAction(inputs, {
      between: () => {
        sent = service.requests.length;
      },
    });
    expect(main).toMatchObject({ exitCode: 0, state: { revocation: "none" } });
    expect(main.log).toContain("At the end: left as it is, you brought it");
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("Nothing to take back.");
    expect(service.requests).toHaveLength(sent);
    // It works as it did.
    expect((await runMain(inputs)).outputs.probe).toBe("accepted");
  });

  test.each<{ provider: string; method: string; start: () => Promise<Service> }>([
    { provider: "reportportal", method: "password", start: () => startReportPortal({ personality: "new" }) },
    { provider: "xray", method: "client-credentials", start: startXray },
  ])(
    "$provider $method: post says in one line that there is no revocation, and when the token dies",
    async (chosen) => {
      const service = await started(chosen.start());
      let sent = 0;
      const { main, post } = await runAction(inputsOf(chosen, service), {
        between: () => {
          sent = service.requests.length;
        },
      });
      expect(main.outputs["expires-at"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
      expect(post?.log).toMatch(/^(?:ReportPortal|Xray Cloud) offers no revocation: the token lives until \S+\.\n$/);
      expect(post?.log).toContain(main.outputs["expires-at"]);
      expect(service.requests).toHaveLength(sent);
      // The state tells no more than that.
      expect(Object.keys(JSON.parse(main.state.revocation ?? "")).sort()).toEqual(["kind", "text"]);
    },
  );

  test("a step that fails before its exchange leaves nothing to take back", async () => {
    const { main, post } = await runAction({ provider: "tuleap" });
    expect(main).toMatchObject({ exitCode: 1, state: { revocation: "none" } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toBe("Nothing to take back.\n");
  });

  test("a token that dies during the job is skipped", async () => {
    const service = await started(startQa());
    const inputs = inputsOf({ provider: "qa", method: "client-credentials" }, service);
    const token = '{"access_token": "mF9gL2nQ7rT4vX8zB1cD5eH3jK6mP0", "expires_in": 1, "token_type": "Bearer"}';
    service.fault(answerWith(({ path }) => path === "/oauth2/token/", 200, token));
    const { main, post } = await runAction(
      { ...inputs, probe: "false" },
      { between: () => new Promise((resolve) => setTimeout(resolve, 1_200)) },
    );
    expect(main.exitCode).toBe(0);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toBe(
      `QA: the credential expired at ${main.outputs["expires-at"]}, so nothing is left to revoke.\n`,
    );
    expect(service.requests.map(line)).toEqual(["POST /oauth2/token/"]);
  });
});

describe("the time of post", () => {
  test("is `timeout` where that is shorter than 30 seconds", async () => {
    const { service, inputs, main } = await mintedToken({ retries: "10" });
    // Main had all the time that it wanted.
    const state = changed(main, { timeout: 3 });
    service.fault(staySilent(any));
    const silent = await runPost({ inputs }, { ...main, state });
    expect(silent).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(silent.annotations[0]?.message).toMatch(/did not answer within (?:3|[12]\.\d) seconds/);

    service.fault(answerWith(any, 503, "", { "retry-after": "4" }));
    const down = await runPost({ inputs }, { ...main, state });
    expect(down).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(down.annotations[0]?.message).toContain('longer than is left of the "timeout" of 3 seconds');
  });

  test("is 30 seconds however long `timeout` is, so a longer wait that the service asks for is not begun", async () => {
    const { service, inputs, main } = await mintedToken({ timeout: "3600", retries: "10" });
    const sent = service.requests.length;
    service.fault(answerWith(any, 503, "", { "retry-after": "31" }));
    const post = await runPost({ inputs }, main);
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post.annotations[0]?.message).toContain("31 seconds");
    expect(post.annotations[0]?.message).toContain("30 seconds");
    expect(service.requests).toHaveLength(sent + 1);
  });

  test("ends at once with exit code 0 when the job is cancelled meanwhile", async () => {
    const { service, inputs, main } = await mintedToken();
    const held = holdUp(any);
    service.fault(held.fault);
    const post = await runPost({ inputs, cancelWhen: held.came }, main);
    // Had it waited for the answer, a warning would say so.
    expect(post).toMatchObject({ exitCode: 0, signal: null, annotations: [] });
  });
});

describe("QA's key pair, which its revocation needs again,", () => {
  const chosen = { provider: "qa", method: "client-credentials" };

  test.each([
    { style: "kebab-case", id: "client-id", secret: "client-secret" },
    { style: "snake_case", id: "client_id", secret: "client_secret" },
    { style: "camelCase", id: "clientId", secret: "clientSecret" },
  ])("comes out of the JSON of `credentials` in post too, in $style", async ({ id, secret }) => {
    const service = await started(startQa());
    const pair = inputsOf(chosen, service);
    const credentials = JSON.stringify({ [id]: pair["client-id"], [secret]: pair["client-secret"] });
    const { main, post } = await runAction({ provider: "qa", url: service.url, credentials });
    expect(main.exitCode).toBe(0);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("the credential is revoked at");
    expect(service.live()).toEqual([]);
  });

  test("is masked in post before it is used", async () => {
    const service = await started(startQa());
    const inputs = inputsOf(chosen, service);
    const { post } = await runAction(inputs);
    expect(post?.masks).toContain(inputs["client-secret"]);
  });

  test.each([
    { what: "is missing", given: {} },
    { what: "lacks its secret", given: { "client-id": "abc" } },
    { what: "lacks its id", given: { "client-secret": "abcdefgh" } },
    { what: "comes as JSON that is broken", given: { credentials: '{"client_id": "abc"' } },
  ])("is a warning and no request where it $what in post", async ({ given }) => {
    const service = await started(startQa());
    const main = await runMain(inputsOf(chosen, service));
    const sent = service.requests.length;
    const post = await runPost({ inputs: { provider: "qa", url: service.url, ...given } }, main);
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post.annotations[0]?.message).toContain('it needs "client-id" and "client-secret" again');
    expect(post.annotations[0]?.message).toContain(`It stays valid until ${main.outputs["expires-at"]}.`);
    expect(service.requests).toHaveLength(sent);
  });

  test("is a warning where it was replaced during the job: the token lives on", async () => {
    const service = await started(startQa());
    const { main, post } = await runAction(inputsOf(chosen, service), {
      between: () => {
        service.behaviour.keyPairReplaced = true;
      },
    });
    expect(main.exitCode).toBe(0);
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post?.annotations[0]?.message).toContain("the key pair has changed since");
    expect(service.live()).toHaveLength(1);
  });

  test.each(["page", "404"] as const)(
    "does not help where there is no such endpoint (%s): the token lives on",
    async (revocation) => {
      const service = await started(startQa());
      service.behaviour.revocation = revocation;
      const { post } = await runAction(inputsOf(chosen, service));
      expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
      expect(post?.annotations[0]?.message).toContain("there is no revocation endpoint there");
      expect(service.live()).toHaveLength(1);
    },
  );
});

describe("post exits with 0 and one warning", () => {
  test("where the service is no more", async () => {
    const { service, inputs, main } = await mintedToken({ retries: "1" });
    await service.close();
    const post = await runPost({ inputs }, main);
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post.annotations[0]?.message).toContain("the connection was refused");
  });

  test("where the certificate file that main trusted is gone", async () => {
    const { inputs, main } = await mintedToken();
    const state = changed(main, { caCertificate: "/nonexistent/ca.pem" });
    const post = await runPost({ inputs }, { state });
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post.annotations[0]?.message).toContain('The input "ca-certificate" is neither PEM text nor the path');
  });

  test("where a proxy's variable is no URL", async () => {
    const { inputs, main } = await mintedToken();
    const state = changed(main, { url: "https://tuleap.example.com" });
    const post = await runPost({ inputs }, { state, env: { https_proxy: "http://:::" } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
  });

  test("and the inputs of post are not judged: the revocation happens whatever they say by then", async () => {
    const { service, inputs, main } = await mintedToken();
    const nonsense = { provider: "nobody", method: "magic", url: "::", timeout: "x", retries: "x", probe: "x" };
    const more = { revoke: "x", "allow-http": "x", summary: "x", "seal-key": "x", sealed: "x", "env-name": "PATH" };
    const post = await runPost({ inputs: { ...inputs, ...nonsense, ...more, "ca-certificate": "x" } }, main);
    expect(post).toMatchObject({ exitCode: 0, annotations: [], summary: "" });
    expect(service.live()).toEqual([]);
  });
});

test("a session that comes with a demand for a second factor fails the step, and is signed out all the same", async () => {
  const service = await started(startVirtuozzo());
  service.fault(({ path }, _req, res) => {
    const [head, end] = [res.writeHead.bind(res), res.end.bind(res)];
    if (!path.endsWith("/signin")) return false;
    res.writeHead = ((status: number) => head(status)) as typeof res.writeHead;
    res.end = ((body: string) =>
      end(JSON.stringify({ ...JSON.parse(body), requiredAuthCheck: { isActive: true } }))) as never;
    return false;
  });
  const { main, post } = await runAction(inputsOf({ provider: "virtuozzo", method: "session" }, service));
  expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "forbidden" }, env: {} });
  expect(post).toMatchObject({ exitCode: 0, annotations: [] });
  expect(post?.log).toContain("the credential is revoked at");
  expect(service.live()).toEqual([]);
});

test("`revoke: true` takes back what the step minted, as `auto` does", async () => {
  const service = await started(startVirtuozzo());
  const { post } = await runAction({
    ...inputsOf({ provider: "virtuozzo", method: "session" }, service),
    revoke: "true",
  });
  expect(post?.log).toContain("the credential is revoked at");
  expect(service.live()).toEqual([]);
});

test("Tuleap's collection of tokens is never deleted, only the one token that the step minted", async () => {
  const { service, inputs } = await mintedToken();
  const others = service.live();
  await runAction(inputs);
  const deleted = service.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path);
  expect(deleted).toEqual([expect.stringMatching(/^\/api\/tokens\/[0-9a-f]{32}$/)]);
  expect(service.endAllTokensCalls()).toBe(0);
  expect(service.live()).toEqual(others);
});

test("main's first act saves every key that post reads, as `none`: before it prints, masks or sends anything", async () => {
  const { service, inputs } = await mintedToken();
  const sent = service.requests.length;
  const main = await runMain(inputs, { env: mishap("killed after", "") });
  expect(main).toMatchObject({ signal: "SIGKILL", raw: "", outputs: {}, env: {} });
  expect(service.requests).toHaveLength(sent);

  const folder = mkdtempSync(join(tmpdir(), "state-"));
  const file = join(folder, "reads");
  writeFileSync(file, "");
  const env = preload(`
    import fs from "node:fs";
    const get = (target, name) => {
      if (String(name).startsWith("STATE_")) fs.appendFileSync(${JSON.stringify(file)}, String(name) + "\\n");
      return target[name];
    };
    Object.defineProperty(process, "env", { value: new Proxy(process.env, { get }) });
  `);
  const post = await runPost({ inputs, env }, await runMain(inputs));
  expect(post.log).toContain("is revoked at");
  const read = new Set(readFileSync(file, "utf8").trim().split("\n"));
  rmSync(folder, { recursive: true });
  expect(read.size).toBeGreaterThan(0);
  expect(main.state).toEqual(Object.fromEntries([...read].map((name) => [name.slice("STATE_".length), "none"])));
});

test("what is to be taken back is in the state before the probe is sent, and before any output of the token", async () => {
  const { service, inputs } = await mintedToken();
  const sent = service.requests.length;
  const main = await runMain(inputs, { env: mishap("killed after", "revocable") });
  expect(service.requests.slice(sent).map(line)).toEqual(["POST /api/tokens"]);
  const { handle } = JSON.parse(main.state.revocation ?? "");
  expect(handle).toEqual({ secret: expect.stringMatching(/^[0-9a-f]{32}$/), userId: "115" });
  expect(main.masks).toContain(handle.secret);
  expect(Object.keys(main.outputs).sort()).toEqual(["method", "provider", "url"]);
  expect(main.env).toEqual({});
});
