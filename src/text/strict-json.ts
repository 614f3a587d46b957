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

/**
 * JSON that means the same to every reader: no key twice in an object, no `__proto__`, no more than 64 levels.
 * @param fail throws what is to be thrown for a mistake at a place
 */
export function strictJson(text: string, fail: (flaw: string, place: Place) => never): unknown {
  let start = 0;
  let end = 0;

  const failAt = (flaw: string, pointer: string): never => {
    const lines = text.slice(0, start).split(/\r\n|[\r\n]/);
    return fail(flaw, { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, pointer });
  };
  /** The next token: a value as it is written, or a sign; neither at the end, nor where no JSON stands. */
  const next = (): { written?: string | undefined; sign?: string | undefined } => {
    TOKEN.lastIndex = end;
    const [all, written, sign] = TOKEN.exec(text) ?? [""];
    start = end + all.search(/[^ \t\r\n]|$/);
    end += all.length;
    return { written, sign };
  };
  const value = (pointer: string, depth: number, { written, sign } = next()): unknown => {
    if (written !== undefined) return JSON.parse(written);
    if (depth > DEEPEST) return failAt(`it has more than ${DEEPEST} levels`, pointer);
    if (sign === "{") return object(pointer, depth);
    if (sign === "[") return array(pointer, depth);
    return failAt("a value is expected", pointer);
  };
  const object = (pointer: string, depth: number): unknown => {
    const entries = new Map<string, unknown>();
    for (let token = next(); token.sign !== "}"; token = next()) {
      if (entries.size > 0) {
        if (token.sign !== ",") return failAt('"," or "}" is expected', pointer);
        token = next();
      }
      if (token.written?.startsWith('"') !== true) return failAt("a key in double quotes is expected", pointer);
      const key: string = JSON.parse(token.written);
      const place = pointer + pointerStep(key);
      if (entries.has(key)) return failAt("the key is given twice", place);
      if (key === "__proto__") return failAt("no key is named so", place);
      if (next().sign !== ":") return failAt('":" is expected', place);
      entries.set(key, value(place, depth + 1));
    }
    return Object.fromEntries(entries);
  };
  const array = (pointer: string, depth: number): unknown => {
    const items: unknown[] = [];
    for (let token = next(); token.sign !== "]"; token = next()) {
      if (items.length > 0) {
        if (token.sign !== ",") return failAt('"," or "]" is expected', pointer);
        token = next();
      }
      items.push(value(pointer + pointerStep(items.length), depth + 1, token));
    }
    return items;
  };

  const whole = value("", 0);
  start = end;
  return /^[ \t\r\n]*$/.test(text.slice(end)) ? whole : failAt("the document has ended, but more follows", "");
}
