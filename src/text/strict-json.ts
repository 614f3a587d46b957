import { parseJson } from "./json.ts";

/** Deeper than any document that is written by hand. */
const DEEPEST = 64;

/** RFC 8259: blanks, and then a text, a number or a word, as far as it reaches, a sign, or nothing at the end. */
const TOKEN = /[ \t\r\n]*("(?:[^"\\]|\\.)*"|[-+.\w]+|[\s\S]|$)/y;

/** Where in a document something is: as a person finds it, and as a JSON Pointer (RFC 6901). */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly pointer: string;
}

/** One step of a JSON Pointer. */
export function pointerStep(key: PropertyKey): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

interface Reader {
  /** The next token; empty at the end. */
  next(): string;
  /** Throws at the last token. */
  fail(flaw: string, pointer: string): never;
}

/**
 * JSON that means the same to every reader: no key twice in an object, no `__proto__`, no more than 64 levels.
 * @param fail throws what is to be thrown for a mistake at a place
 */
export function strictJson(text: string, fail: (flaw: string, place: Place) => never): unknown {
  let start = 0;
  const reader: Reader = {
    next() {
      const [, token = ""] = TOKEN.exec(text) ?? [];
      start = TOKEN.lastIndex - token.length;
      return token;
    },
    fail(flaw, pointer) {
      const lines = text.slice(0, start).split(/\r\n|[\r\n]/);
      return fail(flaw, { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, pointer });
    },
  };
  TOKEN.lastIndex = 0;
  const whole = value(reader, reader.next(), "", 0);
  return reader.next() === "" ? whole : reader.fail("the document has ended, but more follows", "");
}

function value(reader: Reader, token: string, pointer: string, depth: number): unknown {
  const plain = parseJson(token);
  if (plain !== undefined) return plain;
  if (depth > DEEPEST) return reader.fail(`it has more than ${DEEPEST} levels`, pointer);
  if (token === "{") return object(reader, pointer, depth);
  if (token !== "[") return reader.fail("a value is expected", pointer);
  const items: unknown[] = [];
  for (const item of members(reader, "]", pointer)) {
    items.push(value(reader, item, pointer + pointerStep(items.length), depth + 1));
  }
  return items;
}

function object(reader: Reader, pointer: string, depth: number): unknown {
  const entries = new Map<string, unknown>();
  for (const token of members(reader, "}", pointer)) {
    const key = parseJson(token);
    if (typeof key !== "string") return reader.fail("a key in double quotes is expected", pointer);
    const place = pointer + pointerStep(key);
    if (entries.has(key)) return reader.fail("the key is given twice", place);
    if (key === "__proto__") return reader.fail("no key is named so", place);
    if (reader.next() !== ":") return reader.fail('":" is expected', place);
    entries.set(key, value(reader, reader.next(), place, depth + 1));
  }
  return Object.fromEntries(entries);
}

/** The token that each member begins with, as far as the sign that closes them. */
function* members(reader: Reader, close: string, pointer: string): Generator<string> {
  let token = reader.next();
  if (token === close) return;
  for (;;) {
    yield token;
    const sign = reader.next();
    if (sign === close) return;
    if (sign !== ",") reader.fail(`"," or "${close}" is expected`, pointer);
    token = reader.next();
  }
}
