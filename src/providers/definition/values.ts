import { PRINTABLE } from "../../text/token.ts";
import type { Credential, Handle } from "../provider.ts";
import { setsOf } from "./check.ts";
import { filledPair, lacking, unfit, type Values } from "./fill.ts";
import { placesOf, type Room } from "./places.ts";
import type { MethodDefinition, RequestDefinition } from "./schema.ts";
import { placeholders } from "./template.ts";

/** How long what a run creates may live at most, in milliseconds: a day, which no job outlasts, and an hour. */
const LIFETIME = 25 * 3600 * 1000;
const DAY = 24 * 3600 * 1000;

/** What is secret by itself; a pair of Basic holds a secret, as far as anybody knows. */
const SECRETS = ["token", "password", "client-secret", "use.basic", "probe.basic"];

/** What the user gave, by the names of the inputs. */
export type GivenTexts = Readonly<Record<string, string | undefined>>;

/** When `{expiry}` is, counted from now. */
export function expiryOf(now: number): Date {
  return new Date(Math.floor((now + LIFETIME) / 1000) * 1000);
}

/** What stands for the placeholders that are known before the exchange; a credential that was not given is empty. */
export function startValues(method: MethodDefinition, given: GivenTexts, parameters: Values, now: number): Values {
  const expiry = expiryOf(now).toISOString();
  const named = Object.entries(parameters).map(([name, value]) => [`parameters.${name}`, value]);
  return {
    ...credentialValues(method, given),
    ...Object.fromEntries(named),
    expiry: expiry.replace(".000Z", "Z"),
    "expiry-date": new Date(now + LIFETIME + DAY).toISOString().slice(0, 10),
  };
}

function credentialValues(method: MethodDefinition, given: GivenTexts): Values {
  return Object.fromEntries(setsOf(method).flatMap((set) => set.map((field) => [field, given[field] ?? ""])));
}

/** The names of the placeholders in the rooms of a method, each once. */
export function namesIn(method: MethodDefinition, rooms: readonly Room[]): string[] {
  const places = placesOf(method).filter(({ room }) => rooms.includes(room));
  return [...new Set(places.flatMap(({ text }) => placeholders(text) ?? []))];
}

/** The parameters that a method names. */
export function parametersOf(method: MethodDefinition): string[] {
  const rooms: Room[] = ["exchange", "undo", "use", "env", "probe", "revoke"];
  return namesIn(method, rooms).flatMap((name) => /^parameters\.(.+)$/.exec(name)?.[1] ?? []);
}

/** Whether what stands for a placeholder is secret. */
export function isSecret(name: string, { answer }: MethodDefinition): boolean {
  const [, ofAnswer] = /^answer\.(.+)$/.exec(name) ?? [];
  return ofAnswer === undefined ? SECRETS.includes(name) : Object.hasOwn(answer?.secrets ?? {}, ofAnswer);
}

/** Values as they are kept in a seal or a state: those that are secret, and the others. */
export interface Kept {
  readonly secrets: Values;
  readonly parts: Values;
}

/**
 * The method with the pairs of Basic in `use` and `probe` as placeholders of their own: a pair is kept, and masked, as it is
 * sent, and not as what it was made of.
 */
export function withPairs(method: MethodDefinition): MethodDefinition {
  const { use, probe } = method;
  return {
    ...method,
    ...(use?.basic === undefined ? {} : { use: asHeader(use, "use") }),
    ...(probe?.basic === undefined ? {} : { probe: asHeader(probe, "probe") }),
  };
}

function asHeader<Part extends Pick<RequestDefinition, "headers" | "basic">>(part: Part, name: string): Part {
  return { ...part, basic: undefined, headers: { ...part.headers, Authorization: `Basic {${name}.basic}` } };
}

/** The pairs of Basic in `use` and `probe`. */
export function pairsOf({ use, probe }: MethodDefinition, values: Values): Values {
  return {
    ...(use?.basic === undefined ? {} : { "use.basic": filledPair(use.basic, values) }),
    // What only the probe names may be missing.
    ...(probe?.basic === undefined || !areThere(probe.basic, values)
      ? {}
      : { "probe.basic": filledPair(probe.basic, values) }),
  };
}

/**
 * What of the values is kept under these names. The token stands elsewhere, and what is empty or not there is not kept.
 * A value that is no printable ASCII stands percent-encoded under its name with a star, as in RFC 8187.
 * @throws {Failure} for a secret that is no line of printable ASCII: it could not be masked where a seal is opened
 */
export function kept(names: readonly string[], values: Values, method: MethodDefinition): Kept {
  const secrets: Record<string, string> = {};
  const parts: Record<string, string> = {};
  for (const name of names) {
    const value = values[name] ?? "";
    if (value === "" || name === "answer.token") continue;
    if (PRINTABLE.test(value)) (isSecret(name, method) ? secrets : parts)[name] = value;
    else if (isSecret(name, method)) throw unfit(name, "a variable or a probe, which take one line of printable ASCII");
    else parts[`${name}*`] = encodeURIComponent(value.toWellFormed());
  }
  return { secrets, parts };
}

/** The values that were kept with a credential. */
export function valuesOf(method: MethodDefinition, { token, parts = {}, secrets = {} }: Credential): Values {
  const names = namesIn(method, ["use", "env", "probe"]);
  return { ...restored(names, { ...parts, ...secrets }, method), "answer.token": token };
}

/** The values that were kept with a handle, and the credentials that were read again. */
export function valuesOfHandle(method: MethodDefinition, handle: Handle, given: GivenTexts): Values {
  const names = namesIn(method, ["revoke"]);
  return { ...restored(names, handle, method), ...credentialValues(method, given), "answer.token": handle.secret };
}

function restored(names: readonly string[], from: Values, method: MethodDefinition): Values {
  const found: Record<string, string> = credentialValues(method, {});
  for (const name of names) {
    const encoded = from[`${name}*`];
    const value = from[name] ?? (encoded === undefined ? undefined : decodeURIComponent(encoded));
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** @throws {Failure} `bad-response` for the first name that has no value */
export function checkThere(names: readonly string[], values: Values): void {
  const missing = names.find((name) => values[name] === undefined);
  if (missing !== undefined) throw lacking(missing);
}

function areThere(basic: { username: string; password: string }, values: Values): boolean {
  return [basic.username, basic.password]
    .flatMap((text) => placeholders(text) ?? [])
    .every((name) => values[name] !== undefined);
}
