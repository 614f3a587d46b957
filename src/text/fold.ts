import { NOTHING } from "./reading.ts";

/** What looks like nothing or like a blank: controls, format and default-ignorable characters, line ends, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u;

export const BLANK = " ";

/** How what is not seen is compared: as a blank or as nothing. */
export const GAP = "\0";

/** How texts are compared. */
export interface Folding {
  /** What a code point is compared as. */
  label(code: number): string;
  /** The same for characters that can be seen, or for a blank. */
  fold(text: string): string;
}

/** As they are, blanks of every kind alike. */
export const exactly = folding((text) => text);

/** Without regard to case, width, font and composition (NFKD, case folding). */
export const loosely = folding((text) =>
  text.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD").replace(/\s/gu, BLANK),
);

function folding(fold: (text: string) => string): Folding {
  // Each character is folded once in a run.
  const labels = new Map([[NOTHING, GAP]]);
  const label = (code: number) => {
    const known = labels.get(code);
    if (known !== undefined) return known;
    const character = String.fromCodePoint(code);
    const made = UNSEEN.test(character) ? GAP : /\s/u.test(character) ? BLANK : fold(character);
    labels.set(code, made);
    return made;
  };
  return { label, fold };
}

/** Whether a text is of printable characters of ASCII alone. */
export function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** A secret as it is compared: a run of blanks is one, those around it say nothing. */
export function folded(secret: string, { fold, label }: Folding): string {
  const labels = isAscii(secret)
    ? fold(secret)
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
