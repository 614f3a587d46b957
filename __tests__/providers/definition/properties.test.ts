import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Answer } from "../../../sandbox/services/answers.ts";
import type { RecordedRequest } from "../../../sandbox/services/service.ts";
import { environmentName } from "../../../src/input/settings.ts";
import { placeholders } from "../../../src/providers/definition/template.ts";
import type { Given } from "../../../src/providers/provider.ts";
import { error, info, warning } from "../../../src/runner/log.ts";
import { commandsIn, printed } from "../../kit/printed.ts";
import { type Outcome, play } from "./playing.ts";

/** A fixed seed, so that a run is the same everywhere. */
const SEED = 20_261_126;
const RUNS = 3_000;

/** What a stranger could put anywhere: into a definition, a credential or an answer. */
const HOSTILE = [
  "\r\nX-Evil: 1",
  "\n::set-output name=token::forged",
  "::add-mask::x",
  "##[error]forged",
  "..",
  "/../../",
  "//evil.example",
  "@evil.example",
  "?a=b#c",
  "\\",
  "%2e%2e",
  "%0d%0a",
  '","admin":true,"x":"',
  "{token}",
  "{password}",
  "{answer.token}",
  "{{",
  "}}",
  "}",
  ": ",
  "; HttpOnly",
  "&grant_type=admin",
  "\0",
  "\u202e",
  "ü€😀",
  "\ud800",
  "__proto__",
  " ",
  "",
];
const hostile = fc.constantFrom(...HOSTILE);

/** Marks a secret so that it is found again in whatever form but base64. */
const MARKS = {
  token: "mk0token0",
  username: "mk0username0",
  password: "mk0password0",
  "client-id": "mk0clientid0",
  "client-secret": "mk0clientsecret0",
  "id-token": "id-token-",
  "answer.token": "mk0minted0",
  "answer.csrf": "mk0csrf0",
  "answer.id": "mk0id0",
  nobody: "mk0nobody0",
} as const;

const CREDENTIALS = ["token", "username", "password", "client-id", "client-secret"] as const;
const BEFORE = [...CREDENTIALS, "id-token", "run", "expiry", "expiry-date", "parameters.site"];
const AFTER = ["answer.token", "answer.csrf", "answer.id", "token", "username", "password", "run", "expiry"];

/** A text with placeholders. */
function template(names: readonly string[], blanks = " "): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...names).map((name) => `{${name}}`) },
    { weight: 1, arbitrary: fc.constantFrom("a", `b${blanks}`, "x-", "{{", "}}", "=") },
  );
  return fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
}

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

/** A request whose first segment tells which it is, and whose headers hold its run. */
function request(first: string, names: readonly string[]) {
  const texts = template(names);
  const body = fc.oneof(
    fc.record({ form: fc.dictionary(fc.constantFrom("a", "b"), texts) }),
    fc.record({ json: fc.record({ a: texts, b: fc.array(texts, { maxLength: 2 }), c: fc.record({ d: texts }) }) }),
    fc.constant({}),
  );
  return fc
    .tuple(
      fc.record({
        method: maybe(fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE")),
        path: fc.oneof(fc.constantFrom("a", "b/c"), template(names, "")).map((text) => `/${first}/${text}`),
        query: maybe(fc.dictionary(fc.constantFrom("q", "r"), texts)),
        headers: fc.dictionary(fc.constantFrom("X-One", "X-Two"), texts).map((more) => ({ ...more, "X-Run": "{run}" })),
        basic: maybe(fc.record({ username: texts, password: texts, encode: maybe(fc.boolean()) })),
      }),
      body,
    )
    .map(([head, rest]) => ({ ...head, ...rest }));
}

const place = fc.constantFrom(
  { json: "/token" },
  { json: "/csrf" },
  { json: "/id" },
  { header: "x-csrf" },
  { cookie: "sid" },
  { text: true },
  { json: "/a/b/c" },
  { json: "" },
);

const definitions = fc
  .record({
    name: fc.constant("Home"),
    credentials: fc.constantFrom([...CREDENTIALS], [["client-secret", ...CREDENTIALS.slice(0, -1)], ["token"]]),
    "id-token": fc.constant({ audience: "home" }),
    exchange: fc.tuple(request("exchange", BEFORE), fc.boolean()).map(([one, creates]) => ({ ...one, creates })),
    undo: request("undo", BEFORE),
    answer: fc.record({
      token: fc.oneof({ weight: 9, arbitrary: fc.constant({ json: "/token" }) }, { weight: 1, arbitrary: place }),
      secrets: fc.oneof(
        fc.constant({ csrf: { header: "x-csrf" } }),
        place.map((csrf) => ({ csrf })),
      ),
      values: fc.oneof(
        fc.constant({ id: { json: "/id" } }),
        place.map((id) => ({ id })),
      ),
      expires: maybe(
        fc.constantFrom({ after: 60 }, { json: "/ms", as: "milliseconds" }, { json: "/date", as: "date" }),
      ),
    }),
    use: maybe(
      fc.record({ headers: fc.dictionary(fc.constantFrom("Authorization", "Cookie", "X-Use"), template(AFTER, "")) }),
    ),
    env: maybe(
      fc.record({
        name: fc.constant("A_TOKEN"),
        also: fc.dictionary(fc.constantFrom("MORE", "OTHER"), template(AFTER)),
      }),
    ),
    probe: maybe(
      fc.tuple(request("probe", AFTER), place).map(([one, accepted]) => ({ ...one, accepted, account: accepted })),
    ),
    revoke: maybe(
      fc.tuple(request("revoke", AFTER), maybe(fc.constant("use"))).map(([one, use]) => ({ ...one, with: use })),
    ),
    refusals: maybe(fc.constantFrom([{ failure: "locked", json: "/id" }], [{ status: [400], failure: "refused" }])),
  })
  .map(({ undo, ...definition }) => (definition.exchange.creates ? { ...definition, undo } : definition));

/** Now and then something hostile stands at the end of a text, where it does not belong. */
const tampered = fc
  .tuple(
    definitions,
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.tuple(fc.nat(), hostile) }),
  )
  .map(([definition, change]) => {
    const copy: unknown = JSON.parse(JSON.stringify(definition));
    const leaves = leavesOf(copy);
    if (change !== undefined) leaves[change[0] % leaves.length]?.(change[1]);
    return copy;
  });

function leavesOf(value: unknown): ((text: string) => void)[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "string" ? [(text: string) => Object.assign(value, { [key]: inner + text })] : leavesOf(inner),
  );
}

/** A secret is mostly plain, and can hold anything. */
const marked = (mark: string) =>
  fc.oneof(
    { weight: 19, arbitrary: fc.constant(`${mark}123456`) },
    { weight: 1, arbitrary: hostile.map((text) => `${mark}12${text}3`) },
  );

const credentials = fc.record({
  token: marked(MARKS.token),
  username: marked(MARKS.username),
  password: marked(MARKS.password),
  "client-id": marked(MARKS["client-id"]),
  "client-secret": marked(MARKS["client-secret"]),
});

/** Values of headers that Node lets a server send. */
const headerValue = (mark: string) => marked(mark).map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, ""));

const bodies = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        token: marked(MARKS["answer.token"]),
        csrf: marked(MARKS["answer.csrf"]),
        id: fc.oneof(marked(MARKS["answer.id"]), fc.constantFrom(7, 0, false, null, "", [], {}, "..", ".", 2 ** 60)),
        refresh_token: fc.constant(`${MARKS.nobody}1`),
        other: fc.constant(`${MARKS.nobody}2`),
        ms: fc.constantFrom(5000, -1, "soon", null),
        date: fc.constantFrom("2027-01-01", "never", 5),
      })
      .map((body) => JSON.stringify(body)),
  },
  { weight: 1, arbitrary: hostile.map((text) => JSON.stringify({ error: text, token: 5 })) },
  { weight: 1, arbitrary: hostile.map((text) => `<!doctype html><title>${text}</title>`) },
  { weight: 1, arbitrary: hostile.map((text) => `${MARKS["answer.token"]}${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("", "null", "[]", '{"__proto__":{"token":"x"}}', "{") },
);

const answers: fc.Arbitrary<Answer> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(200) },
      { weight: 3, arbitrary: fc.constantFrom(201, 202, 302, 307, 400, 401, 403, 404, 406, 410, 422, 429, 500, 503) },
    ),
    bodies,
    headerValue(MARKS["answer.csrf"]),
    headerValue(MARKS["answer.token"]),
  )
  .map(([status, body, csrf, sid]) => ({
    status,
    body,
    headers: { "x-csrf": csrf, "set-cookie": `sid=${sid}; Path=/`, location: `http://127.0.0.1:9/${MARKS.nobody}3` },
  }));

/** Every text of a definition that stands somewhere inside of a value. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

type Parts = Readonly<Record<string, unknown>>;
type Definition = Readonly<Record<string, Parts | undefined>>;

/** The marks that stand at each place of an answer; a whole body holds them all. */
const AT: Readonly<Record<string, readonly string[]>> = {
  "/token": [MARKS["answer.token"]],
  "/csrf": [MARKS["answer.csrf"]],
  "/id": [MARKS["answer.id"]],
  "x-csrf": [MARKS["answer.csrf"]],
  sid: [MARKS["answer.token"]],
  true: Object.values(MARKS),
};

/** The marks that a part of a request may hold: those of the placeholders in the texts that the definition has for it. */
function allowed(definition: Definition, ...texts: unknown[]): string[] {
  const { token, secrets, values } = definition.answer ?? {};
  const sources: Record<string, unknown> = { token, ...Object(secrets), ...Object(values) };
  const names = texts.flatMap(textsIn).flatMap((text) => placeholders(text) ?? []);
  return names.flatMap((name) => {
    const [, ofAnswer] = /^answer\.(.+)$/.exec(name) ?? [];
    if (ofAnswer !== undefined) return AT[String(Object.values(Object(sources[ofAnswer]))[0])] ?? [];
    return Object.entries(MARKS).flatMap(([one, mark]) => (one === name ? [mark] : []));
  });
}

/** The marks in what was sent, Basic pairs opened. */
function marksIn(text: string): string[] {
  const pair = /Basic ([\w+/=]+)/.exec(text)?.[1] ?? "";
  const opened = `${text}\n${Buffer.from(pair, "base64").toString()}`;
  return Object.values(MARKS).filter((mark) => opened.includes(mark));
}

/** What of a request holds a secret that the definition does not name for it, as readable lines. */
function strays(sent: RecordedRequest, definition: Definition): string[] {
  const [, , kind = ""] = sent.path.split("/");
  const own = definition[kind] ?? {};
  const use =
    kind === "probe" || (kind === "revoke" && own.with === "use")
      ? (definition.use ?? { headers: "{answer.token}" })
      : {};
  const [path = "", query = ""] = sent.path.split("?");
  const found: [string, string, string[]][] = [
    ["path", path, allowed(definition, own.path)],
    ["query", query, allowed(definition, own.query)],
    ["body", sent.body, allowed(definition, own.form, own.json)],
    ...Object.entries(sent.headers).map(([name, value]): [string, string, string[]] => {
      const texts = [own.headers, use.headers].map((headers) =>
        typeof headers === "object" && headers !== null
          ? Object.entries(headers)
              .filter(([key]) => key.toLowerCase() === name)
              .map(([, text]) => text)
          : headers,
      );
      return [name, value, allowed(definition, ...texts, ...(name === "authorization" ? [own.basic] : []))];
    }),
  ];
  return found.flatMap(([part, text, marks]) =>
    marksIn(text)
      .filter((mark) => !marks.includes(mark))
      .map((mark) => `${kind} ${part}: ${mark}`),
  );
}

/** Checks all that may never be, whatever became of the run. */
function check(outcome: Outcome, definition: Definition, given: Given): void {
  for (const sent of outcome.requests) {
    expect(sent.path).toMatch(/^\/base\/(?:exchange|undo|probe|revoke)\//);
    expect(sent.path.split("?")[0]).not.toMatch(/\/\.{1,2}(?:\/|$)|%2e/i);
    expect(Object.keys(sent.headers)).not.toContain("x-evil");
    expect(strays(sent, definition)).toEqual([]);
  }
  const { failure, credential, verdict, handle, notes } = outcome;
  if (failure !== undefined) {
    expect(failure.code).not.toBe("unexpected");
    expect(commandsIn(printed(() => error(failure)))).toEqual(["error"]);
  }
  for (const note of notes) expect(commandsIn(printed(() => info(note)))).toEqual([]);
  if (verdict?.kind === "inconclusive")
    expect(commandsIn(printed(() => warning(verdict.failure.message, "x")))).toEqual(["warning"]);
  if (handle !== undefined) {
    expect(
      marksIn(JSON.stringify(handle)).filter((mark) => CREDENTIALS.some((field) => MARKS[field] === mark)),
    ).toEqual([]);
    for (const value of Object.values(handle)) expect(value).toMatch(/^[\x20-\x7e]{1,65536}$/);
  }
  if (credential === undefined) return;
  expect(outcome.masked).toContain(credential.token);
  for (const [name, value] of Object.entries(outcome.headers ?? {}))
    expect(`${name}: ${value}`).toMatch(/^[\x20-\x7e]+$/);
  for (const name of Object.keys(outcome.variables ?? {})) expect(environmentName(name)).toBe(name);
  for (const secret of Object.values(credential.secrets ?? {})) {
    expect([...outcome.masked, ...Object.values(given)]).toContain(secret);
  }
}

describe("whatever a definition says and a service answers", () => {
  test("no secret goes where the definition does not name it, no command starts, and each run ends in a code or a success", async () => {
    const ends = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        tampered,
        credentials,
        fc.array(answers, { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        async (definition, all, said, opens) => {
          const parsed = definition as Definition;
          const sets: unknown = parsed.credentials;
          const [names = []] = Array.isArray(sets) && Array.isArray(sets[0]) ? sets : [sets];
          const given = Object.fromEntries(
            Object.entries(all).filter(([name]) => Array.isArray(names) && names.includes(name)),
          );
          const isNamed = /\{parameters\.site\}/.test(JSON.stringify(definition));
          let turn = 0;
          const outcome = await play(definition, {
            given: { ...given, ...(isNamed && { parameters: "site=here" }) },
            script: () => said[turn++ % said.length] ?? { status: 500 },
            retries: 1,
            basePath: "/base",
            ...(opens && { opens }),
          });
          const end =
            outcome.failure?.code ?? `success, ${outcome.verdict?.kind}, ${outcome.revocation?.kind ?? "not revoked"}`;
          ends.set(end, (ends.get(end) ?? 0) + 1);
          check(outcome, parsed, given);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    // What is not reached is not tested.
    for (const end of [
      "invalid-input",
      "bad-response",
      "refused",
      "forbidden",
      "locked",
      "wrong-url",
      "unavailable",
      "rate-limited",
    ]) {
      expect([...ends.keys()]).toContain(end);
    }
  });
});
