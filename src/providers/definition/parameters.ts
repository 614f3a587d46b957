import type { Values } from "./fill.ts";

/** What the input `parameters` gives, one `name=value` a line; blanks around a line, and empty lines, are nothing. */
export function readParameters(text: string): Values {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return Object.fromEntries(lines.filter(Boolean).map((line) => [line.split("=", 1)[0], line.replace(/^[^=]*=?/, "")]));
}

/** Why a text does not give just these parameters, for a sentence that begins with the name of the input. */
export function parametersFlaw(text: string, wanted: readonly string[]): string | undefined {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(Boolean);
  if (lines.some((line) => !/^[\w.-]{1,60}=/.test(line))) return "holds a line that is not of the form `name=value`";
  const names = lines.map((line) => line.split("=", 1)[0] ?? "");
  const missing = wanted.find((name) => !names.includes(name));
  if (missing !== undefined) return `lacks ${missing}, which the definition names`;
  const spare = names.find((name, index) => !wanted.includes(name) || names.indexOf(name) < index);
  return spare === undefined
    ? undefined
    : `gives ${spare} ${wanted.includes(spare) ? "twice" : "which the definition does not name"}`;
}
