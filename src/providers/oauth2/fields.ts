import * as z from "zod/mini";
import type { Failure } from "../../failure.ts";
import { schema } from "../../text/json.ts";
import { invalidInput } from "../kit/faults.ts";
import { text } from "../method.ts";
import type { Field, Option } from "../provider.ts";

/** What a method of OAuth2 was given, whichever of its sets of fields that is. */
export type Fields = { readonly [Name in Field | Option]?: string | undefined };

/** How a client can send its id and its secret. */
export const FORMS = ["basic", "basic-plain", "post"] as const;

const CHOICES: { readonly [Name in Field | Option]?: readonly string[] } = {
  "client-auth": ["auto", ...FORMS, "none"],
  body: ["form", "json"],
};

type Names = readonly (Field | Option)[];

/** A text that has to be there, and one that may be: the sets share one of each, since there are many, and to build one takes time. */
const Needed = schema(text);
const Taken = schema(() => z.optional(Needed()));

function set(needs: Names, takes: Names) {
  const shape: Record<string, z.ZodMiniType<string | undefined>> = {};
  for (const name of needs) shape[name] = Needed();
  for (const name of takes) shape[name] = taken(name);
  return z.strictObject(shape);
}

function taken(name: Field | Option): z.ZodMiniType<string | undefined> {
  const values = CHOICES[name];
  if (values === undefined) return Taken();
  const error = `is neither ${values.map((one) => `\`${one}\``).join(" nor ")}`;
  return z.optional(z.enum(values, { error }));
}

/** What every token request takes. */
const REQUEST: Names = ["token-url", "scope", "audience", "parameters", "body", "probe-url"];
const REVOCABLE: Names = [...REQUEST, "revocation-url"];
const PAIR: Names = ["client-id", "client-secret"];

/** With a client that has no name, or has one, or proves itself with its secret. */
function withClient(needs: Names, takes: Names) {
  const all: Names = [...takes, "client-auth"];
  return z.union([set(needs, all), set([...needs, "client-id"], all), set([...needs, ...PAIR], all)]);
}

/** The fields of each method, by what it does. */
export const clientCredentials = schema(() => set(PAIR, ["client-auth", ...REVOCABLE]));
export const password = schema(() => withClient(["username", "password"], REVOCABLE));
export const signedAssertion = schema(() => set(["client-id", "private-key"], REVOCABLE));
export const accessToken = schema(() => set(["token"], ["probe-url"]));
export const refreshToken = schema(() => withClient(["token"], REQUEST));
export const idTokenOfClient = schema(() => set([], ["client-id", "id-token-audience", ...REVOCABLE]));
export const idTokenOfRun = schema(() => withClient([], ["id-token-audience", ...REVOCABLE]));

/** An input that cannot be right. */
export const invalid: (input: Field | Option, flaw: string, hint: string) => Failure = invalidInput;
