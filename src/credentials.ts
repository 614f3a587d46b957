import * as z from "zod/mini";
import { Failure } from "./failure.ts";
import { type Inputs, invalid } from "./inputs.ts";
import { type Credentials, FIELDS, type Field, type Method, type Provider } from "./providers/provider.ts";
import { tokenFlaw } from "./providers/token.ts";
import { parseJson, read, schema } from "./read.ts";

const JsonObject = schema(() => z.record(z.string(), z.unknown()));

/** The reasons why a secret arrives empty, for whoever has to find the right one. */
const EMPTY_SECRET =
  "If it comes from a secret, these are the usual reasons: the secret does not exist here or is named otherwise; a pull request from a fork or from Dependabot gets no secrets; the job does not name the `environment` that holds it; a reusable workflow is called without `secrets: inherit`.";

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
    if (typeof value !== "string") throw invalid(`credentials.${field}`, "is no text", "Put the value in quotes.");
    const text = trimmed(field, value);
    if (text === "") continue;
    if (given[field] !== undefined) throw givenTwice(field);
    given[field] = text;
  }
  checkKeys(inputs.credentials);
  if (given.token !== undefined) checkToken(given.token, inputs);
  return given;
}

/** Every field that the JSON of `credentials` holds as a text; nothing is judged here. */
export function fieldsInside(credentials: string): { field: Field; value: string }[] {
  if (credentials === "") return [];
  const object = read(JsonObject, parseJson(credentials)) ?? {};
  return Object.entries(object).flatMap(([key, value]) => {
    const field = fieldOf(key);
    return field !== undefined && typeof value === "string" ? [{ field, value }] : [];
  });
}

/** Inputs are trimmed; a password keeps its spaces and loses one final line break, which editors add. */
export function trimmed(field: string, value: string): string {
  return field === "password" ? value.replace(/\r?\n$/, "") : value.trim();
}

function parseCredentials(text: string): Readonly<Record<string, unknown>> {
  if (text === "") return {};
  const object = read(JsonObject, parseJson(text));
  if (object !== undefined) return object;
  throw invalid(
    "credentials",
    "is no JSON object",
    'Store the secret as one line of JSON, such as {"client_id": "…", "client_secret": "…"}.',
  );
}

/** `client_id`, `clientId` and `client-id` are one field. */
function fieldOf(key: string): Field | undefined {
  const kebab = key.replaceAll("_", "-").replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return FIELDS.find((field) => field === kebab);
}

/** What is read is not all that is written: of equal keys only the last is kept, and `__proto__` is none of its own. */
function checkKeys(json: string): void {
  const seen = new Set<string>();
  for (const [, text = "", colon] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (colon === undefined) continue;
    const key = String(parseJson(text));
    const field = fieldOf(key);
    if (field === undefined) throw unknownKey(key);
    if (seen.has(key)) throw givenTwice(field);
    seen.add(key);
  }
}

function givenTwice(field: Field): Failure {
  return invalid(`credentials.${field}`, "is given twice", `Give "${field}" once, inside or outside of "credentials".`);
}

function unknownKey(key: string): Failure {
  return new Failure("invalid-input", 'The input "credentials" holds a key that means nothing here.', {
    hint: `It may hold ${FIELDS.join(", ")}, in kebab-, snake- or camel-case.`,
    answered: key,
    answeredBy: "The key is",
  });
}

function checkToken(token: string, inputs: Inputs): void {
  const flaw = tokenFlaw(token);
  if (flaw === undefined) return;
  throw invalid(inputs.token === "" ? "credentials.token" : "token", flaw, "Copy the token again, as one line.");
}

/**
 * The method that the input names, or the one that the given credentials fit.
 * @throws {Failure} `invalid-input` or `missing-secret`
 */
export function chooseMethod(provider: Provider, given: Credentials, inputs: Inputs): Method {
  const name = inputs.method.toLowerCase();
  if (name === "") return inferMethod(provider, given, inputs);
  const method = provider.methods.find(({ id }) => id === name);
  if (method === undefined) throw noSuchMethod(provider, `is no method of ${provider.name}`);
  const unused = fieldsOf(given).filter((field) => !takes(method, field));
  if (unused.length > 0) throw noSuchMethod(provider, `names ${method.id}, which does not use ${quoted(unused)}`);
  const lacking = missing(method, given);
  if (lacking.length > 0) throw missingSecret(provider, [method], lacking, given, inputs);
  return method;
}

function inferMethod(provider: Provider, given: Credentials, inputs: Inputs): Method {
  const inferable = provider.methods.filter(({ byNameOnly }) => byNameOnly !== true);
  const fields = fieldsOf(given);
  if (fields.length === 0) throw missingSecret(provider, inferable, [], given, inputs);
  const fitting = inferable.filter(
    (method) => fields.every((field) => takes(method, field)) && (method.recognises?.(given) ?? true),
  );
  const complete = fitting.find((method) => missing(method, given).length === 0);
  if (complete !== undefined) return complete;
  const [nearest] = fitting.sort((a, b) => missing(a, given).length - missing(b, given).length);
  if (nearest !== undefined) throw missingSecret(provider, [nearest], missing(nearest, given), given, inputs);
  throw new Failure("invalid-input", `No method of ${provider.name} takes ${quoted(fields)} together.`, {
    hint: `Set "method" and give just what it needs: ${listMethods(provider)}.`,
  });
}

function fieldsOf(given: Credentials): Field[] {
  return FIELDS.filter((field) => given[field] !== undefined);
}

function takes(method: Method, field: Field): boolean {
  return method.needs.includes(field) || (method.optional?.includes(field) ?? false);
}

/** What the method still lacks; its optional fields count all together as soon as one of them is given. */
function missing(method: Method, given: Credentials): Field[] {
  const optional = method.optional ?? [];
  const wanted = optional.some((field) => given[field] !== undefined) ? [...method.needs, ...optional] : method.needs;
  return wanted.filter((field) => given[field] === undefined);
}

function missingSecret(
  provider: Provider,
  methods: readonly Method[],
  lacking: readonly Field[],
  given: Credentials,
  inputs: Inputs,
): Failure {
  const inJson = inputs.credentials !== "";
  const nothingGiven = fieldsOf(given).length === 0;
  const names = lacking.map((field) => (inJson ? `credentials.${field}` : field));
  const sentence =
    names.length === 0 || nothingGiven
      ? `No credential arrived: ${inJson ? 'the JSON of "credentials" is empty' : `neither ${alternatives(methods)} nor "credentials" holds anything`}.`
      : `The input${names.length === 1 ? "" : "s"} ${quoted(names)} ${names.length === 1 ? "is" : "are"} empty.`;
  return new Failure("missing-secret", sentence, {
    hint: `${provider.name} needs one of: ${listMethods({ ...provider, methods })}. ${EMPTY_SECRET}`,
  });
}

function alternatives(methods: readonly Method[]): string {
  return [...new Set(methods.map(({ needs }) => quoted(needs)))].join(" nor ");
}

function noSuchMethod(provider: Provider, flaw: string): Failure {
  return invalid("method", flaw, `Set "method" to one of these and give just what it needs: ${listMethods(provider)}.`);
}

/** Each method with what it needs, for a text. */
function listMethods({ methods }: Pick<Provider, "methods">): string {
  return methods
    .map(
      ({ id, needs, optional }) =>
        `${id} (${needs.join(", ")}${optional === undefined ? "" : `, optionally ${optional.join(" with ")}`})`,
    )
    .join("; ");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" and ");
}
