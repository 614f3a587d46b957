import { FIELDS, type Field, OPTIONS } from "../providers/provider.ts";

/** What beside the credentials may not stand beside `sealed`, since it comes out of the seal. */
export const OUT_OF_SEAL = ["method", ...OPTIONS, "definition"] as const;

/** Every input of `action.yml`, in its order. */
export const INPUTS = [
  "provider",
  "method",
  "url",
  ...FIELDS,
  "credentials",
  ...OPTIONS,
  "definition",
  "probe",
  "export-env",
  "env-name",
  "revoke",
  "timeout",
  "retries",
  "ca-certificate",
  "allow-http",
  "summary",
  "seal-key",
  "sealed",
] as const;

export type InputName = (typeof INPUTS)[number];

/** A user name or a client id is no secret, and a mask on a common word shreds the log. */
export function isSecret(field: Field): boolean {
  return field !== "username" && field !== "client-id";
}

/** The inputs as texts; empty is absent, since the runner cannot tell these apart. */
export type Inputs = Readonly<Record<InputName, string>> & {
  /** Inputs that the action does not have, as the user wrote them, each under the one that it must mean. */
  readonly misspelt?: Readonly<Partial<Record<InputName, string>>>;
};
