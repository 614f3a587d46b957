import type { Http, Request } from "../../http/http.ts";
import { filledPair, filledRequest, type Values } from "./fill.ts";
import type { MethodDefinition, RequestDefinition } from "./schema.ts";

/**
 * A request, ready to be sent.
 * @param method of HTTP, where the definition names none
 * @param secret masks what a request holds in another form than it was given
 * @throws {Failure} where a value does not fit its place: nothing has been sent then
 */
export function requestOf(
  definition: RequestDefinition,
  method: Request["method"],
  values: Values,
  http: Http,
  secret: (value: string) => void,
): Request {
  if (definition.basic !== undefined) secret(filledPair(definition.basic, values));
  return { method: definition.method ?? method, ...filledRequest(definition, values, http) };
}

/** The request with what the credential needs beside; what it says itself counts. */
export function withUse<Of extends RequestDefinition>(definition: Of, { use }: MethodDefinition): Of {
  const own = Object.keys(definition.headers ?? {}).map((name) => name.toLowerCase());
  const ownsAuthorization = definition.basic !== undefined || own.includes("authorization");
  const added = Object.entries(useOf(use).headers ?? {}).filter(([name]) => {
    const lower = name.toLowerCase();
    return !own.includes(lower) && !(lower === "authorization" && ownsAuthorization);
  });
  return {
    ...definition,
    headers: { ...Object.fromEntries(added), ...definition.headers },
    basic: definition.basic ?? (ownsAuthorization ? undefined : use?.basic),
  };
}

/** How the credential is sent, where the definition does not say it otherwise: as a bearer token (RFC 6750). */
export function useOf(use: MethodDefinition["use"]): NonNullable<MethodDefinition["use"]> {
  return use ?? { headers: { Authorization: "Bearer {answer.token}" } };
}
