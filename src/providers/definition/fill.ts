import { Failure } from "../../failure.ts";
import type { Http, Request } from "../../http/http.ts";
import { basicPair } from "../../text/basic.ts";
import { formEncoded } from "../kit/headers.ts";
import type { Step } from "../provider.ts";
import { namesOf } from "./places.ts";
import type { MethodDefinition, RequestDefinition } from "./schema.ts";
import { filled, placeholders } from "./template.ts";

/** What stands for each placeholder; nothing where it is not there. */
export type Values = Readonly<Record<string, string | undefined>>;

const AUTHORIZATION = /^authorization$/i;

export type Use = NonNullable<MethodDefinition["use"]>;

/**
 * A request, ready to be sent; to be made anew for each attempt, since an ID token is good for one use.
 * @param method of HTTP, where the definition names none
 * @throws {Failure} where a value does not fit its place: nothing has been sent then
 */
export async function requestOf(
  definition: RequestDefinition,
  values: Values,
  http: Http,
  { secret, idToken }: Pick<Step, "secret" | "idToken">,
  method: Request["method"] = "POST",
): Promise<Request> {
  const isNew = namesOf(definition).includes("id-token");
  const all = isNew ? { ...values, "id-token": await idToken(values.audience) } : values;
  if (definition.basic !== undefined) secret(filledPair(definition.basic, all));
  return { method: definition.method ?? method, ...filledRequest(definition, all, http) };
}

/**
 * A request with each placeholder replaced, each value encoded for its place.
 * @throws {Failure} `invalid-input` for a value of the user's that does not fit its place, `bad-response` for the service's
 */
export function filledRequest(request: RequestDefinition, values: Values, http: Http): Omit<Request, "method"> {
  const { query = {}, form, json } = request;
  const search = new URLSearchParams(filledTexts(query, values)).toString();
  const path = request.path.split("/").map((segment) => filledSegment(segment, values));
  const place = path.join("/");
  // What no value can change is checked all the same: here a secret would leave for another place.
  if (!new URL(http.baseUrl + place).href.startsWith(`${http.baseUrl}/`)) throw new Error("A path leads elsewhere");
  return {
    path: place + (search && `?${search}`),
    headers: filledHeaders(request, values),
    ...(form !== undefined && { form: filledTexts(form, values) }),
    ...(json !== undefined && { json: filledTexts(json, values) }),
  };
}

/** The headers of a request, or those that a credential needs. */
export function filledHeaders({ headers = {}, basic }: Use, values: Values): Record<string, string> {
  const filledOnes = Object.entries(headers).map(([name, text]) => {
    const value = filled(text, (placeholder) => inHeader(placeholder, values, /^cookie$/i.test(name)));
    return [AUTHORIZATION.test(name) ? "Authorization" : name, value];
  });
  return {
    ...Object.fromEntries(filledOnes),
    ...(basic !== undefined && { Authorization: `Basic ${filledPair(basic, values)}` }),
  };
}

/** User and password as `Basic` sends them (RFC 7617), or with both parts encoded first (RFC 6749, section 2.3.1). */
export function filledPair({ username, password, encode }: NonNullable<Use["basic"]>, values: Values): string {
  const [user, secret] = [filledText(username, values), filledText(password, values)];
  if (encode === true) return basicPair(formEncoded(user), formEncoded(secret));
  if (user.includes(":")) throw unfit(placeholders(username)?.[0] ?? "", "a user name of `Basic` holds no colon");
  return basicPair(user, secret);
}

/** Any text with its placeholders replaced as they are. */
function filledText(text: string, values: Values): string {
  return filled(text, (name) => values[name] ?? "");
}

/** Each text inside, however deep. */
export function filledTexts<Of>(value: Of, values: Values): Of {
  return JSON.parse(JSON.stringify(value), (_, text) => (typeof text === "string" ? filledText(text, values) : text));
}

/** RFC 3986, section 3.3: a value is one segment or a piece of one, never a step to another place, nor nothing. */
function filledSegment(text: string, values: Values): string {
  const segment = filled(text, (name) => encodeURIComponent((values[name] ?? "").toWellFormed()));
  if (text !== "" && /^\.{0,2}$/.test(segment)) {
    throw unfit(placeholders(text)?.[0] ?? "", "here it is empty or leads elsewhere");
  }
  return segment.replace(/[{}]/g, encodeURIComponent);
}

function inHeader(name: string, values: Values, isCookie: boolean): string {
  const value = values[name] ?? "";
  if (!/^[\x20-\x7e]*$/.test(value)) throw unfit(name, NO_LINE);
  if (isCookie && /[; ]/.test(value)) throw unfit(name, "a cookie holds no blank and no semicolon");
  return value;
}

/** Why a value can be no header, and cannot be masked where a seal is opened. */
export const NO_LINE = "it is no line of printable ASCII";

/** The answer to the exchange brought no value for a placeholder. */
export function lacking(name: string): Failure {
  return new Failure(
    "bad-response",
    `The answer to the exchange holds no ${name.replace("answer.", "")}, which the definition names.`,
    { hint: 'Check "answer" in the definition, and that "url" is this service.' },
  );
}

/** A value cannot stand where the definition puts it. */
export function unfit(name: string, why: string): Failure {
  const code = name.startsWith("answer.") ? "bad-response" : "invalid-input";
  return new Failure(code, `The value of "${name}" does not fit its place: ${why}.`, {
    hint: "Check it, and where the definition puts it.",
  });
}

/** How the credential is sent, where the definition does not say it otherwise: as a bearer token (RFC 6750). */
export const BEARER: Use = { headers: { Authorization: "Bearer {answer.token}" } };

/** The request with what the credential needs beside; what it says itself counts. */
export function withUse<Of extends RequestDefinition>(definition: Of, use: Use = BEARER): Of {
  const headers = { ...use.headers, ...definition.headers };
  const isOwn = Object.keys(definition.headers ?? {}).some((name) => AUTHORIZATION.test(name));
  // Of a header that stands there in two cases Node sends the last.
  return { ...definition, headers, basic: definition.basic ?? (isOwn ? undefined : use.basic) };
}
