import { randomBytes, randomUUID } from "node:crypto";
import { type Answer, json, NO_STORE, Refusal } from "../answers.ts";
import { readJws } from "../jws.ts";
import { signJwt } from "../jwt.ts";
import type { Call } from "../serve.ts";
import { authenticate, idTokenFlaw, publicClient, refused } from "./clients.ts";
import { type Client, empty, type Grant, type Parameters, parametersOf, refusal, type Server } from "./server.ts";

export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const GRANTS = ["client_credentials", "password", "refresh_token", JWT_BEARER, TOKEN_EXCHANGE];

const TOKEN_TYPE = "urn:ietf:params:oauth:token-type:";
/** Types of a subject token that an ID token of GitHub can go by (RFC 8693, section 3). */
const SUBJECT_TYPES = [`${TOKEN_TYPE}jwt`, `${TOKEN_TYPE}id_token`];

/** Who the token will be for, and what comes along with it. */
interface Granted {
  readonly client: Client;
  readonly username?: string;
  readonly refreshToken?: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** `POST /token` (RFC 6749, section 3.2). */
export function tokenEndpoint(server: Server, call: Call): Answer {
  if (call.method !== "POST") return empty(405, { allow: "POST" });
  const parameters = parametersOf(call, server.behaviour.body);
  const grantType = parameters.get("grant_type");
  if (grantType === undefined) throw refusal(400, "invalid_request", "Missing parameter: grant_type.");
  if (!GRANTS.includes(grantType)) throw refusal(400, "unsupported_grant_type");
  const proven = authenticate(server, call, parameters);
  const granted = grant(server, grantType, proven, parameters);
  if (!granted.client.grants.includes(grantType)) throw refusal(400, "unauthorized_client");
  return issue(server, granted, scopeOf(server, parameters), audienceOf(server, parameters));
}

function grant(server: Server, grantType: string, proven: Client | undefined, parameters: Parameters): Granted {
  switch (grantType) {
    case "client_credentials":
      if (proven === undefined) throw refused(server, false);
      return { client: proven };
    case "password":
      return byPassword(server, proven ?? publicClient(server, parameters), parameters);
    case "refresh_token":
      return byRefreshToken(server, proven ?? publicClient(server, parameters), parameters);
    case JWT_BEARER:
      return { client: byIdToken(server, proven, parameters, "assertion") };
    default:
      return byTokenExchange(server, proven, parameters);
  }
}

function byPassword(server: Server, client: Client, parameters: Parameters): Granted {
  const [username, password] = [parameters.get("username"), parameters.get("password")];
  if (username === undefined || password === undefined) {
    throw refusal(400, "invalid_request", "Missing parameter: username or password.");
  }
  if (username !== server.user.name || password !== server.user.secret) {
    throw refusal(400, "invalid_grant", "Invalid user credentials");
  }
  return { client, username, refreshToken: newRefreshToken(server) };
}

/** A refresh token that was used once is dead where they rotate; a second use kills what it brought, too (RFC 9700, 4.14.2). */
function byRefreshToken(server: Server, client: Client, parameters: Parameters): Granted {
  const given = parameters.get("refresh_token") ?? "";
  const state = server.refreshTokens.get(given);
  if (state === "used") {
    server.tokens.clear();
    for (const token of server.refreshTokens.keys()) server.refreshTokens.set(token, "used");
  }
  if (state !== "live") throw refusal(400, "invalid_grant", "Token is not active");
  if (!server.behaviour.rotates) return { client, username: server.user.name };
  server.refreshTokens.set(given, "used");
  return { client, username: server.user.name, refreshToken: newRefreshToken(server) };
}

export function newRefreshToken(server: Server): string {
  const token = randomBytes(24).toString("base64url");
  server.refreshTokens.set(token, "live");
  return token;
}

/** The ID token says which client it is for; one that has proven itself or is named has to be that one. */
function byIdToken(server: Server, proven: Client | undefined, parameters: Parameters, name: string): Client {
  const jwt = readJws(parameters.get(name) ?? "");
  if (jwt === undefined) throw refusal(400, "invalid_request", `Missing parameter: ${name}.`);
  const flaw = idTokenFlaw(server, jwt);
  if (flaw !== undefined) throw refusal(400, "invalid_grant", `The token's ${flaw}.`);
  const subject = server.clients.find(({ federatedSubject }) => federatedSubject === jwt.claims.sub);
  if (subject === undefined) throw refusal(400, "invalid_grant", "The token's subject is not known.");
  const named = parameters.get("client_id");
  const client = proven ?? server.clients.find(({ id }) => id === named) ?? subject;
  if (named !== undefined && client.id !== named) throw refused(server, false);
  return client;
}

function byTokenExchange(server: Server, proven: Client | undefined, parameters: Parameters): Granted {
  if (!SUBJECT_TYPES.includes(parameters.get("subject_token_type") ?? "")) {
    throw refusal(400, "invalid_request", "subject_token_type is not supported.");
  }
  const wanted = parameters.get("requested_token_type") ?? `${TOKEN_TYPE}access_token`;
  if (![`${TOKEN_TYPE}access_token`, `${TOKEN_TYPE}jwt`].includes(wanted)) {
    throw refusal(400, "invalid_request", "requested_token_type is not supported.");
  }
  const client = byIdToken(server, proven, parameters, "subject_token");
  return { client, more: { issued_token_type: wanted } };
}

function scopeOf(server: Server, parameters: Parameters): string {
  const { scopes, scopeRequired } = server.behaviour;
  const asked = parameters.get("scope");
  if (asked === undefined && scopeRequired) throw refusal(400, "invalid_scope", "A scope has to be asked for.");
  const wanted = asked?.split(" ") ?? scopes.slice(0, 1);
  const unknown = wanted.find((scope) => !scopes.includes(scope));
  if (unknown !== undefined) throw refusal(400, "invalid_scope", `There is no scope ${unknown}.`);
  return wanted.join(" ");
}

function audienceOf(server: Server, parameters: Parameters): readonly string[] {
  const { audiences, audienceRequired, audienceRefusal } = server.behaviour;
  const asked = [...parameters.all("audience"), ...parameters.all("resource")];
  if (asked.length === 0 && audienceRequired) throw refusal(400, "invalid_request", "Missing parameter: audience.");
  if (asked.every((one) => audiences.includes(one))) return asked;
  switch (audienceRefusal) {
    case "invalid_target":
      throw refusal(400, "invalid_target", "The audience is not known.");
    case "403 access_denied":
      throw refusal(403, "access_denied", "Service not found.");
    case "401 access_denied":
      throw refusal(401, "access_denied", "Unauthorized");
  }
}

function issue(server: Server, granted: Granted, scope: string, audience: readonly string[]): Answer {
  const { expiresIn, tokenType, givesIdToken } = server.behaviour;
  const seconds = Number(expiresIn);
  const ends = server.now() + (seconds > 0 ? seconds : 3600) * 1000;
  const { client, username, refreshToken, more } = granted;
  const known: Grant = { client: client.id, scope, audience, ends, ...(username !== undefined && { username }) };
  const token = accessToken(server, known);
  server.tokens.set(token, known);
  const body = {
    access_token: token,
    ...(tokenType !== undefined && { token_type: tokenType }),
    ...(expiresIn !== undefined && { expires_in: expiresIn }),
    scope,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(givesIdToken && { id_token: signJwt({ iss: server.place.issuer, sub: username ?? client.id }, "key") }),
    ...more,
  };
  if (server.behaviour.answers === "json") return json(200, body, NO_STORE);
  const fields = Object.entries(body).map(([name, value]) => [name, String(value)] as [string, string]);
  return {
    status: 200,
    headers: { ...NO_STORE, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  };
}

/** Opaque, or a JWT of RFC 9068. */
function accessToken(server: Server, { client, username, scope, audience, ends }: Grant): string {
  if (server.behaviour.tokens === "opaque") return randomBytes(24).toString("base64url");
  const times = { iat: Math.floor(server.now() / 1000), exp: Math.floor(ends / 1000) };
  const aud = audience.length > 1 ? audience : (audience[0] ?? "account");
  const { issuer } = server.place;
  return signJwt(
    { iss: issuer, sub: username ?? client, aud, client_id: client, scope, jti: randomUUID(), ...times },
    "key of this server",
  );
}

/** `POST /introspect` (RFC 7662): for clients that have proven themselves. */
export function introspectionEndpoint(server: Server, call: Call): Answer {
  const { parameters } = fromProvenClient(server, call);
  const known = server.tokens.get(parameters.get("token") ?? "");
  const { introspection } = server.behaviour;
  if (known === undefined || known.ends <= server.now() || introspection === "inactive") {
    return json(200, { active: false });
  }
  const { client, username, scope, ends } = known;
  return json(200, {
    active: true,
    client_id: client,
    scope,
    exp: Math.floor(ends / 1000),
    ...(username !== undefined && { username }),
  });
}

/** `POST /revoke` (RFC 7009): a token that is not known is no error. */
export function revocationEndpoint(server: Server, call: Call): Answer {
  const { parameters, client } = fromProvenClient(server, call);
  const token = parameters.get("token");
  if (token === undefined) throw refusal(400, "invalid_request", "Missing parameter: token.");
  if (server.behaviour.revocation === "unsupported") throw refusal(400, "unsupported_token_type");
  const known = server.tokens.get(token);
  if (known !== undefined && known.client !== client.id) throw refusal(400, "invalid_grant");
  server.tokens.delete(token);
  return empty(200);
}

/** Both endpoints take a form, whatever the token endpoint takes. */
function fromProvenClient(server: Server, call: Call): { client: Client; parameters: Parameters } {
  if (call.method !== "POST") throw new Refusal(empty(405, { allow: "POST" }));
  const parameters = parametersOf(call, "form");
  const proven = authenticate(server, call, parameters);
  return { parameters, client: proven ?? publicClient(server, parameters) };
}
