import { NOTHING } from "./reading.ts";

/**
 * Controls, format characters, line ends and lone surrogates: `[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]` of Unicode 17. Written out,
 * since V8 looks the properties up at each start of the action, which takes longer than to read all the rest of its patterns.
 */
const CONTROLS =
  /[\0-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

/** What else looks like nothing: the rest of `\p{Default_Ignorable_Code_Point}`, and what stands for a broken character. */
const IGNORABLE =
  /[\u180b-\u180d\u180f\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0\ufff0-\ufff8\ufffd\u{e0000}\u{e0002}-\u{e001f}\u{e0080}-\u{e0fff}]|[\ufe00-\ufe0f]/u;

/** Whether a control, a format character, a line end or a lone surrogate stands in a text. */
export function holdsControl(text: string): boolean {
  return CONTROLS.test(text);
}

/** Whether a character looks like nothing or like a blank. */
function isUnseen(character: string): boolean {
  return holdsControl(character) || IGNORABLE.test(character);
}

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
    const made = isUnseen(character) ? GAP : /\s/u.test(character) ? BLANK : fold(character);
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
  return [...secret].filter((character) => !isUnseen(character)).join("");
}

/** One line without control, format, separator or unpaired surrogate characters. */
export function oneLine(text: string): string {
  const seen = isAscii(text)
    ? text
    : Array.from(text, (character) => (holdsControl(character) ? BLANK : character)).join("");
  return seen.replace(/\s+/g, BLANK).trim();
}
