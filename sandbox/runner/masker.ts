import { trim } from "./dotnet.ts";

/**
 * Hides secrets as the real runner does: a literal search for every secret, for each of its lines and for each of the
 * forms that the runner derives from them. What it does not derive (base64url, hexadecimal, another case) stays in
 * clear here too.
 */
export class Masker {
  readonly #originals = new Set<string>();
  readonly #values = new Set<string>();

  /** Registers a secret of the job: trimmed as a whole, then line by line. */
  addSecret(value: string): void {
    this.addMask(trim(value));
  }

  /** Registers what `::add-mask::` carries: as it came, then line by line. */
  addMask(value: string): void {
    this.#add(value);
    for (const line of value.split(/[\r\n]/)) this.#add(trim(line));
  }

  /** Registers one value alone, with the forms derived from it. */
  #add(value: string): void {
    if (value === "" || this.#originals.has(value)) return;
    this.#originals.add(value);
    this.#values.add(value);
    for (const encode of ENCODERS) {
      const encoded = encode(value);
      if (encoded !== "") this.#values.add(encoded);
    }
  }

  /** The text with `***` in the place of every masked stretch; stretches that overlap or touch become one. */
  mask(text: string): string {
    let masked = "";
    let end = 0;
    for (const stretch of merge(this.#find(text))) {
      masked += `${text.slice(end, stretch.start)}***`;
      end = stretch.end;
    }
    return masked + text.slice(end);
  }

  #find(text: string): Stretch[] {
    const found: Stretch[] = [];
    for (const value of this.#values) {
      // One step at a time, because a secret can overlap itself.
      for (let start = text.indexOf(value); start >= 0; start = text.indexOf(value, start + 1)) {
        found.push({ start, end: start + value.length });
      }
    }
    return found.sort((a, b) => a.start - b.start);
  }
}

interface Stretch {
  readonly start: number;
  end: number;
}

function merge(sorted: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const stretch of sorted) {
    const last = merged.at(-1);
    if (last && stretch.start <= last.end) last.end = Math.max(last.end, stretch.end);
    else merged.push({ ...stretch });
  }
  return merged;
}

type Encoder = (value: string) => string;

/** All that the runner registers, in its order and under its names. An empty result means that there is no such form. */
const ENCODERS: readonly Encoder[] = [
  base64StringEscape,
  (value) => base64StringEscapeShift(value, 1),
  (value) => base64StringEscapeShift(value, 2),
  commandLineArgumentEscape,
  expressionStringEscape,
  jsonStringEscape,
  uriDataEscape,
  xmlDataEscape,
  trimDoubleQuotes,
  powerShellPreAmpersandEscape,
  powerShellPostAmpersandEscape,
];

function base64StringEscape(value: string): string {
  return Buffer.from(value).toString("base64");
}

function base64StringEscapeShift(value: string, shift: number): string {
  const bytes = Buffer.from(value);
  return bytes.subarray(bytes.length > shift ? shift : 0).toString("base64");
}

function commandLineArgumentEscape(value: string): string {
  return value.replaceAll('"', '\\"');
}

function expressionStringEscape(value: string): string {
  return value.replaceAll("'", "''");
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

/** As Newtonsoft writes a string: unlike `JSON.stringify` it escapes U+0085, U+2028 and U+2029 too. */
function jsonStringEscape(value: string): string {
  return value.replace(/["\\\u0000-\u001f\u0085\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return JSON_ESCAPES[character] ?? `\\u${code}`;
  });
}

/** `Uri.EscapeDataString`: only the unreserved characters of RFC 3986 stay. */
function uriDataEscape(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const XML_ESCAPES: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "&": "&amp;",
};

function xmlDataEscape(value: string): string {
  return value.replace(/[<>"'&]/g, (character) => XML_ESCAPES[character] ?? character);
}

function trimDoubleQuotes(value: string): string {
  return value.length > 8 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : "";
}

const SHORTEST_AMPERSAND_PART = 6;

function powerShellPreAmpersandEscape(value: string): string {
  const plus = value.indexOf("&+");
  const part = plus >= 0 ? value.slice(0, plus + 2) : value.slice(0, value.lastIndexOf("&") + 1);
  return part.length >= SHORTEST_AMPERSAND_PART ? part : "";
}

function powerShellPostAmpersandEscape(value: string): string {
  if (!value.includes("&")) return "";
  const plus = value.indexOf("&+");
  // PowerShell colours the letter after "&+", which parts it from the rest.
  const part = plus >= 0 ? value.slice(plus + 3) : value.slice(value.lastIndexOf("&") + 1);
  return part.length >= SHORTEST_AMPERSAND_PART ? part : "";
}
