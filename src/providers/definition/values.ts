import { PRINTABLE } from "../../text/token.ts";
import { encoded } from "../kit/handles.ts";
import { parameterLines } from "../kit/parameters.ts";
import type { Credential } from "../provider.ts";
import { BEARER, filledPair, NO_LINE, type Use, unfit, type Values } from "./fill.ts";
import { namesIn, type Room } from "./places.ts";
import type { MethodDefinition } from "./schema.ts";

/** How long what a run creates may live at most, in milliseconds: a day, which no job outlasts, and an hour. */
const LIFETIME = 25 * 3600 * 1000;
const DAY = 24 * 3600 * 1000;

/** What is secret by itself; a pair of Basic holds a secret, as far as anybody knows. */
const SECRETS = ["token", "password", "client-secret", "use.basic", "probe.basic"];

/** What stands for the placeholders that are known before the exchange, and whom an ID token is for. */
export function startValues(method: MethodDefinition, given: Values, now = Date.now()): Values {
  const named = parameterLines(given.parameters).map(({ name, value }) => [`parameters.${name}`, value]);
  return {
    ...given,
    ...Object.fromEntries(named),
    audience: given["id-token-audience"] ?? method["id-token"]?.audience,
    expiry: `${new Date(now + LIFETIME).toISOString().slice(0, 19)}Z`,
    "expiry-date": new Date(now + LIFETIME + DAY).toISOString().slice(0, 10),
  };
}

/** Whether what stands for a placeholder is secret. */
export function isSecret(name: string, { answer }: MethodDefinition): boolean {
  const [, ofAnswer] = /^answer\.(.+)$/.exec(name) ?? [];
  return ofAnswer === undefined ? SECRETS.includes(name) : Object.hasOwn(answer?.secrets ?? {}, ofAnswer);
}

/** The first name in these parts that only an answer, or what was kept of it, can bring, and that is not there. */
export function missing(parts: Pick<MethodDefinition, Room>, values: Values): string | undefined {
  return namesIn(parts).find((name) => /^(?:answer|use|probe)\./.test(name) && values[name] === undefined);
}

/** A method that says how its credential is sent. */
export type Paired = MethodDefinition & { readonly use: Use };

/**
 * The method with the pairs of Basic in `use` and `probe` as placeholders of their own: a pair is kept, and masked, as it is
 * sent, and not as what it was made of.
 */
export function withPairs({ use = BEARER, probe, ...method }: MethodDefinition): Paired {
  return { ...method, use: asHeader(use, "use"), probe: probe && asHeader(probe, "probe") };
}

function asHeader<Part extends Use>(part: Part, name: string): Part {
  if (part.basic === undefined) return part;
  return { ...part, basic: undefined, headers: { ...part.headers, Authorization: `Basic {${name}.basic}` } };
}

/** The pairs of Basic in `use` and `probe`, where all that they are made of is there. */
export function pairsOf({ use, probe }: MethodDefinition, values: Values): Values {
  const pair = (basic: Use["basic"]) =>
    basic === undefined || missing({ use: { basic } }, values) !== undefined ? undefined : filledPair(basic, values);
  return { "use.basic": pair(use?.basic), "probe.basic": pair(probe?.basic) };
}

/**
 * What of the values is kept for these parts, beside the token: in a seal each secret stands as it is.
 * @throws {Failure} for a secret that is no line of printable ASCII: it could not be masked where a seal is opened
 */
export function kept(parts: Pick<MethodDefinition, Room>, values: Values, method: MethodDefinition) {
  const secrets: Record<string, string> = {};
  const others: Record<string, string> = {};
  for (const name of namesIn(parts)) {
    const value = values[name] ?? "";
    if (value === "" || name === "answer.token") continue;
    if (!isSecret(name, method)) others[name] = value;
    else if (PRINTABLE.test(value)) secrets[name] = value;
    else throw unfit(name, NO_LINE);
  }
  return { secrets, parts: encoded(others) };
}

/** The values that were kept with a credential. */
export function valuesOf(method: MethodDefinition, { token, parts = {}, secrets = {} }: Credential): Values {
  return { ...restored(namesIn(method), parts), ...secrets, "answer.token": token };
}

/** What is kept under these names. */
export function restored(names: readonly string[], from: Values): Values {
  return Object.fromEntries(names.map((name) => [name, from[name] && decodeURIComponent(from[name])]));
}
