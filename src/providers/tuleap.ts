import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Http } from "../http/http.ts";
import { basicPair } from "../text/basic.ts";
import { read, schema } from "../text/json.ts";
import { expiry } from "./kit/expiry.ts";
import { Token, UserAndPassword } from "./kit/fields.ts";
import { basic, bearer } from "./kit/headers.ts";
import { lacksPermission, revocation } from "./kit/judge.ts";
import { mintedToken, tokenFlaw, USER_ID } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Credential, Provider, Revocation, Step, Verdict } from "./provider.ts";
import { ACCESS_KEY, createKey, deleteKey, keyHeaders, MOST_ON_A_PAGE, REST_SCOPE } from "./tuleap-keys.ts";
import { anonymous, errorText, judgeExchange, lacksScope, refusalOf, type Shown } from "./tuleap-refusals.ts";

/** `TOKENS_EXPIRATION_TIME` of Tuleap: a token is purged after 24 hours. */
const TOKEN_SECONDS = 24 * 3600;

/** The part of a credential that is told as the output of this name. */
const USER = "user-id";

/** The whole of a secret that the user brings (`LENGTH` of Tuleap's split tokens: 32 bytes). */
const WHOLE = {
  "access-key": /^tlp-k1-\d+\.[0-9a-fA-F]{64}$/,
  "oauth2-access-token": /^tlp-oauth2-at1-\d+\.[0-9a-fA-F]{64}$/,
};

const CreatedToken = schema(() => z.object({ token: z.string(), user_id: z.optional(z.unknown()) }));
const KeyInfo = schema(() =>
  z.object({
    expiration_date: z.optional(z.nullable(z.string())),
    scopes: z.nullable(z.array(z.unknown())),
  }),
);
const Scope = schema(() => z.object({ identifier: z.string() }));
const User = schema(() => z.object({ is_anonymous: z.boolean(), username: z.optional(z.nullable(z.string())) }));
const OpenIdUser = schema(() => z.object({ sub: z.string(), preferred_username: z.optional(z.string()) }));
const Handle = schema(() =>
  z.union([
    z.object({ secret: z.string().check(z.regex(/.{8}/s)), userId: z.string().check(z.regex(/^\d+$/)) }),
    z.object({ secret: z.string().check(z.regex(ACCESS_KEY)) }),
  ]),
);

const tokenHeaders = ({ token, parts = {} }: Credential) => ({
  "X-Auth-Token": token,
  "X-Auth-UserId": parts[USER] ?? "",
});

/** Tuleap: access keys first; its login tokens and HTTP Basic where nothing else is to be had. */
export const tuleap: Provider = {
  id: "tuleap",
  name: "Tuleap",
  pastedTail: /\/api(?:\/v[12])?(?:\/tokens)?$/,
  byHand: "Tuleap > Preferences > Keys & Tokens (login tokens are not listed there)",
  methods: [
    method({
      id: "access-key",
      fields: Token,
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
      fields: UserAndPassword,
      byNameOnly: true,
      envName: "TULEAP_ACCESS_KEY",
      ending: "revocable",
      headers: keyHeaders,
      exchange: ({ username, password }, http, step) => createKey(basicToken(username, password), http, step),
      probe: (credential, http) => probeUser(keyHeaders(credential), http, "access key"),
    }),
    method({
      id: "oauth2-access-token",
      fields: Token,
      recognises: ({ token = "" }) => token.startsWith("tlp-oauth2-at1-"),
      envName: "TULEAP_TOKEN",
      ending: "ready-made",
      headers: bearer,

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
      fields: UserAndPassword,
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
      fields: UserAndPassword,
      byNameOnly: true,
      envName: "TULEAP_TOKEN",
      ending: "ready-made",
      headers: basic,

      async exchange({ username, password }, _http, { secret, note }) {
        note(preferAccessKey("Basic sends the password with every request"));
        const token = basicToken(username, password);
        secret(token);
        const flaw = tokenFlaw(token);
        if (flaw !== undefined) throw unusablePair(flaw);
        return { token };
      },

      probe: (credential, http) => probeUser(basic(credential), http, "basic"),
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
  const pair = basicPair(username, password);
  secret(pair);
  const path = `/api/tokens/${encodeURIComponent(token)}`;
  try {
    const headers = basic({ token: pair });
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
  const answer = await http.send({ method: "GET", path: "/oauth2/userinfo", headers: bearer(credential) });
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
