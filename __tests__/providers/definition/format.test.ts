import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Failure } from "../../../src/failure.ts";
import { readDefinition } from "../../../src/providers/definition/read.ts";
import { definitionSchema } from "../../../tools/definition-schema.ts";

/** What reading says of a text: the sentence and the hint of its failure; empty where it is a definition. */
function told(definition: unknown): string {
  const text = typeof definition === "string" ? definition : JSON.stringify(definition);
  try {
    readDefinition(text);
    return "";
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    expect(thrown.code).toBe("invalid-input");
    return `${thrown.message} ${thrown.hint}`;
  }
}

const smallest = { credentials: ["token"], exchange: { path: "/token" } };
const exchanging = (more: object) => ({ ...smallest, exchange: { ...smallest.exchange, ...more } });
const probing = { path: "/me", accepted: { json: "/name" } };

describe("a definition", () => {
  test("of one method has its keys at the top, and the method is named custom", () => {
    expect(readDefinition(JSON.stringify({ name: "Home", pasted: ["/api"], ...smallest }))).toEqual({
      name: "Home",
      pasted: ["/api"],
      methods: { custom: smallest },
    });
  });

  test("of several methods names each", () => {
    const methods = { one: smallest, two: { credentials: ["username", "password"], exchange: { path: "/a" } } };
    expect(Object.keys(readDefinition(JSON.stringify({ methods })).methods)).toEqual(["one", "two"]);
  });

  test.each<[string, unknown]>([
    ["the smallest", smallest],
    ["one with a byte order mark", `\ufeff${JSON.stringify(smallest)}`],
    ["a static token", { credentials: ["token"] }],
    [
      "a static pair",
      { credentials: ["username", "password"], use: { basic: { username: "{username}", password: "{password}" } } },
    ],
    ["sets of credentials", { ...smallest, credentials: [["token"], ["username", "password"]] }],
    ["GitHub's ID token", { "id-token": { audience: "x" }, exchange: { path: "/a", json: { jwt: "{id-token}" } } }],
    [
      "GitHub's ID token among the credentials",
      { credentials: ["id-token"], exchange: { path: "/a", json: { jwt: "{id-token}" } } },
    ],
    ["parameters", exchanging({ query: { site: "{parameters.site-name}" } })],
    ["braces", exchanging({ form: { q: "{{token}}{token}" } })],
    [
      "a creation with its undoing",
      { ...exchanging({ creates: true, form: { name: "{run}" } }), undo: { method: "DELETE", path: "/keys/{run}" } },
    ],
    ["a cookie in use", { ...smallest, use: { headers: { Cookie: "SID={answer.token}" } } }],
    ["the whole document by the pointer of nothing", { ...smallest, answer: { token: { json: "" } } }],
    ["a final slash", exchanging({ path: "/api/v2/api-token-auth/" })],
    ["a percent-encoded slash", exchanging({ path: "/a%2Fb" })],
  ])("may be %s", (_, definition) => {
    expect(told(definition)).toBe("");
  });
});

describe("a mistake is told with its place", () => {
  test.each<[string, unknown, RegExp]>([
    ["no JSON", '{\n  "name": "x"\n  "b"', /at line 3, column 3: "," or "}" is expected/],
    ["a comma too many", '{"name": "x",}', /at line 1, column 14: a key in double quotes is expected/],
    [
      "a word that is no JSON",
      '{"exchange": {"creates": True}}',
      /at line 1, column 26, "\/exchange\/creates": a value is expected/,
    ],
    ["two documents", "{} {}", /at line 1, column 4: the document has ended, but more follows/],
    ["nothing at all", "", /at line 1, column 1: a value is expected/],
    ["a comment", "// x\n{}", /at line 1, column 1: a value is expected/],
    [
      "a key that is given twice",
      '{"exchange":{"path":"/a","path":"/b"}}',
      /"\/exchange\/path": the key is given twice/,
    ],
    ["a key that is given twice in other letters", '{"name":"a","n\\u0061me":"b"}', /"\/name": the key is given twice/],
    ["__proto__", '{"exchange":{"__proto__":{"path":"/a"}}}', /"\/exchange\/__proto__": no key is named so/],
    ["a depth without an end", "[".repeat(60_000), /it has more than 64 levels/],
    ["a list", [], /at its top: it is no object/],
    ["an unknown key", { ...smallest, exchnage: {} }, /at "\/exchnage": the key is unknown. Did you mean "exchange"\?/],
    [
      "an unknown key deep inside",
      exchanging({ paht: "/a" }),
      /at "\/exchange\/paht": the key is unknown. Did you mean "path"\?/,
    ],
    [
      "a key of a file of several methods",
      { methods: { a: smallest }, exchange: {} },
      /at "\/exchange": the key is unknown/,
    ],
    [
      "a method's mistake",
      { methods: { a: { ...smallest, env: { name: "HOME" } } } },
      /at "\/methods\/a\/env\/name": it names HOME/,
    ],
    ["a method's name", { methods: { "A b": smallest } }, /at "\/methods\/A.b": it is no name of a method/],
    ["no method", { methods: {} }, /at "\/methods": it holds no method/],
    ["what is missing", { credentials: ["token"], exchange: {} }, /at "\/exchange\/path": it is missing/],
    ["what is missing in the probe", { ...smallest, probe: { path: "/me" } }, /at "\/probe\/accepted": it is missing/],
    ["a number in the place of a text", exchanging({ path: 1 }), /at "\/exchange\/path": it is no string/],
    [
      "an unknown credential",
      { ...smallest, credentials: ["tokne"] },
      /at "\/credentials\/0": it is none of .*Did you mean "token"\?/,
    ],
    ["a private key", { ...smallest, credentials: ["private-key"] }, /at "\/credentials\/0": it is none of/],
    ["no credential", { exchange: { path: "/a" } }, /at "\/credentials": it names no credential/],
    [
      "names and sets",
      { ...smallest, credentials: ["token", ["username"]] },
      /at "\/credentials": it mixes names with lists of names/,
    ],
    ["a name of the log's commands", { ...smallest, name: "::error::x" }, /at "\/name": it is no plain line of text/],
    ["a name with the runner's old brackets", { ...smallest, name: "a ##[error]x" }, /at "\/name"/],
    [
      "two places of one value",
      { ...smallest, answer: { token: { json: "/a", header: "b" } } },
      /at "\/answer\/token": it is not just one place/,
    ],
    [
      "a pointer in the place of what holds it",
      { ...smallest, answer: { token: "/a" } },
      /at "\/answer\/token": it is no object. There may stand json, header, cookie, text\./,
    ],
    ["no place of a value", { ...smallest, answer: { token: {} } }, /at "\/answer\/token": it is not just one place/],
    [
      "a pointer without a slash",
      { ...smallest, answer: { token: { json: "a" } } },
      /at "\/answer\/token\/json": it is no JSON Pointer/,
    ],
    [
      "a lifetime that is no second",
      { ...smallest, answer: { expires: { after: 0 } } },
      /at "\/answer\/expires\/after"/,
    ],
    [
      "a name of two values",
      { ...smallest, answer: { secrets: { a: { json: "/a" } }, values: { a: { json: "/a" } } } },
      /at "\/answer\/values\/a": the same name/,
    ],
    [
      "another token",
      { ...smallest, answer: { secrets: { token: { json: "/a" } } } },
      /at "\/answer\/secrets\/token": it is no name/,
    ],
    ["a form beside a JSON body", exchanging({ form: {}, json: {} }), /at "\/exchange\/form": it stands beside "json"/],
    [
      "a failure that is none of a service",
      { ...smallest, refusals: [{ failure: "tls" }] },
      /at "\/refusals\/0\/failure": it is none of/,
    ],
    [
      "texts of nowhere",
      { ...smallest, refusals: [{ values: ["x"], failure: "refused" }] },
      /at "\/refusals\/0\/values": it needs "json"/,
    ],
    ["an answer without an exchange", { credentials: ["token"], answer: {} }, /at "\/answer": it needs an "exchange"/],
    [
      "a revocation of the user's own",
      { credentials: ["token"], revoke: { path: "/a" } },
      /at "\/revoke": it needs an "exchange"/,
    ],
    ["a pair that nothing sends", { credentials: ["username", "password"] }, /at "\/use": it is missing/],
    [
      "an undoing of what is not created",
      { ...smallest, undo: { path: "/{run}" } },
      /at "\/undo": it needs .* `"creates": true`/,
    ],
    [
      "an undoing without the name",
      { ...exchanging({ creates: true, form: { a: "{run}" } }), undo: { path: "/a" } },
      /at "\/undo": it needs \{run\} here/,
    ],
    [
      "a creation without the name",
      { ...exchanging({ creates: true }), undo: { path: "/{run}" } },
      /at "\/undo": it needs \{run\} here and in "exchange"/,
    ],
  ])("%s", (_, definition, expected) => {
    expect(told(definition)).toMatch(expected);
  });
});

describe("a path stays below the base URL", () => {
  test.each([
    "",
    "a",
    "//host",
    "/a//b",
    "/a/../b",
    "/..",
    "/a/.",
    "/./a",
    "/a\\b",
    "/a?b",
    "/a#b",
    "/a b",
    "/ä",
    "/a%",
    "/%2e%2e/a",
    "/%2E./a",
    "/a%5cb",
    "/a\nb",
    "https://host/a",
    "/{token}/../x",
  ])("%j is none", (path) => {
    expect(told(exchanging({ path }))).toMatch(/at "\/exchange\/path": it is no path/);
  });
});

describe("a header", () => {
  test.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "Connection",
    "Cookie",
    "Proxy-Authorization",
    "Upgrade",
    "TE",
    "Expect",
  ])("%s is not a definition's to set", (name) => {
    expect(told(exchanging({ headers: { [name]: "x" } }))).toMatch(
      /at "\/exchange\/headers\/.*(?:not a definition's|in "use" alone)/,
    );
  });

  test.each<[string, object, RegExp]>([
    [
      "a name with a placeholder",
      { "X-{token}": "a" },
      /at "\/exchange\/headers\/X-\{token\}": it is no name of a header/,
    ],
    ["a name with a line break", { "X\r\nY": "a" }, /it is no name of a header/],
    [
      "a value with a carriage return",
      { "X-A": "a\rb" },
      /at "\/exchange\/headers\/X-A": a header holds printable ASCII/,
    ],
    ["a value that is no ASCII", { "X-A": "ä" }, /at "\/exchange\/headers\/X-A": a header holds printable ASCII/],
    ["one name in two cases", { "X-A": "a", "x-a": "b" }, /at "\/exchange\/headers\/x-a": it is set twice/],
  ])("with %s is refused", (_, headers, expected) => {
    expect(told(exchanging({ headers }))).toMatch(expected);
  });

  test("Authorization stands beside no Basic", () => {
    const both = { headers: { authorization: "x" }, basic: { username: "a", password: "b" } };
    expect(told(exchanging(both))).toMatch(/at "\/exchange\/headers\/authorization": it is set twice/);
  });
});

describe("a variable", () => {
  test.each([
    "PATH",
    "node_options",
    "GITHUB_TOKEN",
    "NPM_CONFIG_X",
    "https_proxy",
    "LD_PRELOAD",
    "a-b",
    "1A",
    "",
    "A{token}",
  ])("%j is not exported", (name) => {
    expect(told({ ...smallest, env: { name } })).toMatch(/at "\/env\/name": it (?:names|is no name)/);
    expect(told({ ...smallest, env: { also: { [name]: "x" } } })).toMatch(
      /at "\/env\/also\/[^"]*": it (?:names|is no name)/,
    );
  });

  test("is exported once", () => {
    expect(told({ ...smallest, env: { also: { Access_Token: "x" } } })).toMatch(
      /at "\/env\/also\/Access_Token": it is set twice/,
    );
    expect(told({ ...smallest, env: { name: "A_B", also: { a_b: "x" } } })).toMatch(/it is set twice/);
  });
});

describe("a placeholder", () => {
  test.each<[string, unknown, RegExp]>([
    [
      "of a credential that is not asked for",
      exchanging({ form: { a: "{password}" } }),
      /at "\/exchange\/form\/a": \{password\} means nothing here/,
    ],
    [
      "with a typing error",
      exchanging({ form: { a: "{tokne}" } }),
      /\{tokne\} means nothing here. Did you mean "\{token\}"\?/,
    ],
    [
      "of the answer before there is one",
      exchanging({ json: { a: [{ b: "{answer.token}" }] } }),
      /at "\/exchange\/json\/a\/0\/b": \{answer.token\} means nothing here/,
    ],
    [
      "of an answer that is not read",
      { ...smallest, use: { headers: { A: "{answer.csrf}" } } },
      /at "\/use\/headers\/A": \{answer.csrf\} means nothing here/,
    ],
    [
      "of an ID token that is not fetched",
      exchanging({ form: { a: "{id-token}" } }),
      /\{id-token\} means nothing here/,
    ],
    [
      "of the environment",
      exchanging({ form: { a: "{env.HOME}" } }),
      /at "\/exchange\/form\/a": \{env.HOME\} means nothing here|the placeholder means nothing here/,
    ],
    ["of a private key", exchanging({ form: { a: "{private-key}" } }), /\{private-key\} means nothing here/],
    ["without a name", exchanging({ form: { a: "{}" } }), /the placeholder means nothing here/],
    ["with blanks", exchanging({ form: { a: "{ token }" } }), /means nothing here/],
    [
      "in a key of a JSON body",
      exchanging({ json: { a: { "{token}": 1 } } }),
      /at "\/exchange\/json\/a\/\{token\}": it has to be plain text/,
    ],
    [
      "in the name of a form field",
      exchanging({ form: { "{token}": "a" } }),
      /at "\/exchange\/form\/\{token\}": it has to be plain text/,
    ],
    [
      "in the name of a parameter",
      exchanging({ query: { "{token}": "a" } }),
      /at "\/exchange\/query\/\{token\}": it has to be plain text/,
    ],
    ["in the name of the service", { ...smallest, name: "a {token}" }, /at "\/name"/],
    [
      "in the method",
      exchanging({ method: "{token}" }),
      /at "\/exchange\/method": it is none of .*There may stand GET, /,
    ],
    [
      "in an audience",
      { "id-token": { audience: "{parameters.a}" }, exchange: { path: "/a" } },
      /at "\/id-token\/audience": it has to be plain text/,
    ],
    ["that is not closed", exchanging({ form: { a: "{token" } }), /at "\/exchange\/form\/a": a brace stands alone/],
    ["that is not opened", exchanging({ form: { a: "token}" } }), /at "\/exchange\/form\/a": a brace stands alone/],
    [
      "in the path of a probe",
      { ...smallest, probe: { ...probing, path: "/u/{answer.id}" } },
      /at "\/probe\/path": \{answer.id\} means nothing here/,
    ],
  ])("%s is refused", (_, definition, expected) => {
    expect(told(definition)).toMatch(expected);
  });
});

/** As much of draft 7 of JSON Schema as the generated one uses. */
interface Schema {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
}

/** Where a document does not fit a JSON Schema. */
function misfits(schema: Schema, value: unknown, at = ""): string[] {
  const choice =
    schema.if === undefined ? undefined : misfits(schema.if, value).length === 0 ? schema.then : schema.else;
  const fitting = (schemas: readonly Schema[]) => schemas.filter((one) => misfits(one, value).length === 0).length;
  const { anyOf, oneOf, type } = schema;
  return [
    ...(type === undefined || type === typeOf(value) || (type === "number" && typeof value === "number") ? [] : [at]),
    ...(schema.enum?.includes(value) === false || ("const" in schema && schema.const !== value) ? [at] : []),
    ...(anyOf !== undefined && fitting(anyOf) === 0 ? [at] : []),
    ...(oneOf !== undefined && fitting(oneOf) !== 1 ? [at] : []),
    ...(choice === undefined ? [] : misfits(choice, value, at)),
    ...(typeof value === "object" && value !== null
      ? misfitsInside(schema, value, at)
      : misfitsOfScalar(schema, value, at)),
  ];
}

function misfitsInside(
  { required = [], properties = {}, items, minItems = 0, ...schema }: Schema,
  value: object,
  at: string,
): string[] {
  if (Array.isArray(value)) {
    const inside = items === undefined ? [] : value.flatMap((item, index) => misfits(items, item, `${at}/${index}`));
    return value.length < minItems ? [at, ...inside] : inside;
  }
  const missing = required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${at}/${key}`);
  const inside = Object.entries(value).flatMap(([key, inner]) => {
    const place = `${at}/${key}`;
    const named = schema.propertyNames === undefined ? [] : misfits(schema.propertyNames, key, place);
    const one = properties[key] ?? schema.additionalProperties ?? {};
    return [...named, ...(one === false ? [place] : misfits(one, inner, place))];
  });
  return [...missing, ...inside];
}

function misfitsOfScalar(
  { pattern = "", minLength = 0, minimum, maximum }: Schema,
  value: unknown,
  at: string,
): string[] {
  const isText = typeof value !== "string" || (new RegExp(pattern, "u").test(value) && value.length >= minLength);
  const isNumber = typeof value !== "number" || (value >= (minimum ?? value) && value <= (maximum ?? value));
  return isText && isNumber ? [] : [at];
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return Number.isInteger(value) ? "integer" : typeof value;
}

describe("the JSON Schema for editors", () => {
  const schema = JSON.parse(definitionSchema());

  /** Every property and every object, with the way to it. */
  function walk(node: unknown, path: string, visit: (node: Record<string, unknown>, path: string) => void): void {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`, visit);
    if (!Array.isArray(node)) visit(node as Record<string, unknown>, path);
  }

  test("is the one that is kept", () => {
    expect(readFileSync("schema/definition.json", "utf8")).toBe(definitionSchema());
  });

  test("explains every key", () => {
    let keys = 0;
    walk(schema, "", (node, path) => {
      if (!/\/properties\/[^/]+$/.test(path)) return;
      keys++;
      expect([path, typeof node.description]).toEqual([path, "string"]);
    });
    expect(keys).toBeGreaterThan(150);
  });

  test("completes the keys of every object, since it allows no others", () => {
    let objects = 0;
    walk(schema, "", (node, path) => {
      if (node.properties === undefined || path === "" || path.endsWith("/properties")) return;
      objects++;
      expect([path, node.additionalProperties]).toEqual([path, false]);
    });
    expect(objects).toBeGreaterThan(40);
  });

  test.each(globSync("src/providers/platforms/*.json").map((path) => basename(path)))("takes %s", (name) => {
    expect(misfits(schema, JSON.parse(readFileSync(join("src/providers/platforms", name), "utf8")))).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["an unknown key", { ...smallest, exchnage: {} }],
    ["an unknown key deep inside", exchanging({ paht: "/a" })],
    ["a key of one method beside several", { methods: { a: smallest }, exchange: {} }],
    ["a wrong credential", { ...smallest, credentials: ["tokne"] }],
    ["a wrong path", exchanging({ path: "a" })],
    ["a status that is none of success", exchanging({ success: [302] })],
    ["two places of one value", { ...smallest, answer: { token: { json: "/a", header: "b" } } }],
    ["no place of a value", { ...smallest, answer: { token: {} } }],
    ["a probe that accepts nothing", { ...smallest, probe: { path: "/me" } }],
    ["a failure that is none", { ...smallest, refusals: [{ failure: "tls" }] }],
    ["a header with a placeholder in its name", exchanging({ headers: { "X-{token}": "a" } })],
    ["a method's bad name", { methods: { "A b": smallest } }],
  ])("marks %s", (_, definition) => {
    expect(misfits(schema, definition)).not.toEqual([]);
  });

  test.each<[string, unknown]>([
    ["the smallest", smallest],
    ["several methods", { methods: { a: smallest } }],
    ["sets of credentials", { ...smallest, credentials: [["token"], ["username", "password"]] }],
    ["an expiry with its unit", { ...smallest, answer: { expires: { json: "/e", as: "epoch" } } }],
    ["a probe", { ...smallest, probe: probing }],
  ])("takes %s", (_, definition) => {
    expect(misfits(schema, definition)).toEqual([]);
  });

  test("uses no word that this test does not heed", () => {
    const words = new Set<string>();
    walk(schema, "", (node, path) => {
      const isSchema = !/\/(?:properties|required)$/.test(path);
      if (isSchema) for (const word of Object.keys(node)) words.add(word);
    });
    const heeded =
      "$schema title description type required properties additionalProperties propertyNames items minItems enum const pattern minLength minimum maximum anyOf oneOf if then else";
    expect([...words].filter((word) => !heeded.split(" ").includes(word))).toEqual([]);
  });

  test("has patterns that an editor can compile", () => {
    walk(schema, "", ({ pattern }) => {
      if (typeof pattern === "string") expect(() => new RegExp(pattern, "u")).not.toThrow();
    });
  });
});
