import * as z from "zod/mini";
import { flawless, mapOf, matching, type Parsed, schema, whole } from "../../text/json.ts";
import { LONGEST_SECONDS } from "../kit/expiry.ts";

/** The fields that a definition can ask for. A private key signs something, which no placeholder can say. */
export const CREDENTIALS = ["token", "username", "password", "client-id", "client-secret"] as const;

/** A path below the base URL, as RFC 3986 (section 3.3) writes one; braces hold placeholders. */
const PATH = /^(?!.*\.\.)(?:\/(?!\/|\.(?:\/|$))(?:[\w.~!$&'()*+,;=:@{}-]|%(?!2[eE]|5[cC])[\da-fA-F]{2})*)+$/;

/** RFC 6901: `~` stands only in `~0` and `~1`. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** RFC 9110, section 5.6.2: a name of a header; RFC 6265 has the same for a cookie. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,100}$/;

const NO_HEADER = "it is no name of a header or cookie";

/** What stands in texts for people can start no workflow command. Classes of Unicode take long to build: that waits, too. */
const LINE = "^[\\p{L}\\p{N}][\\p{L}\\p{N}\\p{M} .,:;&'\"()/+_>-]{0,199}$";
const PLAIN = "^[^{}\\p{C}]+$";

/** What is wrong where a placeholder cannot stand. */
export const NOT_PLAIN = "it has to be plain text, with no placeholder";

/** A part that may be left out. */
const part = <Shape extends Readonly<Record<string, z.ZodMiniType>>>(shape: Shape) => z.optional(z.strictObject(shape));

const map = <Value extends z.ZodMiniType>(keys: RegExp, error: string, values: Value) =>
  mapOf(values).check(
    z.check(
      ({ value, issues }) => {
        for (const key of Object.keys(value).filter((key) => !keys.test(key))) {
          issues.push({ code: "custom", path: [key], input: key, message: error, continue: true });
        }
      },
      { params: { propertyNames: { type: "string", pattern: keys.source } } },
    ),
  );

function flag() {
  return z.optional(z.boolean());
}

function statuses(from: number, to: number) {
  const isEmpty = flawless<number[]>((list) => (list.length === 0 ? "it is empty" : undefined), { minItems: 1 });
  return z.optional(z.array(whole(from, to)).check(isEmpty));
}

/** What a request is made of. Like all parts of the format, it is built only where a definition is read. */
function requestParts() {
  const string = z.string();
  const strings = z.optional(map(new RegExp(PLAIN, "u"), NOT_PLAIN, string));
  const value = matching(/^[\x20-\x7e]*$/, "a header holds printable ASCII alone");
  const headers = z.optional(map(TOKEN, NO_HEADER, value));
  const basic = part({ username: string, password: string, encode: flag() });
  const request = {
    method: z.optional(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"])),
    path: matching(PATH, 'it is no path below "url", such as "/api/token"'),
    query: strings,
    headers,
    basic,
    form: strings,
    json: z.optional(z.unknown()),
  };
  return { request, headers, basic };
}

/** Where something stands in an answer. */
function answerParts() {
  const header = z.optional(matching(TOKEN, NO_HEADER));
  const json = z.optional(matching(POINTER, 'it is no JSON Pointer, such as "/data/token"'));
  const places = {
    json,
    header,
    cookie: header,
    text: z.optional(z.boolean().check(flawless((is) => (is ? undefined : "it is not true"), { const: true }))),
  };
  /** Just one place in an answer. */
  const isOne = flawless<object>((where) =>
    Object.keys(where).filter((key) => key !== "as").length === 1 ? undefined : "it is not just one place",
  );
  const source = z.strictObject(places).check(isOne);
  const sources = z.optional(map(/^(?!token$)[\w.-]{1,60}$/, 'it is no name, such as "csrf"', source));
  const expires = z.optional(
    z
      .strictObject({
        ...places,
        as: z.optional(z.enum(["seconds", "milliseconds", "date", "epoch", "epoch-milliseconds"])),
        after: z.optional(whole(1, LONGEST_SECONDS)),
      })
      .check(isOne),
  );
  return { json, source, sources, expires };
}

/** One way to authenticate. */
function methodParts() {
  const { request, headers, basic } = requestParts();
  const { json, source, sources, expires } = answerParts();
  const any = statuses(200, 599);
  const refusal = z.strictObject({
    status: any,
    json,
    values: z.optional(z.array(matching(/./s, "it is empty"))),
    failure: z.enum(["refused", "locked", "forbidden", "rate-limited", "unavailable", "wrong-url"]),
  });
  return {
    credentials: z.optional(z.array(z.union([z.enum([...CREDENTIALS, "id-token"]), z.array(z.enum(CREDENTIALS))]))),
    "id-token": part({ audience: z.optional(matching(new RegExp(PLAIN, "u"), NOT_PLAIN)) }),
    "by-name-only": flag(),
    exchange: part({ ...request, success: statuses(200, 299), creates: flag() }),
    undo: part(request),
    answer: part({ token: z.optional(source), secrets: sources, values: sources, expires }),
    use: part({ headers, basic }),
    env: part({ name: z.optional(z.string()), also: z.optional(mapOf(z.string())) }),
    probe: part({ ...request, accepted: source, account: z.optional(source), expires, "may-not-know": flag() }),
    revoke: part({ ...request, with: z.optional(z.enum(["use"])), revoked: any, gone: any }),
    refusals: z.optional(z.array(refusal)),
  };
}

/** What a file says of the service. */
function serviceParts() {
  const line = z.optional(matching(new RegExp(LINE, "u"), "it is no plain line of text"));
  const tail = matching(/^(?:\/[\w.~-]+)+$/, 'it is no path tail, such as "/api/v1"');
  return { $schema: z.optional(z.string()), name: line, "by-hand": line, pasted: z.optional(z.array(tail)) };
}

/** A file that describes one method, which is named `custom`. */
export const OneMethod = schema(() => z.strictObject({ ...serviceParts(), ...methodParts() }));

/** A file that describes several methods, each by its name. */
export const SeveralMethods = schema(() => {
  const method = z.strictObject(methodParts());
  const methods = map(/^[a-z][a-z0-9-]{0,39}$/, 'it is no name of a method, such as "api-key"', method);
  return z.strictObject({ ...serviceParts(), methods });
});

type AnswerParts = ReturnType<typeof answerParts>;
type Whole = Parsed<typeof SeveralMethods>;
/** One way to authenticate, as the file has it. */
export type MethodDefinition = Whole["methods"][string];
type Part<Key extends keyof MethodDefinition> = NonNullable<MethodDefinition[Key]>;
/** A request, as the file has it: its texts hold placeholders. */
export type RequestDefinition = Part<"undo">;
export type ExchangeDefinition = Part<"exchange">;
export type RevokeDefinition = Part<"revoke">;
export type Refusal = Part<"refusals">[number];
/** Where a value stands in an answer. */
export type Source = z.output<AnswerParts["source"]>;
export type Expires = NonNullable<z.output<AnswerParts["expires"]>>;

/** A service, as a file describes it. */
export type Definition = Pick<Whole, "name" | "by-hand" | "pasted" | "methods">;
