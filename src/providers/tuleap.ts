import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Http } from "../http/http.ts";
import { basicPair } from "../text/basic.ts";
import { type Parsed, read, schema } from "../text/json.ts";
import { askForKey } from "./kit/creation.ts";
import { expiry } from "./kit/expiry.ts";
import { lacksPermission, revocation } from "./kit/judge.ts";
import { mintedToken, tokenFlaw, USER_ID } from "./kit/token.ts";
import { method, text } from "./method.ts";
import type { Credential, Provider, Revocation, Step, Verdict } from "./provider.ts";
import { anonymous, errorText, judgeExchange, lacksScope, refusalOf, type Shown } from "./tuleap-words.ts";

/** `TOKENS_EXPIRATION_TIME` of Tuleap: a token is purged after 24 hours. */
const TOKEN_SECONDS = 24 * 3600;

/** A job on a hosted runner ends within 6 hours, on a self-hosted one within 5 days. */
const KEY_SECONDS = { hosted: 6 * 3600, selfHosted: 5 * 24 * 3600 };

/** The part of a credential that is told as the output of this name. */
const USER = "user-id";

const REST_SCOPE = "write:rest";

/** Most keys that Tuleap lists at once, and how many such pages are read. */
const KEYS_PER_PAGE = 50;
const MOST_PAGES = 20;

/** Longer lists, of keys or of what a key may do, would only take time. */
const MOST_ON_A_PAGE = 1_000;

/** `tlp-k1-<id>.<64 hex>`: the id of the key stands in the key. */
const ACCESS_KEY = /^tlp-k1-(\d+)\.[0-9a-fA-F]+$/;

/** The whole of a secret that the user brings (`LENGTH` of Tuleap's split tokens: 32 bytes). */
const WHOLE = {
  "access-key": /^tlp-k1-\d+\.[0-9a-fA-F]{64}$/,
  "oauth2-access-token": /^tlp-oauth2-at1-\d+\.[0-9a-fA-F]{64}$/,
};

const CreatedToken = schema(() => z.object({ token: z.string(), user_id: z.optional(z.unknown()) }));
const CreatedKey = schema(() => z.object({ identifier: z.string() }));
const KeyInfo = schema(() =>
  z.object({
    expiration_date: z.optional(z.nullable(z.string())),
    scopes: z.nullable(z.array(z.unknown())),
  }),
);
const Scope = schema(() => z.object({ identifier: z.string() }));
const KeyList = schema(() => z.array(z.unknown()));
const ListedKey = schema(() =>
  z.object({ id: z.int().check(z.positive()), description: z.optional(z.nullable(z.string())) }),
);
const UserId = schema(() => z.object({ id: z.int() }));
const User = schema(() => z.object({ is_anonymous: z.boolean(), username: z.optional(z.nullable(z.string())) }));
const OpenIdUser = schema(() => z.object({ sub: z.string(), preferred_username: z.optional(z.string()) }));
const Handle = schema(() =>
  z.union([
    z.object({ secret: z.string().check(z.minLength(8)), userId: z.string().check(z.regex(/^\d+$/)) }),
    z.object({ secret: z.string().check(z.regex(ACCESS_KEY)) }),
  ]),
);

const TokenField = schema(() => z.strictObject({ token: text() }));
const PasswordFields = schema(() => z.strictObject({ username: text(), password: text() }));

const keyHeaders = ({ token }: Pick<Credential, "token">) => ({ "X-Auth-AccessKey": token });
const tokenHeaders = ({ token, parts = {} }: Credential) => ({
  "X-Auth-Token": token,
  "X-Auth-UserId": parts[USER] ?? "",
});
const bearerHeaders = ({ token }: Credential) => ({ Authorization: `Bearer ${token}` });
const basicHeaders = ({ token }: Pick<Credential, "token">) => ({ Authorization: `Basic ${token}` });

/** Tuleap: access keys first; its login tokens and HTTP Basic where nothing else is to be had. */
export const tuleap: Provider = {
  id: "tuleap",
  name: "Tuleap",
  pastedTail: /\/api(?:\/v[12])?(?:\/tokens)?$/,
  byHand: "Tuleap > Preferences > Keys & Tokens (login tokens are not listed there)",
  methods: [
    method({
      id: "access-key",
      fields: TokenField,
      recognises: ({ token = "" }) => !token.startsWith("tlp-oauth2-at1-"),
      envName: "TULEAP_ACCESS_KEY",
      ending: "ready-made",
      headers: keyHeaders,

      async exchange({ token }, _http, { warn }) {
        if (!WHOLE["access-key"].test(token)) warn(notWhole("tlp-k1-22."), "Access key looks cut off");
        return { token };
      },

      probe: probeKey,
    }),
    method({
      id: "ephemeral-access-key",
      fields: PasswordFields,
      byNameOnly: true,
      envName: "TULEAP_ACCESS_KEY",
      ending: "revocable",
      headers: keyHeaders,
      exchange: ({ username, password }, http, step) => createKey(basicToken(username, password), http, step),
      probe: (credential, http) => probeUser(keyHeaders(credential), http, "access key"),
    }),
    method({
      id: "oauth2-access-token",
      fields: TokenField,
      recognises: ({ token = "" }) => token.startsWith("tlp-oauth2-at1-"),
      envName: "TULEAP_TOKEN",
      ending: "ready-made",
      headers: bearerHeaders,

      async exchange({ token }, _http, { warn }) {
        if (!WHOLE["oauth2-access-token"].test(token)) {
          warn(notWhole("tlp-oauth2-at1-7."), "Access token looks cut off");
        }
        return { token };
      },

      probe: probeOAuth2,
    }),
    method({
      id: "token",
      fields: PasswordFields,
      envName: "TULEAP_TOKEN",
      ending: "revocable",
      headers: tokenHeaders,
      isWhole: ({ parts = {} }) => USER_ID.test(parts[USER] ?? ""),
      alsoExports: ({ parts = {} }) => ({ TULEAP_USER_ID: parts[USER] ?? "" }),

      async exchange({ username, password }, http, { secret, revocable, note, warn }) {
        note(preferAccessKey("tokens are deprecated"));
        const answer = await http.send({
          method: "POST",
          path: "/api/tokens",
          json: { username, password },
          resend: "once",
          mints: true,
        });
        const minted = answer.status < 300 ? read(CreatedToken, answer.json) : undefined;
        if (minted === undefined) throw judgeExchange(answer, http, "password");
        secret(minted.token);
        const token = mintedToken(minted.token, http);
        const userId = String(minted.user_id ?? "");
        if (!USER_ID.test(userId)) {
          await endToken(token, { username, password }, http, { secret, warn });
          throw judgeExchange(answer, http, "password");
        }
        revocable({ secret: token, userId });
        return { token, parts: { [USER]: userId }, expiresAt: expiry({ documented: TOKEN_SECONDS }) };
      },

      probe: (credential, http) => probeUser(tokenHeaders(credential), http, "login token"),
    }),
    method({
      id: "basic",
      fields: PasswordFields,
      byNameOnly: true,
      envName: "TULEAP_TOKEN",
      ending: "ready-made",
      headers: basicHeaders,

      async exchange({ username, password }, _http, { secret, note }) {
        note(preferAccessKey("Basic sends the password with every request"));
        const token = basicToken(username, password);
        secret(token);
        const flaw = tokenFlaw(token);
        if (flaw !== undefined) throw unusablePair(flaw);
        return { token };
      },

      probe: (credential, http) => probeUser(basicHeaders(credential), http, "basic"),
    }),
  ],

  ownsHandle: (handle) => read(Handle, handle) !== undefined,

  async revoke(handle, http) {
    const parsed = z.parse(Handle(), handle);
    return "userId" in parsed ? deleteToken(parsed.secret, parsed.userId, http) : deleteKey(parsed.secret, http);
  },
};

function notWhole(start: string): string {
  return `The input "token" does not look whole: it would be ${start} and 64 hexadecimal digits. Copy it again.`;
}

function preferAccessKey(why: string): string {
  return `Tuleap prefers access keys (${why}): create one under Preferences > Keys & Tokens and use the method access-key.`;
}

/** The pair for HTTP Basic, in which the first colon ends the user name (RFC 7617, section 2). */
function basicToken(username: string, password: string): string {
  if (!username.includes(":")) return basicPair(username, password);
  throw new Failure("invalid-input", 'The input "username" holds a ":", which HTTP Basic cannot carry.', {
    hint: "Use the Tuleap login name, or the method access-key.",
  });
}

function unusablePair(flaw: string): Failure {
  return new Failure("invalid-input", `The pair of "username" and "password" ${flaw}, so it is no token.`, {
    hint: "Use the method access-key.",
  });
}

/** Creates an access key for this run. Tuleap sends the user an e-mail each time, so no more are made than have to be. */
async function createKey(basic: string, http: Http, step: Step): Promise<Credential> {
  step.secret(basic);
  const seconds = step.run.selfHosted ? KEY_SECONDS.selfHosted : KEY_SECONDS.hosted;
  const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
  const headers = basicHeaders({ token: basic });
  const { answer, undo } = await askForKey(http, step, {
    expiresAt,
    request: (name) => ({
      method: "POST",
      path: "/api/access_keys",
      headers,
      json: { description: name, expiration_date: atom(expiresAt), scopes: [REST_SCOPE] },
    }),
    remove: (name, client) => removeKeys(name, headers, client),
  });
  const created = answer.status < 300 ? read(CreatedKey, answer.json) : undefined;
  if (created !== undefined) step.secret(created.identifier);
  const isKey = ACCESS_KEY.test(created?.identifier ?? "") && tokenFlaw(created?.identifier ?? "") === undefined;
  // What was created but is no usable key could not be deleted by anyone who does not look for it.
  if (answer.status < 300 && !isKey) await undo();
  if (created === undefined || !isKey) throw judgeExchange(answer, http, "basic");
  const token = mintedToken(created.identifier, http);
  step.revocable({ secret: token });
  return { token, expiresAt };
}

/** PHP's `DateTime::ATOM`, which knows no milliseconds. */
function atom(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "+00:00");
}

/** Deletes the keys of that name; true where the whole list was read and there is certain to be none of them any more. */
async function removeKeys(name: string, headers: Record<string, string>, http: Http): Promise<boolean> {
  // The list wants the user's number: `self` is not taken in this place by every version.
  const answer = await http.send({ method: "GET", path: "/api/users/self", headers, resend: "once" });
  const self = answer.status < 300 ? read(UserId, answer.json)?.id : undefined;
  const { keys, isWhole } = await listKeys(`/api/users/${self ?? "self"}/access_keys`, headers, http);
  const found = keys.filter(({ description }) => description === name);
  for (const { id } of found) {
    const deleted = await http.send({ method: "DELETE", path: `/api/access_keys/${id}`, headers, resend: "once" });
    if (deleted.isHtml || deleted.status !== 200) return false;
  }
  // A name is given once, so what could not be read of a list does not matter where it was found.
  return isWhole || found.length > 0;
}

interface Keys {
  readonly keys: readonly Parsed<typeof ListedKey>[];
  /** Every key of the user is among them. */
  readonly isWhole: boolean;
}

/** The access keys of the user: a new one is not on the first page of many. */
async function listKeys(path: string, headers: Record<string, string>, http: Http): Promise<Keys> {
  const listed: unknown[] = [];
  let isEnd = false;
  for (let page = 0; page < MOST_PAGES && !isEnd; page++) {
    const query = page === 0 ? "" : `?limit=${KEYS_PER_PAGE}&offset=${listed.length}`;
    const answer = await http.send({ method: "GET", path: path + query, headers, resend: "once" });
    const some = answer.status < 300 ? read(KeyList, answer.json) : undefined;
    if (some === undefined || some.length > MOST_ON_A_PAGE) break;
    listed.push(...some);
    const all = Number(answer.headers["x-pagination-size"] ?? Number.NaN);
    isEnd = some.length === 0 || (Number.isInteger(all) ? listed.length >= all : some.length < KEYS_PER_PAGE);
  }
  const keys = listed.flatMap((key) => read(ListedKey, key) ?? []);
  return { keys, isWhole: isEnd && keys.length === listed.length };
}

async function deleteKey(key: string, http: Http): Promise<Revocation> {
  const [, id] = ACCESS_KEY.exec(key) ?? [];
  const answer = await http.send({
    method: "DELETE",
    path: `/api/access_keys/${id}`,
    headers: keyHeaders({ token: key }),
  });
  return revocation(answer, answer.status === 401);
}

/** Only ever this one token: without it in the path, Tuleap ends all tokens of the user. */
async function deleteToken(token: string, userId: string, http: Http): Promise<Revocation> {
  const answer = await http.send({
    method: "DELETE",
    path: `/api/tokens/${encodeURIComponent(token)}`,
    headers: tokenHeaders({ token, parts: { [USER]: userId } }),
  });
  return revocation(
    answer,
    answer.status === 401 || (answer.status === 400 && /invalid token/i.test(errorText(answer))),
  );
}

/** A token without its user's number is of no use, not even to delete itself: the password that it was made from can. */
async function endToken(
  token: string,
  { username, password }: { readonly username: string; readonly password: string },
  http: Http,
  { secret, warn }: Pick<Step, "secret" | "warn">,
): Promise<void> {
  const basic = basicPair(username, password);
  secret(basic);
  const path = `/api/tokens/${encodeURIComponent(token)}`;
  try {
    const headers = basicHeaders({ token: basic });
    const answer = await http.send({ method: "DELETE", path, headers, resend: "once", cleansUp: true });
    if (answer.status === 200 && !answer.isHtml) return;
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault;
  }
  warn(
    `A login token of no use was made at ${http.host} and could not be ended. Tuleap ends it after 24 hours.`,
    "A token may be left",
  );
}

/** A key tells its own expiry and scopes; servers before 11.11 do not have that place. */
async function probeKey(credential: Credential, http: Http): Promise<Verdict> {
  const headers = keyHeaders(credential);
  const answer = await http.send({ method: "GET", path: "/api/access_keys/self", headers });
  if (answer.status === 404 && !answer.isHtml) return probeUser(headers, http, "access key");
  const key = answer.status < 300 ? read(KeyInfo, answer.json) : undefined;
  if (lacksScope(answer) || (key !== undefined && !hasRestScope(key.scopes ?? []))) return noRestScope();
  if (key === undefined) return refusalOf(answer, http, "access key");
  return {
    kind: "accepted",
    account: await accountOf(headers, http),
    expiresAt: expiry({ date: key.expiration_date ?? undefined }),
  };
}

/** Each is an object with an identifier, or the identifier itself. */
function hasRestScope(scopes: readonly unknown[]): boolean {
  return scopes
    .slice(0, MOST_ON_A_PAGE)
    .some((scope) => scope === REST_SCOPE || read(Scope, scope)?.identifier === REST_SCOPE);
}

function noRestScope(): Verdict {
  return lacksPermission(
    "Tuleap knows the access key, but the key has no REST scope.",
    `Create a key with the scope ${REST_SCOPE} if the job calls the REST API.`,
  );
}

/** The login name is good to know, but the key is proven without it. */
async function accountOf(headers: Record<string, string>, http: Http): Promise<string | undefined> {
  try {
    const verdict = await probeUser(headers, http, "access key");
    return verdict.kind === "accepted" ? verdict.account : undefined;
  } catch (fault) {
    if (fault instanceof Failure) return undefined;
    throw fault;
  }
}

async function probeUser(headers: Record<string, string>, http: Http, shown: Shown): Promise<Verdict> {
  const answer = await http.send({ method: "GET", path: "/api/users/self", headers });
  if (lacksScope(answer)) return noRestScope();
  const user = answer.status < 300 ? read(User, answer.json) : undefined;
  if (user === undefined) return refusalOf(answer, http, shown);
  return user.is_anonymous ? anonymous(http.host) : { kind: "accepted", account: user.username ?? undefined };
}

async function probeOAuth2(credential: Credential, http: Http): Promise<Verdict> {
  const answer = await http.send({ method: "GET", path: "/oauth2/userinfo", headers: bearerHeaders(credential) });
  const user = answer.status < 300 ? read(OpenIdUser, answer.json) : undefined;
  if (user !== undefined) return { kind: "accepted", account: user.preferred_username };
  if (lacksScope(answer)) {
    return lacksPermission(
      "Tuleap knows the access token, but it lacks the scope openid.",
      "Ask for the scope openid too if you want the probe to prove more.",
    );
  }
  return refusalOf(answer, http, "oauth2 token");
}
