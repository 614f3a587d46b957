import { type Credentials, FIELDS, type Field } from "../providers/provider.ts";
import { givenInputs, untrimmedInput } from "../runner/input.ts";
import { notice, warning } from "../runner/log.ts";
import { mask } from "../runner/masks.ts";
import { basicPair } from "../text/basic.ts";
import { JsonObject, parseJson, read } from "../text/json.ts";
import { bare } from "../text/nearest.ts";
import { credentialOf, fieldsInside, trimmed } from "./credentials.ts";
import { innerForms } from "./oddity.ts";
import { INPUTS, type InputName, type Inputs, isSecret } from "./table.ts";
import { passwordsIn } from "./user-info.ts";

/** Reads every input. */
export function readInputs(): Inputs {
  const values = INPUTS.map((name) => [name, readInput(name)]);
  return { ...(Object.fromEntries(values) as Record<InputName, string>), misspelt: misspelt() };
}

function readInput(name: InputName): string {
  return trimmed(name, untrimmedInput(name));
}

/** Inputs that the action does not have but for case, hyphens, underscores and blanks, which the runner only warns of. */
function misspelt(): Partial<Record<InputName, string>> {
  const found: Partial<Record<InputName, string>> = {};
  const names: readonly string[] = INPUTS;
  for (const written of givenInputs().filter((one) => !names.includes(one))) {
    const name = INPUTS.find((one) => bare(one) === bare(written));
    if (name !== undefined) found[name] = written;
  }
  return found;
}

/**
 * Masks every secret among the inputs, each before anything is judged or said of it.
 * @param how main says what is odd about a secret; post, which masks the same, has nothing to add
 */
export function maskInputs(inputs: Inputs, how: "aloud" | "silently"): void {
  const isAloud = how === "aloud";
  const allInside = fieldsInside(inputs.credentials);
  maskNamed("seal-key", inputs["seal-key"], isAloud);
  maskWhole(inputs.credentials, isAloud);
  const given = [
    ...FIELDS.map((field) => ({ field, name: field, value: inputs[field], written: inputs[field] })),
    ...allInside.map((inside) => ({ ...inside, name: `credentials.${inside.field}` })),
  ];
  for (const { field, name, value, written } of given.filter((one) => one.value !== "" && isSecret(one.field))) {
    const members = field === "private-key" ? privateMembers(value) : [];
    if (field === "private-key") maskForms([...linesOfKey(value), ...members]);
    // Of a JWK of several lines the runner would mask a lone brace.
    if (members.length > 0 && /[\r\n]/.test(value)) continue;
    const secret = trimmed(field, value);
    maskNamed(name, secret, isAloud);
    maskForms([value, written, ...innerForms(secret)]);
  }
  maskForms([untrimmedInput("password"), ...innerForms(inputs["seal-key"]), ...passwordsIn(inputs.url)]);
  const credential = (field: Field) => credentialOf(field, inputs[field], allInside);
  maskPair(credential("username"), credential("password"));
  maskPair(credential("client-id"), credential("client-secret"));
}

/** Other forms of what is masked already; blanks alone are no secret. */
function maskForms(forms: readonly string[]): void {
  for (const form of forms) if (form.trim() !== "") mask(form);
}

/** The lines of a PEM that hold the key. */
function linesOfKey(key: string): string[] {
  const lines = key.split(/[\r\n]|\\r|\\n/).map((line) => line.trim());
  return lines.filter((line) => /^[A-Za-z0-9+/=]{4,}$/.test(line));
}

/** The private members of a JWK (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1). */
function privateMembers(key: string): string[] {
  const jwk = read(JsonObject, parseJson(key)) ?? {};
  const members = ["d", "p", "q", "dp", "dq", "qi", "k"].map((name) => jwk[name]);
  return members.filter((member) => typeof member === "string");
}

function maskNamed(name: string, secret: string, isAloud: boolean): void {
  if (mask(secret) || !isAloud) return;
  warning(`The input "${name}" has fewer than 4 characters: a mask would shred the log.`, "Secret too short to mask");
}

/** A JSON secret of one line is masked as a whole; of one with several lines GitHub masks each line, braces too. */
function maskWhole(credentials: string, isAloud: boolean): void {
  if (!/[\r\n]/.test(credentials)) {
    // What `toJSON` makes of nothing is no secret.
    if (credentials !== "null") mask(credentials);
  } else if (isAloud) {
    notice(
      'GitHub masks each line of the secret in "credentials", also a lone brace, which shreds logs and drops job outputs: store it on one line.',
      "Store the JSON secret on one line",
    );
  }
}

/** The Basic form (RFC 7617) of a pair that could be sent so. */
function maskPair(name: string, secret: string): void {
  if (name !== "" && secret !== "") mask(basicPair(name, secret));
}

/** These credentials alone, from the inputs or from `credentials`: what a revocation takes from `with:`. */
export function readAgain(fields: readonly Field[]): Credentials {
  const inside = fieldsInside(readInput("credentials"));
  const found = fields.map((field) => [field, credentialOf(field, readInput(field), inside)]);
  return Object.fromEntries(found.filter(([, value]) => value !== ""));
}
