import { Failure } from "../../failure.ts";
import type { Http, Request } from "../../http/http.ts";
import { basicPair } from "../../text/basic.ts";
import type { MethodDefinition, RequestDefinition } from "./schema.ts";
import { filled } from "./template.ts";

/** What stands for each placeholder. */
export type Values = Readonly<Record<string, string>>;

type Use = NonNullable<MethodDefinition["use"]>;

/** What a request of a definition becomes, beside how it may be sent again. */
export type Filled = Pick<Request, "path" | "headers" | "form" | "json">;

/**
 * A request with each placeholder replaced, each value encoded for its place.
 * @throws {Failure} `invalid-input` for a value of the user's that does not fit its place, `bad-response` for one of the
 * service's: nothing has been sent then
 */
export function filledRequest(request: RequestDefinition, values: Values, http: Http): Filled {
  const { query, form, json } = request;
  const search = query === undefined ? "" : new URLSearchParams(filledTexts(query, values)).toString();
  const path = filledPath(request.path, values);
  // What no value can change is checked all the same: here a secret would leave for another place.
  if (!new URL(http.baseUrl + path).href.startsWith(`${http.baseUrl}/`))
    throw new Error(`${path} leads out of the base URL`);
  return {
    path: search === "" ? path : `${path}?${search}`,
    headers: filledHeaders(request, values),
    ...(form === undefined ? {} : { form: filledTexts(form, values) }),
    ...(json === undefined ? {} : { json: filledJson(json, values) }),
  };
}

/** The headers of a request, or those that a credential needs. */
export function filledHeaders({ headers = {}, basic }: Use, values: Values): Record<string, string> {
  const plain = Object.entries(headers).map(([name, text]) => {
    const isCookie = name.toLowerCase() === "cookie";
    const value = filled(text, (placeholder) => inHeader(placeholder, values, isCookie));
    return [/^authorization$/i.test(name) ? "Authorization" : name, value] as const;
  });
  const pair = basic === undefined ? [] : [["Authorization", `Basic ${filledPair(basic, values)}`] as const];
  return Object.fromEntries([...plain, ...pair]);
}

/** User and password as `Basic` sends them (RFC 7617), or with both parts encoded first (RFC 6749, section 2.3.1). */
export function filledPair({ username, password, encode }: NonNullable<Use["basic"]>, values: Values): string {
  const [user, secret] = [username, password].map((text) => filled(text, (name) => valueFor(name, values)));
  if (encode === true) return basicPair(formEncoded(user), formEncoded(secret));
  if (user?.includes(":")) throw unfit(username.replace(/[{}]/g, ""), "the user name of `Basic`, which holds no colon");
  return basicPair(user ?? "", secret ?? "");
}

function formEncoded(text = ""): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Any text with its placeholders replaced as they are, as a variable holds it. */
export function filledText(text: string, values: Values): string {
  return filled(text, (name) => valueFor(name, values));
}

function filledTexts(texts: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, filledText(text, values)]));
}

function filledJson(json: unknown, values: Values): unknown {
  if (typeof json === "string") return filledText(json, values);
  if (Array.isArray(json)) return json.map((item) => filledJson(item, values));
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, filledJson(value, values)]));
}

/** RFC 3986, section 3.3: a value is one segment or a piece of one, never a step to another place, nor nothing. */
function filledPath(text: string, values: Values): string {
  return text
    .split("/")
    .map((segment) => filledSegment(segment, values))
    .join("/");
}

function filledSegment(text: string, values: Values): string {
  const names: string[] = [];
  const segment = filled(text, (name) => {
    names.push(name);
    return encodeURIComponent(valueFor(name, values).toWellFormed());
  });
  if (text !== "" && /^\.{0,2}$/.test(segment))
    throw unfit(names[0] ?? "", "a path, where it is empty or leads elsewhere");
  return segment.replace(/[{}]/g, encodeURIComponent);
}

function inHeader(name: string, values: Values, isCookie: boolean): string {
  const value = valueFor(name, values);
  if (!/^[\x20-\x7e]*$/.test(value)) throw unfit(name, "a header, which holds one line of printable ASCII");
  if (isCookie && /[; ]/.test(value)) throw unfit(name, "a cookie, which holds no blank and no semicolon");
  return value;
}

function valueFor(name: string, values: Values): string {
  const value = values[name];
  if (value === undefined) throw lacking(name);
  return value;
}

/** The answer to the exchange brought no value for a placeholder. */
export function lacking(name: string): Failure {
  return new Failure(
    "bad-response",
    `The answer to the exchange holds no ${name.replace("answer.", "")}, which the definition names.`,
    {
      hint: 'Check in the definition where "answer" looks for it, and that "url" is this service.',
    },
  );
}

export function unfit(name: string, place: string): Failure {
  const isOfService = name.startsWith("answer.");
  return new Failure(
    isOfService ? "bad-response" : "invalid-input",
    isOfService
      ? `What the service answered with as ${name.replace("answer.", "")} does not fit ${place}.`
      : `The value of "${name}" does not fit ${place}.`,
    {
      hint: isOfService
        ? "Check where the definition looks for it."
        : "Check the value, and where the definition puts it.",
    },
  );
}
