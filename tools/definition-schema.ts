/**
 * The JSON Schema of the format of definitions, for editors: the shape is that of the action's own schema, the words are here,
 * since the action needs none of them.
 */
import * as z from "zod";
import { OneMethod, SeveralMethods } from "../src/providers/definition/schema.ts";

/** A text with placeholders. */
const PLACEHOLDERS =
  "May hold `{token}`, `{username}`, `{password}`, `{client-id}`, `{client-secret}`, `{id-token}`, `{parameters.NAME}`, `{run}`, `{expiry}`, `{expiry-date}`, and after the exchange `{answer.NAME}`; `{{` and `}}` are braces.";

/** What each key means, by its name with as many of the keys around it as tell it from others; `*` is any name. */
const WORDS: Readonly<Record<string, string>> = {
  $schema: "Where this schema is, for editors.",
  name: "The service's name, for texts in the log.",
  "by-hand": "Where in the service a leftover is removed by hand, such as `Settings > API keys`.",
  pasted: "Tails that people paste after the base URL, such as `/api/v1`: they are cut off the input `url`.",
  "pasted.*": "A path.",
  methods: "Several ways to authenticate, each by its name.",
  "methods.*": "One way to authenticate, chosen by the input `method` or by the credentials that are given.",
  credentials:
    "The inputs that the method needs, or a list of such lists, one for each set that will do. A placeholder of a set that was not given is empty.",
  "credentials.*": "An input, or a set of inputs.",
  "id-token": "The method takes GitHub's ID token, which `{id-token}` stands for. It is chosen by name only.",
  "id-token.audience": "Whom the ID token is for (`aud`); the input `id-token-audience` overrides it.",
  "by-name-only": "The method is never inferred, only ever chosen by the input `method`.",
  exchange: "The request that turns the credentials into a token. Without it the credential is the user's own.",
  "exchange.method": "Method of the request; `POST` unless said.",
  "exchange.success": "Statuses of a success; 200 to 299 unless said.",
  "exchange.creates":
    "The request creates something that stays, such as a key: it is never sent again unless `undo` can take it back.",
  undo: "The request that deletes by `{run}` what a failed creation may have left, before it is made once more. 2xx or 404 is a success.",
  method: "Method of the request: `GET` for a probe and `POST` for the others, unless said.",
  path: `Path below the input \`url\`: begins with \`/\`, has no \`//\`, \`..\`, \`\\\`, \`?\` nor \`#\`. ${PLACEHOLDERS}`,
  query: "Parameters in the URL, by their names.",
  "query.*": PLACEHOLDERS,
  headers:
    "Headers, by their names. `Host`, `Content-Length`, `Connection` and their like are not to be set; `Cookie` only in `use`.",
  "headers.*": PLACEHOLDERS,
  basic: "`Authorization: Basic …` (RFC 7617).",
  "basic.username": PLACEHOLDERS,
  "basic.password": PLACEHOLDERS,
  "basic.encode": "Encode both parts as RFC 6749, 2.3.1 says; `false` unless said.",
  form: "Body as `application/x-www-form-urlencoded`, by the names of its parameters.",
  "form.*": PLACEHOLDERS,
  "exchange.json": `Body as \`application/json\`. Each text in it, however deep: ${PLACEHOLDERS}`,
  "undo.json": `Body as \`application/json\`. Each text in it, however deep: ${PLACEHOLDERS}`,
  "probe.json": `Body as \`application/json\`. Each text in it, however deep: ${PLACEHOLDERS}`,
  "revoke.json": `Body as \`application/json\`. Each text in it, however deep: ${PLACEHOLDERS}`,
  answer: "Where the values stand in the answer to the exchange.",
  "answer.token": "Where the token stands; `/access_token` of the JSON unless said.",
  secrets: "More secret values, by names of their own: they are masked, and stand below as `{answer.NAME}`.",
  "secrets.*": "Where the value stands.",
  "answer.values":
    "More values that are not secret, such as an id, by names of their own: they stand below as `{answer.NAME}`.",
  "answer.values.*": "Where the value stands.",
  expires: "When the credential expires; else the `exp` of a JWT tells, else `/expires_in`.",
  "expires.as": "What the value is; `seconds` from now unless said.",
  "expires.after": "Seconds that every token lives, as the vendor documents it.",
  json: "JSON Pointer (RFC 6901) into the body, such as `/data/token`.",
  header: "Name of a header of the answer.",
  cookie: "Name of a cookie that the answer sets.",
  text: "The whole body is the value.",
  use: "How the credential is sent to the service; `Authorization: Bearer {answer.token}` unless said.",
  "use.headers": "Every header that the credential needs, by its name.",
  env: "The variables that later steps see.",
  "env.name": "Name of the token's variable; `ACCESS_TOKEN` unless said.",
  also: "More variables, by their names.",
  "also.*": PLACEHOLDERS,
  probe: "One harmless request that proves the credential. What `use` says is sent with it.",
  "probe.accepted": "What is there only for a caller that the service knows; `false` is the service's no.",
  "probe.account": "Where the name of the account stands, for the output `account`.",
  "may-not-know": "What answers may not know a token that was minted a moment ago: its 401 is then no refusal.",
  revoke: "The request that revokes the token when the job ends.",
  with: "`use`: send what `use` says.",
  revoked: "Statuses that say that the token is revoked; 200 and 204 unless said.",
  gone: "Statuses that say that it was gone already.",
  refusals: "How the service says no in its own words; the first that fits counts.",
  "refusals.*": "All that is given has to fit.",
  status: "Statuses of such an answer; any from 400 unless said.",
  "refusals.*.json": "JSON Pointer to what has to be there.",
  "refusals.*.values": "The text there holds one of these, in whatever case.",
  "refusals.*.values.*": "A piece of a text.",
  failure: "What it means: the output `failure`.",
};

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The whole schema, as it is kept in the repository. */
export function definitionSchema(): string {
  const whole = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Definition of a service for api-token-exchange",
    description: "A service and how to get a token there, for `provider: custom`.",
    type: "object",
    // Else no editor would offer it in an empty file.
    properties: { methods: { description: WORDS.methods } },
    if: { required: ["methods"] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema names it so.
    then: formatOf(SeveralMethods()),
    else: formatOf(OneMethod()),
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

function formatOf(format: z.core.$ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(format, { target: "draft-7", io: "input", override: addFacts });
  return explained(schema, []);
}

/** What the action's own checks say of themselves. */
function addFacts({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  for (const { _zod: check } of zodSchema._zod.def.checks ?? []) {
    Object.assign(jsonSchema, (check.def as z.core.$ZodCustomDef).params);
  }
}

/** The schema with words at every key, and at each place of an answer that just one of its keys is given. */
function explained(schema: JsonSchema, path: readonly string[]): JsonSchema {
  const { properties, additionalProperties, items, ...rest } = schema;
  const inner = (value: z.core.JSONSchema._JSONSchema | undefined, key: string) =>
    typeof value === "object" ? explained(value, [...path, key]) : value;
  const keys = Object.entries(properties ?? {}).map(([key, value]) => [key, inner(value, key)] as const);
  const isPlace = keys.some(([key]) => key === "cookie");
  return given({
    description: path.length === 0 ? undefined : wordsFor(path),
    ...rest,
    properties: keys.length === 0 ? undefined : Object.fromEntries(keys),
    oneOf: isPlace ? keys.filter(([key]) => key !== "as").map(([key]) => ({ required: [key] })) : undefined,
    additionalProperties: inner(additionalProperties, "*"),
    items: Array.isArray(items) ? items : inner(items, "*"),
  });
}

function given(schema: Readonly<Record<string, unknown>>): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

/** The words for the longest end of the path that there are words for; an item of a list may do without. */
function wordsFor(path: readonly string[]): string | undefined {
  for (let start = 0; start < path.length; start++) {
    const words = WORDS[path.slice(start).join(".")];
    if (words !== undefined) return words;
  }
  if (path.at(-1) === "*") return undefined;
  throw new Error(`tools/definition-schema.ts has no words for ${path.join(".")}`);
}
