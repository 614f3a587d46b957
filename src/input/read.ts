import { getInput } from "@actions/core";
import type { Credentials, Field } from "../providers/provider.ts";
import { notice, warning } from "../runner/log.ts";
import { mask } from "../runner/masks.ts";
import { basicPair } from "../text/basic.ts";
import { bare } from "../text/nearest.ts";
import { fieldsInside, trimmed } from "./credentials.ts";
import { innerForms } from "./oddity.ts";
import { INPUTS, type InputName, type Inputs } from "./settings.ts";
import { passwordsIn } from "./user-info.ts";

/** A user name or a client id is no secret, and a mask on a common word shreds the log. */
const SECRET_FIELDS: readonly Field[] = ["token", "password", "client-secret"];

/** Reads every input. */
export function readInputs(): Inputs {
  return {
    provider: input("provider"),
    method: input("method"),
    url: input("url"),
    token: input("token"),
    username: input("username"),
    password: input("password"),
    "client-id": input("client-id"),
    "client-secret": input("client-secret"),
    credentials: input("credentials"),
    probe: input("probe"),
    "export-env": input("export-env"),
    "env-name": input("env-name"),
    revoke: input("revoke"),
    timeout: input("timeout"),
    retries: input("retries"),
    "ca-certificate": input("ca-certificate"),
    "allow-http": input("allow-http"),
    summary: input("summary"),
    "seal-key": input("seal-key"),
    sealed: input("sealed"),
    misspelt: misspelt(),
  };
}

/** Inputs that the action does not have but for case, hyphens, underscores and blanks, which the runner only warns of. */
function misspelt(): Partial<Record<InputName, string>> {
  const found: Partial<Record<InputName, string>> = {};
  for (const variable of Object.keys(process.env)) {
    const [, written = ""] = /^INPUT_(.+)$/.exec(variable.toUpperCase()) ?? [];
    const name = INPUTS.find((one) => bare(one) === bare(written));
    if (name !== undefined && name !== written.toLowerCase()) found[name] = written.toLowerCase();
  }
  return found;
}

function input(name: InputName): string {
  return trimmed(name, untrimmed(name));
}

function untrimmed(name: InputName): string {
  return getInput(name, { trimWhitespace: false });
}

/**
 * Masks every secret among the inputs, each before anything is judged or said of it.
 * @param how main says what is odd about a secret; post, which masks the same, has nothing to add
 */
export function maskInputs(inputs: Inputs, how: "aloud" | "silently"): void {
  const odd: Odd = how === "aloud" ? { warning, notice } : { warning: () => {}, notice: () => {} };
  const given = [
    ...SECRET_FIELDS.map((field) => ({ field, name: field, value: inputs[field], written: inputs[field] })),
    ...fieldsInside(inputs.credentials).map((inside) => ({ ...inside, name: `credentials.${inside.field}` })),
  ];
  maskNamed("seal-key", inputs["seal-key"], odd);
  maskWhole(inputs.credentials, odd);
  for (const { field, name, value, written } of given) {
    if (!SECRET_FIELDS.includes(field)) continue;
    maskNamed(name, trimmed(field, value), odd);
    maskForms([value, written, ...innerForms(trimmed(field, value))]);
  }
  maskForms([untrimmed("password"), ...innerForms(inputs["seal-key"]), ...passwordsIn(inputs.url)]);
  maskPairs(inputs);
}

/** Tells of a secret that is no good one. */
interface Odd {
  warning(line: string, title: string): void;
  notice(line: string, title: string): void;
}

/** Other forms of what is masked already; blanks alone are no secret. */
function maskForms(forms: readonly string[]): void {
  for (const form of forms) if (form.trim() !== "") mask(form);
}

function maskNamed(name: string, secret: string, odd: Odd): void {
  if (mask(secret)) return;
  odd.warning(
    `The input "${name}" has fewer than 4 characters and is not masked, since that would shred the log.`,
    "Secret too short to mask",
  );
}

/** A JSON secret of one line is masked as a whole; of one with several lines GitHub masks each line, braces too. */
function maskWhole(credentials: string, odd: Odd): void {
  if (!/[\r\n]/.test(credentials)) {
    // What `toJSON` makes of nothing is no secret.
    if (credentials !== "null") mask(credentials);
    return;
  }
  odd.notice(
    'The secret in "credentials" has several lines. GitHub masks each, also a lone brace, which shreds logs and drops job outputs: store the JSON on one line.',
    "Store the JSON secret on one line",
  );
}

/** The Basic form (RFC 7617) of each pair that could be sent so. */
function maskPairs(inputs: Inputs): void {
  const inside = Object.fromEntries(
    fieldsInside(inputs.credentials).map(({ field, value }) => [field, trimmed(field, value)]),
  );
  const pairs: readonly [Field, Field][] = [
    ["username", "password"],
    ["client-id", "client-secret"],
  ];
  for (const [user, secret] of pairs) {
    const name = inputs[user] || inside[user];
    const value = inputs[secret] || inside[secret];
    if (name && value) mask(basicPair(name, value));
  }
}

/** The client credentials alone, from the inputs or from `credentials`: all that a revocation takes from `with:`. */
export function readClient(): Credentials {
  const inside = Object.fromEntries(
    fieldsInside(input("credentials")).map(({ field, value }) => [field, trimmed(field, value)]),
  );
  const id = input("client-id") || inside["client-id"];
  const secret = input("client-secret") || inside["client-secret"];
  if (!id || !secret) return {};
  mask(secret);
  mask(basicPair(id, secret));
  return { "client-id": id, "client-secret": secret };
}
