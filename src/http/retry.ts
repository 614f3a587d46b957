const FIRST_WAIT_SECONDS = 0.5;
const LONGEST_WAIT_SECONDS = 10;

/** Seconds to wait before retry number `retry` (from 0): full jitter, so that the jobs of a matrix spread. */
export function backoff(retry: number, random: () => number): number {
  return random() * Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** retry);
}

/**
 * Seconds to wait where the service asked for `told` seconds: never less, and the more retries, the wider spread.
 * The spread takes at most half of what `left` seconds leave, since an attempt has to follow.
 */
export function toldBackoff(told: number, retry: number, left: number, random: () => number): number {
  return told + random() * Math.min(told * 2 ** retry, Math.max(0, left - told) / 2);
}

/**
 * Seconds that a `Retry-After` asks for, counted from `now` (milliseconds since the epoch).
 * RFC 9110, section 10.2.3: seconds or a date; Xray sends fractions of seconds. Undefined where it says nothing usable.
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(value)) return positive(Number(value));
  if (!/^[A-Za-z]{3}/.test(value)) return undefined;
  return positive((Date.parse(value) - now) / 1000);
}

function positive(seconds: number): number | undefined {
  return seconds > 0 ? seconds : undefined;
}
