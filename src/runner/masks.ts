import { setSecret } from "@actions/core";
import { base64Core, ownLine, safeText, toBase64Url } from "../text.ts";

/** A mask on anything shorter would shred the log and drop job outputs. */
const SHORTEST_MASKED = 4;

/** Every secret so far: what the runner masks in the log, and what is taken out of texts from outside. */
const secrets = new Set<string>();

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
  for (const line of secret.split(/\r?\n|\r/)) if (line.trim().length >= SHORTEST_MASKED) secrets.add(line.trim());
  if (secret.trim().length < SHORTEST_MASKED) return false;
  setSecret(secret);
  for (const form of new Set(derivedForms(secret.toWellFormed()))) if (form !== secret) setSecret(form);
  return true;
}

/** Text from outside, fit to print or store. */
export function clean(text: string): string {
  return safeText(text, secrets);
}

/** A line of this action's own, in which a piece from outside may still stand. */
export function cleanLine(line: string): string {
  return safeText(line, maskable(), Number.POSITIVE_INFINITY);
}

/** A line of this action's own words. */
export function plainLine(line: string): string {
  return ownLine(line, maskable());
}

function maskable(): string[] {
  return [...secrets].filter((secret) => secret.trim().length >= SHORTEST_MASKED);
}

/**
 * The runner knows base64, JSON, XML, `Uri.EscapeDataString` and shell forms. It does not know base64url, base64 without
 * padding, the looser percent-encodings of forms and browsers, nor JSON and HTML as other languages write them.
 */
function derivedForms(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const shifted = [1, 2].map((shift) => toBase64Url(base64Core(secret, shift))).filter((form) => /[-_]/.test(form));
  const form = new URLSearchParams({ "": secret }).toString().slice(1);
  const percent = encodeURIComponent(secret);
  const ascii = JSON.stringify(secret)
    .slice(1, -1)
    .replace(/[^\x20-\x7e]/g, unicodeEscape);
  const html = secret
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
  return [
    base64,
    toBase64Url(base64),
    ...shifted,
    form,
    percent,
    lowerPercent(form),
    lowerPercent(percent),
    ascii,
    ascii.replaceAll("/", "\\/"),
    html.replaceAll("'", "&#39;"),
    html.replaceAll("'", "&#x27;"),
    html.replaceAll("'", "&#039;"),
  ].filter((derived) => derived.length >= SHORTEST_MASKED);
}

function lowerPercent(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
