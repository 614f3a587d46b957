/** Something round a stored value that cannot belong to it. */
interface Oddity {
  /** For a sentence that begins with the name of the input; it never repeats the value. */
  readonly flaw: string;
  /** What was probably meant. */
  readonly inner: string;
}

/** A pair of quotes, plain or typographic (U+2018 to U+201E and others); one on one side alone may belong to a secret. */
const QUOTED = /^(?:(["'`])(.*)\1|[‘-„«»‹›](.*)[‘-„«»‹›])$/s;

/** Format and control characters, and others that show nothing; or a UTF-8 byte order mark that was read as Latin-1. */
const INVISIBLE = /^(?:[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]|ï»¿)+|(?<!\p{Cf})\p{Cf}+$/gu;

/** RFC 9110, section 11.1: the scheme before the credentials, in any case. */
const SCHEME = /^(bearer|basic)\s+/i;

/** The headers that carry credentials: those of HTTP itself, `X-…`, and `…-Token` or `…-Key`. */
const HEADER =
  /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x(?:-[a-z0-9]+)+|[a-z]+(?:-[a-z]+)*-(?:token|key))\s*:\s*/i;

/** What is odd about a stored value; undefined where it can be one. */
export function oddity(value: string): Oddity | undefined {
  const [, , plain, typographic] = QUOTED.exec(value) ?? [];
  const quoted = plain ?? typographic;
  if (quoted !== undefined) return { flaw: "stands in quotes", inner: quoted };
  const visible = value.replace(INVISIBLE, "");
  if (visible !== value) return { flaw: "begins or ends with an invisible character", inner: visible };
  const [scheme, name] = SCHEME.exec(value) ?? [];
  if (scheme !== undefined) return { flaw: `begins with "${name}"`, inner: value.slice(scheme.length) };
  const [header] = HEADER.exec(value) ?? [];
  return header === undefined
    ? undefined
    : { flaw: "begins with the name of a header", inner: value.slice(header.length) };
}

/** The value with one after the other of its oddities taken off, so many at most: each may be the secret itself. */
export function innerForms(value: string, most = 8): string[] {
  const inner = oddity(value)?.inner.trim();
  return inner === undefined || inner === value || most === 0 ? [] : [inner, ...innerForms(inner, most - 1)];
}
