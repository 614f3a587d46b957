import { randomBytes, randomInt } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { type Answer, html, json, Refusal } from "./answers.ts";
import { basicPair, bearerToken, jsonFields } from "./credentials.ts";
import { type Call, serve } from "./serve.ts";
import type { Account, Service, StartOptions } from "./service.ts";

export interface TuleapOptions extends StartOptions {
  /** Whether the platform lets anonymous visitors in. */
  readonly anonymous?: boolean;
  /** Access keys that earlier runs left behind. */
  readonly leftoverKeys?: readonly LeftoverAccessKey[];
}

export interface LeftoverAccessKey {
  readonly description: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601; never unless told. */
  readonly expiresAt?: string;
}

/** Switches; all can be turned while the service runs. */
export interface TuleapBehaviour {
  /** Status of a created token: 201 since 2016, though the vendor's documentation still says 200. */
  tokenStatus: 200 | 201;
  /** A proxy in front drops the `X-Auth-*` headers, so that the caller looks anonymous. */
  stripsAuthHeaders: boolean;
  /** A proxy in front drops the `Authorization` header. */
  stripsAuthorization: boolean;
  /** A key without `write:rest` gets an answer instead of a 401. */
  unscopedKeysAnswer: boolean;
  /** Whether a user's list of keys can be asked for as `self`; the route's parameter is an integer. */
  listTakesSelf: boolean;
}

export interface Email {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface AccessKey {
  readonly id: number;
  readonly userId: number;
  readonly description: string;
  /** Milliseconds since the epoch, as the next. */
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  readonly scopes: readonly string[];
  /** The key itself: `tlp-k1-<id>.<64 hex>`. */
  readonly value: string;
}

export interface Tuleap extends Service {
  readonly behaviour: TuleapBehaviour;
  /** Every access key that was not deleted. */
  readonly keys: readonly AccessKey[];
  /** The e-mails sent so far: one for each key that was created. */
  readonly emails: readonly Email[];
  /** How often somebody ended all tokens of a user at once, which nobody ever should. */
  endAllTokensCalls(): number;
  /** An account that was suspended, with an access key from before. */
  readonly suspended: { readonly password: Account; readonly accessKey: string };
  /** Accounts that may log in with a passkey only, were never confirmed, or have a password that is too old. */
  readonly passkeyOnly: Account;
  readonly pending: Account;
  readonly passwordExpired: Account;
  /** A key for git alone, without `write:rest`. */
  readonly gitOnlyKey: string;
  /** OAuth2 access tokens: with `openid` but no `profile`, and without `openid`. */
  readonly oauth2WithoutProfile: string;
  readonly oauth2WithoutOpenid: string;
  /** OAuth2 access tokens that have expired, and of the suspended account. */
  readonly oauth2Expired: string;
  readonly oauth2OfSuspended: string;
}

interface User {
  readonly id: number;
  readonly username: string;
  readonly password: string;
  readonly realName: string;
  readonly email: string;
  readonly status: "active" | "passkey-only" | keyof typeof OUT;
}

interface Token {
  readonly user: User;
  readonly value: string;
  readonly expiresAt: number;
}

interface Platform {
  readonly anonymous: boolean;
  readonly behaviour: TuleapBehaviour;
  readonly now: () => number;
  readonly keys: AccessKey[];
  readonly emails: Email[];
  tokens: Token[];
  nextKeyId: number;
  endAllTokensCalls: number;
  /** OAuth2 access tokens with their scopes. */
  readonly oauth2: Map<string, { readonly scopes: readonly string[]; readonly user: User; readonly isOver: boolean }>;
}

/** What is told to an account that may not use what it holds. */
const OUT = {
  suspended: "Account Suspended",
  pending: "Account pending",
  "password expired": "Password expired",
};

/** Whoever sends a request; the key, where it came with one. */
interface Caller {
  readonly user: User;
  readonly key?: AccessKey;
}

const ROBOT: User = {
  id: 115,
  username: "ci-robot",
  password: `p%C3 ss:w&rd"+1='ü`,
  realName: "CI Robot",
  email: "ci.robot@example.org",
  status: "active",
};
const SUSPENDED: User = {
  id: 116,
  username: "mjagger",
  password: "sympathy-for-1968",
  realName: "Mick Jagger",
  email: "mjagger@rolling-stones.example.org",
  status: "suspended",
};
const PASSKEY_ONLY: User = {
  id: 117,
  username: "pkeys",
  password: "no-longer-of-any-use",
  realName: "Pat Keys",
  email: "pkeys@example.org",
  status: "passkey-only",
};
const PENDING: User = {
  id: 118,
  username: "pnewman",
  password: "not-yet-confirmed-1",
  realName: "Pat Newman",
  email: "pnewman@example.org",
  status: "pending",
};
const PASSWORD_EXPIRED: User = {
  id: 119,
  username: "oldtimer",
  password: "since-the-last-century",
  realName: "Otto Oldtimer",
  email: "oldtimer@example.org",
  status: "password expired",
};
const USERS = [ROBOT, SUSPENDED, PASSKEY_ONLY, PENDING, PASSWORD_EXPIRED];

const REST_SCOPE = "write:rest";
const SCOPES = [REST_SCOPE, "write:git_repository", "write:svn", "write:webdav"];
/** 24 hours: `TOKENS_EXPIRATION_TIME`. */
const TOKEN_LIFETIME = 86_400_000;
/** Most keys that one list holds. */
const PAGE_LIMIT = 50;
const REALM = 'realm="Restricted Tuleap API';
/** The first one lacks its closing quote. */
const CHALLENGES = `Basic ${REALM} Token ${REALM}" AccessKey ${REALM}" Bearer ${REALM}"`;

/** Starts a Tuleap. */
export async function startTuleap(options: TuleapOptions = {}): Promise<Tuleap> {
  const platform: Platform = {
    anonymous: options.anonymous ?? false,
    behaviour: {
      tokenStatus: 201,
      stripsAuthHeaders: false,
      stripsAuthorization: false,
      unscopedKeysAnswer: false,
      listTakesSelf: false,
    },
    now: options.now ?? Date.now,
    keys: [],
    emails: [],
    tokens: [],
    nextKeyId: 22,
    endAllTokensCalls: 0,
    oauth2: new Map(),
  };
  const preMade = addKey(platform, ROBOT, { description: "ci pipeline" });
  const gitOnly = addKey(platform, ROBOT, { description: "git mirror", scopes: ["write:git_repository"] });
  const ofSuspended = addKey(platform, SUSPENDED, { description: "tour" });
  const setUp = [preMade, gitOnly, ofSuspended];
  for (const { description, createdAt, expiresAt } of options.leftoverKeys ?? []) {
    addKey(platform, ROBOT, {
      description,
      createdAt: Date.parse(createdAt),
      expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
    });
  }
  const oauth2Token = addOAuth2Token(platform, ["openid", "profile", "email"]);

  const listening = await serve(options, (call) => route(platform, call));
  return {
    ...listening,
    accounts: {
      "access-key": { inputs: { token: preMade.value } },
      "ephemeral-access-key": { inputs: login(ROBOT) },
      "oauth2-access-token": { inputs: { token: oauth2Token } },
      token: { inputs: login(ROBOT) },
      basic: { inputs: login(ROBOT) },
    },
    behaviour: platform.behaviour,
    keys: platform.keys,
    emails: platform.emails,
    endAllTokensCalls: () => platform.endAllTokensCalls,
    suspended: { password: { inputs: login(SUSPENDED) }, accessKey: ofSuspended.value },
    passkeyOnly: { inputs: login(PASSKEY_ONLY) },
    pending: { inputs: login(PENDING) },
    passwordExpired: { inputs: login(PASSWORD_EXPIRED) },
    gitOnlyKey: gitOnly.value,
    oauth2WithoutProfile: addOAuth2Token(platform, ["openid"]),
    oauth2WithoutOpenid: addOAuth2Token(platform, ["read:project"]),
    oauth2Expired: addOAuth2Token(platform, ["openid"], { isOver: true }),
    oauth2OfSuspended: addOAuth2Token(platform, ["openid"], { user: SUSPENDED }),
    live: () => [
      ...platform.tokens.filter((token) => !isOver(platform, token)).map((token) => `token ${token.value}`),
      ...platform.keys
        .filter((key) => !setUp.includes(key) && !isOver(platform, key))
        .map((key) => `access key ${key.id} "${key.description}"`),
    ],
  };
}

function login(user: User): Account["inputs"] {
  return { username: user.username, password: user.password };
}

function isOver(platform: Platform, credential: { readonly expiresAt: number | undefined }): boolean {
  return credential.expiresAt !== undefined && credential.expiresAt <= platform.now();
}

function newHex(bytes = 32): string {
  return randomBytes(bytes).toString("hex");
}

function addKey(
  platform: Platform,
  user: User,
  about: {
    readonly description: string;
    readonly createdAt?: number;
    readonly expiresAt?: number | undefined;
    readonly scopes?: readonly string[];
  },
): AccessKey {
  const id = platform.nextKeyId++;
  const { description, createdAt = platform.now(), expiresAt, scopes = [REST_SCOPE] } = about;
  const value = `tlp-k1-${id}.${newHex()}`;
  const key: AccessKey = { id, userId: user.id, description, createdAt, expiresAt, scopes, value };
  platform.keys.push(key);
  return key;
}

function addOAuth2Token(
  platform: Platform,
  scopes: readonly string[],
  { user = ROBOT, isOver = false }: { readonly user?: User; readonly isOver?: boolean } = {},
): string {
  const token = `tlp-oauth2-at1-${randomInt(1, 10_000)}.${newHex()}`;
  platform.oauth2.set(token, { scopes, user, isOver });
  return token;
}

function route(platform: Platform, came: Call): Answer {
  const { stripsAuthHeaders, stripsAuthorization } = platform.behaviour;
  const call = without(came, (name) =>
    name.startsWith("x-auth-") ? stripsAuthHeaders : name === "authorization" && stripsAuthorization,
  );
  if (call.route === "/oauth2/userinfo") return userInfo(platform, call);
  const resource = /^\/api(?:\/v[12])?(\/.*)$/.exec(call.route)?.[1];
  if (resource === undefined) return html(404, "Not Found", "The requested URL was not found on this server.");
  return rest(platform, call, resource);
}

function without(call: Call, isStripped: (name: string) => boolean): Call {
  const kept = Object.entries(call.headers).filter(([name]) => !isStripped(name));
  return { ...call, headers: Object.fromEntries(kept) };
}

function rest(platform: Platform, call: Call, resource: string): Answer {
  const [collection = "", id, below, ...more] = resource.slice(1).split("/");
  const shape = [call.method, collection, id === undefined ? "" : "{id}", below ?? "", ...more];
  switch (shape.join(" ").trimEnd()) {
    case "POST tokens":
      return createToken(platform, call);
    case "DELETE tokens":
      return endAllTokens(platform, protectedCaller(platform, call));
    case "DELETE tokens {id}":
      return endToken(platform, protectedCaller(platform, call), id ?? "");
    case "POST access_keys":
      return createKey(platform, call, protectedCaller(platform, call));
    case "GET access_keys {id}":
      return showKey(protectedCaller(platform, call), id ?? "");
    case "DELETE access_keys {id}":
      return deleteKey(platform, protectedCaller(platform, call), id ?? "");
    case "GET users {id}":
      return showUser(platform, authenticate(platform, call), id ?? "");
    case "GET users {id} membership":
      return showMembership(protectedCaller(platform, call, "read:user_membership"), id ?? "");
    case "GET users {id} access_keys":
      return listKeys(platform, call, protectedCaller(platform, call), id ?? "");
    default:
      return restError(404);
  }
}

// Who is calling: `REST/UserManager` and `RESTAuthenticationFlowIsAllowed`

function protectedCaller(platform: Platform, call: Call, oauth2Scope?: string): Caller {
  const caller = authenticate(platform, call, oauth2Scope);
  if (caller === undefined) throw new Refusal(restError(401));
  return caller;
}

/** The first kind of credential that is there decides; undefined is an anonymous caller. */
function authenticate(platform: Platform, call: Call, oauth2Scope?: string): Caller | undefined {
  const { headers } = call;
  const accessKey = headers["x-auth-accesskey"];
  if (accessKey !== undefined) return active(byAccessKey(platform, accessKey));
  const bearer = bearerToken(headers.authorization);
  if (bearer !== undefined) return active(byOAuth2Token(platform, bearer, oauth2Scope));
  const token = headers["x-auth-token"];
  const userId = headers["x-auth-userid"];
  // A token without its user is no error: the caller stays anonymous.
  if (token !== undefined && userId !== undefined) return active(byToken(platform, token, userId));
  return byBasic(headers.authorization);
}

function active(caller: Caller): Caller {
  const { status } = caller.user;
  if (isOut(status)) throw new Refusal(restError(403, OUT[status]));
  return caller;
}

function isOut(status: User["status"]): status is keyof typeof OUT {
  return Object.hasOwn(OUT, status);
}

function byAccessKey(platform: Platform, value: string): Caller {
  if (!/^tlp-k1-\d+\.(?:[0-9a-f]{2}){32}$/i.test(value)) {
    throw new Refusal(restError(401, "Key or token incorrectly formatted"));
  }
  const key = platform.keys.find((candidate) => candidate.value === value);
  const user = USERS.find(({ id }) => id === key?.userId);
  const allowed = platform.behaviour.unscopedKeysAnswer || key?.scopes.includes(REST_SCOPE);
  // Unknown, expired and out of scope look all the same.
  if (!key || !user || !allowed || isOver(platform, key)) throw new Refusal(restError(401, "Invalid access key"));
  return { user, key };
}

/** Most routes name no OAuth2 scope, and then no OAuth2 token opens them. */
function byOAuth2Token(platform: Platform, token: string, scope: string | undefined): Caller {
  if (!isOAuth2Token(token)) throw new Refusal(restError(401, "Key or token incorrectly formatted"));
  const known = platform.oauth2.get(token);
  if (scope === undefined || known === undefined || known.isOver || !known.scopes.includes(scope)) {
    throw new Refusal(restError(401, "Invalid OAuth2 access token"));
  }
  return { user: known.user };
}

function isOAuth2Token(token: string): boolean {
  return /^tlp-oauth2-at1-\d+\.(?:[0-9a-f]{2}){32}$/i.test(token);
}

function byToken(platform: Platform, value: string, userId: string): Caller {
  const token = platform.tokens.find((candidate) => candidate.value === value && !isOver(platform, candidate));
  if (token === undefined || String(token.user.id) !== userId) throw new Refusal(restError(401, "Invalid Token"));
  return { user: token.user };
}

function byBasic(authorization: string | undefined): Caller | undefined {
  if (!/^basic\b/i.test(authorization ?? "")) return undefined;
  const pair = basicPair(authorization);
  const user = USERS.find(({ username, password }) => username === pair?.name && password === pair.secret);
  // Whatever keeps an account out has no reason of its own here.
  if (user?.status !== "active") throw new Refusal(restError(401, "Basic Authentication Required"));
  return { user };
}

// Tokens: `TokenResource`

function createToken(platform: Platform, call: Call): Answer {
  const body = jsonBody(call);
  const username = requiredText(body, "username");
  const password = requiredText(body, "password");
  const user = USERS.find((candidate) => candidate.username === username);
  if (user?.status === "passkey-only") {
    return restError(401, "Password authentication is disabled, please use your passkey instead");
  }
  // Neither status nor age of the password is looked at here: such a token is refused once it is used.
  if (user?.password !== password) return restError(401, "Invalid Password Or User Name");
  const token: Token = { user, value: newHex(16), expiresAt: platform.now() + TOKEN_LIFETIME };
  platform.tokens.push(token);
  const created = { user_id: user.id, token: token.value, uri: `tokens/${token.value}` };
  return restAnswer(platform.behaviour.tokenStatus, created);
}

function endToken(platform: Platform, caller: Caller, value: string): Answer {
  const kept = platform.tokens.filter((token) => token.value !== value || token.user !== caller.user);
  if (kept.length === platform.tokens.length) return restError(400, "Invalid Token");
  platform.tokens = kept;
  return restAnswer(200);
}

function endAllTokens(platform: Platform, caller: Caller): Answer {
  platform.endAllTokensCalls++;
  platform.tokens = platform.tokens.filter((token) => token.user !== caller.user);
  return restAnswer(200);
}

// Access keys: `AccessKeyResource`

function createKey(platform: Platform, call: Call, caller: Caller): Answer {
  const body = jsonBody(call);
  const description = body.description ?? "";
  if (typeof description !== "string") throw new Refusal(invalidValue("description"));
  const expiresAt = expiryDate(platform, body.expiration_date ?? undefined);
  const scopes = validScopes(body.scopes ?? [REST_SCOPE]);
  const key = addKey(platform, caller.user, { description, expiresAt, scopes });
  platform.emails.push({
    to: caller.user.email,
    subject: "A personal access key has been added to your account",
    text: `A personal access key (${description || "-"}) with the ${scopes.join(", ")} scope was recently added to your account Tuleap.`,
  });
  return restAnswer(201, { identifier: key.value });
}

function expiryDate(platform: Platform, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  // PHP's `DateTime::ATOM` has no place for milliseconds.
  const isAtom = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/.test(value);
  const date = isAtom ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(date)) {
    throw new Refusal(restError(400, "Please provide a valid ISO-8601 date for expiration_date"));
  }
  if (date <= platform.now()) throw new Refusal(restError(400, "You cannot create an already expired access key"));
  return date;
}

function validScopes(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw new Refusal(invalidValue("scopes"));
  for (const scope of value) {
    if (typeof scope !== "string" || !/^[^\s:]+:[^\s:]+$/.test(scope)) {
      const reason = `${scope} does not have the expected format of an access key scope identifier`;
      throw new Refusal(restError(400, reason));
    }
  }
  // A scope that nobody knows is passed over, as long as another one remains.
  const known = SCOPES.filter((scope) => value.includes(scope));
  if (known.length === 0) throw new Refusal(restError(400, "No valid access key scope identifier has been given"));
  return known;
}

function showKey(caller: Caller, id: string): Answer {
  // `self` is the key that the request came with; there is none with other credentials.
  if (id !== "self" || caller.key === undefined) return restError(404);
  return restAnswer(200, keyRepresentation(caller.key));
}

function listKeys(platform: Platform, call: Call, caller: Caller, id: string): Answer {
  const isSelf = id === "self" && platform.behaviour.listTakesSelf;
  if (!isSelf && !/^\d+$/.test(id)) return invalidValue("id");
  if (!isSelf && id !== String(caller.user.id)) return restError(403, "You can only access to your own access keys");
  const limit = pageNumber(call, "limit", PAGE_LIMIT, 1, PAGE_LIMIT);
  const offset = pageNumber(call, "offset", 0, 0, Number.MAX_SAFE_INTEGER);
  const keys = platform.keys.filter((key) => key.userId === caller.user.id);
  const paging = {
    "x-pagination-limit": String(limit),
    "x-pagination-offset": String(offset),
    "x-pagination-size": String(keys.length),
    "x-pagination-limit-max": String(PAGE_LIMIT),
  };
  return restAnswer(200, keys.slice(offset, offset + limit).map(keyRepresentation), paging);
}

function pageNumber(call: Call, name: string, otherwise: number, min: number, max: number): number {
  const value = Number(call.query.get(name) ?? otherwise);
  if (!Number.isInteger(value) || value < min || value > max) throw new Refusal(invalidValue(name));
  return value;
}

/** Deletes by user and id, so a key that is not there (or not the caller's) is a 200, too. */
function deleteKey(platform: Platform, caller: Caller, id: string): Answer {
  if (!/^\d+$/.test(id)) return invalidValue("id");
  const index = platform.keys.findIndex((key) => key.id === Number(id) && key.userId === caller.user.id);
  if (index >= 0) platform.keys.splice(index, 1);
  return restAnswer(200);
}

function keyRepresentation(key: AccessKey): Readonly<Record<string, unknown>> {
  return {
    id: key.id,
    creation_date: localDate(key.createdAt),
    expiration_date: key.expiresAt === undefined ? null : localDate(key.expiresAt),
    description: key.description,
    last_used_on: null,
    last_used_by: null,
    scopes: key.scopes.map((identifier) => ({ identifier })),
  };
}

/** A date as a server in Paris writes it in winter: with its own offset, not in UTC. */
function localDate(time: number): string {
  return `${new Date(time + 3_600_000).toISOString().slice(0, 19)}+01:00`;
}

// Users: `UserResource`

function showUser(platform: Platform, caller: Caller | undefined, id: string): Answer {
  if (caller === undefined && !platform.anonymous) return restError(401);
  if (id !== "self" && !/^\d+$/.test(id)) return restError(400, "Provided User Id is not well formed.");
  if (id === "self" && caller === undefined) return restAnswer(200, ANONYMOUS);
  if (id !== "self" && id !== String(caller?.user.id)) return restError(404, "User Id not found");
  return caller === undefined ? restError(401) : restAnswer(200, userRepresentation(caller.user));
}

const ANONYMOUS = {
  id: null,
  uri: null,
  user_url: null,
  real_name: null,
  display_name: "Anonymous user",
  username: null,
  ldap_id: null,
  avatar_url: "https://tuleap.example.org/themes/common/images/avatar_default.png",
  is_anonymous: true,
  has_avatar: false,
};

function userRepresentation(user: User): Readonly<Record<string, unknown>> {
  return {
    id: user.id,
    uri: `users/${user.id}`,
    user_url: `/users/${user.username}`,
    real_name: user.realName,
    display_name: `${user.realName} (${user.username})`,
    username: user.username,
    ldap_id: String(user.id),
    avatar_url: "https://tuleap.example.org/themes/common/images/avatar_default.png",
    is_anonymous: false,
    has_avatar: false,
    email: user.email,
    status: "A",
  };
}

function showMembership(caller: Caller, id: string): Answer {
  if (id !== "self" && id !== String(caller.user.id)) return restError(403, "Cannot see other's membership");
  return restAnswer(200, ["site_active", "guinea-pig_project_members"]);
}

// OAuth2: `OAuth2ResourceServerMiddleware`

function userInfo(platform: Platform, call: Call): Answer {
  if (call.method !== "GET" && call.method !== "POST") return { status: 405, headers: { allow: "GET, POST" } };
  const token = bearerToken(call.headers.authorization);
  if (token === undefined) return protectedResourceError(401, "");
  if (!isOAuth2Token(token)) {
    return protectedResourceError(401, 'error="invalid_token" error_description="Access token is malformed"');
  }
  const known = platform.oauth2.get(token);
  const invalid = (reason: string) =>
    protectedResourceError(401, `error="invalid_token" error_description="${reason}"`);
  if (known === undefined || known.isOver) return invalid("Access token has expired");
  const { scopes, user } = known;
  if (user.status !== "active") return invalid("Cannot authenticate user");
  if (!scopes.includes("openid")) {
    return protectedResourceError(403, 'error="insufficient_scope" scope="openid"');
  }
  return json(200, {
    sub: String(user.id),
    ...(scopes.includes("email") && { email: user.email, email_verified: true }),
    ...(scopes.includes("profile") && { name: user.realName, preferred_username: user.username, locale: "en-US" }),
  });
}

function protectedResourceError(status: number, problem: string): Answer {
  const challenge = `Bearer realm="Tuleap OAuth2 Protected Resource" ${problem}`.trimEnd();
  return { status, headers: { "www-authenticate": challenge } };
}

// Bodies, as Restler reads and writes them

function jsonBody(call: Call): Record<string, unknown> {
  const body = jsonFields(call);
  if (body === undefined) throw new Refusal(restError(400, "Error parsing JSON"));
  return body;
}

function requiredText(body: Readonly<Record<string, unknown>>, field: string): string {
  const value = body[field];
  if (typeof value !== "string") throw new Refusal(restError(400, `\`${field}\` is required.`));
  return value;
}

function invalidValue(field: string): Answer {
  return restError(400, `Invalid value specified for \`${field}\``);
}

function restAnswer(status: number, value?: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const all = { "cache-control": "no-store", ...headers };
  return value === undefined ? { status, headers: all } : json(status, value, all);
}

/** The message is the status in words, then the reason where there is one; a 401 names every scheme. */
function restError(status: number, reason?: string): Answer {
  const words = STATUS_CODES[status];
  const message = reason === undefined ? words : `${words}: ${reason}`;
  const challenge = status === 401 ? { "www-authenticate": CHALLENGES } : {};
  return restAnswer(status, { error: { code: status, message } }, challenge);
}
