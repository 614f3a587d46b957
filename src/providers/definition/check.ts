import { nameFlaw } from "../../text/environment-name.ts";
import { pointerStep } from "../../text/strict-json.ts";
import { ALSO_EXPORTED } from "../provider.ts";
import { mayStand, mistake } from "./mistake.ts";
import { namesOf, type Place, placesOf, ROOMS, type Room, type Texts } from "./places.ts";
import { CREDENTIALS, type MethodDefinition, NOT_PLAIN } from "./schema.ts";
import { placeholders } from "./template.ts";

export type Field = (typeof CREDENTIALS)[number];

/** What the action or the connection itself sets, or what speaks to a proxy. */
const FORBIDDEN_HEADERS =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|proxy-.*)$/i;

/** The variable that a token is exported as, where neither file nor workflow names one. */
export const DEFAULT_NAME = "ACCESS_TOKEN";

/** What is wrong: the place from the method, for a sentence, and what to do. */
type Flaw = readonly [pointer: string, flaw: string, hint?: string];
type MaybeFlaw = Flaw | false | undefined;

/** The sets of credentials of which one has to be given; an empty one where the method needs no credential. */
export function setsOf({ credentials = [] }: MethodDefinition): Field[][] {
  const lists = credentials.filter((one) => typeof one === "object");
  return lists.length > 0 ? lists : [CREDENTIALS.filter((field) => credentials.includes(field))];
}

/** Whether the method has GitHub's ID token fetched. */
export function takesIdToken({ credentials, ...method }: MethodDefinition): boolean {
  return method["id-token"] !== undefined || credentials?.includes("id-token") === true;
}

/**
 * Checks what the shape alone does not tell.
 * @param pointer where the method stands
 * @throws {Failure} `invalid-input`, with the place of the first mistake
 */
export function checkMethod(method: MethodDefinition, pointer: string): void {
  const flaws: MaybeFlaw[] = [
    ...flawsOfParts(method),
    flawOfVariables(method),
    ...ROOMS.flatMap((room) => flawsOfRequest(method[room] ?? {}, room)),
    ...placesOf(method).map((place) => flawOfPlace(place, method)),
  ];
  const first = flaws.find(Boolean);
  if (first) throw mistake(pointer + first[0], first[1], first[2]);
}

function flawsOfParts(method: MethodDefinition): MaybeFlaw[] {
  const { credentials = [], exchange, answer: { secrets = {}, values = {} } = {}, use, undo, refusals = [] } = method;
  const sets = setsOf(method);
  const isMixed = new Set(credentials.map((one) => typeof one)).size > 1;
  const lost = (["answer", "revoke", "undo", "id-token"] as const).find((part) => method[part] !== undefined);
  const twice = Object.keys(values).find((name) => Object.hasOwn(secrets, name));
  // A creation is undone by its name, so the name has to stand in both requests.
  const isUndone = exchange?.creates === true && [exchange, undo].every((one) => one && namesOf(one).includes("run"));
  const textless = refusals.findIndex((refusal) => refusal.values !== undefined && refusal.json === undefined);
  return [
    isMixed && ["/credentials", "it mixes names with lists of names"],
    !takesIdToken(method) &&
      sets.some((set) => set.length === 0) && ["/credentials", "it names no credential", mayStand("", CREDENTIALS)],
    exchange === undefined && lost !== undefined && [`/${lost}`, 'it needs an "exchange"'],
    exchange === undefined &&
      use === undefined &&
      !sets.every((set) => set.includes("token")) && [
        "/use",
        'it is missing, and there is no "token" to send as it is',
      ],
    twice !== undefined && [`/answer/values${pointerStep(twice)}`, 'the same name stands in "secrets"'],
    undo !== undefined && !isUndone && ["/undo", 'it needs {run} here and in "exchange", and `"creates": true` there'],
    textless >= 0 && [`/refusals/${textless}/values`, 'it needs "json"'],
  ];
}

function flawOfVariables({ env: { name = DEFAULT_NAME, also = {} } = {} }: MethodDefinition): MaybeFlaw {
  const more = Object.keys(also).map((one) => [`/env/also${pointerStep(one)}`, one] as const);
  return flawOfNames([["/env/name", name], ...more], (one) => {
    const flaw = nameFlaw(one, ALSO_EXPORTED);
    return flaw && `it ${flaw}`;
  });
}

function flawsOfRequest({ headers = {}, basic, form, json }: Texts, room: Room): MaybeFlaw[] {
  const named = Object.keys(headers).map((name) => [`/${room}/headers${pointerStep(name)}`, name] as const);
  return [
    form !== undefined && json !== undefined && [`/${room}/form`, 'it stands beside "json"'],
    flawOfNames(basic === undefined ? named : [["", "Authorization"], ...named], (name) =>
      FORBIDDEN_HEADERS.test(name) || (/^cookie$/i.test(name) && room !== "use")
        ? "this header is not a definition's to set"
        : undefined,
    ),
  ];
}

/** The first name that cannot be, or stands there twice, in whatever case. */
function flawOfNames(
  names: readonly (readonly [pointer: string, name: string])[],
  flawOf: (name: string) => string | undefined,
): MaybeFlaw {
  const seen = new Set<string>();
  for (const [pointer, name] of names) {
    const lower = name.toLowerCase();
    const flaw = flawOf(name) ?? (seen.has(lower) ? "it is set twice" : undefined);
    if (flaw !== undefined) return [pointer, flaw];
    seen.add(lower);
  }
  return undefined;
}

function flawOfPlace({ room, pointer, text }: Place, method: MethodDefinition): MaybeFlaw {
  if (/[{}]/.test(pointer)) return [pointer, NOT_PLAIN];
  const names = placeholders(text);
  if (names === undefined) {
    return [pointer, "a brace stands alone", "A brace that is no placeholder is written twice."];
  }
  const known = knownNames(method, room);
  const wrong = names.find((name) => !known.includes(name) && !/^parameters\.[\w.-]{1,60}$/.test(name));
  if (wrong === undefined) return undefined;
  const shown = /^[\w.-]{1,60}$/.test(wrong) ? `{${wrong}}` : "the placeholder";
  return [
    pointer,
    `${shown} means nothing here`,
    mayStand(
      wrong,
      [...known, "parameters.NAME"].map((name) => `{${name}}`),
    ),
  ];
}

/** The placeholders that a part of a method may hold, beside the parameters. */
function knownNames(method: MethodDefinition, room: Room): string[] {
  const { secrets, values } = method.answer ?? {};
  const isBefore = room === "exchange" || room === "undo";
  const hasIdToken = takesIdToken(method) && (isBefore || room === "revoke");
  const ofAnswer = isBefore ? [] : ["token", ...Object.keys({ ...secrets, ...values })];
  return [
    ...setsOf(method).flat(),
    ...(hasIdToken ? ["id-token"] : []),
    ...ofAnswer.map((name) => `answer.${name}`),
    "run",
    "expiry",
    "expiry-date",
  ];
}
