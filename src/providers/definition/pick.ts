import type { Answer } from "../../http/http.ts";
import { pointerStep } from "../../text/strict-json.ts";
import { expiry } from "../kit/expiry.ts";
import type { Expires, Source } from "./schema.ts";

/**
 * What a JSON Pointer (RFC 6901) leads to; undefined where it leads nowhere. Nothing that a value inherits is found.
 */
export function pointedAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const step of pointer.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(key)) return undefined;
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
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== "";
}

/** When a credential ends by the place that the definition names; undefined where that tells nothing that can be. */
export function expiryAt(where: Expires | undefined, answer: Answer, now = Date.now()): Date | undefined {
  if (where === undefined) return undefined;
  if (where.after !== undefined) return expiry({ documented: where.after }, now);
  const value = found(where, answer);
  const number = typeof value === "string" && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (where.as === "date") return typeof value === "string" ? expiry({ date: dated(value) }, now) : undefined;
  if (typeof number !== "number") return undefined;
  switch (where.as) {
    case "milliseconds":
      return expiry({ expiresIn: number / 1000 }, now);
    // What can only be in the other of the two units tells nothing: vendors do not always say which they mean.
    case "epoch":
      return number < EARLIEST_MILLISECONDS ? moment(number * 1000) : undefined;
    case "epoch-milliseconds":
      return number < EARLIEST_MILLISECONDS ? undefined : moment(number);
    default:
      return expiry({ expiresIn: number }, now);
  }
}

/** A number below is no time of today in milliseconds since the epoch, and one above none in seconds. */
const EARLIEST_MILLISECONDS = 1e11;

function moment(milliseconds: number): Date | undefined {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? undefined : expiry({ date: date.toISOString() });
}

/** ISO 8601, or a date of HTTP; one without a zone is in UTC. */
function dated(text: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(text)) return `${text}Z`;
  return /^(?:\d{4}-\d\d-\d\d|[A-Z][a-z]{2}, )/.test(text) ? text : undefined;
}
