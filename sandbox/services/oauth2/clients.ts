import { Refusal } from "../answers.ts";
import { basicPair, decodeFormText, type Pair } from "../credentials.ts";
import { isSignedBy, type Jws, type PublicJwk, readJws } from "../jws.ts";
import type { Call } from "../serve.ts";
import { type Client, empty, type Parameters, refusal, type Server } from "./server.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Milliseconds that the clocks of two machines may differ by. */
const SKEW = 30_000;
/** Milliseconds that an assertion may live at most. */
const LONGEST = 300_000;

/** Which client asks, by the one proof that it gives; undefined where it gives none. */
export function authenticate(server: Server, call: Call, parameters: Parameters): Client | undefined {
  const proofs = [
    call.headers.authorization !== undefined,
    parameters.has("client_secret"),
    parameters.has("client_assertion"),
  ];
  if (proofs.filter(Boolean).length > 1) {
    throw refusal(400, "invalid_request", "The client authenticates in more than one way.");
  }
  if (parameters.has("client_assertion")) return byAssertion(server, parameters);
  const pair = call.headers.authorization === undefined ? inBody(server, parameters) : inHeader(server, call);
  if (pair === undefined) return undefined;
  const client = server.clients.find(({ id, secret }) => id === pair.name && secret === pair.secret);
  if (client !== undefined) return client;
  throw refused(server, call.headers.authorization !== undefined);
}

/** A client that is known by its name alone; a confidential one has to prove itself. */
export function publicClient(server: Server, parameters: Parameters): Client {
  const client = server.clients.find(({ id }) => id === parameters.get("client_id"));
  if (client === undefined || client.secret !== undefined || client.keys !== undefined) throw refused(server, false);
  return client;
}

function inHeader(server: Server, call: Call): Pair {
  const pair = server.behaviour.basic === "no" ? undefined : basicPair(call.headers.authorization);
  if (pair === undefined) throw refused(server, true);
  if (server.behaviour.basic === "plain") return pair;
  const [name, secret] = [decodeFormText(pair.name), decodeFormText(pair.secret)];
  if (name === undefined || secret === undefined) {
    throw refusal(400, "invalid_request", "The pair is not form-encoded.");
  }
  return { name, secret };
}

function inBody(server: Server, parameters: Parameters): Pair | undefined {
  if (!parameters.has("client_secret")) return undefined;
  if (!server.behaviour.post) throw refused(server, false);
  return { name: parameters.get("client_id") ?? "", secret: parameters.get("client_secret") ?? "" };
}

function byAssertion(server: Server, parameters: Parameters): Client {
  const jwt = readJws(parameters.get("client_assertion") ?? "");
  if (parameters.get("client_assertion_type") !== ASSERTION_TYPE || jwt === undefined) throw refused(server, false);
  const client = jwt.claims.iss === server.trusts?.issuer ? federated(server, jwt) : ownKey(server, jwt);
  const named = parameters.get("client_id");
  if (client === undefined || (named !== undefined && named !== client.id)) throw refused(server, false);
  return client;
}

/** The client that is registered for the subject of an ID token of the trusted issuer. */
function federated(server: Server, jwt: Jws): Client | undefined {
  if (idTokenFlaw(server, jwt) !== undefined) return undefined;
  return server.clients.find(({ federatedSubject }) => federatedSubject === jwt.claims.sub);
}

/** RFC 7523, section 3: the client signs for itself. */
function ownKey(server: Server, jwt: Jws): Client | undefined {
  const { iss, sub, aud } = jwt.claims;
  const client = server.clients.find(({ id, keys }) => id === iss && keys !== undefined);
  const { issuer, endpoints } = server.place;
  const wanted = server.behaviour.assertionAudience === "issuer" ? issuer : `${endpoints}/token`;
  if (client === undefined || sub !== iss || aud !== wanted) return undefined;
  return flawOf(server, jwt, client.keys ?? []) === undefined ? client : undefined;
}

/** What is wrong with an ID token of the issuer that is trusted; undefined where nothing is. */
export function idTokenFlaw(server: Server, jwt: Jws): string | undefined {
  const { issuer, keys } = server.trusts ?? { issuer: undefined, keys: () => [] };
  if (issuer === undefined || jwt.claims.iss !== issuer) return "issuer is not trusted";
  const wanted = server.behaviour.idTokenAudience ?? server.place.issuer;
  if (jwt.claims.aud !== wanted) return "audience is another";
  return flawOf(server, jwt, keys());
}

/** Signature, times, and that it was never taken before; only then is it taken. */
function flawOf(server: Server, jwt: Jws, keys: readonly PublicJwk[]): string | undefined {
  const { jti, exp } = jwt.claims;
  if (!isSignedBy(jwt, keys)) return "signature is wrong";
  const left = typeof exp === "number" ? exp * 1000 - server.now() : Number.NaN;
  if (!(left > -SKEW)) return "has expired";
  if (left > LONGEST + SKEW) return "lives too long";
  if (typeof jti !== "string" || jti === "") return "has no jti";
  if (server.seen.has(jti)) return "was used before";
  server.seen.add(jti);
  return undefined;
}

/** How this server says that it does not know the client. */
export function refused(server: Server, asksBasic: boolean): Refusal {
  const challenge = asksBasic ? { "www-authenticate": 'Basic realm="token"' } : undefined;
  switch (server.behaviour.refusal) {
    case "401":
      return refusal(401, "invalid_client", "Client authentication failed.", challenge);
    case "400":
      return refusal(400, "invalid_client");
    case "200":
      return refusal(200, "invalid_client", "Client authentication failed.");
    case "401 unauthorized_client":
      return refusal(401, "unauthorized_client", "Invalid client or Invalid client credentials");
    case "empty 401":
      return new Refusal(empty(401));
    case "empty 403":
      return new Refusal(empty(403));
  }
}
