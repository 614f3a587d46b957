import { NOTHING } from "./reading.ts";

/** What looks like nothing or like a blank: controls, format and default-ignorable characters, line ends, lone surrogates. */
const GAP = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u;

export const BLANK = " ";

/** How a character is compared: `gap` may stand for a blank or for nothing. */
export type Label = "gap" | string;

/** As it is, blanks of every kind alike. */
export function exactly(code: number): Label {
  return labelOf(code, EXACT, (character) => character);
}

/** Without regard to case, width, font and composition (NFKD, case folding). */
export function loosely(code: number): Label {
  return labelOf(code, LOOSE, (character) =>
    character.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD").replace(/\s/gu, BLANK),
  );
}

/** Each character is folded once in a run. */
const EXACT = new Map<number, Label>();
const LOOSE = new Map<number, Label>();

function labelOf(code: number, known: Map<number, Label>, fold: (character: string) => string): Label {
  if (code === NOTHING) return "gap";
  let label = known.get(code);
  if (label === undefined) {
    const character = String.fromCodePoint(code);
    if (GAP.test(character)) label = "gap";
    else label = /\s/u.test(character) ? BLANK : fold(character);
    known.set(code, label);
  }
  return label;
}

/** A secret as it is compared: a run of blanks is one, those around it say nothing. */
export function folded(secret: string, label: (code: number) => Label): string {
  let text = "";
  for (const character of secret) {
    const folded = label(character.codePointAt(0) ?? 0);
    text += folded === "gap" ? BLANK : folded;
  }
  return text.replace(/ +/g, BLANK).trim();
}

/** The secret without what may be nothing. */
export function withoutGaps(secret: string): string {
  return [...secret].filter((character) => !GAP.test(character)).join("");
}

/** One line without control, format, separator or unpaired surrogate characters. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, BLANK)
    .replace(/\s+/g, BLANK)
    .trim();
}
