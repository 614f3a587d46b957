import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
  startXray,
} from "../sandbox/services/index.ts";
import { readCredentials, trimmed } from "../src/input/credentials.ts";
import { holdsInvisible, innerForms, oddity } from "../src/input/oddity.ts";
import { INPUTS, type InputName } from "../src/input/table.ts";
import {
  answerWith,
  closeServices,
  inputsOf,
  leaks,
  runAction,
  runMain,
  shown,
  started,
  startTrap,
  type Trap,
} from "./support.ts";

const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const URL_ = "https://service.example.com";

let trap: Trap;
beforeAll(async () => {
  trap = await startTrap();
});
afterAll(() => trap.close());
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

/** A step that sends nothing, and what its one error says. */
async function refused(inputs: Readonly<Record<string, string>>, failure = "invalid-input") {
  const before = trap.connections();
  const main = await runMain(inputs, { env: trap.env });
  const errors = main.annotations.filter(({ type }) => type === "error");
  expect(errors).toHaveLength(1);
  expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure } });
  expect(trap.connections()).toBe(before);
  return { main, message: errors[0]?.message ?? "" };
}

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

// What stands round a secret

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

test("of all characters those are invisible that Unicode says show nothing, at the start, at the end or anywhere", () => {
  const wrong: string[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    const one = String.fromCodePoint(code);
    const isFormat = /\p{Cf}/u.test(one);
    const found = [`${one}abcd`, `abcd${one}`, `abcd${one}efgh`].map(
      (value) => oddity(value)?.flaw === "begins or ends with an invisible character",
    );
    const wanted = [/[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u.test(one), isFormat, false];
    const isAnywhere = holdsInvisible(`ab${one}cd`) === (isFormat || /\p{Cc}/u.test(one));
    if (found.join() !== wanted.join() || !isAnywhere) wrong.push(code.toString(16));
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

// The JSON of `credentials`

describe("`credentials`", () => {
  test.each<{ what: string; credentials: string; masks: string[] }>([
    {
      what: "an escaped quote",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"ab\"cdefg"}`,
      masks: ['ab"cdefg', String.raw`ab\"cdefg`],
    },
    {
      what: "escaped letters",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"ab\u00e4cd\u0065fg"}`,
      masks: ["abäcdefg", String.raw`ab\u00e4cd\u0065fg`],
    },
    {
      what: "an escaped slash",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"ab\/cdefg"}`,
      masks: ["ab/cdefg", String.raw`ab\/cdefg`],
    },
    {
      what: "an escaped key",
      credentials: String.raw`{"client_id":"5F2A","client\u005fsecret":"ab\\cdefg"}`,
      masks: ["ab\\cdefg", String.raw`ab\\cdefg`],
    },
    {
      what: "one key twice",
      credentials: '{"client_secret":"first-secret","client_secret":"second-secret"}',
      masks: ["first-secret", "second-secret"],
    },
    {
      what: "a key in another case",
      credentials: '{"CLIENT_SECRET":"first-secret","clientID":"x"}',
      masks: ["first-secret"],
    },
    {
      what: "a comma too many",
      credentials: '{"client_id":"5F2A","client_secret":"first-secret",}',
      masks: ["first-secret"],
    },
    {
      what: "an object in the object",
      credentials: '{"xray":{"client_secret":"first-secret"}}',
      masks: ["first-secret"],
    },
    {
      what: "JSON in a text",
      credentials: JSON.stringify('{"client_secret":"first-secret"}'),
      masks: ["first-secret"],
    },
    { what: "quotes round it", credentials: `'{"client_secret":"first-secret"}'`, masks: ["first-secret"] },
    {
      what: "a quoted secret",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"\"first-secret\""}`,
      masks: ["first-secret", '"first-secret"'],
    },
  ])("with $what are masked as a whole, and each secret in them as it is and as it stands there", async (given) => {
    const main = await runMain({ provider: "qa", retries: "0", credentials: given.credentials }, { env: trap.env });
    expect(main.masks).toEqual(expect.arrayContaining([given.credentials, ...given.masks]));
    expect(leaks(main, given.masks)).toEqual([]);
  });

  test.each([
    ["null", "is no JSON object"],
    ["[]", "is no JSON object"],
    ['"x"', "stands in quotes"],
    ["5", "is no JSON object"],
    ["true", "is no JSON object"],
    [`'{"client_id":"5F2A"}'`, "stands in quotes"],
    ["client_id: 5F2A", "is no JSON object"],
    ["{", "is no JSON object"],
  ])("that are %s: %s, and no word of the message is a mask", async (credentials, says) => {
    const { main, message } = await refused({ provider: "qa", credentials });
    expect(message).toContain(`"credentials" ${says}`);
    expect(message).not.toContain("***");
    expect(main.masks).not.toContain("null");
  });

  test.each(["{}", "{ }", "{\n}", '{"client_id":""}', '{"client_id":" ","client_secret":"\\n"}', '{"password":"  "}'])(
    "that are %j hold no credential",
    async (credentials) => {
      const { message } = await refused({ provider: "qa", credentials }, "missing-secret");
      expect(message).toContain('No value arrived in "credentials".');
    },
  );

  test.each([
    ["clientID", "client-id"],
    ["ClientId", "client-id"],
    ["CLIENT_SECRET", "client-secret"],
    ["client secret", "client-secret"],
    ["clientsecret", "client-secret"],
    ["user", "username"],
    ["user_name", "username"],
    ["pasword", "password"],
    ["api_token", "token"],
  ])("with the key %s are told which was meant", async (key, meant) => {
    const { message } = await refused({ provider: "qa", credentials: JSON.stringify({ [key]: "abcdefgh" }) });
    expect(message).toContain(`The key is: “${key}”.`);
    expect(message).toContain(`Did you mean "${meant}"?`);
  });

  test("on several lines get a notice that is not shredded itself", async () => {
    const credentials = '{\n  "client_id": "5F2A",\n  "client_secret": "first-secret"\n}';
    const secrets = credentials.split("\n");
    const main = await runMain({ provider: "qa", retries: "0", credentials }, { env: trap.env, secrets });
    const [notice] = main.annotations.filter(({ type }) => type === "notice");
    expect(notice?.message).toContain("also a lone brace");
    expect(notice?.message).not.toMatch(/\*\*\*|[{}]/);
  });
});

// What is missing

const REASONS = [/fork/, /Dependabot/, /"environment"/, /"secrets: inherit"/];

describe("an address from a secret that is not there", () => {
  test.each<{ what: string; given: Record<string, string>; names: string[] }>([
    { what: "and no credential", given: {}, names: ["No value arrived", 'nor in "url"'] },
    {
      what: "and the method named",
      given: { method: "token" },
      names: ["No value arrived", 'nor in "url"'],
    },
    {
      what: "and credentials empty",
      given: { credentials: "{}" },
      names: ["No value arrived", 'nor in "url"'],
    },
    { what: "and half a login", given: { username: "ci-robot" }, names: ['"password", nor in "url"'] },
    {
      what: "and blanks for a password",
      given: { username: "ci-robot", password: "\n" },
      names: ['"password", nor in "url"'],
    },
  ])("$what is a missing secret", async ({ given, names }) => {
    for (const provider of ["tuleap", "virtuozzo", "reportportal"]) {
      if (given.method !== undefined && provider !== "tuleap") continue;
      const inputs = { provider, url: "", username: "", password: "", ...given };
      const { message } = await refused(inputs, "missing-secret");
      for (const name of names) expect(message).toContain(name);
      for (const reason of REASONS) expect(message).toMatch(reason);
    }
  });

  const withoutHost = ["https://", "http://", "https:///", "https://:8443", "https://:8443/", "/", "//"];
  const withPath = ["https:///tuleap", "https:///tuleap/api/v1", "https://:8443/tuleap", "/tuleap", ":8443/tuleap"];

  // The part behind the secret is no host either: the password would be sent to whoever is called so.
  test.each([...withoutHost, ...withPath])("within %s is one just so", async (url) => {
    const missing = await refused({ provider: "tuleap", url }, "missing-secret");
    expect(missing.message).toContain('nor in "url"');
    const { message } = await refused({ provider: "tuleap", url, token: KEY });
    expect(message).toContain('"url" names no host');
    for (const reason of REASONS) expect(message).toMatch(reason);
  });

  test.each<Record<string, string>>([
    { provider: "tuleap", token: KEY },
    { provider: "tuleap", username: "ci-robot", password: "correct-horse" },
    { provider: "reportportal", credentials: '{"token":"a-ready-made-token"}' },
    { provider: "jelastic", token: "a-ready-made-token" },
  ])("alone is invalid-input, with the same reasons: %j", async (given) => {
    const { message } = await refused({ ...given, url: " " });
    expect(message).toContain('"url" is empty');
    for (const reason of REASONS) expect(message).toMatch(reason);
  });
});

describe("a misspelt input is named where the one that it means is missing:", () => {
  test.each<{ given: Record<string, string>; failure?: string; says: string }>([
    {
      given: { provider: "xray", client_id: "5F2A", "client-secret": "abcdefgh" },
      says: 'You wrote "client_id", the input is "client-id".',
    },
    {
      given: { provider: "xray", "client-id": "5F2A", clientSecret: "abcdefgh" },
      says: 'You wrote "clientsecret", the input is "client-secret".',
    },
    {
      given: { provider: "xray", client_id: "5F2A", client_secret: "abcdefgh" },
      says: 'You wrote "client_secret", the input is "client-secret".',
    },
    {
      given: { provider: "tuleap", url: URL_, user_name: "ci-robot", password: "correct-horse" },
      says: 'You wrote "user_name", the input is "username".',
    },
    {
      given: { provider: "tuleap", url: URL_, username: "ci-robot", "pass-word": "correct-horse" },
      says: 'You wrote "pass-word", the input is "password".',
    },
    {
      given: { provider: "tuleap", url: URL_, "pass word": "correct-horse", username: "a" },
      says: 'You wrote "pass_word", the input is "password".',
    },
    { given: { provider: "tuleap", url: URL_, to_ken: KEY }, says: 'You wrote "to_ken", the input is "token".' },
    { given: { provider: "qa", "credential-s": "{}" }, says: 'You wrote "credential-s", the input is "credentials".' },
    {
      given: {
        provider: "reportportal",
        url: URL_,
        username: "a",
        password: "bcdef",
        "client-id": "ui",
        client_secret: "uiman",
      },
      says: 'You wrote "client_secret", the input is "client-secret".',
    },
    {
      given: { provider: "tuleap", u_rl: URL_, token: KEY },
      failure: "invalid-input",
      says: 'You wrote "u_rl", the input is "url".',
    },
    { given: { provider: "tuleap", u_rl: URL_ }, says: 'You wrote "u_rl", the input is "url".' },
    {
      given: { "pro-vider": "tuleap", token: KEY },
      failure: "invalid-input",
      says: 'You wrote "pro-vider", the input is "provider".',
    },
    { given: { sealed: "abc", seal_key: "abc" }, says: 'You wrote "seal_key", the input is "seal-key".' },
    {
      given: { seal_ed: "abc", "seal-key": "abc" },
      failure: "invalid-input",
      says: 'You wrote "seal_ed", the input is "sealed".',
    },
  ])("$says", async ({ given, failure, says }) => {
    const { message } = await refused(given, failure ?? "missing-secret");
    expect(message).toContain(says);
  });

  test.each<Record<string, string>>([
    { provider: "xray", "client-id": "5F2A", client_id: "5F2A" },
    { provider: "xray", "client-id": "5F2A", CLIENT_ID: "5F2A", sealkey: "x" },
  ])("and nowhere else: %j", async (given) => {
    const { message } = await refused(given, "missing-secret");
    expect(message).not.toContain("You wrote");
  });

  test("in any case it is the input itself", async () => {
    const { message } = await refused({ provider: "xray", "Client-ID": "5F2A" }, "missing-secret");
    expect(message).toContain('No value arrived in "client-secret"');
    expect(message).not.toContain("You wrote");
  });
});

describe("a name that is nearly right gets the right one:", () => {
  test.each([
    ["report-portal", "reportportal"],
    ["ReportPortl", "reportportal"],
    ["xray-cloud", "xray"],
    ["Xray Cloud", "xray"],
    ["tuleep", "tuleap"],
    ["virtuozo", "virtuozzo"],
    ["cloudacademy", "cloud-academy"],
    ["jelastik", "jelastic"],
  ])("provider %s", async (given, meant) => {
    const { message } = await refused({ provider: given, token: KEY });
    expect(message).toContain(`The value is: “${given}”.`);
    expect(message).toContain(`Did you mean "${meant}"?`);
    expect(message).toContain("Set it to one of");
  });

  test.each([
    ["tuleap", "access_key", "access-key"],
    ["tuleap", "AccessKey", "access-key"],
    ["tuleap", "oauth2", "oauth2-access-token"],
    ["reportportal", "apikey", "api-key"],
    ["virtuozzo", "sesion", "session"],
    ["xray", "client_credentials", "client-credentials"],
  ])("%s's method %s", async (provider, method, meant) => {
    const { message } = await refused({ provider, url: URL_, method, token: KEY });
    expect(message).toContain(`The value is: “${method}”.`);
    expect(message).toContain(`Did you mean "${meant}"?`);
  });

  test.each(["jira", "x", "qaa"])("but %s is near to none", async (provider) => {
    expect((await refused({ provider, token: KEY })).message).not.toContain("Did you mean");
  });

  test.each([SECRET, '"tuleip"', "https://tuleap.example.com", `tuleap ${SECRET}`, "a\nb", "x".repeat(60_000)])(
    "and what does not look like a name is not repeated",
    async (given) => {
      const { main } = await refused({ provider: given, token: KEY });
      expect(shown(main)).not.toContain(given);
      expect(shown(main)).not.toContain("The value is");
    },
  );

  test("nor is a secret in the place of a name", async () => {
    const { main } = await refused({ provider: "Correcthorse", token: KEY, password: "Correcthorse" });
    expect(leaks(main, ["Correcthorse"])).toEqual([]);
  });
});

describe("one is not told of as if it were many:", () => {
  test("one field that no method takes, at a provider with one method", async () => {
    const { message } = await refused({ provider: "xray", token: KEY });
    expect(message).toContain('No method of Xray Cloud takes "token". Set "method" to this and give just its inputs');
    expect(message).toContain("client-credentials (client-id, client-secret)");
  });

  test("one method that lacks a field", async () => {
    const { message } = await refused({ provider: "xray", "client-id": "5F2A" }, "missing-secret");
    expect(message).toContain("Xray Cloud takes client-credentials (client-id, client-secret).");
  });

  test("several are", async () => {
    const { message } = await refused({ provider: "virtuozzo", url: URL_, token: KEY, username: "a" });
    expect(message).toContain('takes "token" and "username" together. Set "method" to one of these');
    const missing = await refused({ provider: "virtuozzo", url: URL_ }, "missing-secret");
    expect(missing.message).toContain("Virtuozzo takes one of these: ");
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
