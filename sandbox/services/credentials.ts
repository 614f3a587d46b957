import type { Call } from "./serve.ts";

/** The body's media type in lower case, without parameters. */
export function mediaType(call: Call): string {
  return (call.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/**
 * The fields of a form body; none where it is not typed as a form. A value with a broken percent escape is left out,
 * as servlet containers do, so that a password that was never encoded cannot pass.
 */
export function formFields(call: Call): Map<string, string> {
  const fields = new Map<string, string>();
  if (mediaType(call) !== "application/x-www-form-urlencoded") return fields;
  for (const pair of call.body.split("&")) {
    const [name = "", ...rest] = pair.split("=");
    const value = decodeFormText(rest.join("="));
    if (value !== undefined && !fields.has(name)) fields.set(name, value);
  }
  return fields;
}

/** `+` and percent escapes undone; undefined where an escape is broken. */
export function decodeFormText(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** The members of a JSON object body; undefined where it is typed or written otherwise. */
export function jsonFields(call: Call): Record<string, unknown> | undefined {
  if (mediaType(call) !== "application/json") return undefined;
  try {
    const value: unknown = JSON.parse(call.body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A user and a password, or a client id and its secret. */
export interface Pair {
  readonly name: string;
  readonly secret: string;
}

/** The pair of an `Authorization: Basic …` header, read as UTF-8; undefined without a well-formed one. */
export function basicPair(authorization: string | undefined): Pair | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { name: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

/** The token of an `Authorization: Bearer …` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}
