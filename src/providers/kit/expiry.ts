import * as z from "zod/mini";
import { parseJson, read, schema } from "../../text/json.ts";

/** Beyond this many seconds an `expires_in` is no lifetime but a mistake: ten years. */
export const LONGEST_SECONDS = 10 * 365 * 24 * 3600;

/** The last second that ISO 8601 has a plain form for, in milliseconds since the epoch; an `exp` in milliseconds lies beyond it. */
export const LAST_MOMENT = Date.parse("9999-12-31T23:59:59Z");

interface Sources {
  /** The service's own date. */
  readonly date?: string | undefined;
  /** `exp` of an introspection (RFC 7662, section 2.2). */
  readonly exp?: number | undefined;
  /** The token, whose `exp` claim counts if it is a JWT. */
  readonly token?: string;
  /** `expires_in` of an OAuth2 token response, in seconds. */
  readonly expiresIn?: unknown;
  /** What the vendor documents, in seconds. */
  readonly documented?: number | undefined;
}

/** When a credential expires, by the first source that tells; undefined where none does. */
export function expiry(
  { date = "", exp, token = "", expiresIn, documented }: Sources,
  now = Date.now(),
): Date | undefined {
  return (
    plausible(Date.parse(date)) ??
    fromExp(exp) ??
    fromExp(claimedIn(token)) ??
    after(expiresIn, now) ??
    after(documented, now)
  );
}

/** RFC 7519, section 4.1.4: seconds since the epoch, in UTC. */
function fromExp(exp = Number.NaN): Date | undefined {
  return plausible(Math.floor(exp) * 1000);
}

/** The claim `exp` of a JWT. */
function claimedIn(token: string): number | undefined {
  const payload = payloadOf(token);
  return payload === undefined ? undefined : read(Claims, payload)?.exp;
}

const Claims = schema(() => z.object({ exp: z.number() }));

/** What a JWT says (RFC 7519, section 3); its signature is the service's business. Undefined where the token is none. */
export function payloadOf(token: string): unknown {
  const [, payload = ""] = /^[^.]*\.([^.]*)\./.exec(token) ?? [];
  return parseJson(Buffer.from(payload, "base64url").toString());
}

/** RFC 6749, section 5.1: a number of seconds. Some services send it as text or with a fraction. */
function after(value: unknown, now: number): Date | undefined {
  const seconds = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds > 0 && seconds <= LONGEST_SECONDS)) return undefined;
  return new Date(now + Math.floor(seconds) * 1000);
}

/** A moment by its milliseconds since the epoch; undefined where that is none. */
export function plausible(milliseconds: number): Date | undefined {
  return milliseconds > 0 && milliseconds <= LAST_MOMENT ? new Date(milliseconds) : undefined;
}
