/** Deeper than any document that is written by hand. */
const DEEPEST = 64;

/** RFC 8259: blanks, and then one text, number, word or sign. */
const TOKEN =
  /[ \t\r\n]*(?:("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))?/y;

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

/** A text with the token that was read last: a value as it is written, or a sign; neither where no JSON stands. */
interface Reading {
  readonly text: string;
  written?: string | undefined;
  sign?: string | undefined;
  start: number;
  end: number;
  readonly fail: (flaw: string, place: Place) => never;
}

/**
 * JSON that means the same to every reader: no key twice in an object, no `__proto__`, no more than 64 levels.
 * @param fail throws what is to be thrown for a mistake at a place
 */
export function strictJson(text: string, fail: (flaw: string, place: Place) => never): unknown {
  const reading: Reading = { text, start: 0, end: 0, fail };
  next(reading);
  const whole = value(reading, "", 0);
  next(reading);
  return reading.start === text.length ? whole : failAt(reading, "the document has ended, but more follows", "");
}

function failAt({ text, start, fail }: Reading, flaw: string, pointer: string): never {
  const lines = text.slice(0, start).split(/\r\n|[\r\n]/);
  return fail(flaw, { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, pointer });
}

function next(reading: Reading): void {
  TOKEN.lastIndex = reading.end;
  const [all, written, sign] = TOKEN.exec(reading.text) ?? [""];
  reading.start = reading.end + all.search(/[^ \t\r\n]|$/);
  reading.end += all.length;
  reading.written = written;
  reading.sign = sign;
}

function value(reading: Reading, pointer: string, depth: number): unknown {
  const { written, sign } = reading;
  if (written !== undefined) return JSON.parse(written);
  if (sign !== "{" && sign !== "[") return failAt(reading, "a value is expected", pointer);
  if (depth > DEEPEST) return failAt(reading, `it has more than ${DEEPEST} levels`, pointer);
  const isList = sign === "[";
  const end = isList ? "]" : "}";
  const entries = new Map<string, unknown>();
  for (next(reading); reading.sign !== end; next(reading)) {
    if (entries.size > 0) {
      if (reading.sign !== ",") return failAt(reading, `"," or "${end}" is expected`, pointer);
      next(reading);
    }
    const key = isList ? String(entries.size) : keyOf(reading, pointer, entries);
    entries.set(key, value(reading, pointer + pointerStep(key), depth + 1));
  }
  return isList ? [...entries.values()] : Object.fromEntries(entries);
}

/** A key of an object; its value is the next token. */
function keyOf(reading: Reading, pointer: string, others: ReadonlyMap<string, unknown>): string {
  if (reading.written?.startsWith('"') !== true) return failAt(reading, "a key in double quotes is expected", pointer);
  const key: string = JSON.parse(reading.written);
  const place = pointer + pointerStep(key);
  if (others.has(key)) return failAt(reading, "the key is given twice", place);
  if (key === "__proto__") return failAt(reading, "no key is named so", place);
  next(reading);
  if (reading.sign !== ":") return failAt(reading, '":" is expected', place);
  next(reading);
  return key;
}
