// The runner is written in .NET. These are the corners where .NET and JavaScript read the same text differently.

/** What `Char.IsWhiteSpace` accepts: JavaScript's white space with U+0085, without U+FEFF. */
const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const TRAILING_SPACE = new RegExp(`${SPACE}+$`);

/** `String.TrimStart`. */
export function trimStart(text: string): string {
  return text.replace(LEADING_SPACE, "");
}

/** `String.Trim`. */
export function trim(text: string): string {
  return trimStart(text).replace(TRAILING_SPACE, "");
}

/** `String.IsNullOrWhiteSpace`. */
export function isBlank(text: string): boolean {
  return trimStart(text) === "";
}

/** A dictionary with `StringComparer.OrdinalIgnoreCase`: a later value takes over, the first spelling of a key stays. */
export class IgnoringCase {
  readonly #entries = new Map<string, [name: string, value: string]>();

  set(name: string, value: string): void {
    const spelled = this.#entries.get(name.toUpperCase())?.[0] ?? name;
    this.#entries.set(name.toUpperCase(), [spelled, value]);
  }

  get(name: string): string | undefined {
    return this.#entries.get(name.toUpperCase())?.[1];
  }

  has(name: string): boolean {
    return this.#entries.has(name.toUpperCase());
  }

  entries(): [name: string, value: string][] {
    return [...this.#entries.values()];
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries(this.entries());
  }
}

/** `TextReader.ReadLine` over text that comes in pieces: a line ends at CR, LF or CR LF. */
export class LineReader {
  #rest = "";
  #afterReturn = false;

  /** Takes the next piece and returns the lines that it completes. */
  push(piece: string): string[] {
    // The CR has ended its line already, so that a line is read the moment it is there.
    const text = this.#afterReturn && piece.startsWith("\n") ? piece.slice(1) : piece;
    if (piece !== "") this.#afterReturn = piece.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    return lines;
  }

  /** The last line, where nothing ended it. */
  end(): string[] {
    const last = this.#rest;
    this.#rest = "";
    return last === "" ? [] : [last];
  }
}

/** `File.ReadAllLines`. */
export function readLines(text: string): string[] {
  const reader = new LineReader();
  return [...reader.push(text), ...reader.end()];
}
