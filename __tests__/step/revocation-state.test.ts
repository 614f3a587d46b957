import { createHmac } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { runPost, type StageResult } from "../../sandbox/runner/runner.ts";
import { type Qa, startQa, startReportPortal, startTuleap, startVirtuozzo } from "../../sandbox/services/index.ts";
import {
  answerWith,
  closeServices,
  formsOf,
  inputsOf,
  leaks,
  line,
  mishap,
  runAction,
  runMain,
  shown,
  started,
} from "../kit/support.ts";

afterEach(closeServices);

type State = Record<string, unknown> & { handle: Record<string, string> };

function stateOf({ state }: StageResult): State {
  return JSON.parse(state.revocation ?? "");
}

describe("QA's client-secret goes only where main went:", () => {
  let qa: Qa;
  let stranger: Qa;
  let inputs: Record<string, string>;
  let main: StageResult;
  let sent: number;
  beforeAll(async () => {
    qa = await startQa();
    stranger = await startQa();
    inputs = inputsOf({ provider: "qa", method: "client-credentials" }, qa);
    main = await runMain(inputs);
    sent = qa.requests.length;
  });
  afterAll(async () => {
    await qa.close();
    await stranger.close();
  });

  const unsigned = ({ mac: _, ...state }: State): object => state;
  const signedWith = (secret: string, state: object): object => ({
    ...state,
    mac: createHmac("sha256", secret).update(JSON.stringify(state)).digest("base64url"),
  });

  const FORGED: Readonly<Record<string, (state: State) => unknown>> = {
    "another host": (state) => ({ ...state, url: stranger.url }),
    "another path": (state) => ({ ...state, url: `${qa.url}/elsewhere` }),
    "another secret in the handle": (state) => ({ ...state, handle: { secret: "another-secret" } }),
    "a later expiry": (state) => ({ ...state, expires: Number(state.expires) + 60 }),
    "an expiry that is past": (state) => ({ ...state, expires: 1 }),
    "no expiry": ({ expires: _, ...state }) => state,
    "another certificate": (state) => ({ ...state, caCertificate: "/etc/ssl/certs/ca-certificates.crt" }),
    "plain http allowed": (state) => ({ ...state, allowHttp: true }),
    "more retries": (state) => ({ ...state, retries: 10 }),
    "a key more": (state) => ({ ...state, more: "x" }),
    "another order of its keys": (state) => Object.fromEntries(Object.entries(state).reverse()),
    "no signature": unsigned,
    "an empty signature": (state) => ({ ...state, mac: "" }),
    "a signature that is no text": (state) => ({ ...state, mac: 7 }),
    "a piece of the signature": (state) => ({ ...state, mac: String(state.mac).slice(0, -1) }),
    "a signature with another secret": (state) => signedWith("another-secret", unsigned(state)),
    "a signature with the empty secret": (state) => signedWith("", unsigned(state)),
  };

  test.each(Object.keys(FORGED))("a state with %s is one warning that says why, and no request", async (what) => {
    const revocation = JSON.stringify(FORGED[what]?.(stateOf(main)));
    const post = await runPost({ inputs }, { state: { revocation } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Nothing was taken back" }] });
    expect(post.annotations).toHaveLength(1);
    expect(post.annotations[0]?.message).toContain('"client-secret"');
    expect(post.annotations[0]?.message).toContain("stays valid");
    expect(qa.requests).toHaveLength(sent);
    expect(stranger.requests).toEqual([]);
  });

  test("another client-secret in post than in main is a warning, and is not sent", async () => {
    const post = await runPost({ inputs: { ...inputs, "client-secret": "another-client-secret" } }, main);
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Nothing was taken back" }] });
    expect(qa.requests).toHaveLength(sent);
  });

  test("main killed before its first act leaves the place to a later step, which gets nothing out of it", async () => {
    const forged = JSON.stringify({ ...stateOf(main), url: stranger.url });
    const { main: killed, post } = await runAction(inputs, {
      env: { ...mishap("killed before", ""), STATE_revocation: forged },
    });
    expect(killed).toMatchObject({ signal: "SIGKILL", state: {} });
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Nothing was taken back" }] });
    expect(stranger.requests).toEqual([]);
    expect(qa.requests).toHaveLength(sent);
  });

  test.each(["inputs of their own", "the JSON of `credentials`"])("the right state revokes, with %s", async (how) => {
    const { "client-id": client_id, "client-secret": clientSecret, ...rest } = inputs;
    const inJson = { ...rest, credentials: JSON.stringify({ client_id, clientSecret }) };
    const { post } = await runAction(how === "inputs of their own" ? inputs : inJson);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("is revoked at");
    sent = qa.requests.length;
  });

  test("and so does one that was opened from a seal", async () => {
    const key = Buffer.alloc(32, 7).toString("base64");
    const { outputs } = await runMain({ ...inputs, "seal-key": key });
    const before = qa.live().length;
    const opening = { sealed: outputs.sealed ?? "", "seal-key": key, revoke: "true" };
    const pair = { "client-id": inputs["client-id"] ?? "", "client-secret": inputs["client-secret"] ?? "" };
    const { post } = await runAction({ ...opening, ...pair });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(qa.live()).toHaveLength(before - 1);
    sent = qa.requests.length;
  });

  test("what a forged state says beside that secret cannot be told from what main said, so nothing of it is shown", async () => {
    const state = { ...stateOf(main), url: "https://evil.example" };
    const post = await runPost({ inputs }, { state: { revocation: JSON.stringify(state) } });
    expect(post.log).not.toContain("evil");
  });
});

describe("every field of the state is judged as the input that it came from:", () => {
  let tuleap: Awaited<ReturnType<typeof startTuleap>>;
  let inputs: Record<string, string>;
  let main: StageResult;
  let sent: number;
  beforeAll(async () => {
    tuleap = await startTuleap();
    inputs = inputsOf({ provider: "tuleap", method: "token" }, tuleap);
    main = await runMain(inputs);
    sent = tuleap.requests.length;
  });
  afterAll(async () => {
    await tuleap.close();
  });

  const BROKEN: readonly (readonly [string, (state: State) => object])[] = [
    ["user information in the URL", ({ url }) => ({ url: String(url).replace("://", "://user:pw@") })],
    ["a query in the URL", ({ url }) => ({ url: `${url}?x=1` })],
    ["an empty query in the URL", ({ url }) => ({ url: `${url}?` })],
    ["a fragment in the URL", ({ url }) => ({ url: `${url}#x` })],
    ["a slash at the end of the URL", ({ url }) => ({ url: `${url}/` })],
    ["dots in the URL", ({ url }) => ({ url: `${url}/a/../b` })],
    ["a line break in the URL", ({ url }) => ({ url: `${url}/\n` })],
    ["a URL without a host", () => ({ url: "https://" })],
    ["an expiry before time began", () => ({ expires: -1 })],
    ["an expiry in milliseconds", () => ({ expires: Date.now() * 1000 })],
    ["a fraction of a second", () => ({ expires: 1.5 })],
    ["an expiry of the far future", () => ({ expires: 1e300 })],
    ["an expiry that is a text", () => ({ expires: "soon" })],
    ["no time", () => ({ timeout: 0 })],
    ["negative time", () => ({ timeout: -5 })],
    ["more time than an input may give", () => ({ timeout: 3601 })],
    ["a fraction of time", () => ({ timeout: 1.5 })],
    ["negative retries", () => ({ retries: -1 })],
    ["more retries than an input may give", () => ({ retries: 11 })],
    ["a relative file of certificates", () => ({ caCertificate: "ca.pem" })],
    ["a handle of another service", () => ({ handle: { secret: "short" } })],
    ["a handle with a number in it", () => ({ handle: { secret: "long-enough", userId: 7 } })],
    ["a handle with what is no user", ({ handle }) => ({ handle: { ...handle, userId: "me" } })],
    ["an unknown provider", () => ({ provider: "nobody" })],
    ["a kind without its fields", () => ({ kind: "told", text: 7 })],
  ];

  test.each(BROKEN)("%s is one warning and no request", async (_, change) => {
    const state = stateOf(main);
    const revocation = JSON.stringify({ ...state, ...change(state) });
    const post = await runPost({ inputs, timeLimit: 30_000 }, { state: { revocation } });
    expect(post).toMatchObject({ exitCode: 0, outcome: "success" });
    expect(post.annotations).toEqual([
      { type: "warning", title: "Nothing was taken back", message: expect.stringContaining("The saved state ") },
    ]);
    expect(post.annotations[0]?.message).not.toMatch(/report|does not handle|Zod/);
    expect(leaks(post, [state.handle.secret ?? ""])).toEqual([]);
    expect(tuleap.requests).toHaveLength(sent);
  });

  test("what main itself saves is none of these", async () => {
    for (const more of [{ timeout: "10" }, { timeout: "3600", retries: "10" }, { retries: "0" }]) {
      const { post } = await runAction({ ...inputs, ...more });
      expect(post?.log).toContain("is revoked at");
    }
    sent = tuleap.requests.length;
  });
});

describe("post knows the secrets that main knew:", () => {
  const SECRETS = {
    password: `p%C3 ss"w&rd+1='ü#%`,
    token: "a-token-of-the-inputs",
    "client-secret": "a-client-secret-of-the-inputs",
    "seal-key": Buffer.alloc(32, 9).toString("base64"),
  };

  test("every secret of the inputs is masked before anything else is printed", async () => {
    const service = await started(startTuleap());
    const main = await runMain(inputsOf({ provider: "tuleap", method: "token" }, service));
    const inside = { password: "inside-of-the-json", clientSecret: "also-inside-of-it" };
    const inputs = { ...SECRETS, username: "ci-robot", credentials: JSON.stringify(inside) };
    const post = await runPost({ inputs }, main);
    const basic = Buffer.from(`ci-robot:${SECRETS.password}`).toString("base64");
    const wanted = [...Object.values(SECRETS), ...Object.values(inside), inputs.credentials, basic];
    expect(post.masks).toEqual(expect.arrayContaining([...wanted, stateOf(main).handle.secret]));
    const lines = post.raw.split("\n").filter(Boolean);
    const firstPlain = lines.findIndex((text) => !text.startsWith("::add-mask::"));
    expect(lines.slice(firstPlain).filter((text) => text.startsWith("::add-mask::"))).toEqual([]);
  });

  test("what main said of odd secrets is not said again", async () => {
    const { main, post } = await runAction({ provider: "tuleap", credentials: '{\n"password":"abc"\n}' });
    expect(main.annotations.map(({ type }) => type)).toEqual(expect.arrayContaining(["warning", "notice"]));
    expect(post).toMatchObject({ exitCode: 0, annotations: [], log: "Nothing to take back.\n" });
  });

  test.each([400, 403, 500, 503])('"Not revoked" tells status and cause, no body (%i)', async (status) => {
    const service = await started(startVirtuozzo());
    const account = inputsOf({ provider: "virtuozzo", method: "session" }, service);
    const inputs = { ...account, retries: "0" };
    const main = await runMain(inputs);
    const secret = account.password ?? "";
    const hex = Buffer.from(secret).toString("hex");
    for (const form of [...formsOf(secret), hex]) {
      service.fault(answerWith(() => true, status, JSON.stringify({ message: `BODY ${form}` })));
      const post = await runPost({ inputs }, main);
      expect(post.annotations).toHaveLength(1);
      expect(post.annotations[0]).toMatchObject({ type: "warning", title: "Not revoked" });
      expect(post.annotations[0]?.message).toContain(`status ${status}`);
      expect(shown(post)).not.toContain("BODY");
      expect(leaks(post, [secret, hex])).toEqual([]);
    }
  });

  test("nor does a secret that only main knew come to light through it", async () => {
    const service = await started(startReportPortal({ personality: "new" }));
    const inputs = { ...inputsOf({ provider: "reportportal", method: "ephemeral-api-key" }, service), retries: "0" };
    const main = await runMain(inputs);
    const accessToken = main.masks.find((mask) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask)) ?? "";
    expect(accessToken.length).toBeGreaterThan(50);
    for (const status of [400, 500, 503]) {
      const body = JSON.stringify({ message: Buffer.from(accessToken).toString("hex").slice(0, 150) });
      service.fault(answerWith(() => true, status, body));
      const post = await runPost({ inputs }, main);
      expect(post.annotations).toHaveLength(1);
      expect(shown(post)).not.toContain(Buffer.from(accessToken).toString("hex").slice(0, 20));
    }
    service.fault(undefined);
    await runPost({ inputs }, main);
    expect(service.requests.map(line).at(-1)).toMatch(/^DELETE /);
  });
});
