import { randomInt } from "node:crypto";
import { type Answer, html, json, NO_STORE, Refusal } from "./answers.ts";
import { basicPair, bearerToken, decodeFormText, formFields, type Pair } from "./credentials.ts";
import { type Call, serve } from "./serve.ts";
import type { Account, Service, StartOptions } from "./service.ts";

/** Switches; all can be turned while the service runs. */
export interface QaBehaviour {
  /** What `/oauth2/token` and its neighbours without their last slash get: a 404, or a redirect that loses the form. */
  missingSlash: "404" | "redirect";
  /** What stands at `/oauth2/revoke_token/`: the endpoint, the web application's page, or nothing. */
  revocation: "real" | "page" | "404";
  /** Whether the API knows this host's tokens (it may live on another), lets them in, or is not there at all. */
  api: "open" | "forbidden" | "elsewhere" | "page";
  /**
   * How the API says that it does not know a token. `401`: as Django REST framework does with OAuth2 alone.
   * `403`: as it does where it asks for a session first. `empty 403`: as django-oauth-toolkit's own protected views do.
   */
  unknownToken: "401" | "403" | "empty 403";
  /** So many calls of the API per window; 100 a minute unless told. */
  rateLimit: { requests: number; windowMs: number };
  /** Somebody generated a new key pair, which revokes the account's. */
  keyPairReplaced: boolean;
}

export interface Qa extends Service {
  readonly behaviour: QaBehaviour;
  /** A right key pair of a client that was made for another grant. */
  readonly otherGrant: Account;
}

interface Server {
  readonly behaviour: QaBehaviour;
  readonly now: () => number;
  readonly client: Pair;
  readonly otherGrant: Pair;
  /** Tokens with the time when each ends. */
  readonly tokens: Map<string, number>;
  window: { readonly since: number; count: number };
}

/** 10 hours, the default of django-oauth-toolkit and what QA documents. */
const LIFETIME = 36_000;
const TEAMS = "/restapi/v1/organizations/accounts/teams/";

/** Starts a QA (Cloud Academy) host. */
export async function startQa(options: StartOptions = {}): Promise<Qa> {
  const server: Server = {
    behaviour: {
      missingSlash: "404",
      revocation: "real",
      api: "open",
      unknownToken: "401",
      rateLimit: { requests: 100, windowMs: 60_000 },
      keyPairReplaced: false,
    },
    now: options.now ?? Date.now,
    // django-oauth-toolkit's own lengths.
    client: { name: randomText(40), secret: randomText(128) },
    otherGrant: { name: randomText(40), secret: randomText(128) },
    tokens: new Map(),
    window: { since: 0, count: 0 },
  };
  const listening = await serve(options, (call) => route(server, call));
  return {
    ...listening,
    accounts: { "client-credentials": account(server.client) },
    behaviour: server.behaviour,
    otherGrant: account(server.otherGrant),
    live: () =>
      [...server.tokens.keys()].filter((token) => isLive(server, token)).map((token) => `access token ${token}`),
  };
}

function account({ name, secret }: Pair): Account {
  return { inputs: { "client-id": name, "client-secret": secret } };
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

function isLive(server: Server, token: string | undefined): boolean {
  return token !== undefined && (server.tokens.get(token) ?? 0) > server.now();
}

function route(server: Server, call: Call): Answer {
  switch (call.route) {
    case "/oauth2/token/":
      return call.method === "POST" ? tokenEndpoint(server, call) : methodNotAllowed();
    case "/oauth2/revoke_token/":
      return revocationEndpoint(server, call);
    case "/oauth2/token":
    case "/oauth2/revoke_token":
      return missingSlash(server, call);
    case TEAMS:
      return teams(server, call);
    default:
      return webApplication();
  }
}

/** The host answers a path that it does not know with its single-page application. */
function webApplication(): Answer {
  return html(200, "QA Platform", "You need to enable JavaScript to run this app.");
}

function notFound(): Answer {
  return html(404, "Not Found", "The requested resource was not found on this server.");
}

function missingSlash(server: Server, call: Call): Answer {
  if (server.behaviour.missingSlash === "404") return notFound();
  const [path, query] = call.path.split("?", 2);
  const location = query === undefined ? `${path}/` : `${path}/?${query}`;
  return { status: 301, headers: { "content-type": "text/html; charset=utf-8", location } };
}

function methodNotAllowed(): Answer {
  return { status: 405, headers: { allow: "POST, OPTIONS", "content-type": "text/html; charset=utf-8" } };
}

// OAuth2, as measured on django-oauth-toolkit 1.7.0 and 3.0.1

function tokenEndpoint(server: Server, call: Call): Answer {
  const form = formFields(call);
  const grantType = form.get("grant_type");
  if (grantType !== "client_credentials" && grantType !== "password") return oauthError("unsupported_grant_type");
  // A client may be right and yet not be made for this grant.
  if (requireClient(server, call, form) === server.otherGrant) return oauthError("unauthorized_client");
  if (grantType === "password") return oauthError("invalid_grant", "Invalid credentials given.");
  // `all` is the only scope there is.
  if (![undefined, "", "all"].includes(form.get("scope"))) return oauthError("invalid_scope");
  const token = randomText(30);
  server.tokens.set(token, server.now() + LIFETIME * 1000);
  return pythonJson(200, { access_token: token, expires_in: LIFETIME, token_type: "Bearer", scope: "all" }, NO_STORE);
}

function revocationEndpoint(server: Server, call: Call): Answer {
  if (server.behaviour.revocation === "page") return webApplication();
  if (server.behaviour.revocation === "404") return notFound();
  if (call.method !== "POST") return methodNotAllowed();
  const form = formFields(call);
  const token = form.get("token");
  if (!token) return oauthError("invalid_request", "Missing token parameter.");
  // Any client may revoke any token.
  requireClient(server, call, form);
  server.tokens.delete(token);
  // An unknown token is a 200, too; the empty answer goes by Django's default type.
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8" } };
}

/**
 * The client whose key pair comes in a Basic header or in the form; one right place is enough. A pair that was replaced is
 * refused, but the tokens that it minted live on.
 */
function requireClient(server: Server, call: Call, form: ReadonlyMap<string, string>): Pair {
  const inForm = { name: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  const candidates = [basicClient(call), inForm];
  const known = [server.client, server.otherGrant].find(({ name, secret }) =>
    candidates.some((pair) => pair?.name === name && pair.secret === secret),
  );
  if (known !== undefined && !(known === server.client && server.behaviour.keyPairReplaced)) return known;
  const challenge = { "www-authenticate": 'Bearer error="invalid_client"' };
  throw new Refusal(pythonJson(401, { error: "invalid_client" }, { ...NO_STORE, ...challenge }));
}

/** Both halves of the Basic pair are form-encoded (RFC 6749, section 2.3.1). */
function basicClient(call: Call): Pair | undefined {
  const pair = basicPair(call.headers.authorization);
  return pair && { name: decodeFormText(pair.name) ?? "", secret: decodeFormText(pair.secret) ?? "" };
}

function oauthError(error: string, description?: string): Answer {
  const body = description === undefined ? { error } : { error, error_description: description };
  return pythonJson(400, body, NO_STORE);
}

/** A flat JSON object with the spaces that Python's `json.dumps` puts. */
function pythonJson(
  status: number,
  value: Readonly<Record<string, string | number>>,
  headers: Readonly<Record<string, string>>,
): Answer {
  const members = Object.entries(value).map(([name, member]) => `"${name}": ${JSON.stringify(member)}`);
  return { status, headers: { "content-type": "application/json", ...headers }, body: `{${members.join(", ")}}` };
}

// The API, by the vendor's OpenAPI document

function teams(server: Server, call: Call): Answer {
  if (server.behaviour.api === "page") return webApplication();
  // Django REST framework negotiates before it authenticates.
  if (!accepts(call.headers.accept, API_TYPE)) {
    return apiError(406, "Could not satisfy the request Accept header.", {}, "not_acceptable");
  }
  const retryAfter = secondsToWait(server);
  if (retryAfter > 0) return apiError(429, "Too many requests.", { "retry-after": String(retryAfter) });
  const token = bearerToken(call.headers.authorization);
  if (server.behaviour.api === "elsewhere" || !isLive(server, token)) return unknownCaller(server, token);
  if (call.method !== "GET") return apiError(405, `Method "${call.method}" not allowed.`);
  if (server.behaviour.api === "forbidden") {
    return apiError(403, "You don't have the permissions to access this API.");
  }
  const data = [{ type: "teams", id: "5d3f", attributes: { name: "Platform engineering" } }];
  return apiAnswer(200, { data, meta: { pagination: { page: 1, pages: 1, count: 1 } } });
}

/** The only type that the API has an answer in: the renderer of django-rest-framework-json-api. */
const API_TYPE = "application/vnd.api+json";

/** Whether a header `Accept` admits the type (RFC 9110, section 12.5.1); without one all is admitted. */
function accepts(header: string | undefined, type: string): boolean {
  if (header === undefined || header.trim() === "") return true;
  const admitted = ["*/*", `${type.split("/", 1)[0]}/*`, type];
  return header.split(",").some((range) => {
    const [wanted = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return admitted.includes(wanted) && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** A token that is not known is told in the header alone; the body is that of a call without a token. */
function unknownCaller(server: Server, token: string | undefined): Answer {
  const { unknownToken } = server.behaviour;
  if (unknownToken === "empty 403") return { status: 403, headers: { "content-type": "text/html; charset=utf-8" } };
  const detail = "Authentication credentials were not provided.";
  // Where the first of its ways to authenticate has no challenge, there is no 401.
  if (unknownToken === "403") return apiError(403, detail);
  const reason = ',error="invalid_token",error_description="The access token is invalid."';
  return apiError(401, detail, { "www-authenticate": `Bearer realm="api"${token === undefined ? "" : reason}` });
}

function secondsToWait(server: Server): number {
  const { requests, windowMs } = server.behaviour.rateLimit;
  const now = server.now();
  if (now - server.window.since >= windowMs) server.window = { since: now, count: 0 };
  server.window.count++;
  return server.window.count > requests ? Math.ceil((server.window.since + windowMs - now) / 1000) : 0;
}

function apiError(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  code?: string,
): Answer {
  const error = {
    detail,
    status: String(status),
    source: { pointer: "/data" },
    ...(code === undefined ? {} : { code }),
  };
  return apiAnswer(status, { errors: [error] }, headers);
}

function apiAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return json(status, value, { "content-type": API_TYPE, allow: "GET, HEAD, OPTIONS", ...headers });
}
