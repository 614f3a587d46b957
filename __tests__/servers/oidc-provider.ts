import { once } from "node:events";
import { createServer } from "node:http";
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify } from "jose";
import Provider, { type Context, errors } from "oidc-provider";
import { awkward, awkwardBeyondAscii, type Pair } from "./pair.ts";
import { type Recorder, startRecorder } from "./recorder.ts";

const URN = "urn:ietf:params:oauth:";
const JWT_BEARER = `${URN}grant-type:jwt-bearer`;
const TOKEN_EXCHANGE = `${URN}grant-type:token-exchange`;

/** oidc-provider, which is certified for OpenID Connect; what it does not have itself are three grants, added in its own way. */
export interface OidcProvider extends Recorder {
  readonly issuer: string;
  /** A client that proves itself with a secret. */
  readonly client: Pair;
  readonly user: Pair;
  /** A client that proves itself with this private key. */
  readonly signing: { readonly id: string; readonly privateKey: JWK };
  /** A client that has no secret. */
  readonly publicClient: string;
  /** Makes a client that proves itself with the private half of this key. */
  registerKey(id: string, publicJwk: JWK, alg: string): void;
  /** What the server's own store says of an access token. */
  isAlive(token: string): boolean;
}

/** The resource servers that it knows (RFC 8707): tokens for the second one are JWTs (RFC 9068), which it does not keep. */
export const RESOURCE = "https://api.example/v1";
export const RESOURCE_OF_JWTS = "https://api.example/v2";

/** Starts a server that trusts the ID tokens of an issuer for jobs of a repository, each of them once. */
export async function startOidcProvider(trusted: { issuer: string; repository: string }): Promise<OidcProvider> {
  const recorder = await startRecorder();
  const issuer = recorder.url;
  // A client's secret is printable ASCII here (RFC 6749, appendix A.2).
  const client = { id: "a client/of the job+1", secret: awkward() };
  const user = { id: "ci-robot", secret: awkwardBeyondAscii() };
  const signing = { id: "the-signing-client", privateKey: await privateKey("of-the-client", "ES256") };
  const publicClient = "the-public-client";
  const grants = ["client_credentials", "password", JWT_BEARER, TOKEN_EXCHANGE];
  const store = new Map<string, object>();
  const provider = new Provider(issuer, {
    ...SETTINGS,
    adapter: (model: string) => keepIn(store, model),
    jwks: { keys: [await privateKey("of-the-server", "RS256")] },
  });
  // As a registration leaves them there.
  const clients = [
    { ...clientOf(client.id, grants), client_secret: client.secret },
    { ...clientOf(signing.id, grants), ...provenBy(signing.privateKey) },
    { ...clientOf(publicClient, [JWT_BEARER, TOKEN_EXCHANGE]), token_endpoint_auth_method: "none" },
  ];
  for (const one of clients) store.set(`Client ${one.client_id}`, one);
  addGrants(provider, user, trusted);
  const server = createServer(provider.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  recorder.lead(address.port);
  return {
    ...recorder,
    issuer,
    client,
    user,
    signing,
    publicClient,
    registerKey(id, publicJwk, alg) {
      const proof = { ...provenBy(publicJwk), token_endpoint_auth_signing_alg: alg };
      store.set(`Client ${id}`, { ...clientOf(id, grants), ...proof });
    },
    isAlive: (token) => store.has(`ClientCredentials ${token}`),
    async stop() {
      await recorder.stop();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Whoever asks about a token or takes it back is the client that it was minted for. */
const ownToken = async (_ctx: Context, client: { clientId: string }, token: { clientId: string }): Promise<boolean> =>
  client.clientId === token.clientId;

const SETTINGS = {
  // The clients may ask for one of them only.
  scopes: ["ci", "admin"],
  ttl: { ClientCredentials: 600 },
  cookies: { keys: ["of a test"] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: ownToken },
    revocation: { enabled: true, allowedPolicy: ownToken },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(_ctx: Context, resource: string) {
        if (resource === RESOURCE) return { scope: "ci", accessTokenFormat: "opaque" };
        if (resource === RESOURCE_OF_JWTS) return { scope: "ci", accessTokenFormat: "jwt" };
        throw new errors.InvalidTarget("no such resource");
      },
    },
  },
};

/** Keeps what the server mints, each kind by its id. */
function keepIn(store: Map<string, object>, model: string) {
  return {
    upsert: async (id: string, payload: object) => void store.set(`${model} ${id}`, payload),
    find: async (id: string) => store.get(`${model} ${id}`),
    destroy: async (id: string) => void store.delete(`${model} ${id}`),
  };
}

function clientOf(id: string, grants: readonly string[]) {
  return { client_id: id, grant_types: grants, redirect_uris: [], response_types: [], scope: "ci" };
}

/** As the client's registration has it (RFC 7591): the public half. */
function provenBy({ d: _, ...key }: JWK): object {
  return { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [key] } };
}

async function privateKey(kid: string, alg: string): Promise<JWK> {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(pair.privateKey)), kid, alg, use: "sig" };
}

function addGrants(provider: Provider, user: Pair, trusted: { issuer: string; repository: string }): void {
  const mint = async (ctx: Context, more: object = {}): Promise<void> => {
    const { client, params } = ctx.oidc;
    const token = new provider.ClientCredentials({ client, scope: params.scope });
    const value = await token.save();
    const { expiration, scope, tokenType } = token;
    ctx.body = { access_token: value, expires_in: expiration, scope, token_type: tokenType, ...more };
  };
  const check = verifier(provider, trusted);
  const byPassword = async (ctx: Context): Promise<void> => {
    const { username, password } = ctx.oidc.params;
    if (username !== user.id || password !== user.secret) throw new errors.InvalidGrant("wrong user or password");
    await mint(ctx);
  };
  const byAssertion = async (ctx: Context): Promise<void> => {
    await check(ctx.oidc.params.assertion);
    await mint(ctx);
  };
  const byExchange = async (ctx: Context): Promise<void> => {
    const { subject_token: token, subject_token_type: type } = ctx.oidc.params;
    if (type !== `${URN}token-type:jwt`) throw new errors.InvalidGrant("unknown type of subject token");
    await check(token);
    await mint(ctx, { issued_token_type: `${URN}token-type:access_token` });
  };
  provider.registerGrantType("password", byPassword, ["username", "password", "scope"]);
  provider.registerGrantType(JWT_BEARER, byAssertion, ["assertion", "scope"]);
  provider.registerGrantType(TOKEN_EXCHANGE, byExchange, ["subject_token", "subject_token_type", "scope"]);
}

/** Checks an ID token as who trusts GitHub does: signature, issuer, audience, subject, and that it is used once. */
function verifier(provider: Provider, trusted: { issuer: string; repository: string }) {
  const keys = createRemoteJWKSet(new URL(`${trusted.issuer}/.well-known/jwks`));
  return async (idToken = ""): Promise<void> => {
    const { payload } = await jwtVerify(idToken, keys, {
      issuer: trusted.issuer,
      audience: provider.issuer,
      algorithms: ["RS256"],
      requiredClaims: ["sub", "jti", "exp"],
    }).catch((error: Error) => {
      throw new errors.InvalidGrant(error.message);
    });
    const { sub = "", jti = "", exp = 0 } = payload;
    if (!sub.startsWith(`repo:${trusted.repository}:`)) throw new errors.InvalidGrant("of another repository");
    if (!(await provider.ReplayDetection.unique(trusted.issuer, jti, exp))) {
      throw new errors.InvalidGrant("the assertion was used before");
    }
  };
}
