import type { IncomingHttpHeaders } from "node:http";

const FIRST_WAIT_SECONDS = 0.5;
const LONGEST_WAIT_SECONDS = 10;

/** Seconds to wait before retry number `retry` (from 0): full jitter, so that the jobs of a matrix spread. */
export function backoff(retry: number, random: () => number): number {
  return random() * Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** retry);
}

/** What a service asked for, and what there is to give, in seconds. */
interface AskedWait {
  /** What it asks for now: never less is waited. */
  readonly now: number;
  /** The longest that it has asked for in this stage: near the end of its window it asks for next to nothing. */
  readonly longest: number;
  readonly left: number;
}

/**
 * Seconds to wait before retry number `retry` (from 0) where the service asked for some: that time, and a share of the
 * longest wait so far, doubled with each retry. The share grows with the retries too, so that the jobs of a wide matrix, who
 * were all told the same moment, do not come back at it together. A fifth of the time left stays for the attempt.
 */
export function toldBackoff(told: AskedWait, retry: number, random: () => number): number {
  const spread = Math.min(told.longest * 2 ** retry, Math.max(0, told.left - told.now) * 0.8);
  return told.now + spread * random() ** (1 / 2 ** retry);
}

/**
 * Seconds that a `Retry-After` asks for, counted from `now` (milliseconds since the epoch).
 * RFC 9110, section 10.2.3: seconds or a date; some services send fractions of seconds. Undefined where it says nothing usable.
 */
export function retryAfterSeconds(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? "";
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (httpDate(value) - now) / 1000;
  return seconds > 0 ? seconds : undefined;
}

/** A date of HTTP in milliseconds since the epoch: it is in UTC, also in the form that does not say so (RFC 9110, 5.6.7). */
function httpDate(text = ""): number {
  return /^[A-Za-z]{3}/.test(text) ? Date.parse(text.replace(/ \d{4}$/, "$& GMT")) : Number.NaN;
}

/** A clock that is off by less than this changes nothing that matters here, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 300;

/**
 * Seconds that `now` (milliseconds since the epoch) is ahead of an answer's own `Date` (RFC 9110, section 6.6.1), negative
 * where it is behind; undefined where the answer has none, or was kept by something on the way (`Age`).
 */
export function secondsAhead(headers: IncomingHttpHeaders, now: number): number | undefined {
  const date = httpDate(headers.date);
  return Number.isNaN(date) || headers.age !== undefined ? undefined : Math.round((now - date) / 1000);
}
