import * as z from "zod/mini";
import { flawless, mapOf, type Parsed, schema, whole } from "../../text/json.ts";

/** The fields that a definition can ask for. A private key signs something, which no placeholder can say. */
export const CREDENTIALS = ["token", "username", "password", "client-id", "client-secret"] as const;

/** Ten years in seconds: a longer lifetime is a mistake. */
const LONGEST_SECONDS = 10 * 365 * 24 * 3600;

/** A path below the base URL, as RFC 3986 (section 3.3) writes one; braces hold placeholders. */
const PATH = /^(?!.*\.\.)(?:\/(?!\/|\.(?:\/|$))(?:[\w.~!$&'()*+,;=:@{}-]|%(?!2[eE]|5[cC])[\da-fA-F]{2})*)+$/;

/** RFC 6901: `~` stands only in `~0` and `~1`. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** RFC 9110, section 5.6.2: a name of a header; RFC 6265 has the same for a cookie. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,100}$/;

/** What stands in texts for people can start no workflow command. */
const LINE = /^[\p{L}\p{N}][\p{L}\p{N}\p{M} .,:;&'"()/+_>-]{0,199}$/u;

const text = (pattern: RegExp, error: string) => z.string().check(z.regex(pattern, { error }));

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

const header = () => text(TOKEN, "it is no name of a header or cookie");
const name = (values: z.ZodMiniType<z.output<ReturnType<typeof source>>>) =>
  map(/^(?!token$)[\w.-]{1,60}$/, 'it is no name: letters, digits, "_", "." and "-", and not "token"', values);
const strings = () =>
  map(/^[^{}\p{C}]+$/u, "its name is empty or holds a brace: placeholders stand in values", z.string());
const headers = () =>
  map(TOKEN, "it is no name of a header", text(/^[\x20-\x7e]*$/, "a header holds printable ASCII alone"));
const statuses = (from: number, to: number) =>
  z.array(whole(from, to)).check(flawless((list) => (list.length === 0 ? "it is empty" : undefined), { minItems: 1 }));
const basic = () => z.strictObject({ username: z.string(), password: z.string(), encode: z.optional(z.boolean()) });

const request = () => ({
  method: z.optional(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"])),
  path: text(PATH, 'it is no path: it begins with "/" and holds no "//", "..", "\\", "?", "#" nor blank'),
  query: z.optional(strings()),
  headers: z.optional(headers()),
  basic: z.optional(basic()),
  form: z.optional(strings()),
  json: z.optional(z.unknown()),
});

const places = () => ({
  json: z.optional(text(POINTER, 'it is no JSON Pointer, such as "/data/token"')),
  header: z.optional(header()),
  cookie: z.optional(header()),
  text: z.optional(z.boolean().check(flawless((is) => (is ? undefined : "it is not true"), { const: true }))),
});

const source = () =>
  z
    .strictObject(places())
    .check(
      flawless((where) =>
        Object.keys(where).length === 1 ? undefined : "it holds none or several of json, header, cookie and text",
      ),
    );

const expires = () =>
  z
    .strictObject({
      ...places(),
      as: z.optional(z.enum(["seconds", "milliseconds", "date", "epoch", "epoch-milliseconds"])),
      after: z.optional(whole(1, LONGEST_SECONDS)),
    })
    .check(
      flawless(({ as, ...where }) =>
        Object.keys(where).length === 1 && (as === undefined || !("after" in where))
          ? undefined
          : 'it holds none or several of json, header, cookie, text and after ("as" does not go with "after")',
      ),
    );

const method = () => ({
  credentials: z.optional(z.array(z.union([z.enum([...CREDENTIALS, "id-token"]), z.array(z.enum(CREDENTIALS))]))),
  "id-token": z.optional(z.strictObject({ audience: z.optional(text(/^[^{}\p{C}]+$/u, "it holds no text alone")) })),
  "by-name-only": z.optional(z.boolean()),
  exchange: z.optional(
    z.strictObject({
      ...request(),
      success: z.optional(statuses(200, 299)),
      creates: z.optional(z.boolean()),
    }),
  ),
  undo: z.optional(z.strictObject(request())),
  answer: z.optional(
    z.strictObject({
      token: z.optional(source()),
      secrets: z.optional(name(source())),
      values: z.optional(name(source())),
      expires: z.optional(expires()),
    }),
  ),
  use: z.optional(z.strictObject({ headers: z.optional(headers()), basic: z.optional(basic()) })),
  env: z.optional(z.strictObject({ name: z.optional(z.string()), also: z.optional(mapOf(z.string())) })),
  probe: z.optional(
    z.strictObject({
      ...request(),
      accepted: source(),
      account: z.optional(source()),
      expires: z.optional(expires()),
      "may-not-know": z.optional(z.boolean()),
    }),
  ),
  revoke: z.optional(revocation()),
  refusals: z.optional(z.array(refusal())),
});

const revocation = () =>
  z.strictObject({
    ...request(),
    with: z.optional(z.enum(["use"])),
    revoked: z.optional(statuses(200, 599)),
    gone: z.optional(statuses(200, 599)),
  });

const refusal = () =>
  z.strictObject({
    status: z.optional(statuses(200, 599)),
    json: places().json,
    values: z.optional(z.array(text(/./s, "it is empty"))),
    failure: z.enum(["refused", "locked", "forbidden", "rate-limited", "unavailable", "wrong-url"]),
  });

const top = () => ({
  $schema: z.optional(z.string()),
  name: z.optional(text(LINE, "it begins with no letter or digit, or holds a character that no name needs")),
  "by-hand": z.optional(text(LINE, "it begins with no letter or digit, or holds a character that no place needs")),
  pasted: z.optional(z.array(text(/^(?:\/[\w.~-]+)+$/, 'it is no path tail, such as "/api/v1"'))),
});

/** A file that describes one method, which is named `custom`. */
export const OneMethod = schema(() => z.strictObject({ ...top(), ...method() }));

/** A file that describes several methods, each by its name. */
export const SeveralMethods = schema(() =>
  z.strictObject({
    ...top(),
    methods: map(
      /^[a-z][a-z0-9-]{0,39}$/,
      "it is no name of a method: small letters, digits and hyphens",
      z.strictObject(method()),
    ),
  }),
);

type Whole = Parsed<typeof SeveralMethods>;
/** One way to authenticate, as the file has it. */
export type MethodDefinition = Whole["methods"][string];
type Part<Key extends keyof MethodDefinition> = NonNullable<MethodDefinition[Key]>;
/** A request, as the file has it: its texts hold placeholders. */
export type RequestDefinition = Part<"undo">;
export type ExchangeDefinition = Part<"exchange">;
export type ProbeDefinition = Part<"probe">;
export type RevokeDefinition = Part<"revoke">;
export type Refusal = Part<"refusals">[number];
/** Where a value stands in an answer. */
export type Source = ProbeDefinition["accepted"];
export type Expires = NonNullable<ProbeDefinition["expires"]>;

/** A service, as a file describes it. */
export type Definition = Pick<Whole, "name" | "by-hand" | "pasted" | "methods">;

/** A revocation that was kept in a state or a seal. */
export const Revocation = schema(revocation);
