import { NOTHING } from "./reading.ts";

/** What looks like nothing or like a blank: controls, format and default-ignorable characters, line ends, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u;

export const BLANK = " ";

/** How what is not seen is compared: as a blank or as nothing. */
export const GAP = "\0";

/** What a code point is compared as. */
export type Label = (code: number) => string;

/** As it is, blanks of every kind alike. */
export function exactly(code: number): string {
  return labelOf(code, EXACT, (character) => character);
}

/** Without regard to case, width, font and composition (NFKD, case folding). */
export function loosely(code: number): string {
  return labelOf(code, LOOSE, (character) =>
    character.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD").replace(/\s/gu, BLANK),
  );
}

/** Each character is folded once in a run. */
const EXACT = new Map<number, string>();
const LOOSE = new Map<number, string>();

function labelOf(code: number, known: Map<number, string>, fold: (character: string) => string): string {
  if (code === NOTHING) return GAP;
  let label = known.get(code);
  if (label === undefined) {
    const character = String.fromCodePoint(code);
    if (UNSEEN.test(character)) label = GAP;
    else label = /\s/u.test(character) ? BLANK : fold(character);
    known.set(code, label);
  }
  return label;
}

/** Whether a text is of printable characters of ASCII alone. */
export function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** A secret as it is compared: a run of blanks is one, those around it say nothing. */
export function folded(secret: string, label: Label): string {
  const labels = isAscii(secret)
    ? label === loosely
      ? secret.toLowerCase()
      : secret
    : Array.from(secret, (character) => label(character.codePointAt(0) ?? 0)).join("");
  return labels.replaceAll(GAP, BLANK).replace(/ {2,}/g, BLANK).trim();
}

/** The secret without what may be nothing. */
export function withoutGaps(secret: string): string {
  return [...secret].filter((character) => !UNSEEN.test(character)).join("");
}

/** One line without control, format, separator or unpaired surrogate characters. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, BLANK)
    .replace(/\s+/g, BLANK)
    .trim();
}
