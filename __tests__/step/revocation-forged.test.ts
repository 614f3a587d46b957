import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { runPost, type StageResult } from "../../sandbox/runner/runner.ts";
import { type Service, startReportPortal, startTuleap } from "../../sandbox/services/index.ts";
import {
  closeServices,
  inputsOf,
  line,
  REVOCABLE,
  type Revocable,
  runAction,
  runMain,
  started,
  startTrap,
} from "../kit/support.ts";

afterEach(closeServices);

function find(name: string): Revocable {
  const found = REVOCABLE.find((revocable) => revocable.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const TOKEN = find("tuleap token");
const TULEAP_KEY = find("tuleap ephemeral-access-key");
const SESSION = find("virtuozzo session");
const QA = find("qa client-credentials");
const REPORTPORTAL_KEY = find("reportportal ephemeral-api-key (legacy)");
const ALL = [TOKEN, TULEAP_KEY, SESSION, QA, REPORTPORTAL_KEY];

/** What was minted for the tests that never take it back. */
const kept = new Map<Revocable, Promise<{ service: Service; inputs: Record<string, string>; main: StageResult }>>();
afterAll(async () => {
  for (const minting of kept.values()) await (await minting).service.close();
});

/** Something minted at a service, the same for all tests; nothing of it is ever taken back. */
async function mintedOnce(revocable: Revocable) {
  const mint = async () => {
    const service = await revocable.start();
    const inputs = inputsOf(revocable, service);
    return { service, inputs, main: await runMain(inputs) };
  };
  const minting = kept.get(revocable) ?? mint();
  kept.set(revocable, minting);
  const { service, inputs, main } = await minting;
  expect(service.live()).toHaveLength(1);
  return { service, inputs, main, sent: service.requests.length };
}

/** Something minted at a service, and a second service of the same kind that main never heard of. */
async function mintedBeside(revocable: Revocable) {
  const service = await started(revocable.start());
  const stranger = await started(revocable.start());
  const inputs = inputsOf(revocable, service);
  const main = await runMain(inputs);
  expect(service.live()).toHaveLength(1);
  return { service, stranger, inputs, main, sent: service.requests.length };
}

function parsed({ state }: StageResult): Record<string, unknown> & { handle: Record<string, string> } {
  return JSON.parse(state.revocation ?? "");
}

describe.each(ALL)("$name", (revocable) => {
  test("a state of a later step's making does not reach post where main saved one of its own", async () => {
    const { service, stranger, inputs, main } = await mintedBeside(revocable);
    const forged = JSON.stringify({ ...parsed(main), url: stranger.url });
    const post = await runPost({ inputs }, { state: main.state, env: { STATE_revocation: forged } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.live()).toEqual([]);
    expect(stranger.requests).toEqual([]);
  });

  test("nor where main had nothing to take back", async () => {
    const { service, stranger, inputs, main, sent } = await mintedBeside(revocable);
    const forged = { STATE_revocation: JSON.stringify({ ...parsed(main), url: stranger.url }) };
    // A step that fails at its inputs, with the client's secret among them.
    const { main: failed, post } = await runAction({ ...inputs, timeout: "never" }, { env: forged });
    expect(failed).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toBe("Nothing to take back.\n");
    expect(stranger.requests).toEqual([]);
    expect(service.requests).toHaveLength(sent);
  });

  test("other keys of the state, other variables and other inputs change nothing of where post goes", async () => {
    const { service, stranger, inputs, main, sent } = await mintedBeside(revocable);
    const others = ["provider", "url", "URL", "handle", "host", "base-url", "base_url", "kind", "token", "REVOCATION"];
    const env = Object.fromEntries(others.map((key) => [`STATE_${key}`, stranger.url]));
    const urls = { URL: stranger.url, TULEAP_URL: stranger.url, GITHUB_SERVER_URL: stranger.url };
    const other = { ...inputs, url: stranger.url, provider: "xray", method: "client-credentials" };
    const post = await runPost(
      { inputs: other, github: { server_url: stranger.url } },
      { ...main, env: { ...env, ...urls } },
    );
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.requests.slice(sent).map(line)).toEqual([expect.stringMatching(revocable.revocation)]);
    expect(service.live()).toEqual([]);
    expect(stranger.requests).toEqual([]);
  });

  test("post sends nothing of the inputs but QA's key pair, to the host that main used", async () => {
    const { service, inputs, main, sent } = await mintedBeside(revocable);
    const secrets = { username: "another-user", password: "another-password", token: "another-token-of-theirs" };
    await runPost({ inputs: { ...inputs, ...secrets } }, main);
    const [request, ...more] = service.requests.slice(sent);
    expect(more).toEqual([]);
    expect(JSON.stringify(request)).not.toMatch(/another-/);
    expect(JSON.stringify(request).includes(inputs["client-secret"] ?? "no secret")).toBe(revocable === QA);
  });
});

describe("a state that main cannot have written is one warning, exit code 0 and no request:", () => {
  test.each<{ what: string; forge: (state: ReturnType<typeof parsed>) => string }>([
    { what: "no JSON", forge: () => "{" },
    { what: "a piece of what main wrote", forge: (state) => JSON.stringify(state).slice(0, -10) },
    { what: "null", forge: () => "null" },
    { what: "a number", forge: () => "7" },
    { what: "an array", forge: (state) => JSON.stringify([state]) },
    { what: "an empty object", forge: () => "{}" },
    { what: "another kind", forge: (state) => JSON.stringify({ ...state, kind: "exchange" }) },
    { what: "an unknown provider", forge: (state) => JSON.stringify({ ...state, provider: "jira" }) },
    { what: "a provider of every object", forge: (state) => JSON.stringify({ ...state, provider: "__proto__" }) },
    { what: "an alias for a provider", forge: (state) => JSON.stringify({ ...state, provider: "jelastic" }) },
    { what: "a provider without revocation", forge: (state) => JSON.stringify({ ...state, provider: "xray" }) },
    { what: "no handle", forge: ({ handle: _, ...state }) => JSON.stringify(state) },
    { what: "a handle that is a text", forge: (state) => JSON.stringify({ ...state, handle: "secret" }) },
    { what: "a handle without the secret", forge: (state) => JSON.stringify({ ...state, handle: { userId: "115" } }) },
    { what: "another type of URL", forge: (state) => JSON.stringify({ ...state, url: ["http://127.0.0.1"] }) },
    { what: "no URL", forge: (state) => JSON.stringify({ ...state, url: "" }) },
    { what: "another scheme", forge: (state) => JSON.stringify({ ...state, url: "file:///etc/passwd" }) },
    { what: "a time that is none", forge: (state) => JSON.stringify({ ...state, timeout: "60" }) },
    { what: "an expiry that is none", forge: (state) => JSON.stringify({ ...state, expires: 1e300 }) },
  ])("$what", async ({ forge }) => {
    const { service, inputs, main, sent } = await mintedOnce(TOKEN);
    const post = await runPost({ inputs }, { state: { revocation: forge(parsed(main)) } });
    expect(post).toMatchObject({ exitCode: 0, outcome: "success", annotations: [{ type: "warning" }] });
    expect(post.annotations[0]?.title).toMatch(/^(?:Nothing was taken back|Not revoked)$/);
    expect(post.log).not.toContain(parsed(main).handle.secret);
    expect(service.requests).toHaveLength(sent);
  });

  test("plain http to a host other than loopback, where `allow-http` was not set", async () => {
    const trap = await startTrap();
    const { inputs, main } = await mintedOnce(TOKEN);
    const state = { revocation: JSON.stringify({ ...parsed(main), url: "http://tuleap.example.com" }) };
    const post = await runPost({ inputs }, { state, env: trap.env });
    expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
    expect(post.annotations[0]?.message).toContain("the URL is plain http");
    expect(trap.connections()).toBe(0);
    trap.close();
  });
});

describe("a handle with tricks in it makes no request but the known one:", () => {
  /** Runs post with a handle in which something was changed; what post then sent to the service. */
  async function sentWith(
    revocable: Revocable,
    change: Readonly<Record<string, string>>,
    warns = 1,
  ): Promise<string[]> {
    const { service, inputs, main, sent } = await mintedOnce(revocable);
    const state = parsed(main);
    const revocation = JSON.stringify({ ...state, handle: { ...state.handle, ...change } });
    const post = await runPost({ inputs }, { state: { revocation } });
    expect(post.exitCode).toBe(0);
    expect(post.annotations).toHaveLength(warns);
    return service.requests.slice(sent).map(line);
  }

  test.each([
    { id: "../../../users" },
    { id: "7/../../1" },
    { id: "7?x=1" },
    { id: "7#" },
    { id: "-7" },
    { id: "0" },
    { id: "7e1" },
    { id: "٧" },
    { id: " 7" },
    { id: "7\n" },
    { id: "" },
    { user: "../1" },
    { user: "42/api-keys/7/.." },
    { user: "self" },
    { user: "ci-robot" },
    { place: "/api/v1/project" },
    { place: "/api/users/.." },
    { place: "//127.0.0.1" },
    { place: "@127.0.0.1/api/users" },
    { place: "" },
    { secret: "short" },
    { secret: "" },
  ])("ReportPortal's %j", async (change) => {
    expect(await sentWith(REPORTPORTAL_KEY, change)).toEqual([]);
  });

  test.each([
    { secret: "tlp-k1-../tokens.00" },
    { secret: "tlp-k1-1/../../tokens.00" },
    { secret: "tlp-k1-x.0123456789abcdef" },
    { secret: "tlp-k1-.0123456789abcdef" },
    { secret: "tlp-k1-7.0123456789abcdef\nX: y" },
    { secret: "7" },
    { secret: "" },
  ])("a Tuleap key's %j", async (change) => {
    expect(await sentWith(TULEAP_KEY, change)).toEqual([]);
  });

  test.each([
    { userId: "../1" },
    { userId: "115\r\nX-Auth-AccessKey: y" },
    { userId: "" },
    { secret: "" },
    { secret: "." },
    { secret: ".." },
    { secret: "./" },
    { secret: "?" },
  ])("a Tuleap token's %j", async (change) => {
    expect(await sentWith(TOKEN, change)).toEqual([]);
  });

  test.each(["../../users", "../access_keys/22", "./././././", "%2e%2e%2f%2e%2e%2f", "?x=1&y=2&z=3", "########"])(
    "a Tuleap token %j stays one piece of the path, which never names the collection",
    async (secret) => {
      // No such token is known, so it is already gone.
      expect(await sentWith(TOKEN, { secret }, 0)).toEqual([`DELETE /api/tokens/${encodeURIComponent(secret)}`]);
    },
  );

  test("a Virtuozzo session is never a part of the path", async () => {
    const { service, inputs, main, sent } = await mintedOnce(SESSION);
    const state = parsed(main);
    const handle = { secret: "../../../oauth2/token/?grant_type=password", place: "/oauth2/token/", id: "../7" };
    await runPost({ inputs }, { state: { revocation: JSON.stringify({ ...state, handle }) } });
    expect(service.requests.slice(sent).map(line)).toEqual([expect.stringMatching(SESSION.revocation)]);
  });

  test.each([{ secret: "../../../oauth2/token/?grant_type=password" }, { place: "/oauth2/token/" }, { secret: "" }])(
    "QA's %j, which the signature does not fit",
    async (change) => {
      expect(await sentWith(QA, change)).toEqual([]);
    },
  );
});

test("post never exchanges, whatever is refused: a dead token brings no request to a token endpoint", async () => {
  const services: readonly [Service, Revocable][] = [
    [await started(startTuleap()), TOKEN],
    [await started(startReportPortal({ personality: "legacy" })), REPORTPORTAL_KEY],
  ];
  for (const [service, revocable] of services) {
    const inputs = inputsOf(revocable, service);
    const { main } = await runAction(inputs);
    const sent = service.requests.length;
    await runPost({ inputs }, main);
    expect(service.requests.slice(sent).map(line)).toEqual([expect.stringMatching(revocable.revocation)]);
  }
});

test.each(ALL)(
  "$name: a handle that no request can carry is not what main saves, and nothing is sent",
  async (revocable) => {
    const { inputs, main } = await mintedOnce(revocable);
    const trap = await startTrap();
    try {
      const saved = JSON.parse(main.state.revocation ?? "");
      for (const more of ["\r\nx: y", "\ud800", "\0", "ä", ""]) {
        const secret = more === "" ? "" : `abcdefgh${more}`;
        const { mac: _, ...state } = {
          ...saved,
          url: "http://service.example",
          allowHttp: true,
          handle: { ...saved.handle, secret },
        };
        const post = await runPost({ inputs, env: trap.env }, { state: { revocation: JSON.stringify(state) } });
        expect(post).toMatchObject({ exitCode: 0, stderr: "" });
        expect(post.annotations.map(({ title }) => title)).toEqual(["Nothing was taken back"]);
        expect(post.log).toContain("is not what this action saves");
      }
      expect(trap.connections()).toBe(0);
    } finally {
      await trap.close();
    }
  },
);

test.each(ALL)(
  "$name: post does not repeat where a revocation is redirected to, which main alone knew the secrets of",
  async (revocable) => {
    const service = await started(revocable.start());
    const inputs = inputsOf(revocable, service);
    const { post } = await runAction(inputs, {
      between: () =>
        service.fault((_request, _req, res) => {
          res.writeHead(302, { location: "https://6163636573732d746f6b656e.evil.example/" }).end();
          return true;
        }),
    });
    expect(post?.annotations.map(({ title }) => title)).toEqual(["Not revoked"]);
    expect(post?.log).toContain("(a redirect)");
    expect(post?.log).not.toContain("evil.example");
  },
);
