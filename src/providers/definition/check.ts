import { nameFlaw } from "../../text/environment-name.ts";
import { didYouMean } from "../../text/nearest.ts";
import { pointerStep } from "../../text/strict-json.ts";
import { mistake } from "./mistake.ts";
import { keysIn, type Place, placesOf, REQUESTS } from "./places.ts";
import { CREDENTIALS, type MethodDefinition, type RequestDefinition } from "./schema.ts";
import { placeholders } from "./template.ts";

export type Field = (typeof CREDENTIALS)[number];

/** What the action or the connection itself sets, or what speaks to a proxy; in small letters. */
const FORBIDDEN_HEADERS =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|proxy-.*)$/;

/** What another provider exports beside its token. */
const EXPORTED_ELSEWHERE = ["TULEAP_USER_ID"];

/** The variable that a token is exported as, where neither file nor workflow names one. */
export const DEFAULT_NAME = "ACCESS_TOKEN";

/** The sets of credentials of which one has to be given; none where the method needs no credential. */
export function setsOf({ credentials = [] }: MethodDefinition): Field[][] {
  const lists = credentials.filter((one) => typeof one === "object");
  if (lists.length > 0) return lists;
  return [credentials.filter((one) => typeof one === "string").filter((one) => one !== "id-token")];
}

/** Whether the method has GitHub's ID token fetched. */
export function takesIdToken(method: MethodDefinition): boolean {
  return method["id-token"] !== undefined || (method.credentials ?? []).includes("id-token");
}

/**
 * Checks what the shape alone does not tell.
 * @param pointer where the method stands
 * @throws {Failure} `invalid-input`, with the place
 */
export function checkMethod(method: MethodDefinition, pointer: string): void {
  checkCredentials(method, pointer);
  checkParts(method, pointer);
  checkUndo(method, pointer);
  checkNames(method, pointer);
  for (const room of REQUESTS) {
    const request = method[room];
    if (request !== undefined) checkRequest(request, `${pointer}/${room}`, false);
  }
  if (method.use !== undefined) checkRequest({ path: "", ...method.use }, `${pointer}/use`, true);
  for (const place of placesOf(method)) checkPlaceholders(place, method, pointer);
}

function checkCredentials(method: MethodDefinition, pointer: string): void {
  const { credentials = [] } = method;
  const place = `${pointer}/credentials`;
  if (new Set(credentials.map((one) => Array.isArray(one))).size > 1) {
    throw mistake(place, "it is neither a list of names nor a list of such lists");
  }
  const sets = setsOf(method);
  if (sets.some((set) => new Set(set).size < set.length)) throw mistake(place, "it names a credential twice");
  if (sets.some((set) => set.length === 0) && !takesIdToken(method)) {
    throw mistake(place, "it names no credential", `It may name ${CREDENTIALS.join(", ")}.`);
  }
}

function checkParts(method: MethodDefinition, pointer: string): void {
  const { exchange, answer = {}, use, refusals = [] } = method;
  if (exchange === undefined) {
    for (const part of ["answer", "revoke", "undo", "id-token"] as const) {
      if (method[part] !== undefined) {
        throw mistake(`${pointer}/${part}`, 'it stands beside no "exchange", so the credential is the user\'s own');
      }
    }
    if (use === undefined && !setsOf(method).every((set) => set.includes("token"))) {
      throw mistake(`${pointer}/use`, "it is missing, and the method takes no token that could be sent as it is");
    }
  }
  for (const name of Object.keys(answer.values ?? {})) {
    if (Object.hasOwn(answer.secrets ?? {}, name)) {
      throw mistake(`${pointer}/answer/values${pointerStep(name)}`, 'the same name stands in "secrets"');
    }
  }
  for (const [index, { json, values }] of refusals.entries()) {
    if (values !== undefined && json === undefined) {
      throw mistake(`${pointer}/refusals/${index}/values`, 'it needs "json", which says where the text stands');
    }
  }
}

/** A creation is undone by its name, so the name has to stand in both requests. */
function checkUndo({ exchange, undo }: MethodDefinition, pointer: string): void {
  if (undo === undefined || exchange === undefined) return;
  if (exchange.creates !== true) throw mistake(`${pointer}/undo`, 'it needs `"creates": true` in "exchange"');
  for (const [room, request] of Object.entries({ exchange, undo })) {
    const holdsRun = placesOf({ [room]: request }).some(({ text }) => placeholders(text)?.includes("run"));
    if (!holdsRun) throw mistake(`${pointer}/${room}`, "it holds no {run}, the name by which a creation is undone");
  }
}

function checkNames({ env = {} }: MethodDefinition, pointer: string): void {
  const names: [string, string][] = Object.keys(env.also ?? {}).map((name) => [name, `/env/also${pointerStep(name)}`]);
  if (env.name !== undefined) names.push([env.name, "/env/name"]);
  const seen = new Set(env.name === undefined ? [DEFAULT_NAME] : []);
  for (const [name, place] of names) {
    const flaw = nameFlaw(name, EXPORTED_ELSEWHERE);
    if (flaw !== undefined) throw mistake(pointer + place, `it ${flaw}`);
    if (seen.has(name.toUpperCase())) throw mistake(pointer + place, "the same variable stands there twice");
    seen.add(name.toUpperCase());
  }
}

function checkRequest({ headers = {}, basic, form, json }: RequestDefinition, pointer: string, isUse: boolean): void {
  if (form !== undefined && json !== undefined) throw mistake(`${pointer}/form`, 'it stands beside "json"');
  const seen = new Set<string>();
  for (const name of Object.keys(headers)) {
    const place = `${pointer}/headers${pointerStep(name)}`;
    const lower = name.toLowerCase();
    if (FORBIDDEN_HEADERS.test(lower)) throw mistake(place, "this header is not a definition's to set");
    if (lower === "cookie" && !isUse) throw mistake(place, 'a cookie stands in "use" alone');
    if (lower === "authorization" && basic !== undefined) throw mistake(place, '"basic" sets the same header');
    if (seen.has(lower)) throw mistake(place, "the same header stands there twice");
    seen.add(lower);
  }
  for (const { key, pointer: place } of keysIn(json, `${pointer}/json`)) {
    if (/[{}]/.test(key)) throw mistake(place, "a key holds a brace: placeholders stand in values");
  }
}

function checkPlaceholders({ room, pointer: place, text }: Place, method: MethodDefinition, pointer: string): void {
  const names = placeholders(text);
  if (names === undefined) {
    throw mistake(pointer + place, "a brace stands alone", "A brace that is no placeholder is written twice.");
  }
  const known = knownNames(method, room);
  for (const name of names) {
    if (known.includes(name) || /^parameters\.[\w.-]{1,60}$/.test(name)) continue;
    const which = /^[\w.-]{1,60}$/.test(name) ? `{${name}}` : "the placeholder";
    const isElsewhere = knownNames(method, "revoke").includes(name);
    const listed = known.map((one) => `{${one}}`).join(", ");
    throw mistake(
      pointer + place,
      `${which} ${isElsewhere ? "cannot stand there" : "means nothing here"}`,
      `${isElsewhere ? "" : didYouMean(name, known)}There may stand ${listed} and {parameters.NAME}.`,
    );
  }
}

/** The placeholders that a part of a method may hold, beside the parameters. */
function knownNames(method: MethodDefinition, room: Place["room"]): string[] {
  const { exchange, answer = {} } = method;
  const isBefore = room === "exchange" || room === "undo";
  return [
    ...new Set(setsOf(method).flat()),
    ...(takesIdToken(method) && (isBefore || room === "revoke") ? ["id-token"] : []),
    ...(isBefore ? [] : ["answer.token"]),
    ...(isBefore || exchange === undefined
      ? []
      : Object.keys({ ...answer.secrets, ...answer.values }).map((name) => `answer.${name}`)),
    "run",
    "expiry",
    "expiry-date",
  ];
}
