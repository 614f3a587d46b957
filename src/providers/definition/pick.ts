import type { Answer } from "../../http/http.ts";
import { pointerStep } from "../../text/strict-json.ts";
import { expiry, plausible } from "../kit/expiry.ts";
import type { Expires, Source } from "./schema.ts";

/**
 * What a JSON Pointer (RFC 6901) leads to; undefined where it leads nowhere. Nothing that a value inherits is found.
 */
export function pointedAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const step of pointer.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    // The length of a list is its own, but no member.
    if (Array.isArray(value) && key === "length") return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** What stands at a place of an answer; undefined where nothing does. */
export function found({ json, header, cookie }: Source | Expires, answer: Answer): unknown {
  if (json !== undefined) return pointedAt(answer.json, json);
  if (header !== undefined) return pointedAt(answer.headers, pointerStep(header.toLowerCase()));
  if (cookie !== undefined) return cookieOf(answer, cookie);
  return typeof answer.json === "string" ? answer.json : answer.body.trim();
}

/** The value of the last cookie of that name, as it was set (RFC 6265, section 5.2). */
function cookieOf({ headers }: Answer, name: string): string | undefined {
  const pairs = (headers["set-cookie"] ?? []).map((cookie) => cookie.split(";", 1)[0]?.trim() ?? "");
  return pairs.findLast((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** A text, or a number such as an id has it; undefined for anything else, and for nothing. */
export function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value || undefined;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Whether something stands there: absent, null and what is empty are nothing. */
export function isThere(value: unknown): boolean {
  return typeof value === "object" ? Object.keys(value ?? {}).length > 0 : value !== undefined && value !== "";
}

/** A number below is no time of today in milliseconds since the epoch. */
const EARLIEST_MILLISECONDS = 1e11;

/** When a credential ends by the place that the definition names; undefined where that tells nothing that can be. */
export function expiryAt(where: Expires | undefined, answer: Answer, now = Date.now()): Date | undefined {
  if (where === undefined) return undefined;
  if (where.after !== undefined) return expiry({ expiresIn: where.after }, now);
  const value = found(where, answer);
  if (where.as === "date") return expiry({ date: typeof value === "string" ? dated(value) : undefined }, now);
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number") return undefined;
  if (where.as === undefined || where.as === "seconds") return expiry({ expiresIn: number }, now);
  if (where.as === "milliseconds") return expiry({ expiresIn: number / 1000 }, now);
  // What can only be in the other of the two units tells nothing: vendors do not always say which they mean.
  const moment = where.as === "epoch" ? number * 1000 : number;
  return moment < EARLIEST_MILLISECONDS ? undefined : plausible(moment);
}

/** ISO 8601, or a date of HTTP; one without a zone is in UTC. */
function dated(text: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(text)) return `${text}Z`;
  return /^(?:\d{4}-\d\d-\d\d|[A-Z][a-z]{2}, )/.test(text) ? text : undefined;
}
