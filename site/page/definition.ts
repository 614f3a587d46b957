/** What the definition of a service would send, in words and requests; read by the action's own code. */
import { setsOf, takesIdToken } from "../../src/providers/definition/check.ts";
import { readDefinition } from "../../src/providers/definition/read.ts";
import type {
  Definition,
  Expires,
  MethodDefinition,
  RequestDefinition,
  Source,
} from "../../src/providers/definition/schema.ts";
import type { MethodFacts } from "./facts.ts";

export type Reading =
  | { readonly kind: "nothing" }
  | { readonly kind: "mistake"; readonly says: string; readonly hint: string }
  | {
      readonly kind: "service";
      readonly name: string;
      readonly methods: readonly MethodFacts[];
      readonly told: readonly Told[];
    };

/** What happens at one moment: words, and the request that is sent then. */
export interface Told {
  readonly when: string;
  readonly words?: string;
  readonly request?: string;
}

/** Reads the text of a definition file, and says what it would do at `url`. */
export function readOwn(text: string, url: string): Reading {
  if (text.trim() === "") return { kind: "nothing" };
  let definition: Definition;
  try {
    definition = readDefinition(text);
  } catch (error) {
    const { message, hint } = Object(error);
    return { kind: "mistake", says: String(message), hint: String(hint ?? "") };
  }
  const methods = Object.entries(definition.methods);
  const several = methods.length > 1;
  return {
    kind: "service",
    name: definition.name ?? "The service",
    methods: methods.map(([id, method]) => factsOf(id, method)),
    told: methods.flatMap(([id, method]) => tell(several ? `${id}: ` : "", method, url)),
  };
}

function factsOf(id: string, method: MethodDefinition): MethodFacts {
  const isMinted = method.exchange !== undefined;
  const parameters = [...JSON.stringify(method).matchAll(/\{parameters\.([\w.-]+)\}/g)].map(([, name = ""]) => name);
  return {
    id,
    isNamed: (method["by-name-only"] ?? false) || (takesIdToken(method) && id !== "custom"),
    needs: setsOf(method)[0] ?? [],
    options: ["parameters", ...(takesIdToken(method) ? ["id-token-audience"] : []), "env-name"],
    parameters: [...new Set(parameters)],
    usesIdToken: takesIdToken(method),
    variables: [method.env?.name ?? "ACCESS_TOKEN", ...Object.keys(method.env?.also ?? {})],
    ending: isMinted ? (method.revoke === undefined ? "expires" : "revocable") : "ready-made",
    ...(method.revoke !== undefined && { closing: fieldsOf(method.revoke) }),
  };
}

/** The credentials that a request names. */
function fieldsOf(request: RequestDefinition): string[] {
  const names = [...JSON.stringify(request).matchAll(/\{(token|username|password|client-id|client-secret)\}/g)];
  return [...new Set(names.map(([, name = ""]) => name))];
}

function tell(which: string, method: MethodDefinition, url: string): Told[] {
  const { exchange, answer = {}, use, probe, revoke } = method;
  const own = exchange === undefined ? "{token}" : "{answer.token}";
  const headers = use?.headers ?? (use?.basic === undefined ? { Authorization: `Bearer ${own}` } : {});
  const sent = use?.basic === undefined ? headers : { ...headers, Authorization: basicOf(use.basic) };
  const told: Told[] = [];
  if (exchange !== undefined) {
    told.push({ when: `${which}exchange`, request: requestText(exchange, url, "POST", {}) });
    told.push({
      when: `${which}answer`,
      words: `The token is ${placeOf(answer.token ?? { json: "/access_token" })}. ${expiryOf(answer.expires)}`,
    });
  }
  told.push({
    when: `${which}use`,
    request: Object.entries(sent)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
  });
  if (probe === undefined) told.push({ when: `${which}probe`, words: "None: the token is not proven." });
  else {
    const account = probe.account === undefined ? "" : ` The account is ${placeOf(probe.account)}.`;
    told.push({
      when: `${which}probe`,
      request: requestText(probe, url, "GET", sent),
      words: `Accepted where there is a value ${placeOf(probe.accepted)}.${account}`,
    });
  }
  if (revoke !== undefined) {
    told.push({
      when: `${which}end of the job`,
      request: requestText(revoke, url, "POST", revoke.with === "use" ? sent : {}),
    });
  } else {
    const words =
      exchange === undefined ? "Left as it is: you brought it." : "Nothing is sent: it lives until it expires.";
    told.push({ when: `${which}end of the job`, words });
  }
  return told;
}

function requestText(
  request: RequestDefinition,
  url: string,
  method: string,
  sent: Readonly<Record<string, string>>,
): string {
  const { path, query, form, json, basic } = request;
  const headers = {
    ...sent,
    ...(basic !== undefined && { Authorization: basicOf(basic) }),
    ...(form !== undefined && { "Content-Type": "application/x-www-form-urlencoded" }),
    ...(json !== undefined && { "Content-Type": "application/json" }),
    ...request.headers,
  };
  const pairs = (fields: Readonly<Record<string, string>>) =>
    Object.entries(fields)
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
  const lines = [
    `${request.method ?? method} ${url}${path}${query === undefined ? "" : `?${pairs(query)}`}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const body = form === undefined ? (json === undefined ? undefined : JSON.stringify(json, undefined, 2)) : pairs(form);
  return [...lines, ...(body === undefined ? [] : ["", body])].join("\n");
}

function basicOf({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic base64(${username}:${password})`;
}

function placeOf({ json, header, cookie }: Source): string {
  if (json !== undefined) return json === "" ? "the whole JSON answer" : `at ${json} of the JSON answer`;
  if (header !== undefined) return `in the header ${header}`;
  return cookie === undefined ? "the whole answer" : `in the cookie ${cookie}`;
}

function expiryOf(expires: Expires | undefined): string {
  if (expires === undefined) return "Its expiry is told by the token itself, or by /expires_in, where there is one.";
  const { after, as = "seconds", ...place } = expires;
  return after === undefined ? `Its expiry is ${placeOf(place)}, as ${as}.` : `It lives ${after} seconds.`;
}
