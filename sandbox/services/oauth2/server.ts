import type { Answer } from "../answers.ts";
import { json, NO_STORE, Refusal } from "../answers.ts";
import { decodeFormText, jsonFields, mediaType, type Pair } from "../credentials.ts";
import type { PublicJwk } from "../jws.ts";
import type { Call } from "../serve.ts";
import type { TrustedIssuer } from "../service.ts";

/** Switches, for what the standards leave open and servers do; all can be turned while the service runs. */
export interface OAuth2Behaviour {
  /** Where its metadata stand: as OpenID Connect Discovery has it, or as RFC 8414 has it, or where some put those by mistake. */
  metadataAt: "openid" | "inserted" | "appended" | "nowhere";
  /** What a path that nobody knows gets. */
  unknownPath: "404" | "404 page" | "200 page";
  /** What the metadata say beside, or in the place of, the truth; undefined takes a member out. */
  metadata: Readonly<Record<string, unknown>>;
  /** Endpoints on another host than the issuer. */
  endpointsElsewhere: boolean;
  /** How it reads the pair of `Authorization: Basic`: form-encoded (RFC 6749, 2.3.1), as it is (RFC 7617), or not at all. */
  basic: "encoded" | "plain" | "no";
  /** Whether it takes the pair in the body. */
  post: boolean;
  /** How it refuses a client. */
  refusal: "401" | "400" | "empty 401" | "empty 403" | "200" | "401 unauthorized_client";
  /** How it takes the token request. */
  body: "form" | "json";
  /** How it answers the token request. */
  answers: "json" | "form";
  /** Whether an access token is a JWT (RFC 9068). */
  tokens: "opaque" | "jwt";
  /** `token_type` of the answer; undefined leaves it out. */
  tokenType: string | undefined;
  /** `expires_in` of the answer, as it is written; undefined leaves it out. */
  expiresIn: unknown;
  /** Scopes that there are; a request without one gets the first, or is refused where that is asked for. */
  scopes: readonly string[];
  scopeRequired: boolean;
  /** What a token may be asked for. */
  audiences: readonly string[];
  audienceRequired: boolean;
  /** How it refuses an audience: RFC 8693's word, or another one that is in use. */
  audienceRefusal: "invalid_target" | "403 access_denied" | "401 access_denied";
  /** What a signed assertion has to be meant for. */
  assertionAudience: "issuer" | "token endpoint";
  /** `aud` that GitHub's ID token has to have; the issuer unless told. */
  idTokenAudience: string | undefined;
  /** Whether a refresh token that was used is dead, and the answer holds a new one. */
  rotates: boolean;
  /** What becomes of a request to take a token back. */
  revocation: "real" | "unsupported" | "page" | "none";
  introspection: "real" | "inactive" | "none";
  /** Whether the token answer holds an ID token of the service's own. */
  givesIdToken: boolean;
}

/** A client of the server. */
export interface Client {
  readonly id: string;
  readonly secret?: string;
  /** Keys that its assertions are signed with. */
  readonly keys?: PublicJwk[];
  /** `sub` of the ID token that proves it; the issuer is the one that the server trusts. */
  readonly federatedSubject?: string;
  readonly grants: readonly string[];
}

/** What is known of an access token. */
export interface Grant {
  readonly client: string;
  readonly username?: string;
  readonly scope: string;
  readonly audience: readonly string[];
  /** Milliseconds since the epoch. */
  readonly ends: number;
}

export interface Server {
  readonly behaviour: OAuth2Behaviour;
  readonly now: () => number;
  readonly trusts: TrustedIssuer | undefined;
  /** Known once the server listens. */
  readonly place: { issuer: string; endpoints: string };
  readonly clients: readonly Client[];
  readonly user: Pair;
  readonly tokens: Map<string, Grant>;
  /** Refresh tokens: `live`, or `used` where one was rotated. */
  readonly refreshTokens: Map<string, "live" | "used">;
  /** `jti` of every assertion that was taken: each counts once. */
  readonly seen: Set<string>;
}

/** The parameters of a request, each with all its values. */
export interface Parameters {
  /** The one value; one that is empty counts as left out (RFC 6749, section 3.2). */
  get(name: string): string | undefined;
  all(name: string): readonly string[];
  has(name: string): boolean;
}

function toParameters(values: ReadonlyMap<string, readonly string[]>): Parameters {
  const all = (name: string): readonly string[] => (values.get(name) ?? []).filter((value) => value !== "");
  return { all, get: (name) => all(name)[0], has: (name) => values.has(name) };
}

/** The first parameter that came more than once; `resource` and `audience` may (RFC 8693, section 2.1). */
function repeated(values: ReadonlyMap<string, readonly string[]>): string | undefined {
  const [found] =
    [...values].find(([name, { length }]) => length > 1 && name !== "resource" && name !== "audience") ?? [];
  return found;
}

const IN_BODY = ["grant_type", "client_id", "client_secret", "client_assertion", "assertion", "password", "token"];

/** Reads the parameters of a request to an endpoint, in the one form that it takes. */
export function parametersOf(call: Call, body: "form" | "json"): Parameters {
  // An endpoint may have a query of its own (RFC 6749, section 3.2), but no parameter belongs there.
  const inQuery = IN_BODY.find((name) => call.query.has(name));
  if (inQuery !== undefined) throw refusal(400, "invalid_request", `Parameter ${inQuery} belongs into the body.`);
  const values = body === "json" ? fromJson(call) : fromForm(call);
  const twice = repeated(values);
  if (twice !== undefined) throw refusal(400, "invalid_request", `Parameter ${twice} came more than once.`);
  return toParameters(values);
}

function fromForm(call: Call): Map<string, string[]> {
  if (mediaType(call) !== "application/x-www-form-urlencoded") {
    throw refusal(415, "invalid_request", "Send application/x-www-form-urlencoded.");
  }
  const values = new Map<string, string[]>();
  for (const pair of call.body.split("&").filter((text) => text !== "")) {
    const [name = "", ...rest] = pair.split("=");
    const [readName, value] = [decodeFormText(name), decodeFormText(rest.join("="))];
    if (readName === undefined || value === undefined) throw refusal(400, "invalid_request", "Broken percent escape.");
    values.set(readName, [...(values.get(readName) ?? []), value]);
  }
  return values;
}

function fromJson(call: Call): Map<string, readonly string[]> {
  const fields = jsonFields(call);
  if (fields === undefined) throw refusal(415, "invalid_request", "Send a JSON object.");
  const values = Object.entries(fields).map(([name, value]) => {
    const all: unknown[] = Array.isArray(value) ? value : [value];
    if (!all.every((one) => typeof one === "string")) {
      throw refusal(400, "invalid_request", `Parameter ${name} is no text.`);
    }
    return [name, all] as const;
  });
  return new Map(values);
}

/** An error of RFC 6749, section 5.2, ready to be thrown. */
export function refusal(
  status: number,
  error: string,
  description?: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  const body = description === undefined ? { error } : { error, error_description: description };
  return new Refusal(json(status, body, { ...NO_STORE, ...headers }));
}

/** An answer without a body. */
export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers };
}
