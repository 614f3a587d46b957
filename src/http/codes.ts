/** Node's code of an error, looked for in its parts and its causes too. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error instanceof AggregateError) return aggregateCode(error.errors.map(errorCode));
  if ("code" in error && typeof error.code === "string") return error.code;
  return errorCode(error.cause);
}

/** Of several addresses the one that answered tells more than one to which there is no way. */
function aggregateCode(codes: readonly string[]): string {
  return codes.find((code) => code !== "" && !NO_WAY.has(code)) ?? codes.find((code) => code !== "") ?? "";
}

const NO_WAY = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);
