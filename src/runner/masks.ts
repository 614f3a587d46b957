import { setSecret } from "@actions/core";
import { unmaskedForms } from "../text/forms.ts";
import { fromOutside, ownLine } from "../text/redact.ts";
import { tokenFlaw } from "../text/token.ts";

/** A mask on anything shorter would shred the log and drop job outputs. */
const SHORTEST_MASKED = 4;

/** So much of minted values that are no tokens is masked, in characters: a service could flood the log. */
const MOST_MASKED = 65_536;

/** Every secret so far: what the runner masks in the log, and what is taken out of texts from outside. */
const secrets = new Set<string>();

/** Those that are long enough to be looked for in a line of this action's own words. */
const longSecrets = new Set<string>();

/** What `mask` was called with; a line of a secret is not among them, so it can still be masked with forms of its own. */
const masked = new Set<string>();

/**
 * Masks a secret, with the encoded forms of it that the runner does not cover. To be called before it is used.
 * @returns false where it is too short to be masked
 */
export function mask(secret: string): boolean {
  if (secret === "" || masked.has(secret)) return true;
  masked.add(secret);
  secrets.add(secret);
  const parts = [secret, ...secret.split(/\r?\n|\r/).map((line) => line.trim())];
  for (const part of parts.filter((part) => part.trim().length >= SHORTEST_MASKED)) {
    secrets.add(part);
    longSecrets.add(part);
  }
  if (secret.trim().length < SHORTEST_MASKED) return false;
  setSecret(secret);
  for (const form of new Set(unmaskedForms(secret.toWellFormed()))) {
    if (form !== secret && form.length >= SHORTEST_MASKED) setSecret(form);
  }
  return true;
}

let maskedOfNoTokens = 0;

/**
 * Masks what a service minted. Where it cannot be a token, so that nobody will use it, its lines are masked one by one:
 * a mask on a line of one character would shred the log, and the runner masks each line of what it is given.
 */
export function maskMinted(minted: string): void {
  if (tokenFlaw(minted) === undefined) mask(minted);
  else for (const line of minted.split(/[\r\n]+/)) maskLine(line.trim());
}

function maskLine(line: string): void {
  if (line.length < SHORTEST_MASKED || masked.has(line) || maskedOfNoTokens + line.length > MOST_MASKED) return;
  maskedOfNoTokens += line.length;
  mask(line);
}

/** Text from outside, fit to print or store. */
export function clean(text: string): string {
  return fromOutside(text, secrets);
}

/** A line of this action's own, in which a piece from outside may still stand. */
export function cleanLine(line: string): string {
  return fromOutside(line, longSecrets, Number.POSITIVE_INFINITY);
}

/** A line of this action's own words. */
export function plainLine(line: string): string {
  return ownLine(line, longSecrets);
}
