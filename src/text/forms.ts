import { exactly, folded, isAscii, loosely, withoutGaps } from "./fold.ts";

/** A secret shorter than this is in too many texts by chance: it is looked for only as it stands. */
export const SHORTEST_DISGUISED = 4;

/**
 * A secret shorter than this can be a word like "test": without regard to case it would be found in texts that say nothing
 * of it, so its characters have to be its own, in whatever encoding.
 */
const SHORTEST_LOOSE = 8;

/** What is looked for, by how it is compared. */
export interface Forms {
  /** In any encoding. */
  readonly exact: Set<string>;
  /** In any encoding, case, width or composition. */
  readonly loose: Set<string>;
}

/** The forms of secrets that are looked for in all that a text can be decoded to. */
export function formsOf(secrets: Iterable<string>): Forms {
  const forms: Forms = { exact: new Set(), loose: new Set() };
  for (const secret of secrets) {
    if (folded(secret, exactly).length < SHORTEST_DISGUISED) continue;
    for (const text of [secret, ...utf16(secret), ...base64Cores(secret)]) addForms(text, forms);
  }
  return forms;
}

function addForms(text: string, { exact, loose }: Forms): void {
  const asIs = folded(text, exactly);
  const anyCase = asIs.length < SHORTEST_LOOSE ? "" : folded(text, loosely);
  const isShort = anyCase.length < SHORTEST_LOOSE;
  if (isShort) exact.add(asIs);
  else loose.add(anyCase);
  if (isAscii(text)) return;
  // What follows a letter can be composed with it, and in another order; what looks like nothing can be left out.
  const alike = [text.normalize("NFC"), text.normalize("NFD")];
  if (isShort) for (const form of alike) exact.add(folded(form, exactly));
  else for (const form of [...alike, withoutGaps(text)]) loose.add(folded(form, loosely));
}

/** Base64 without what the neighbours have a share in: what is decoded of it lacks the first and the last character. */
function base64Cores(secret: string): Set<string> {
  const cores = [0, 1, 2].flatMap((shift) => [base64Core(secret, shift), base64Core(secret, shift, "base64url")]);
  return new Set(cores.filter(({ length }) => length >= SHORTEST_DISGUISED));
}

/** The characters of base64 that the secret alone decides when `shift` other bytes (modulo 3) come before it. */
function base64Core(secret: string, shift: number, encoding: "base64" | "base64url" = "base64"): string {
  const bytes = Buffer.from("\0".repeat(shift) + secret);
  return bytes.toString(encoding).slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

/** The bytes of UTF-16 in either order, read one by one; what is in Latin-1 differs from itself only by NUL. */
function utf16(secret: string): string[] {
  if (/^[\0-\xff]*$/.test(secret)) return [];
  const bytes = Buffer.from(secret, "utf16le");
  return [bytes.toString("latin1"), bytes.swap16().toString("latin1")].map((text) => text.replaceAll("\0", ""));
}

/**
 * The runner masks a secret as base64, in JSON, XML, `Uri.EscapeDataString` and shell forms. It does not know base64url,
 * base64 without padding, the looser percent-encodings of forms and browsers, nor JSON and HTML as other languages write
 * them: these.
 */
export function unmaskedForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64Url = bytes.toString("base64url");
  const base64 = bytes.toString("base64").slice(0, base64Url.length);
  const shifted = [1, 2].map((shift) => base64Core(secret, shift, "base64url"));
  const percent = [new URLSearchParams({ "": secret }).toString().slice(1), encodeURIComponent(secret)];
  const json = JSON.stringify(secret)
    .slice(1, -1)
    .replace(/[^ -~]/g, unicodeEscape);
  const html = secret
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
  return [
    base64,
    base64Url,
    // Without one of these it is what the runner masks.
    ...shifted.filter((form) => /[-_]/.test(form)),
    ...percent,
    ...percent.map((form) => form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase())),
    json,
    json.replaceAll("/", "\\/"),
    ...["&#39;", "&#x27;", "&#039;"].map((apostrophe) => html.replaceAll("'", apostrophe)),
  ];
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
