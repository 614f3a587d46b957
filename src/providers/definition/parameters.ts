import type { Values } from "./fill.ts";

/** One `name=value`; blanks around its parts are nothing. */
const LINE = /^([\w.-]{1,60})\s*=\s*(.*)$/;

function linesOf(text: string): string[] {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(Boolean);
}

/** What the input `parameters` gives, one `name=value` a line. */
export function readParameters(text = ""): Values {
  return Object.fromEntries(linesOf(text).map((line) => LINE.exec(line)?.slice(1) ?? []));
}

/**
 * Why a text does not give just these parameters, for a sentence that begins with the name of the input. Nothing of the text
 * is repeated but a name that is wanted: it can be a secret in the wrong place.
 */
export function parametersFlaw(text: string, wanted: readonly string[]): string | undefined {
  const lines = linesOf(text);
  const names = lines.flatMap((line) => LINE.exec(line)?.[1] ?? []);
  if (names.length < lines.length) return "has a line that is no `name=value`";
  const missing = wanted.find((name) => !names.includes(name));
  if (missing !== undefined) return `lacks ${missing}, which the definition names`;
  if (names.some((name) => !wanted.includes(name))) return "gives more than the definition names";
  return names.length > wanted.length ? "gives a parameter twice" : undefined;
}
