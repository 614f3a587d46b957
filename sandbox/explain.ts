import { readFileSync } from "node:fs";

type Json = Readonly<Record<string, unknown>>;

/** What a definition says in words: where it reads what, and what becomes of the credential. It is judged by the action. */
export function explained(file: string): string {
  const definition = objectOf(parsed(file));
  const methods = Object.entries(objectOf(definition.methods ?? { custom: definition }));
  return methods
    .flatMap(([id, method]) => [`${id}:`, ...linesOf(objectOf(method)).map((line) => `  ${line}`)])
    .join("\n");
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}

function linesOf({ exchange, answer, use, probe, revoke }: Json): string[] {
  const { token = { json: "/access_token" }, secrets, values, expires = { json: "/expires_in" } } = objectOf(answer);
  const read = [
    ["token", token],
    ...Object.entries({ ...objectOf(secrets), ...objectOf(values) }),
    ["expiry", expires],
  ];
  return [
    exchange === undefined ? "exchange: none, the credential is your own" : `exchange: ${requestOf(exchange, "POST")}`,
    ...(exchange === undefined ? [] : read.map(([name, source]) => `${name}: read from ${sourceOf(source)}`)),
    `sent as: ${Object.keys(objectOf(objectOf(use).headers ?? { Authorization: "" })).join(", ")}`,
    probe === undefined
      ? "probe: none"
      : `probe: ${requestOf(probe, "GET")}, accepted with ${sourceOf(objectOf(probe).accepted)}`,
    revoke === undefined ? "at the end: it expires by itself" : `at the end: ${requestOf(revoke, "POST")}`,
  ];
}

function requestOf(request: unknown, unset: string): string {
  const { method = unset, path } = objectOf(request);
  return `${method} ${path}`;
}

function sourceOf(source: unknown): string {
  return Object.entries(objectOf(source))
    .map(([kind, place]) => `${kind} ${place}`)
    .join(", ");
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
