import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import { schema } from "../../text/json.ts";
import { text } from "../method.ts";
import type { Field, Option } from "../provider.ts";

/** What a method of OAuth2 was given, whichever of its sets of fields that is. */
export type Fields = { readonly [Name in Field | Option]?: string | undefined };

/** How a client can send its id and its secret. */
export const FORMS = ["basic", "basic-plain", "post"] as const;
export type Form = (typeof FORMS)[number];

type Shape = Readonly<Record<string, z.ZodMiniType<string | undefined>>>;

const oneOf = (values: readonly string[]) =>
  z.optional(z.enum(values, { error: `is neither ${values.map((value) => `\`${value}\``).join(" nor ")}` }));

/** What every token request takes. */
const request = (): Shape => ({
  "token-url": z.optional(text()),
  scope: z.optional(text()),
  audience: z.optional(text()),
  parameters: z.optional(text()),
  body: oneOf(["form", "json"]),
  "probe-url": z.optional(text()),
});

const clientAuth = (): Shape => ({ "client-auth": oneOf(["auto", ...FORMS, "none"]) });
const revocation = (): Shape => ({ "revocation-url": z.optional(text()) });
const idToken = (): Shape => ({ "id-token-audience": z.optional(text()) });
const pair = (): Shape => ({ "client-id": text(), "client-secret": text() });

/** With a client that has no name, or has one, or proves itself with its secret. */
const withClient = (...shapes: readonly Shape[]) => {
  const shape: Shape = Object.assign({}, ...shapes, clientAuth(), request());
  return z.union([
    z.strictObject(shape),
    z.strictObject({ ...shape, "client-id": text() }),
    z.strictObject({ ...shape, ...pair() }),
  ]);
};

/** The fields of each method, by what it does. */
export const clientCredentials = schema(() =>
  z.strictObject({ ...pair(), ...clientAuth(), ...request(), ...revocation() }),
);
export const password = schema(() => withClient({ username: text(), password: text() }, revocation()));
export const signedAssertion = schema(() =>
  z.strictObject({ "client-id": text(), "private-key": text(), ...request(), ...revocation() }),
);
export const accessToken = schema(() => z.strictObject({ token: text(), "probe-url": z.optional(text()) }));
export const refreshToken = schema(() => withClient({ token: text() }));
export const idTokenOfClient = schema(() =>
  z.strictObject({ "client-id": z.optional(text()), ...idToken(), ...request(), ...revocation() }),
);
export const idTokenOfRun = schema(() => withClient(idToken(), revocation()));

/** An input that cannot be right, named in the sentence. */
export function invalid(input: Field | Option, flaw: string, hint: string): Failure {
  return new Failure("invalid-input", `The input "${input}" ${flaw}.`, { hint });
}
