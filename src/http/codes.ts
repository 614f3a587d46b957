/** What an error says of itself in one of Node's fields, as text; empty where it does not. */
export function fieldOf(error: unknown, field: "code" | "reason" | "message"): string {
  const value: unknown = Object(error)[field];
  return typeof value === "string" ? value : "";
}

/** Node's code of an error, looked for in its parts and its causes too. */
export function errorCode(error: unknown): string {
  const { errors, cause }: { errors?: unknown; cause?: unknown } = Object(error);
  if (Array.isArray(errors)) return aggregateCode(errors.map(errorCode));
  return fieldOf(error, "code") || (cause === undefined ? "" : errorCode(cause));
}

/** Of several addresses the one that answered tells more than one to which there is no way. */
function aggregateCode(codes: readonly string[]): string {
  return codes.find((code) => code !== "" && !NO_WAY.has(code)) ?? codes.find((code) => code !== "") ?? "";
}

const NO_WAY = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);
