import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
  startXray,
} from "../../sandbox/services/index.ts";
import { readCredentials, trimmed } from "../../src/input/credentials.ts";
import { innerForms, oddity } from "../../src/input/oddity.ts";
import { INPUTS, type InputName } from "../../src/input/table.ts";
import { refused, trap } from "../kit/refused.ts";
import { answerWith, closeServices, inputsOf, leaks, runAction, runMain, shown, started } from "../kit/support.ts";

const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const URL_ = "https://service.example.com";

afterEach(closeServices);

/** Every service and way that takes a password. */
const WITH_PASSWORD: readonly { provider: string; method: string; start: () => Promise<Service> }[] = [
  { provider: "reportportal", method: "password", start: () => startReportPortal({ personality: "new" }) },
  { provider: "reportportal", method: "ephemeral-api-key", start: () => startReportPortal({ personality: "6.0" }) },
  { provider: "virtuozzo", method: "session", start: startVirtuozzo },
  { provider: "tuleap", method: "token", start: startTuleap },
  { provider: "tuleap", method: "ephemeral-access-key", start: startTuleap },
  { provider: "tuleap", method: "basic", start: startTuleap },
];

describe("a password loses one final line break of any sort and no more,", () => {
  const cases = [
    ["p a s s \n", "p a s s "],
    ["p a s s\r\n", "p a s s"],
    ["p a s s\r", "p a s s"],
    ["p a s s\n\n", "p a s s\n"],
    ["p a s s\r\r", "p a s s\r"],
    ["p a s s\n\r", "p a s s\n"],
    ["p a s s\r\n\r\n", "p a s s\r\n"],
    ["\np a s s", "\np a s s"],
    [" p\ra\ns\r\ns ", " p\ra\ns\r\ns "],
    ["p a s s\u2028", "p a s s\u2028"],
  ] as const;

  test.each(cases)("as an input: %j is sent as %j, and both are masked", async (given, sent) => {
    await expectSent({ username: "ci-robot", password: given }, given, sent);
  });

  test.each(cases)("inside of `credentials`: %j is sent as %j, and both are masked", async (given, sent) => {
    await expectSent({ credentials: JSON.stringify({ username: "ci-robot", password: given }) }, given, sent);
  });

  async function expectSent(credential: Record<string, string>, given: string, sent: string) {
    const main = await runMain({ provider: "tuleap", url: URL_, method: "basic", probe: "false", ...credential });
    expect(Buffer.from(main.outputs.token ?? "", "base64").toString()).toBe(`ci-robot:${sent}`);
    expect(main.masks).toEqual(expect.arrayContaining([given, sent]));
  }

  test("whoever asks for it: the password that was stored with a line break opens each service", async () => {
    for (const { provider, method, start } of WITH_PASSWORD) {
      const service = await started(start());
      const inputs = inputsOf({ provider, method }, service);
      const main = await runMain({ ...inputs, password: `${inputs.password}\r` });
      expect(main.outputs).toMatchObject({ failure: "", probe: "accepted" });
    }
  });
});

describe("a password of nothing but blanks is a missing secret:", () => {
  test.each([" ", "\n", "\r\n", " \t ", "\r", "   \n", "\u00a0", "\ufeff"])("%j", async (password) => {
    for (const method of ["", "basic", "ephemeral-access-key"]) {
      const given = { provider: "tuleap", url: URL_, method, username: "ci-robot" };
      expect((await refused({ ...given, password }, "missing-secret")).message).toContain(
        'No value arrived in "password"',
      );
      const credentials = JSON.stringify({ password });
      const inside = await refused({ ...given, credentials }, "missing-secret");
      expect(inside.message).toContain('No value arrived in "credentials.password"');
      expect(inside.main.masks.filter((mask) => mask.trim() === "")).toEqual([]);
    }
  });
});

/** A value of 64 characters, as in a token or a client secret. */
const SECRET = randomBytes(32).toString("hex");

const ODDITIES: readonly { what: string; says: RegExp; round: (secret: string) => string }[] = [
  { what: "double quotes", says: /stands in quotes/, round: (secret) => `"${secret}"` },
  { what: "single quotes", says: /stands in quotes/, round: (secret) => `'${secret}'` },
  { what: "backticks", says: /stands in quotes/, round: (secret) => `\`${secret}\`` },
  { what: "typographic quotes", says: /stands in quotes/, round: (secret) => `“${secret}”` },
  { what: "German quotes", says: /stands in quotes/, round: (secret) => `„${secret}“` },
  { what: "French quotes", says: /stands in quotes/, round: (secret) => `«${secret}»` },
  { what: "quotes and blanks", says: /stands in quotes/, round: (secret) => ` "${secret}"\n` },
  { what: "quotes in quotes", says: /stands in quotes/, round: (secret) => `'"${secret}"'` },
  ...[
    "\ufeff",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u200e",
    "\u202a",
    "\u202e",
    "\u2066",
    "\u2060",
    "\u00ad",
    "\u034f",
    "\u115f",
    "\u3164",
    "\ufe0f",
    "\u2800",
    "\u0001",
    "\u001b",
    "ï»¿",
  ].map((character) => ({
    what: `${escaped(character)} in front`,
    says: /invisible character/,
    round: (secret: string) => character + secret,
  })),
  { what: "a byte order mark after a blank", says: /invisible character/, round: (secret) => ` \ufeff${secret}` },
  { what: "a zero-width space behind", says: /invisible character/, round: (secret) => `${secret}\u200b` },
  { what: "Bearer", says: /begins with "Bearer"/, round: (secret) => `Bearer ${secret}` },
  { what: "bearer and more blanks", says: /begins with "bearer"/, round: (secret) => `bearer \t ${secret}` },
  { what: "Basic", says: /begins with "Basic"/, round: (secret) => `Basic ${secret}` },
  ...[
    "Authorization: ",
    "authorization:",
    "Authorization: Bearer ",
    "Proxy-Authorization: Basic ",
    "X-Auth-AccessKey: ",
    "X-Auth-AccessKey:",
    "x-auth-token: ",
    "X-Api-Key:",
    "PRIVATE-TOKEN: ",
    "Api-Key: ",
    "Cookie: ",
    "Set-Cookie:",
  ].map((header) => ({ what: header, says: /name of a header/, round: (secret: string) => header + secret })),
];

function escaped(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const REST = {
  token: { provider: "reportportal", url: URL_ },
  "client-secret": { provider: "xray", "client-id": "5F2A" },
  "client-id": { provider: "qa", "client-secret": "battery-staple" },
  username: { provider: "virtuozzo", url: URL_, password: "correct-horse" },
} as const;
const FIELDS = ["token", "client-secret", "client-id", "username"] as const;

describe("something round a stored value is invalid-input that says what it is, after masking and before any request:", () => {
  test.each(ODDITIES.map((odd, index) => ({ ...odd, field: FIELDS[index % FIELDS.length] ?? FIELDS[0] })))(
    "$what, in a step with $field",
    async ({ says, round, field }) => {
      const value = round(SECRET);
      const { main, message } = await refused({ ...REST[field], [field]: value });
      expect(message).toContain(`The input "${field}" `);
      expect(message).toMatch(says);
      expect(shown(main)).not.toContain(SECRET);
      if (field === "username" || field === "client-id") expect(main.masks).not.toContain(SECRET);
      else expect(main.masks).toEqual(expect.arrayContaining([value.trim(), SECRET]));
    },
  );

  test.each(ODDITIES)("$what, in each field, as an input and inside of `credentials`", ({ says, round }) => {
    const empty = Object.fromEntries(INPUTS.map((name) => [name, ""])) as Record<InputName, string>;
    for (const field of FIELDS) {
      const value = round(SECRET);
      for (const [name, inputs] of [
        [field, { [field]: trimmed(field, value) }],
        [`credentials.${field}`, { credentials: JSON.stringify({ [field]: value }) }],
      ] as const) {
        const read = () => readCredentials({ ...empty, ...inputs });
        expect(read).toThrow(expect.objectContaining({ code: "invalid-input", message: expect.stringMatching(says) }));
        expect(read).toThrow(`The input "${name}" `);
        expect(read).not.toThrow(SECRET);
      }
    }
  });

  test.each(ODDITIES.filter((_, index) => index % 5 === 0))(
    "$what, in a step with `credentials`",
    async ({ says, round }) => {
      const credentials = JSON.stringify({ client_id: "5F2A", client_secret: round(SECRET) });
      const { main, message } = await refused({ provider: "qa", credentials });
      expect(message).toContain('The input "credentials.client-secret" ');
      expect(message).toMatch(says);
      expect(main.masks).toContain(SECRET);
      expect(leaks(main, [SECRET])).toEqual([]);
    },
  );
});

test.each([
  [
    "a quote at one side alone: some secrets begin or end with one",
    ['"secret', "secret'", "`secret", "'secret\"", "“secret", '"', "'"],
  ],
  ["quotes inside", ['se"cr"et', "it''s"]],
  ["words that only begin like a scheme", ["Bearer", "bearer-token", "basic", "Basically", "basics of", "bearer:x"]],
  [
    "colons that no header has",
    ["user:pass", "5F2A:abc", "https://x", "tlp-k1-22:abc", "abc-def:x", "x:y", "key:x", "token:x"],
  ],
  [
    "what services give",
    [
      KEY,
      "test2_bCV0dcQfRuCo0Eq1Uv2_hizk4pHnssmV6qMLCEHGcyabsGAQxTQ1_gWJaX0kVHPM",
      "tlp-oauth2-at1-7.3329b8ac",
      "c229070a-56fe-4f99-ad57-fa945aa9443b",
      "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
      "jelastic_3f+/x==",
    ],
  ],
  [
    "names of people",
    ["ci-robot", "robot@example.com", "DOMAIN\\robot", "Jörg", "日本", "O'Brien", "👩‍💻", "first.last"],
  ],
])("nothing is odd about %s", (_, values) => {
  expect(values.filter((value) => oddity(value) !== undefined)).toEqual([]);
});

test("a value in several wrappings holds each inner form", () => {
  expect(innerForms('"Authorization: Bearer abcd"')).toEqual(["Authorization: Bearer abcd", "Bearer abcd", "abcd"]);
  expect(innerForms("\ufeff'abcd'")).toEqual(["'abcd'", "abcd"]);
  expect(innerForms("abcd")).toEqual([]);
  expect(innerForms('""')).toEqual([""]);
});

test("of all characters those are invisible that Unicode says show nothing, at the start and at the end", () => {
  const wrong: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    const one = String.fromCodePoint(code);
    const isFormat = /\p{Cf}/u.test(one);
    const found = [`${one}abcd`, `abcd${one}`, `abcd${one}efgh`].map(
      (value) => oddity(value)?.flaw === "begins or ends with an invisible character",
    );
    const wanted = [/[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u.test(one), isFormat, false];
    if (found.join() !== wanted.join()) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
});

describe("a password may hold anything, so what is odd about it is told where it is refused:", () => {
  test.each<{ what: string; round: (password: string) => string; says: RegExp }>([
    { what: "quotes", round: (password) => `"${password}"`, says: /stands in quotes/ },
    { what: "a byte order mark", round: (password) => `\ufeff${password}`, says: /invisible character/ },
    { what: "a zero-width space", round: (password) => `\u200b${password}`, says: /invisible character/ },
    { what: "a scheme", round: (password) => `Basic ${password}`, says: /begins with "Basic"/ },
    { what: "a header", round: (password) => `Authorization: ${password}`, says: /name of a header/ },
    { what: "a blank in front", round: (password) => ` ${password}`, says: /blank or a line break/ },
    { what: "a second line break", round: (password) => `${password}\n\n`, says: /blank or a line break/ },
  ])("$what", async ({ round, says }) => {
    for (const [index, { provider, method, start }] of WITH_PASSWORD.entries()) {
      const service = await started(start());
      const inputs = inputsOf({ provider, method }, service);
      const { password = "", username = "", ...rest } = inputs;
      const pair = { username, password: round(password) };
      const main = await runMain({ ...rest, ...(index % 2 === 0 ? pair : { credentials: JSON.stringify(pair) }) });
      expect(main.outputs.failure).toBe("refused");
      expect(main.annotations.at(-1)?.message).toMatch(says);
      expect(leaks(main, [password])).toEqual([]);
    }
  });

  test("nothing is said of a plain one, of another failure, or of one that opens", async () => {
    const service = await started(startVirtuozzo());
    const inputs = inputsOf({ provider: "virtuozzo", method: "session" }, service);
    const plain = await runMain({ ...inputs, password: "it's \"wrong" });
    expect(plain.outputs.failure).toBe("refused");
    expect(shown(plain)).not.toContain("given password");
    service.fault(answerWith(() => true, 404, "", { "content-type": "text/plain" }));
    const elsewhere = await runMain({ ...inputs, password: '"wrong"' });
    expect(elsewhere.outputs.failure).toBe("wrong-url");
    expect(shown(elsewhere)).not.toContain("given password");
  });
});

test("what stands round a client secret is told before post too: nothing was exchanged, so nothing is taken back", async () => {
  for (const start of [startQa, startXray]) {
    const provider = start === startQa ? "qa" : "xray";
    const { main, post } = await runAction(
      { provider, "client-id": "5F2A", "client-secret": `"${SECRET}"` },
      { env: trap.env },
    );
    expect(main.outputs.failure).toBe("invalid-input");
    expect(post).toMatchObject({ exitCode: 0, annotations: [], log: "Nothing to take back.\n" });
  }
});
