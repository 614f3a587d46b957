/** Longest piece of text from outside that is ever shown, in characters. */
export const SHOWN_CHARACTERS = 200;

/** Longest piece of a secret that one pattern matches: beyond this a regular expression grows slow. */
const PIECE_CHARACTERS = 512;

/** How much of a long text is looked at: far more than is shown, far less than a full answer. */
const LOOKED_AT_CHARACTERS = 16_384;

const REDACTED = "***";

/**
 * Makes text from outside (bodies, reason phrases, headers, claims, names) fit to print or store: one line, no control,
 * format or bidirectional characters, unable to start a workflow command, every secret in every encoded form replaced,
 * at most `limit` characters.
 */
export function safeText(text: string, secrets: Iterable<string>, limit = SHOWN_CHARACTERS): string {
  const line = oneLine(text);
  const cut = line.length > LOOKED_AT_CHARACTERS;
  let redacted = redact(cut ? line.slice(0, LOOKED_AT_CHARACTERS) : line, secrets);
  // A secret that the cut went through is no longer whole, so nothing after the last whole one may show.
  if (cut && redacted.length <= limit) redacted = redacted.slice(0, redacted.lastIndexOf(REDACTED) + REDACTED.length);
  return shorten(withoutCommands(redacted), limit);
}

/** One line without control (Cc), format (Cf, with the bidirectional ones), separator or unpaired surrogate characters. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** The runner finds `##[command]` anywhere in a line, and `::command::` at its start. */
function withoutCommands(line: string): string {
  return line.replace(/##(?=\[)/g, "## ").replace(/^::/, ": :");
}

function shorten(line: string, limit: number): string {
  if (line.length <= limit) return line;
  return `${line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Replaces every secret, raw or encoded, in a text that is one line already. */
function redact(line: string, secrets: Iterable<string>): string {
  let redacted = line;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    const wanted = oneLine(secret);
    // In every encoding a character of the secret takes at least one of the text's, so a shorter text cannot hold it.
    if (redacted.length < wanted.length) continue;
    for (const form of literalForms(secret)) redacted = redacted.replaceAll(form, REDACTED);
    for (const piece of pieces(wanted)) redacted = withoutPiece(redacted, piece);
  }
  return redacted;
}

/** Every escape begins with one of these, so in a text without them a secret can only stand as it is. */
const ESCAPES = /[%\\&+']/;

function withoutPiece(line: string, piece: string): string {
  return ESCAPES.test(line) ? line.replace(anyEncoding(piece), REDACTED) : line.replaceAll(piece, REDACTED);
}

/** Cuts a long secret into pieces of even length, so that none is short enough to match by chance. */
function pieces(secret: string): string[] {
  const characters = [...secret];
  const size = Math.ceil(characters.length / Math.max(1, Math.ceil(characters.length / PIECE_CHARACTERS)));
  const cut: string[] = [];
  for (let start = 0; start < characters.length; start += size) {
    cut.push(characters.slice(start, start + size).join(""));
  }
  return cut;
}

/** Encodings of the secret as a whole: base64 and base64url at each of the three alignments, and hexadecimal. */
function literalForms(secret: string): string[] {
  const hex = Buffer.from(secret).toString("hex");
  const base64 = [0, 1, 2].map((shift) => base64Core(secret, shift));
  return [...base64, ...base64.map(toBase64Url), hex, hex.toUpperCase()].filter((form) => form.length >= 4);
}

/** The characters of base64 that the secret alone decides when `shift` other bytes (modulo 3) come before it. */
export function base64Core(secret: string, shift: number): string {
  const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
  return bytes.toString("base64").slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

export function toBase64Url(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Matches the secret with each of its characters raw or in any common escape: URL, form, JSON, HTML, XML, also nested. */
function anyEncoding(secret: string): RegExp {
  return new RegExp([...secret].map(anyForm).join(""), "g");
}

const NAMED_ENTITIES: Readonly<Record<string, string>> = {
  '"': "quot",
  "&": "amp",
  "'": "apos",
  "<": "lt",
  ">": "gt",
};

function anyForm(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const forms = [
    [...Buffer.from(character)].map((byte) => `%(?:25)*${anyCase(byte, 2)}`).join(""),
    utf16(character)
      .map((unit) => `\\\\+u${anyCase(unit, 4)}`)
      .join(""),
    `&(?:amp;)*#(?:0*${code}|[xX]0*${anyCase(code, 1)});`,
    `\\\\*${literal(character)}`,
  ];
  const named = NAMED_ENTITIES[character];
  if (named !== undefined) forms.unshift(`&(?:amp;)*${named};`);
  if (character === "'") forms.unshift("''");
  return character === " " ? anySpace(forms) : `(?:${forms.join("|")})`;
}

/** A space of the secret stands for every run of spaces, tabs and line breaks, and these have escapes of their own. */
function anySpace(forms: readonly string[]): string {
  const breaks = [
    "\\\\+[nrtbfv]",
    "%(?:25)*0[9aAbBcCdD]",
    "\\\\+u00(?:0[9a-dA-D]|20)",
    "&(?:amp;)*#[xX]?0*(?:9|10|13|[aAdD]);",
  ];
  return `(?:${[...forms, "\\+", ...breaks].join("|")})+`;
}

function utf16(character: string): number[] {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
}

function anyCase(value: number, digits: number): string {
  return [...value.toString(16).padStart(digits, "0")]
    .map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit))
    .join("");
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
}
