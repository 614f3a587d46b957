import type { Failure } from "../failure.ts";
import { tokenFlaw } from "../providers/kit/token.ts";
import { type Credentials, FIELDS, type Field } from "../providers/provider.ts";
import { JsonObject, parseJson, read } from "../text/json.ts";
import { bare, didYouMean } from "../text/nearest.ts";
import { strictJson } from "../text/strict-json.ts";
import { oddity } from "./oddity.ts";
import { invalid } from "./settings.ts";
import type { Inputs } from "./table.ts";

/**
 * All credentials that the user gave, from the inputs and from the JSON of `credentials`.
 * @throws {Failure} `invalid-input`
 */
export function readCredentials(inputs: Inputs): Credentials {
  const given: Partial<Record<Field, string>> = {};
  for (const field of FIELDS) if (inputs[field] !== "") given[field] = inputs[field];
  for (const [key, value] of Object.entries(parseCredentials(inputs.credentials))) {
    const field = fieldOf(key);
    if (field === undefined) throw unknownKey(key);
    if (typeof value !== "string") throw wrong(field, "is no text");
    const text = trimmed(field, value);
    if (text === "") continue;
    if (given[field] !== undefined) throw wrong(field, "is given twice");
    given[field] = text;
  }
  for (const field of FIELDS) checkValue(field, given[field], inputs);
  return given;
}

/** A name and a text of a JSON object, as they stand there. No escaped quote begins one, or each would be read to the end. */
const PAIR = /(?<!\\)("(?:[^"\\]|\\.)*")\s*:\s*"((?:[^"\\]|\\.)*)"/g;

/** A credential in the text of `credentials`, as it is and as JSON has it, with its escapes. */
interface Inside {
  readonly field: Field;
  readonly value: string;
  readonly written: string;
}

/**
 * Every credential in the text of `credentials`, also where it is no JSON object or a key is not quite right: what stands
 * there is to be masked before it is judged.
 */
export function fieldsInside(credentials: string): Inside[] {
  if (credentials === "") return [];
  const whole = parseJson(credentials);
  // JSON inside of a JSON text.
  if (typeof whole === "string") return fieldsInside(whole);
  return [...credentials.matchAll(PAIR)].flatMap(([, key = "", written = ""]) => {
    const field = FIELDS.find((one) => bare(one) === bare(String(parseJson(key))));
    return field === undefined ? [] : [{ field, written, value: String(parseJson(`"${written}"`) ?? written) }];
  });
}

/**
 * Inputs are trimmed, but for an invisible character in front of a credential, which is to be told. A password keeps its
 * blanks, unless it has nothing else, and loses one final line break, which editors add.
 */
export function trimmed(field: string, value: string): string {
  if (value === "") return value;
  if (field === "password") return value.trim() === "" ? "" : value.replace(/(?:\r\n|\n|\r)$/, "");
  return FIELDS.some((one) => one === field) ? value.replace(/^[^\S\ufeff]+/, "").trimEnd() : value.trim();
}

/** A credential, from its input or from the text of `credentials`, whatever that is; empty for none. */
export function credentialOf(field: Field, input: string, inside: readonly Inside[]): string {
  return input || trimmed(field, inside.findLast((one) => one.field === field)?.value ?? "");
}

function parseCredentials(text: string): Readonly<Record<string, unknown>> {
  if (text === "") return {};
  const fail = (flaw: string, pointer: string) => {
    const field = fieldOf(pointer.slice(1));
    if (field !== undefined) throw wrong(field, `is wrong: ${flaw}`);
    if (pointer !== "") throw unknownKey(pointer.slice(1));
    throw invalid(
      "credentials",
      oddity(text)?.flaw ?? "is no JSON object",
      // No braces: of a secret of several lines the runner masks them.
      'Store one line of JSON with keys such as "client_id" and "client_secret", each value in double quotes.',
    );
  };
  return (
    read(
      JsonObject,
      strictJson(text, (flaw, { pointer }) => fail(flaw, pointer)),
    ) ?? fail("", "")
  );
}

/** `client_id`, `clientId` and `client-id` are one field. */
function fieldOf(key: string): Field | undefined {
  const kebab = key.replaceAll("_", "-").replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return FIELDS.find((field) => field === kebab);
}

function wrong(field: Field, flaw: string): Failure {
  return invalid(`credentials.${field}`, flaw, "Give it once, as a text in quotes.");
}

function unknownKey(key: string): Failure {
  const hint = `${didYouMean(key, FIELDS)}It may hold ${FIELDS.join(", ")}, in kebab-, snake- or camel-case.`;
  const answered = { answered: key, answeredBy: "The key is" };
  return invalid("credentials", "holds a key that means nothing here", hint, answered);
}

/** A password may be anything, and a key is judged where it is read; of another value it is known what cannot belong to it. */
function checkValue(field: Field, value: string | undefined, inputs: Inputs): void {
  if (value === undefined || field === "password" || field === "private-key") return;
  const flaw = oddity(value)?.flaw ?? (field === "token" ? tokenFlaw(value) : undefined);
  const name = inputs[field] === "" ? (`credentials.${field}` as const) : field;
  if (flaw !== undefined) throw invalid(name, flaw, "Copy it again: the value alone, on one line.");
}
