import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { type Answer, html, json, text } from "./answers.ts";
import { bearerToken } from "./credentials.ts";
import { type PublicJwk, publicJwk } from "./jws.ts";
import { GRANTS, introspectionEndpoint, newRefreshToken, revocationEndpoint, tokenEndpoint } from "./oauth2/grants.ts";
import type { Client, OAuth2Behaviour, Server } from "./oauth2/server.ts";
import { type Call, serve } from "./serve.ts";
import type { Account, RecordedRequest, Service, StartOptions } from "./service.ts";

export type { OAuth2Behaviour } from "./oauth2/server.ts";

export interface OAuth2 extends Service {
  readonly behaviour: OAuth2Behaviour;
  /** Host and port of the endpoints where they are elsewhere. */
  readonly otherHost: string;
  /** Base URL of the endpoints, wherever they are now. */
  readonly endpoints: () => string;
  /** Every refresh token that it gave, the last one last. */
  readonly refreshTokens: ReadonlyMap<string, "live" | "used">;
  /** A public key more that the client with the private key may sign with. */
  trustKey(key: PublicJwk): void;
}

/** `sub` of the ID tokens that the local runner gives its jobs, unless they are told to be others. */
const SUBJECT = "repo:octo-org/octo-repo:ref:refs/heads/main";

/** Every character that one server or another reads in another way. */
const AWKWARD = "+&%=:é/ ~";

/** Starts an authorization server with a resource behind it. */
export async function startOAuth2(options: StartOptions = {}): Promise<OAuth2> {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const server = newServer(options, key);
  const requests: RecordedRequest[] = [];
  const basePath = options.basePath ?? "";
  // The metadata of RFC 8414 stand beside the path of the issuer, not below it.
  const own = { ...options, basePath: "" };
  const handle = (call: Call): Answer => route(server, basePath, call);
  const here = await serve(own, handle, requests);
  const there = await serve(own, handle, requests);
  const endpoints = (): string => (server.behaviour.endpointsElsewhere ? there.url : here.url) + basePath;
  server.place.issuer = here.url + basePath;
  Object.defineProperty(server.place, "endpoints", { get: endpoints });
  const ready = newAccessToken(server);
  return {
    ...here,
    url: server.place.issuer,
    get accounts() {
      return accounts(server, key, ready);
    },
    behaviour: server.behaviour,
    otherHost: new URL(there.url).host,
    endpoints,
    refreshTokens: server.refreshTokens,
    trustKey: (jwk) => server.clients.find(({ keys }) => keys !== undefined)?.keys?.push(jwk),
    // What was brought is no thing left behind.
    live: () =>
      [...server.tokens].flatMap(([token, { ends }]) =>
        ends > server.now() && token !== ready ? [`access token ${token}`] : [],
      ),
    fault(fault) {
      here.fault(fault);
      there.fault(fault);
    },
    async close() {
      await here.close();
      await there.close();
    },
  };
}

function newServer(options: StartOptions, key: KeyObject): Server {
  return {
    behaviour: {
      metadataAt: "openid",
      unknownPath: "404",
      metadata: {},
      endpointsElsewhere: false,
      basic: "encoded",
      post: true,
      refusal: "401",
      body: "form",
      answers: "json",
      tokens: "opaque",
      tokenType: "Bearer",
      expiresIn: 3600,
      scopes: ["read", "write"],
      scopeRequired: false,
      audiences: ["https://api.example.com"],
      audienceRequired: false,
      audienceRefusal: "invalid_target",
      assertionAudience: "issuer",
      idTokenAudience: undefined,
      rotates: true,
      revocation: "real",
      introspection: "real",
      givesIdToken: false,
    },
    now: options.now ?? Date.now,
    trusts: options.trusts,
    place: { issuer: "", endpoints: "" },
    clients: newClients(key),
    user: { name: "ci-robot", secret: `${randomBytes(12).toString("base64url")} p%C3${AWKWARD}` },
    tokens: new Map(),
    refreshTokens: new Map(),
    seen: new Set(),
  };
}

function newClients(key: KeyObject): Client[] {
  const id = (): string => `client-${randomBytes(6).toString("hex")}`;
  const secret = `${randomBytes(12).toString("base64url")}${AWKWARD}`;
  return [
    // A name with a colon cannot stand in a pair that is not encoded, so only the secret is awkward.
    { id: id(), secret, grants: GRANTS },
    { id: id(), keys: [publicJwk(key)], grants: ["client_credentials"] },
    { id: id(), federatedSubject: SUBJECT, grants: GRANTS },
    // A right pair, but of a client that may not use any grant that there is.
    { id: id(), secret: randomBytes(12).toString("base64url"), grants: [] },
  ];
}

function newAccessToken(server: Server): string {
  const token = randomBytes(24).toString("base64url");
  const client = server.clients[0]?.id ?? "";
  server.tokens.set(token, { client, scope: "read", audience: [], ends: server.now() + 3_600_000 });
  return token;
}

function accounts(server: Server, key: KeyObject, ready: string): Record<string, Account> {
  const [confidential, signing, federated] = server.clients;
  const pair = { "client-id": confidential?.id ?? "", "client-secret": confidential?.secret ?? "" };
  const privateKey = String(key.export({ type: "pkcs8", format: "pem" }));
  const named = { "client-id": federated?.id ?? "" };
  const given: Record<string, Record<string, string>> = {
    "client-credentials": pair,
    password: { username: server.user.name, password: server.user.secret, ...pair },
    "private-key-jwt": { "client-id": signing?.id ?? "", "private-key": privateKey },
    "access-token": { token: ready, "probe-url": `${server.place.endpoints}/api/me` },
    "refresh-token": { token: newRefreshToken(server), ...pair },
    "client-assertion": named,
    "jwt-bearer": named,
    "token-exchange": named,
  };
  return Object.fromEntries(Object.entries(given).map(([method, inputs]) => [method, { inputs }]));
}

function route(server: Server, basePath: string, call: Call): Answer {
  const { revocation, introspection } = server.behaviour;
  if (metadataPath(server, basePath) === call.route && call.method === "GET") return json(200, metadata(server));
  switch (call.route.startsWith(`${basePath}/`) ? call.route.slice(basePath.length) : "") {
    case "/token":
      return tokenEndpoint(server, call);
    case "/introspect":
      return introspection === "none" ? unknownPath(server) : introspectionEndpoint(server, call);
    case "/revoke":
      if (revocation === "page") return html(200, "Sign in", "Please sign in.");
      return revocation === "none" ? unknownPath(server) : revocationEndpoint(server, call);
    case "/api/me":
      return resource(server, call);
    default:
      return unknownPath(server);
  }
}

function unknownPath(server: Server): Answer {
  switch (server.behaviour.unknownPath) {
    case "404":
      return text(404, "Not Found");
    case "404 page":
      return html(404, "Not Found", "There is nothing here.");
    case "200 page":
      return html(200, "Sign in", "Please sign in.");
  }
}

function metadataPath(server: Server, basePath: string): string | undefined {
  switch (server.behaviour.metadataAt) {
    case "openid":
      return `${basePath}/.well-known/openid-configuration`;
    case "inserted":
      return `/.well-known/oauth-authorization-server${basePath}`;
    case "appended":
      return `${basePath}/.well-known/oauth-authorization-server`;
    case "nowhere":
      return undefined;
  }
}

function metadata(server: Server): Record<string, unknown> {
  const { basic, post, revocation, introspection, metadata: said } = server.behaviour;
  const { issuer, endpoints } = server.place;
  const methods = [
    ...(basic === "no" ? [] : ["client_secret_basic"]),
    ...(post ? ["client_secret_post"] : []),
    "private_key_jwt",
    "none",
  ];
  return {
    issuer,
    token_endpoint: `${endpoints}/token`,
    token_endpoint_auth_methods_supported: methods,
    grant_types_supported: GRANTS,
    ...(introspection !== "none" && { introspection_endpoint: `${endpoints}/introspect` }),
    ...(revocation !== "none" && { revocation_endpoint: `${endpoints}/revoke` }),
    ...said,
  };
}

/** Something that a token is for. */
function resource(server: Server, call: Call): Answer {
  const token = bearerToken(call.headers.authorization) ?? "";
  const known = server.tokens.get(token);
  if (known === undefined || known.ends <= server.now()) {
    const reason = token === "" ? "" : ',error="invalid_token",error_description="The access token is not known"';
    return json(401, { error: "invalid_token" }, { "www-authenticate": `Bearer realm="api"${reason}` });
  }
  return json(200, { sub: known.username ?? known.client, scope: known.scope });
}
