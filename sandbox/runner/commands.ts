import { trim, trimStart } from "./dotnet.ts";

/** A workflow command as it was read from a line. */
export interface Command {
  readonly name: string;
  /** By name in lower case: the runner looks them up without regard to case. */
  readonly properties: ReadonlyMap<string, string>;
  readonly data: string;
}

type Escapes = readonly (readonly [escaped: string, character: string])[];

// In the runner's order: the percent sign last, so that "%250A" stays "%0A".
const DATA_ESCAPES: Escapes = [
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%25", "%"],
];
const PROPERTY_ESCAPES: Escapes = [
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%3A", ":"],
  ["%2C", ","],
  ["%25", "%"],
];
const OLD_ESCAPES: Escapes = [
  ["%3B", ";"],
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%5D", "]"],
  ["%25", "%"],
];

/**
 * Reads the workflow command of a line, if it holds one: `::name key=value,…::data` at the start of the line, or else
 * `##[name key=value;…]data` anywhere in it. Names that are not known make a line plain text.
 */
export function parseCommand(line: string, isKnown: (name: string) => boolean): Command | undefined {
  return parseColonForm(line, isKnown) ?? parseBracketForm(line, isKnown);
}

function parseColonForm(line: string, isKnown: (name: string) => boolean): Command | undefined {
  const text = trimStart(line);
  const end = text.startsWith("::") ? text.indexOf("::", 2) : -1;
  if (end < 0) return undefined;
  const [name, properties] = splitAtSpace(text.slice(2, end));
  if (!isKnown(name)) return undefined;
  return {
    name,
    properties: parseProperties(trim(properties), ",", PROPERTY_ESCAPES),
    data: decode(text.slice(end + 2), DATA_ESCAPES),
  };
}

/** Only the first `##[` of the line counts, whether or not it is a command. */
function parseBracketForm(line: string, isKnown: (name: string) => boolean): Command | undefined {
  const start = line.indexOf("##[");
  const end = start >= 0 ? line.indexOf("]", start) : -1;
  if (end < 0) return undefined;
  const [name, properties] = splitAtSpace(line.slice(start + 3, end));
  if (!isKnown(name)) return undefined;
  return {
    name,
    properties: parseProperties(properties, ";", OLD_ESCAPES),
    data: decode(line.slice(end + 1), OLD_ESCAPES),
  };
}

function splitAtSpace(text: string): [before: string, after: string] {
  const space = text.indexOf(" ");
  return space < 0 ? [text, ""] : [text.slice(0, space), text.slice(space + 1)];
}

function parseProperties(text: string, separator: string, escapes: Escapes): Map<string, string> {
  const properties = new Map<string, string>();
  for (const pair of text.split(separator)) {
    // Empty parts are skipped before the split in two, so "=a==b" is "a" and "b".
    const [, name, value] = /^=*([^=]+)=+(.+)$/s.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) properties.set(name.toLowerCase(), decode(value, escapes));
  }
  return properties;
}

function decode(text: string, escapes: Escapes): string {
  return escapes.reduce((result, [escaped, character]) => result.replaceAll(escaped, character), text);
}
