/** Something round a stored value that cannot belong to it. */
interface Oddity {
  /** For a sentence that begins with the name of the input; it never repeats the value. */
  readonly flaw: string;
  /** What was probably meant. */
  readonly inner: string;
}

/** A pair of quotes, plain or typographic (U+2018 to U+201E and others); one on one side alone may belong to a secret. */
const QUOTED = /^(?:(["'`]).*\1|[‘-„«»‹›].*[‘-„«»‹›])$/s;

/**
 * Format and control characters, and others that show nothing; or a UTF-8 byte order mark that was read as Latin-1. Classes of
 * Unicode take long to build, so that is only done for a text with an end that is not ASCII.
 */
const INVISIBLE = "^(?:[\\p{Cf}\\p{Cc}\\p{Default_Ignorable_Code_Point}\\u2800]|ï»¿)+|(?<!\\p{Cf})\\p{Cf}+$";
const ODD_END = /^[^ -~]|[^\0-\x7f]$/;

/**
 * The scheme before the credentials (RFC 9110, section 11.1), or a header that carries them: those of HTTP itself, `X-…`,
 * and `…-Token` or `…-Key`; in lower case.
 */
const START =
  /^(?:(bearer|basic)\s+|(?:(?:proxy-)?authorization|(?:set-)?cookie|x(?:-[a-z0-9]+)+|[a-z]+(?:-[a-z]+)*-(?:token|key))\s*:\s*)/;

/** What is odd about a stored value; undefined where it can be one. */
export function oddity(value: string): Oddity | undefined {
  if (QUOTED.test(value)) return { flaw: "stands in quotes", inner: value.slice(1, -1) };
  const visible = ODD_END.test(value) ? value.replace(new RegExp(INVISIBLE, "gu"), "") : value;
  if (visible !== value) return { flaw: "begins or ends with an invisible character", inner: visible };
  const [start, scheme] = START.exec(value.toLowerCase()) ?? [];
  if (start === undefined) return undefined;
  const what = scheme === undefined ? "the name of a header" : `"${value.slice(0, scheme.length)}"`;
  return { flaw: `begins with ${what}`, inner: value.slice(start.length) };
}

/** The value with one after the other of its oddities taken off, so many at most: each may be the secret itself. */
export function innerForms(value: string, most = 8): string[] {
  const inner = oddity(value)?.inner.trim();
  return inner === undefined || inner === value || most === 0 ? [] : [inner, ...innerForms(inner, most - 1)];
}
