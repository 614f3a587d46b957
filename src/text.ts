/** Longest piece of text from outside that is ever shown, in characters. */
export const SHOWN_CHARACTERS = 200;

/** Longest piece of a secret that one pattern matches: beyond this a regular expression grows slow. */
const PIECE_CHARACTERS = 512;

/** How much of a long text is looked at: far more than is shown, far less than a full answer. */
const LOOKED_AT_CHARACTERS = 16_384;

/** How many characters of a text one of a secret can take: percent-encoded UTF-8 does. */
const LONGEST_FORM = 12;

const REDACTED = "***";

/** What stands for a text in which no pattern finds the secret that several layers of escapes hide. */
const WITHHELD = "(not shown, since it repeats a secret in disguise)";

/** So many layers of escapes are taken off in search of a secret. */
const LAYERS = 4;

/** A secret shorter than this is in too many texts by chance. */
const SHORTEST_DISGUISED = 4;

/**
 * Makes text from outside (bodies, reason phrases, headers, claims, names) fit to print or store: one line, no control,
 * format or bidirectional characters, unable to start a workflow command, every secret in every encoded form replaced,
 * at most `limit` characters.
 */
export function safeText(text: string, secrets: Iterable<string>, limit = SHOWN_CHARACTERS): string {
  const line = oneLine(text);
  const redacted = line.length <= LOOKED_AT_CHARACTERS ? redact(line, secrets) : redactStart(line, secrets);
  return shorten(withoutCommands(Number.isFinite(limit) && isDisguise(redacted, secrets) ? WITHHELD : redacted), limit);
}

/**
 * A line of this action's own words, in which at most a piece made safe before comes from outside: for it the plain secret is
 * enough to look for.
 */
export function ownLine(text: string, secrets: Iterable<string>): string {
  let line = oneLine(text);
  for (const secret of [...secrets].map(oneLine)) if (secret !== "") line = line.replaceAll(secret, REDACTED);
  return withoutCommands(line);
}

/** Whether a secret comes to light when the escapes of the text are taken off layer by layer. */
function isDisguise(line: string, secrets: Iterable<string>): boolean {
  const wanted = [...secrets].map(oneLine).filter(({ length }) => length >= SHORTEST_DISGUISED);
  let text = line;
  for (let layer = 0; layer < LAYERS; layer++) {
    const bare = oneLine(unescaped(text));
    if (bare === text) return false;
    text = bare;
    if (wanted.some((secret) => text.includes(secret) || text.replaceAll("+", " ").includes(secret))) return true;
  }
  return false;
}

/** The text with one layer of each kind of escape taken off, and what its runs of base64 hold behind it. */
function unescaped(text: string): string {
  const base64 = (text.match(/[\w+/-]{8,}/g) ?? []).map((run) => Buffer.from(run, "base64").toString());
  const bare = text
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString())
    .replace(/=[0-9A-F]{2}/g, (byte) => String.fromCharCode(Number.parseInt(byte.slice(1), 16)))
    .replace(/\\(?:u\{?([0-9a-f]{4,6})\}?|x([0-9a-f]{2}))/gi, (found, unit, byte) => codePoint(found, unit ?? byte, 16))
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (found, hex, decimal) =>
      hex === undefined ? codePoint(found, decimal, 10) : codePoint(found, hex, 16),
    )
    .replace(/&(quot|amp|apos|lt|gt);/g, (_, name) => CHARACTERS[name] ?? "")
    .replace(/\\[nrtbfv]/g, " ")
    .replace(/\\(.)/g, "$1");
  return [bare, ...base64].join(" ");
}

function codePoint(found: string, digits: string, radix: number): string {
  const code = Number.parseInt(digits, radix);
  return code <= 0x10ffff ? String.fromCodePoint(code) : found;
}

/** What is looked at of a long line. The cut may go through a secret, so the end that could hold a piece of one is left out. */
function redactStart(line: string, secrets: Iterable<string>): string {
  const redacted = redact(line.slice(0, LOOKED_AT_CHARACTERS), secrets);
  const longest = Math.max(0, ...[...secrets].map(({ length }) => length));
  const lastWhole = redacted.lastIndexOf(REDACTED);
  const certain = lastWhole < 0 ? 0 : lastWhole + REDACTED.length;
  return redacted.slice(0, Math.max(certain, redacted.length - longest * LONGEST_FORM));
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
    // In every encoding a character of the secret takes at least one of the text's, so a shorter text cannot hold it.
    if (redacted.length < oneLine(secret).length) continue;
    for (const form of literalForms(secret)) {
      redacted = redacted.replaceAll(form, REDACTED);
      // JSON of PHP and URLs escape the two signs of base64 that are neither letters nor digits.
      if (ESCAPES.test(redacted) && /[+/]/.test(form)) redacted = withoutPieces(redacted, form);
    }
    redacted = withoutPieces(redacted, secret);
  }
  return redacted;
}

function withoutPieces(line: string, secret: string): string {
  return pieces(secret).reduce(withoutPiece, line);
}

/** Every escape begins with one of these, so in a text without them a secret can only stand as it is. */
const ESCAPES = /[%\\&+']/;

function withoutPiece(line: string, piece: string): string {
  const plain = oneLine(piece);
  if (plain === "" || line.length < plain.length) return line;
  return ESCAPES.test(line) ? line.replace(anyEncoding(piece), REDACTED) : line.replaceAll(plain, REDACTED);
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

/** A run of what becomes one space of a line. */
const BLANKS = /^[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * The secret as what is matched one after the other: single characters, but blanks, backslashes and apostrophes in runs,
 * since escaping changes how many there are. Blanks around it say nothing.
 */
function unitsOf(secret: string): string[] {
  const units = secret.match(/[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+|\\+|'+|./gu) ?? [];
  return units.slice(BLANKS.test(units[0] ?? "") ? 1 : 0, BLANKS.test(units.at(-1) ?? "") ? -1 : undefined);
}

/**
 * Matches the secret with each of its characters raw or in any common escape: URL, form, JSON, HTML, XML, also nested. A text of
 * nothing but backslashes must not cost more than its length, so of two units that follow each other one takes them all.
 */
function anyEncoding(secret: string): RegExp {
  const units = unitsOf(secret);
  const forms = units.map((unit, index) => {
    const before = units[index - 1] ?? "\\";
    return anyForm(unit, before.startsWith("\\") ? { some: "\\\\", any: "" } : { some: "\\\\+", any: "\\\\*" });
  });
  // A run is matched from its first character on.
  const start = /^[\\']/.exec(units[0] ?? "")?.[0];
  return new RegExp((start === undefined ? "" : `(?<!${literal(start)})`) + forms.join(""), "g");
}

/** Patterns for the backslashes before a character: where there has to be one, and where there may be. */
interface Backslashes {
  readonly some: string;
  readonly any: string;
}

const NAMED_ENTITIES: Readonly<Record<string, string>> = {
  '"': "quot",
  "&": "amp",
  "'": "apos",
  "<": "lt",
  ">": "gt",
};

const CHARACTERS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(NAMED_ENTITIES).map(([character, name]) => [name, character]),
);

function anyForm(unit: string, backslashes: Backslashes): string {
  const [character = ""] = unit;
  if (BLANKS.test(unit)) return anyBlank(unit, backslashes);
  // The run takes the backslashes of its own escapes too.
  if (character === "\\") return `(?:${[...escapes("\\", ""), "\\\\(?:u005[cC])?"].join("|")})+`;
  const forms = [...escapes(character, backslashes.some), backslashes.any + literal(character)];
  return character === "'" ? `(?:${forms.join("|")})+` : `(?:${forms.join("|")})`;
}

/** What a character becomes in URLs, HTML, XML, and after `backslash` in JSON. */
function escapes(character: string, backslash: string): string[] {
  const code = character.codePointAt(0) ?? 0;
  const named = NAMED_ENTITIES[character];
  const json = utf16(character).map((unit) => `${backslash}u${anyCase(unit, 4)}`);
  return [
    ...(named === undefined ? [] : [`&(?:amp;)*${named};`]),
    [...Buffer.from(character)].map((byte) => `%(?:25)*${anyCase(byte, 2)}`).join(""),
    `&(?:amp;)*#(?:0*${code}|[xX]0*${anyCase(code, 1)});`,
    ...(backslash === "" ? [] : [json.join("")]),
  ];
}

/** A run of blanks is one space of a line, whatever it was before, unless it is escaped. */
function anyBlank(run: string, { some, any }: Backslashes): string {
  const forms = (backslash: string, mayBackslash: string) =>
    [
      ...[...new Set(` \t\n\r${run}`)].flatMap((character) => escapes(character, backslash)),
      `${backslash}[nrtbfv]`,
      `${mayBackslash} `,
      "\\+",
    ].join("|");
  return `(?:${forms(some, any)})(?:${forms("\\\\+", "\\\\*")})*`;
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
