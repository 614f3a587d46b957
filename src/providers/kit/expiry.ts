import * as z from "zod/mini";
import { parseJson, read, schema } from "../../text/json.ts";

/** Beyond this many seconds an `expires_in` is no lifetime but a mistake: ten years. */
const LONGEST_SECONDS = 10 * 365 * 24 * 3600;

/** The last second that ISO 8601 has a plain form for, in milliseconds; an `exp` in milliseconds lies beyond it. */
const LAST_MOMENT = Date.parse("9999-12-31T23:59:59Z");

interface Sources {
  /** The service's own date. */
  readonly date?: string | undefined;
  /** The token, whose `exp` claim counts if it is a JWT. */
  readonly token?: string;
  /** `expires_in` of an OAuth2 token response, in seconds. */
  readonly expiresIn?: unknown;
  /** What the vendor documents, in seconds. */
  readonly documented?: number;
}

/** When a credential expires, by the first source that tells; undefined where none does. */
export function expiry(sources: Sources, now = Date.now()): Date | undefined {
  return (
    fromDate(sources.date) ??
    fromJwt(sources.token ?? "") ??
    fromSeconds(sources.expiresIn, now) ??
    fromSeconds(sources.documented, now)
  );
}

function fromDate(date: string | undefined): Date | undefined {
  return plausible(date === undefined ? Number.NaN : Date.parse(date));
}

const Claims = schema(() => z.object({ exp: z.number() }));

/** RFC 7519, section 4.1.4: `exp` is seconds since the epoch, in UTC. The signature is the service's business. */
function fromJwt(token: string): Date | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  const claims = read(Claims, parseJson(Buffer.from(payload, "base64url").toString("utf8")));
  return claims === undefined ? undefined : plausible(Math.floor(claims.exp) * 1000);
}

/** RFC 6749, section 5.1: a number of seconds. Some services send it as text or with a fraction. */
function fromSeconds(value: unknown, now: number): Date | undefined {
  const seconds = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds > 0 && seconds <= LONGEST_SECONDS)) return undefined;
  return new Date(now + Math.floor(seconds) * 1000);
}

/** A moment by its milliseconds since the epoch; undefined where that is none. */
export function plausible(milliseconds: number): Date | undefined {
  return milliseconds > 0 && milliseconds <= LAST_MOMENT ? new Date(milliseconds) : undefined;
}
