import * as z from "zod/mini";
import { type Credentials, FIELDS, type Field } from "../providers/provider.ts";
import { givenInputs, untrimmedInput } from "../runner/input.ts";
import { notice, warning } from "../runner/log.ts";
import { mask } from "../runner/masks.ts";
import { basicPair } from "../text/basic.ts";
import { parseJson, read, schema } from "../text/json.ts";
import { bare } from "../text/nearest.ts";
import { fieldsInside, trimmed } from "./credentials.ts";
import { innerForms } from "./oddity.ts";
import { eachInput, INPUTS, type InputName, type Inputs, isSecret } from "./table.ts";
import { passwordsIn } from "./user-info.ts";

/** A user name or a client id is no secret, and a mask on a common word shreds the log. */
const SECRET_FIELDS: readonly Field[] = FIELDS.filter(isSecret);

const PrivateMembers = schema(() => {
  const member = z.optional(z.string());
  return z.object({ d: member, p: member, q: member, dp: member, dq: member, qi: member, k: member });
});

/** Reads every input. */
export function readInputs(): Inputs {
  return { ...eachInput(input), misspelt: misspelt() };
}

/** Inputs that the action does not have but for case, hyphens, underscores and blanks, which the runner only warns of. */
function misspelt(): Partial<Record<InputName, string>> {
  const found: Partial<Record<InputName, string>> = {};
  for (const written of givenInputs()) {
    const name = INPUTS.find((one) => bare(one) === bare(written));
    if (name !== undefined && name !== written) found[name] = written;
  }
  return found;
}

function input(name: InputName): string {
  return trimmed(name, untrimmedInput(name));
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
    if (field === "private-key" && value !== "") maskForms(partsOfKey(value));
    // Of a JWK of several lines the runner would mask a lone brace.
    if (isSpread(field, value)) continue;
    maskNamed(name, trimmed(field, value), odd);
    maskForms([value, written, ...innerForms(trimmed(field, value))]);
  }
  maskForms([untrimmedInput("password"), ...innerForms(inputs["seal-key"]), ...passwordsIn(inputs.url)]);
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

/** The lines of a PEM that hold the key, and the private members of a JWK (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1). */
function partsOfKey(key: string): string[] {
  const lines = key.split(/[\r\n]|\\r|\\n/).map((line) => line.trim());
  const members = Object.values(read(PrivateMembers, parseJson(key)) ?? {}).filter((member) => member !== undefined);
  return [...lines.filter((line) => /^[A-Za-z0-9+/=]{4,}$/.test(line)), ...members];
}

/** A JWK that stands on several lines: its private members are the secret. */
function isSpread(field: Field, value: string): boolean {
  const isLines = field === "private-key" && /[\r\n]/.test(value);
  return isLines && read(PrivateMembers, parseJson(value))?.d !== undefined;
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

/** These credentials alone, from the inputs or from `credentials`, masked: what a revocation takes from `with:`. */
export function readAgain(fields: readonly Field[]): Credentials {
  const inside = fields.length === 0 ? [] : fieldsInside(input("credentials"));
  const found: Partial<Record<Field, string>> = {};
  for (const field of fields) {
    const value = input(field) || trimmed(field, inside.findLast((one) => one.field === field)?.value ?? "");
    if (value === "") continue;
    if (isSecret(field)) maskForms(isSpread(field, value) ? partsOfKey(value) : [value]);
    found[field] = value;
  }
  const { "client-id": id, "client-secret": secret } = found;
  if (id !== undefined && secret !== undefined) mask(basicPair(id, secret));
  return found;
}
