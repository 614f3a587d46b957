import { createHash, randomBytes, randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { type Answer, html, json, NO_STORE, Refusal, text } from "./answers.ts";
import { basicPair, formFields, jsonFields } from "./credentials.ts";
import { readJwt, signJwt } from "./jwt.ts";
import { type Call, serve } from "./serve.ts";
import type { Service, StartOptions } from "./service.ts";

/** Generation of the server: `legacy` is API 5.10 (23.2), `new` 5.14 and 5.15 (25.1 to 26.0), `6.0` the one of 26.1. */
export type Personality = "legacy" | "new" | "6.0";

export interface ReportPortalOptions extends StartOptions {
  readonly personality: Personality;
  /** API keys that earlier runs left behind. */
  readonly leftoverKeys?: readonly LeftoverApiKey[];
}

export interface LeftoverApiKey {
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Whose key it is: the account's own unless told. */
  readonly owner?: "self" | "stranger";
}

/** Switches; all can be turned while the service runs. */
export interface ReportPortalBehaviour {
  /** What the gateway of 6.0 answers at `/uat`, which is gone: its own 404, the user interface's page, or a redirect. */
  uatGone: "404" | "html" | "redirect";
  /** How the list of API keys is wrapped; `paged` obeys `page.page` and `page.size`. */
  keyList: "items" | "array" | "paged";
  /** Old servers repeat the refused token in the 401 of the API. Only on `legacy`. */
  echoToken: boolean;
  /** The account is deactivated: neither login nor API keys, from 5.13 on in the words of a lock. */
  userDisabled: boolean;
  /** How a locked address is told: 403 with 4004 (up to 5.13), an empty 401 (from 5.14), or a container's 500. */
  lockAnswer: "4004" | "500" | "401";
  /** What the database or the directory fails with while a user signs in; empty while they are well. */
  loginFault: string;
  /** The API belongs to another installation than the token endpoint, so it knows none of its tokens. */
  foreignApi: boolean;
  /** Something in front drops the `Authorization` header. */
  dropsAuthorization: boolean;
  /** The ingress hands `/uat/…` on as it is, which the authorization service has no place for. */
  keepsUatPrefix: boolean;
  /** Lifetime of an access token in seconds (`RP_SESSION_LIVE`; fixed to a day from 5.14). */
  tokenLifetime: number;
  /** Whether a key is deleted for its owner only (from 5.14), or for whoever knows its id (before). */
  deleteChecksOwner: boolean;
}

export interface ApiKey {
  readonly id: number;
  readonly name: string;
  readonly userId: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly value: string;
}

export interface ReportPortal extends Service {
  readonly behaviour: ReportPortalBehaviour;
  /** Every API key that works now: the account's own pre-made one first, then those planted and minted. */
  readonly keys: readonly ApiKey[];
}

interface User {
  readonly id: number;
  readonly login: string;
  readonly password: string;
  readonly email: string;
  readonly role: "USER" | "ADMINISTRATOR";
}

interface Portal {
  readonly personality: Personality;
  readonly behaviour: ReportPortalBehaviour;
  readonly now: () => number;
  readonly robot: User;
  readonly users: readonly User[];
  readonly keys: ApiKey[];
  nextKeyId: number;
  /** Failed logins per client address, with the time of the first. */
  readonly failures: Map<string, { count: number; readonly since: number }>;
}

/** The only client that works, in every version (`AuthorizationServerConfig`). */
const CLIENT = { name: "ui", secret: "uiman" };
const SIGNING_KEY = "reportportal-stand-in-signing-key";
const ISSUER = "http://reportportal.internal";
const REFRESH_LIFETIME = 30 * 86_400;

/** Three wrong passwords are free, the fourth locks the address until 30 s after the first (`UiAuthenticationFailureEventHandler`). */
const FREE_ATTEMPTS = 3;
const LOCK_WINDOW = 30_000;

/** Where each generation mints tokens, and where it tells who one is; API keys live below the latter. */
const PLACES: Readonly<Record<Personality, { readonly token: string; readonly users: string }>> = {
  legacy: { token: "/uat/sso/oauth/token", users: "/api/v1/user" },
  new: { token: "/uat/sso/oauth/token", users: "/api/users" },
  "6.0": { token: "/api/sso/oauth/token", users: "/api/v1/users" },
};

/** Starts a ReportPortal of the given generation. */
export async function startReportPortal(options: ReportPortalOptions): Promise<ReportPortal> {
  const portal = createPortal(options);
  const { robot, keys, behaviour } = portal;
  const preMade = addKey(portal, robot, "ci pipeline", portal.now());
  for (const leftover of options.leftoverKeys ?? []) {
    const owner = leftover.owner === "stranger" ? stranger(portal) : robot;
    addKey(portal, owner, leftover.name, Date.parse(leftover.createdAt));
  }

  const listening = await serve(options, (call) => route(portal, call));
  const login = { username: robot.login, password: robot.password };
  return {
    ...listening,
    accounts: {
      password: { inputs: login },
      "api-key": { inputs: { token: preMade.value } },
      "ephemeral-api-key": { inputs: login },
    },
    behaviour,
    keys,
    // Access tokens are left out: they cannot be revoked, they are stateless.
    live: () =>
      keys.filter((key) => key !== preMade).map((key) => `API key ${key.id} "${key.name}" of ${loginOf(portal, key)}`),
  };
}

function createPortal(options: ReportPortalOptions): Portal {
  const { personality } = options;
  const robot: User = {
    id: 42,
    // From 6.0 logins look like e-mail addresses.
    login: personality === "6.0" ? "ci.robot@example.org" : "ci-robot",
    password: `p%C3 ss"w&rd+1='ü#%`,
    email: "ci.robot@example.org",
    role: "USER",
  };
  const admin: User = {
    id: 1,
    login: personality === "6.0" ? "admin@reportportal.internal" : "superadmin",
    password: "er-eB)rebus=9",
    email: "admin@reportportal.internal",
    role: "ADMINISTRATOR",
  };
  return {
    personality,
    behaviour: {
      uatGone: "404",
      keyList: "items",
      echoToken: false,
      userDisabled: false,
      lockAnswer: personality === "legacy" ? "4004" : "401",
      loginFault: "",
      foreignApi: false,
      dropsAuthorization: false,
      keepsUatPrefix: false,
      tokenLifetime: 86_400,
      deleteChecksOwner: personality !== "legacy",
    },
    now: options.now ?? Date.now,
    robot,
    users: [admin, robot],
    keys: [],
    nextKeyId: 11,
    failures: new Map(),
  };
}

function stranger(portal: Portal): User {
  return portal.users.find((user) => user !== portal.robot) ?? portal.robot;
}

function loginOf(portal: Portal, key: ApiKey): string {
  return portal.users.find((user) => user.id === key.userId)?.login ?? "nobody";
}

function route(portal: Portal, came: Call): Answer {
  const call = portal.behaviour.dropsAuthorization ? withoutAuthorization(came) : came;
  if (portal.behaviour.keepsUatPrefix && isBelow(call.route, "/uat")) {
    return json(403, { status: 403, error: "Forbidden", message: "Forbidden", path: call.route });
  }
  if (call.route === PLACES[portal.personality].token) return tokenEndpoint(portal, call);
  if (isBelow(call.route, "/uat")) return portal.personality === "6.0" ? uatGone(portal) : api(portal, call);
  if (isBelow(call.route, "/api")) return api(portal, call);
  if (isBelow(call.route, "/ui")) return userInterface();
  return gatewayNotFound();
}

function withoutAuthorization(call: Call): Call {
  return {
    ...call,
    headers: Object.fromEntries(Object.entries(call.headers).filter(([name]) => name !== "authorization")),
  };
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}

function uatGone(portal: Portal): Answer {
  switch (portal.behaviour.uatGone) {
    case "404":
      return gatewayNotFound();
    case "html":
      return userInterface();
    case "redirect":
      return { status: 302, headers: { location: "/ui/" } };
  }
}

/** What traefik, the gateway in front of the services, says where no rule matches. */
function gatewayNotFound(): Answer {
  return text(404, "404 page not found\n");
}

function userInterface(): Answer {
  return html(200, "ReportPortal", "You need to enable JavaScript to run this app.");
}

// The token endpoint

function tokenEndpoint(portal: Portal, call: Call): Answer {
  return portal.personality === "legacy" ? legacyTokenEndpoint(portal, call) : newTokenEndpoint(portal, call);
}

/** Spring Security OAuth2, up to 5.13. */
function legacyTokenEndpoint(portal: Portal, call: Call): Answer {
  if (!isClient(call)) return springError(portal, call, 401, { message: "Unauthorized" });
  if (call.method !== "POST") {
    const error_description = `Request method '${call.method}' not supported`;
    return json(405, { error: "method_not_allowed", error_description });
  }
  const form = formFields(call);
  const grantType = form.get("grant_type");
  switch (grantType) {
    case undefined:
    case "":
      return notEnoughPermissions(400, "Missing grant type");
    case "password":
      return tokens(portal, passwordGrant(portal, call, form));
    case "refresh_token":
      return tokens(portal, refreshGrant(portal, form.get("refresh_token") ?? ""));
    default:
      return notEnoughPermissions(400, `Unsupported grant type: ${grantType}`);
  }
}

/** Spring Authorization Server, from 5.14. */
function newTokenEndpoint(portal: Portal, call: Call): Answer {
  // The filter of the token endpoint sees POST only; all else falls through to the API's security.
  if (call.method !== "POST") return api(portal, call);
  const form = formFields(call);
  if (!isClient(call)) return clientRefused(call, form);
  const grantType = form.get("grant_type");
  switch (grantType) {
    case undefined:
    case "":
      return grantTypeError("invalid_request");
    case "password":
      return tokens(portal, passwordGrant(portal, call, form));
    case "refresh_token":
      // It is handed out but never stored.
      return json(400, { error: "invalid_grant" });
    default:
      return grantTypeError("unsupported_grant_type");
  }
}

function clientRefused(call: Call, form: ReadonlyMap<string, string>): Answer {
  const tried = /^basic\b/i.test(call.headers.authorization ?? "") || form.has("client_secret");
  return tried
    ? json(401, { error: "invalid_client" })
    : notEnoughPermissions(400, "Full authentication is required to access this resource");
}

function grantTypeError(error: string): Answer {
  return json(400, {
    error,
    error_description: "OAuth 2.0 Parameter: grant_type",
    error_uri: "https://datatracker.ietf.org/doc/html/rfc6749#section-5.2",
  });
}

/** Client credentials count in the Basic header only, never in the body. */
function isClient(call: Call): boolean {
  const pair = basicPair(call.headers.authorization);
  return pair?.name === CLIENT.name && pair.secret === CLIENT.secret;
}

function passwordGrant(portal: Portal, call: Call, form: ReadonlyMap<string, string>): User {
  // The lock is looked at first, so a right password does not help during it.
  if (isLocked(portal, clientAddress(call))) throw new Refusal(lockedAnswer(portal, call));
  const { loginFault } = portal.behaviour;
  const isLegacy = portal.personality === "legacy";
  if (loginFault !== "") {
    throw new Refusal(isLegacy ? springError(portal, call, 500) : notEnoughPermissions(400, loginFault));
  }
  const user = portal.users.find(({ login }) => login === form.get("username"));
  // `isAccountNonLocked` tells of `active`, and Spring asks it before the password.
  if (!isLegacy && user !== undefined && isDisabled(portal, user)) {
    throw new Refusal(notEnoughPermissions(400, "User account is locked"));
  }
  if (user === undefined || user.password !== form.get("password")) {
    countFailure(portal, clientAddress(call));
    throw new Refusal(notEnoughPermissions(400, "Bad credentials"));
  }
  if (isDisabled(portal, user)) throw new Refusal(notEnoughPermissions(400, "User is disabled"));
  return user;
}

function refreshGrant(portal: Portal, refreshToken: string): User {
  const reading = readJwt(refreshToken, SIGNING_KEY, portal.now());
  const claims = reading.state === "valid" ? reading.claims : {};
  const user = portal.users.find(({ login }) => login === claims.user_name);
  // `ati` is what tells a refresh token from an access token.
  if (user === undefined || claims.ati === undefined) {
    throw new Refusal(notEnoughPermissions(400, "Cannot convert access token to JSON"));
  }
  return user;
}

function isDisabled(portal: Portal, user: User): boolean {
  return user === portal.robot && portal.behaviour.userDisabled;
}

function clientAddress(call: Call): string {
  return call.headers["x-forwarded-for"]?.split(",")[0]?.trim() ?? "127.0.0.1";
}

function isLocked(portal: Portal, address: string): boolean {
  return (recentFailures(portal, address)?.count ?? 0) > FREE_ATTEMPTS;
}

function countFailure(portal: Portal, address: string): void {
  const recent = recentFailures(portal, address);
  if (recent) recent.count++;
  else portal.failures.set(address, { count: 1, since: portal.now() });
}

function recentFailures(portal: Portal, address: string) {
  const failures = portal.failures.get(address);
  return failures && portal.now() - failures.since < LOCK_WINDOW ? failures : undefined;
}

function lockedAnswer(portal: Portal, call: Call): Answer {
  switch (portal.behaviour.lockAnswer) {
    case "4004":
      return json(403, { errorCode: 4004, message: "Address is locked due to several incorrect login attempts" });
    case "500":
      return springError(portal, call, 500);
    case "401":
      return { status: 401, headers: { "www-authenticate": "Bearer" } };
  }
}

function tokens(portal: Portal, user: User): Answer {
  const { personality, behaviour } = portal;
  const issued = Math.floor(portal.now() / 1000);
  const expires = issued + behaviour.tokenLifetime;
  const jti = randomUUID();
  const authorities = [`ROLE_${user.role}`];
  // A moment has passed when the server counts what is left, so it is never the round number.
  const expires_in = behaviour.tokenLifetime - 1;
  if (personality === "legacy") {
    const shared = { user_name: user.login, authorities, client_id: CLIENT.name, scope: ["ui"] };
    const access_token = signJwt({ exp: expires, ...shared, jti }, SIGNING_KEY);
    const refreshClaims = { ...shared, ati: jti, exp: issued + REFRESH_LIFETIME, jti: randomUUID() };
    const refresh_token = signJwt(refreshClaims, SIGNING_KEY);
    return json(200, { access_token, token_type: "bearer", refresh_token, expires_in, scope: "ui", jti }, NO_STORE);
  }
  const claims = {
    jti,
    sub: user.login,
    aud: ["reportportal"],
    user_name: user.login,
    authorities,
    iat: issued,
    nbf: issued,
    exp: expires,
    iss: ISSUER,
    client_id: CLIENT.name,
    scopes: ["ui"],
    token_type: "access_token",
  };
  const access_token = signJwt(claims, SIGNING_KEY);
  const refresh_token = randomBytes(96).toString("base64url");
  return json(200, { access_token, refresh_token, token_type: "Bearer", expires_in }, NO_STORE);
}

// The API

/** Everything behind the security filter: a bad token is told before a path that does not exist. */
function api(portal: Portal, call: Call): Answer {
  const caller = authenticate(portal, call);
  const { users } = PLACES[portal.personality];
  if (call.route === users) {
    return call.method === "GET" ? json(200, userResource(caller)) : springError(portal, call, 405);
  }
  // In 6.0 this is the administrators' list of users.
  if (portal.personality === "6.0" && call.route === "/api/users" && caller.role !== "ADMINISTRATOR") {
    return notEnoughPermissions(403, "Access is denied");
  }
  const [userId, collection, keyId, ...more] = call.route.startsWith(`${users}/`)
    ? call.route.slice(users.length + 1).split("/")
    : [];
  if (userId === undefined || collection !== "api-keys" || more.length > 0) return springError(portal, call, 404);
  const pathUser = longPathVariable(userId);
  if (keyId === undefined) return keyCollection(portal, call, caller);
  if (call.method !== "DELETE") return springError(portal, call, 405);
  return deleteKey(portal, caller, pathUser, longPathVariable(keyId));
}

function longPathVariable(value: string): number {
  if (/^\d{1,18}$/.test(value)) return Number(value);
  throw new Refusal(
    incorrectRequest(
      `Failed to convert value of type 'java.lang.String' to required type 'java.lang.Long'; For input string: "${value}"`,
    ),
  );
}

/** The user id in the path is not looked at when keys are listed or created: it is always the caller's own. */
function keyCollection(portal: Portal, call: Call, caller: User): Answer {
  if (call.method === "GET") return listKeys(portal, call, caller);
  if (call.method === "POST") return createKey(portal, call, caller);
  return springError(portal, call, 405);
}

function listKeys(portal: Portal, call: Call, caller: User): Answer {
  const items = portal.keys.filter((key) => key.userId === caller.id).map((key) => keyResource(portal, key));
  switch (portal.behaviour.keyList) {
    case "items":
      return json(200, { items });
    case "array":
      return json(200, items);
    case "paged": {
      const number = Number(call.query.get("page.page") ?? 1);
      const size = Number(call.query.get("page.size") ?? 20);
      const page = { number, size, totalElements: items.length, totalPages: Math.ceil(items.length / size) };
      return json(200, { content: items.slice((number - 1) * size, number * size), page });
    }
  }
}

function createKey(portal: Portal, call: Call, caller: User): Answer {
  const body = jsonFields(call);
  if (body === undefined) return incorrectRequest("JSON parse error: a JSON object is required");
  const name = validKeyName(portal, caller, body.name);
  const key = addKey(portal, caller, name, portal.now());
  // The one time that the key itself is shown.
  return json(201, { ...keyResource(portal, key), api_key: key.value });
}

function validKeyName(portal: Portal, caller: User, value: unknown): string {
  if (typeof value !== "string") throw new Refusal(incorrectRequest("[Field 'name' should not be null.] "));
  if (portal.personality !== "legacy" && !/^[A-Za-z0-9\-._~+/]+$/.test(value)) {
    throw new Refusal(incorrectRequest('[must match "[A-Za-z0-9-._~+/]+$"] '));
  }
  const name = value.trim();
  if (name.length < 1 || name.length > 40) {
    throw new Refusal(badRequest("API Key name should have size from 1 to 40 characters."));
  }
  if (portal.keys.some((key) => key.userId === caller.id && key.name === name)) {
    throw new Refusal(badRequest("API Key with the same name already exists."));
  }
  return name;
}

function addKey(portal: Portal, owner: User, name: string, createdAt: number): ApiKey {
  const key: ApiKey = { id: portal.nextKeyId++, name, userId: owner.id, createdAt, value: generateApiKey(name) };
  portal.keys.push(key);
  return key;
}

/** `<name>_` and the base64url of a UUID with its checksum (`ApiKeyHandlerImpl.generateApiKey`). */
function generateApiKey(name: string): string {
  const prefix = name.replaceAll(/[ _]/g, "-");
  const uuid = randomBytes(16);
  const checksum = createHash("sha3-256").update(prefix).update(uuid).digest();
  return `${prefix}_${Buffer.concat([uuid, checksum]).toString("base64url")}`;
}

function deleteKey(portal: Portal, caller: User, pathUser: number, keyId: number): Answer {
  const checksOwner = portal.behaviour.deleteChecksOwner;
  if (checksOwner && pathUser !== caller.id && caller.role !== "ADMINISTRATOR") {
    return notEnoughPermissions(403, "Access is denied");
  }
  const index = portal.keys.findIndex((key) => key.id === keyId && (!checksOwner || key.userId === pathUser));
  if (index < 0) return json(404, { errorCode: 40430, message: "'Api key' not found. Did you use correct ID?" });
  portal.keys.splice(index, 1);
  return json(200, { message: `Api key with ID = '${keyId}' was successfully deleted.` });
}

function keyResource(portal: Portal, key: ApiKey): Readonly<Record<string, unknown>> {
  return { id: key.id, name: key.name, user_id: key.userId, created_at: createdAt(portal, key) };
}

/** Milliseconds up to 5.11, text from 5.12 on (`JacksonConfiguration`). */
function createdAt(portal: Portal, key: ApiKey): string | number {
  return portal.personality === "legacy" ? key.createdAt : new Date(key.createdAt).toISOString();
}

function userResource(user: User): Readonly<Record<string, unknown>> {
  return {
    id: user.id,
    uuid: "7f2e1c1a-1f0b-4c5e-9d53-5f3c1f6f0a42",
    userId: user.login,
    email: user.email,
    fullName: "CI Robot",
    accountType: "INTERNAL",
    userRole: user.role,
    active: true,
    photoLoaded: false,
    metadata: { last_login: 1763917444000 },
    assignedProjects: {
      default_personal: { projectId: 2, projectRole: "PROJECT_MANAGER", entryType: "PERSONAL" },
    },
  };
}

// Who calls the API

function authenticate(portal: Portal, call: Call): User {
  return portal.personality === "legacy" ? legacyCaller(portal, call) : newCaller(portal, call);
}

function legacyCaller(portal: Portal, call: Call): User {
  const token = /^bearer\s+(.+)$/i.exec(call.headers.authorization ?? "")?.[1];
  if (token === undefined) {
    throw new Refusal(tokenError("unauthorized", "Full authentication is required to access this resource"));
  }
  const user = accessTokenUser(portal, token) ?? keyUser(portal, token);
  if (user === undefined || (isDisabled(portal, user) && keyUser(portal, token))) {
    throw new Refusal(tokenError("invalid_token", portal.behaviour.echoToken ? token : "Invalid access token"));
  }
  return user;
}

function accessTokenUser(portal: Portal, token: string): User | undefined {
  const reading = readJwt(token, SIGNING_KEY, portal.now());
  if (portal.behaviour.foreignApi || reading.state !== "valid" || reading.claims.ati !== undefined) return undefined;
  return portal.users.find(({ login }) => login === reading.claims.user_name);
}

function keyUser(portal: Portal, value: string): User | undefined {
  const key = portal.keys.find((candidate) => candidate.value === value);
  return portal.users.find(({ id }) => id === key?.userId);
}

function newCaller(portal: Portal, call: Call): User {
  const header = call.headers.authorization ?? "";
  const token = /^Bearer (?<token>[a-zA-Z0-9\-._~+/]+=*)$/i.exec(header)?.groups?.token;
  if (token === undefined) {
    const reason = /^bearer/i.test(header)
      ? "Bearer token is malformed"
      : "Full authentication is required to access this resource";
    throw new Refusal(prettyTokenError(reason));
  }
  return looksLikeJwt(token) ? newAccessTokenUser(portal, token) : newKeyUser(portal, token);
}

/** From 5.14 the shape alone decides whether a token is read as a JWT or as an API key. */
function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) && readJwt(token, SIGNING_KEY, 0).state !== "malformed";
}

function newAccessTokenUser(portal: Portal, token: string): User {
  const prefix = "An error occurred while attempting to decode the Jwt:";
  const reading = readJwt(token, SIGNING_KEY, portal.now());
  if (!("claims" in reading) || portal.behaviour.foreignApi) {
    throw new Refusal(prettyTokenError(`${prefix} Signed JWT rejected: Invalid signature`));
  }
  if (reading.state === "expired") {
    const expired = new Date(Number(reading.claims.exp) * 1000).toISOString().replace(".000", "");
    throw new Refusal(prettyTokenError(`${prefix} Jwt expired at ${expired}`));
  }
  const user = portal.users.find(({ login }) => login === reading.claims.user_name);
  if (user === undefined) throw new Refusal(prettyTokenError("Invalid access token"));
  return user;
}

function newKeyUser(portal: Portal, value: string): User {
  const user = keyUser(portal, value);
  if (user === undefined) throw new Refusal(prettyTokenError("Invalid access token"));
  if (isDisabled(portal, user)) {
    throw new Refusal(prettyTokenError("Full authentication is required to access this resource"));
  }
  return user;
}

// Error bodies

function notEnoughPermissions(status: number, reason: string): Answer {
  return json(status, { errorCode: 4003, message: `You do not have enough permissions. ${reason}` });
}

function incorrectRequest(reason: string): Answer {
  return json(400, { errorCode: 4001, message: `Incorrect Request. ${reason}` });
}

function badRequest(reason: string): Answer {
  const message = `Error in handled Request. Please, check specified parameters: '${reason}'`;
  return json(400, { errorCode: 40016, message });
}

function tokenError(error: string, error_description: string): Answer {
  return json(401, { error, error_description });
}

/** From 5.14 the 401 of the API is printed over several lines. */
function prettyTokenError(description: string): Answer {
  const body = `{\n  "error" : "invalid_token",\n  "error_description" : ${JSON.stringify(description)}\n}`;
  return { status: 401, headers: { "content-type": "application/json" }, body };
}

/** The error body that Spring Boot writes by itself; the gateway has cut the first part of the path. */
function springError(
  portal: Portal,
  call: Call,
  status: number,
  details: Readonly<Record<string, string>> = {},
): Answer {
  const timestamp = new Date(portal.now()).toISOString().replace("Z", "+0000");
  const path = call.route.replace(/^\/(uat|api)/, "");
  return json(status, { timestamp, status, error: STATUS_CODES[status], ...details, path });
}
