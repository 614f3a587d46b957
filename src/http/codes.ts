/** What an error says of itself in one of Node's fields, as text; empty where it does not. */
export function fieldOf(error: unknown, field: "code" | "reason" | "message"): string {
  const value: unknown = Object(error)[field];
  return typeof value === "string" ? value : "";
}

/** What the parser of HTTP, or OpenSSL, gives for a reason: in fixed words, nothing from outside. */
export function reasonOf(error: unknown): string {
  const [, told] = /:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):/.exec(fieldOf(error, "message")) ?? [];
  return fieldOf(error, "reason") || (told ?? errorCode(error));
}

/** Node's code of an error, looked for in its parts and its causes too. */
export function errorCode(error: unknown): string {
  const { errors, cause }: { errors?: unknown; cause?: unknown } = Object(error);
  if (!Array.isArray(errors)) return fieldOf(error, "code") || (cause === undefined ? "" : errorCode(cause));
  // Of several addresses the one that answered tells more than one to which there is no way.
  const codes = errors.map(errorCode);
  return codes.find((code) => !/UNREACH|NOTAVAIL|NOSUPPORT/.test(code)) ?? codes[0] ?? "";
}
