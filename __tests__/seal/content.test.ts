import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { CompactEncrypt } from "jose";
import { Failure } from "../../src/failure.ts";
import { type Known, plan } from "../../src/input/plan.ts";
import { parseSettings } from "../../src/input/settings.ts";
import { INPUTS, type InputName } from "../../src/input/table.ts";
import { providers } from "../../src/providers/index.ts";
import { readSealKey } from "../../src/seal/seal.ts";
import { RUN } from "../kit/run.ts";
import { runAction, startTrap } from "../kit/support.ts";

const SEAL_KEY = randomBytes(32).toString("base64");

const UNSOUND = /does not hold what it should/;

const TOKEN = "0123456789abcdef0123456789abcdef";
const KEY = `tlp-k1-22.${TOKEN}`;

/** What a seal of each provider holds that can be revoked. */
const CONTENTS = {
  tuleap: {
    ...{
      repository: RUN.repository,
      run: RUN.id,
      provider: "tuleap",
      method: "token",
      url: "https://tuleap.example.com",
    },
    ...{
      envName: "TULEAP_TOKEN",
      parts: { "user-id": "115" },
      account: "ci-robot",
      expires: Math.floor(Date.now() / 1000) + 3600,
    },
    ...{ token: TOKEN, handle: { secret: TOKEN, userId: "115" } },
  },
  "tuleap key": {
    ...{ repository: RUN.repository, run: RUN.id, provider: "tuleap", method: "ephemeral-access-key" },
    ...{ url: "https://tuleap.example.com/tuleap", envName: "TULEAP_ACCESS_KEY", token: KEY, handle: { secret: KEY } },
  },
  reportportal: {
    ...{ repository: RUN.repository, run: RUN.id, provider: "reportportal", method: "ephemeral-api-key" },
    ...{ url: "https://rp.example.com", envName: "RP_API_KEY", account: "ci", token: TOKEN },
    handle: { place: "/api/users", user: "42", id: "7", secret: TOKEN },
  },
  virtuozzo: {
    ...{ repository: RUN.repository, run: RUN.id, provider: "virtuozzo", method: "session" },
    ...{ url: "https://app.example.com", envName: "JELASTIC_TOKEN", token: TOKEN, handle: { secret: TOKEN } },
  },
} as const;

const seal = (content: unknown) =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(readSealKey(SEAL_KEY));

/** How a step takes a seal with this content: as a request, or as a failure. */
async function opened(content: unknown, more: Partial<Record<InputName, string>> = {}) {
  const empty = Object.fromEntries(INPUTS.map((name) => [name, ""])) as Record<InputName, string>;
  const inputs = { ...empty, sealed: await seal(content), "seal-key": SEAL_KEY, revoke: "true", ...more };
  const told: string[] = [];
  try {
    const tell = ({ provider, method, url }: Known) =>
      told.push(...[provider?.id, method, url].filter((one) => one !== undefined));
    const request = await plan(inputs, parseSettings(inputs), {
      run: RUN,
      tell,
      secret: () => {},
      definition: () => "",
    });
    return { request, told };
  } catch (thrown) {
    if (thrown instanceof Failure) return { failure: thrown, told };
    throw thrown;
  }
}

async function expectRefused(content: unknown, says: RegExp | string = "") {
  const { failure } = await opened(content);
  expect(failure).toMatchObject({ code: "invalid-input" });
  expect(failure?.message).toContain('The input "sealed" ');
  expect(failure?.message).toMatch(says);
}

test.each(Object.entries(CONTENTS))("what the action seals of %s opens", async (_, content) => {
  const { request, failure } = await opened(content);
  expect(failure).toBeUndefined();
  expect(request).toMatchObject({ kind: "open", credential: { token: content.token }, handle: content.handle });
  expect(request?.target).toMatchObject({ url: content.url, envName: content.envName });
});

describe("what is in a seal passes the same checks as inputs do:", () => {
  const content = CONTENTS.tuleap;

  test.each<{ what: string; change: Record<string, unknown>; says: RegExp }>([
    ...[
      ["https://user:secret@tuleap.example.com", /user name or password/],
      ["https:///user:secret@tuleap.example.com", /user name or password/],
      ["//user:secret@tuleap.example.com", /user name or password/],
      ["https://tuleap.example.com/?a=b", /query/],
      ["https://tuleap.example.com?", /query/],
      ["https://tuleap.example.com/#a", /fragment/],
      ["ftp://tuleap.example.com", /no URL/],
      ["file:///etc/passwd", /no URL/],
      ["javascript:alert(1)", /no URL/],
      ["data:text/plain,x", /no URL|host that cannot/],
      ["https://https://tuleap.example.com", /scheme/],
      ["https://tuleap.example.com/ a", /blank/],
      ["https://tuleap.example.com\n", /blank/],
      ["https://xray.cloud.getxray.app", /address of Xray Cloud/],
      ["", /no URL/],
      [" ", /blank/],
      ["https://", /no URL/],
    ].map(([url, says]) => ({ what: `the address ${JSON.stringify(url)}`, change: { url }, says: says as RegExp })),
    ...[1e300, -1e300, 1e18, 253_402_300_800, 0, -1, -0.5].map((expires) => ({
      what: `an expiry of ${expires}`,
      change: { expires },
      says: UNSOUND,
    })),
    ...["", " ", "A B", "A=B", "1A", "A\nB", "PATH", "node_options", "INPUT_X", "TULEAP_USER_ID", "ÄB"].map(
      (envName) => ({
        what: `the variable ${JSON.stringify(envName)}`,
        change: { envName },
        says: /a name that/,
      }),
    ),
    ...["", "1234567", "a\nbcdefgh", "passwörd", "tab\tabcd", "x".repeat(65_537), 12_345_678, null].map((token) => ({
      what: `the token ${JSON.stringify(token)?.slice(0, 20)}`,
      change: { token },
      says: UNSOUND,
    })),
    ...["x".repeat(201), "a\nb", "a\u202eb", "a\u2028b", "\ud800", 7, {}].map((account) => ({
      what: `the account ${JSON.stringify(account).slice(0, 20)}`,
      change: { account },
      says: UNSOUND,
    })),
    ...["", "1e3", "-1", "9".repeat(20), 115].map((userId) => ({
      what: `the user id ${JSON.stringify(userId)}`,
      change: { parts: { "user-id": userId } },
      says: UNSOUND,
    })),
    { what: "no user id where the token is useless without", change: { parts: undefined }, says: UNSOUND },
    ...["Tuleap", "jelastic", "", "__proto__", "constructor", "oauth3"].map((provider) => ({
      what: `the provider ${JSON.stringify(provider)}`,
      change: { provider },
      says: /another version/,
    })),
    ...["Token", "", "session", "__proto__"].map((method) => ({
      what: `the method ${JSON.stringify(method)}`,
      change: { method },
      says: /another version/,
    })),
    ...[
      { secret: TOKEN },
      { secret: "short", userId: "115" },
      { secret: TOKEN, userId: "x" },
      { secret: TOKEN, userId: "" },
      { secret: `${TOKEN}\r\nX: y`, userId: "115" },
      { secret: "pässwörd", userId: "115" },
      { secret: "", userId: "115" },
      { secret: TOKEN, userId: 115 },
      { userId: "115" },
      {},
      null,
      "handle",
      [TOKEN],
    ].map((handle) => ({
      what: `the handle ${JSON.stringify(handle)}`,
      change: { handle },
      says: UNSOUND,
    })),
    { what: "a handle of what the user brought", change: { method: "access-key" }, says: UNSOUND },
  ])("$what is invalid-input", async ({ change, says }) => {
    await expectRefused({ ...content, ...change }, says);
  });

  test.each<{ what: string; handle: Record<string, unknown> }>([
    { what: "another place", handle: { place: "/api/other" } },
    { what: "a place on another host", handle: { place: "@evil.example.com" } },
    { what: "a user that is a path", handle: { user: "../../x" } },
    { what: "a key that is no number", handle: { id: "07" } },
    { what: "no key", handle: { id: undefined } },
    { what: "a short secret", handle: { secret: "1234567" } },
  ])("a handle of ReportPortal with $what is invalid-input", async ({ handle }) => {
    const base = CONTENTS.reportportal;
    await expectRefused({ ...base, handle: { ...base.handle, ...handle } }, UNSOUND);
  });

  test("a handle where the provider has nothing to revoke is invalid-input", async () => {
    const xray = { provider: "xray", method: "client-credentials", url: "https://xray.cloud.getxray.app" };
    await expectRefused({ ...content, ...xray, handle: { secret: TOKEN } }, UNSOUND);
  });

  test("an address is taken as people write it, and becomes the same base URL", async () => {
    const { request } = await opened({ ...content, url: "https://Tuleap.example.com/api/v1/" });
    expect(request?.target.url).toBe("https://tuleap.example.com");
  });

  test("nothing of it is told as an output before it is checked", async () => {
    for (const change of [{ url: "https://u:p@h.example.com" }, { envName: "PATH" }, { handle: { secret: "x" } }]) {
      expect((await opened({ ...content, ...change })).told).toEqual([]);
    }
  });

  test("the name of a variable in the seal counts, even where another is given", async () => {
    const { failure } = await opened({ ...content, envName: "PATH" }, { "env-name": "MY_TOKEN" });
    expect(failure).toMatchObject({ code: "invalid-input" });
  });
});

test("any content whatever, in any field, is a request, invalid-input, or an expired token: never a defect", async () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.double({ noNaN: true }),
    fc.constantFrom("", "0", "https://a", "a".repeat(70_000), null, undefined, [], {}, true, 1e300, "tuleap", "token"),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );
  const bases = fc.constantFrom(...Object.values(CONTENTS));
  const cases = fc.tuple(bases, fc.nat(), odd, fc.constantFrom("whole", "inside"));
  let told = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ([base, index, value, where]) => {
      const fields = Object.keys(base);
      const field = fields[index % fields.length] ?? "";
      const keys = Object.keys(base.handle);
      const inside = { ...base, handle: { ...base.handle, [keys[index % keys.length] ?? ""]: value } };
      const { request, failure } = await opened(where === "inside" ? inside : { ...base, [field]: value });
      if (failure !== undefined) {
        expect(["invalid-input", "refused"]).toContain(failure.code);
        told++;
        return;
      }
      const { target, credential, handle } = request as Extract<typeof request, { kind: "open" }>;
      expect(providers).toContain(target.provider);
      expect(new URL(target.url)).toMatchObject({ username: "", password: "", search: "", hash: "" });
      expect(() => credential.expiresAt?.toISOString()).not.toThrow();
      expect(handle === undefined || target.provider.ownsHandle?.(handle)).toBe(true);
    }),
    { numRuns: 1_500, seed: 20_261_125 },
  );
  expect(told).toBeGreaterThan(500);
});

test.each<{ what: string; change: Record<string, unknown> }>([
  { what: "a far expiry", change: { expires: 1e300 } },
  { what: "user information", change: { url: "https://user:secret-word@rp.example.com" } },
  { what: "a malformed handle", change: { handle: { secret: TOKEN } } },
  { what: "an empty name", change: { envName: "" } },
])("in a step, $what is one annotation without a request, and post has nothing to do", async ({ change }) => {
  const trap = await startTrap();
  const sealed = await seal({ ...CONTENTS.reportportal, ...change });
  const { main, post } = await runAction({ sealed, "seal-key": SEAL_KEY, revoke: "true" }, { env: trap.env });
  expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure: "invalid-input" } });
  expect(main.annotations).toHaveLength(1);
  expect(main.annotations[0]?.message).not.toContain("secret-word");
  expect(post).toMatchObject({ annotations: [], log: "Nothing to take back.\n" });
  expect(trap.connections()).toBe(0);
  trap.close();
});
