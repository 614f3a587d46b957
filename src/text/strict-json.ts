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

/** How far a text is read. */
interface Reading {
  readonly text: string;
  /** Where the last token begins, and where it ends. */
  start: number;
  end: number;
  readonly fail: (flaw: string, place: Place) => never;
}

/** A value as it is written, or a sign; neither at the end, nor where no JSON stands. */
interface Token {
  readonly written?: string | undefined;
  readonly sign?: string | undefined;
}

/**
 * JSON that means the same to every reader: no key twice in an object, no `__proto__`, no more than 64 levels.
 * @param fail throws what is to be thrown for a mistake at a place
 */
export function strictJson(text: string, fail: (flaw: string, place: Place) => never): unknown {
  const reading: Reading = { text, start: 0, end: 0, fail };
  const whole = value(reading, "", 0, next(reading));
  reading.start = reading.end;
  return /^[ \t\r\n]*$/.test(text.slice(reading.end))
    ? whole
    : failAt(reading, "the document has ended, but more follows", "");
}

function failAt({ text, start, fail }: Reading, flaw: string, pointer: string): never {
  const lines = text.slice(0, start).split(/\r\n|[\r\n]/);
  return fail(flaw, { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, pointer });
}

function next(reading: Reading): Token {
  TOKEN.lastIndex = reading.end;
  const [all, written, sign] = TOKEN.exec(reading.text) ?? [""];
  reading.start = reading.end + all.search(/[^ \t\r\n]|$/);
  reading.end += all.length;
  return { written, sign };
}

function value(reading: Reading, pointer: string, depth: number, { written, sign }: Token): unknown {
  if (written !== undefined) return JSON.parse(written);
  if (depth > DEEPEST) return failAt(reading, `it has more than ${DEEPEST} levels`, pointer);
  if (sign === "{") return object(reading, pointer, depth);
  if (sign === "[") return array(reading, pointer, depth);
  return failAt(reading, "a value is expected", pointer);
}

function object(reading: Reading, pointer: string, depth: number): unknown {
  const entries = new Map<string, unknown>();
  for (let token = next(reading); token.sign !== "}"; token = next(reading)) {
    if (entries.size > 0) {
      if (token.sign !== ",") return failAt(reading, '"," or "}" is expected', pointer);
      token = next(reading);
    }
    if (token.written?.startsWith('"') !== true) return failAt(reading, "a key in double quotes is expected", pointer);
    const key: string = JSON.parse(token.written);
    const place = pointer + pointerStep(key);
    if (entries.has(key)) return failAt(reading, "the key is given twice", place);
    if (key === "__proto__") return failAt(reading, "no key is named so", place);
    if (next(reading).sign !== ":") return failAt(reading, '":" is expected', place);
    entries.set(key, value(reading, place, depth + 1, next(reading)));
  }
  return Object.fromEntries(entries);
}

function array(reading: Reading, pointer: string, depth: number): unknown {
  const items: unknown[] = [];
  for (let token = next(reading); token.sign !== "]"; token = next(reading)) {
    if (items.length > 0) {
      if (token.sign !== ",") return failAt(reading, '"," or "]" is expected', pointer);
      token = next(reading);
    }
    items.push(value(reading, pointer + pointerStep(items.length), depth + 1, token));
  }
  return items;
}
