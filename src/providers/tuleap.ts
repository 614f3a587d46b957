import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Http } from "../http/http.ts";
import { basicPair } from "../text/basic.ts";
import { flawless, matching, orAbsent, schema } from "../text/json.ts";
import { expiry } from "./kit/expiry.ts";
import { invalidInput, orFailure } from "./kit/faults.ts";
import { Digits, Secret, UserAndPassword } from "./kit/fields.ts";
import { takesBack } from "./kit/handles.ts";
import { basic, bearer } from "./kit/headers.ts";
import { lacksPermission, revocation } from "./kit/judge.ts";
import { readyMade } from "./kit/ready-made.ts";
import { success } from "./kit/refusals.ts";
import { spoken } from "./kit/said.ts";
import { mintedToken, tokenFlaw, USER_ID } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Credential, Provider, Step, Verdict } from "./provider.ts";
import { ACCESS_KEY, createAccessKey, keyHeaders, REST_SCOPE } from "./tuleap-keys.ts";
import { errorText, judgeExchange, lacksScope, refusalOf, type Shown } from "./tuleap-refusals.ts";

/** `TOKENS_EXPIRATION_TIME` of Tuleap: a token is purged after 24 hours. */
const TOKEN_SECONDS = 24 * 3600;

const OAUTH2_PREFIX = "tlp-oauth2-at1-";

/** The part of a credential that is told as the output of this name. */
const USER = "user-id";

const CreatedToken = schema(() => z.object({ token: z.string(), user_id: z.optional(z.unknown()) }));
const KeyInfo = schema(() =>
  z.object({
    expiration_date: orAbsent(z.string()),
    scopes: z.unknown().check(flawless((list) => (list === null || Array.isArray(list) ? undefined : "it is no list"))),
  }),
);
/** As the REST API and as OpenID Connect tell it. */
const User = schema(() =>
  z.union([
    z.object({
      is_anonymous: z.boolean().check(flawless((is) => (is ? "it is nobody" : undefined))),
      username: orAbsent(z.string()),
    }),
    z.object({ sub: z.string(), preferred_username: orAbsent(z.string()) }),
  ]),
);
const Handle = schema(() =>
  z.union([z.object({ secret: Secret(), userId: Digits() }), z.object({ secret: matching(ACCESS_KEY) })]),
);

const userOf = ({ parts }: Credential) => parts?.[USER] ?? "";

const tokenHeaders = (credential: Credential) => ({
  "X-Auth-Token": credential.token,
  "X-Auth-UserId": userOf(credential),
});

const HEADERS: Readonly<Record<Exclude<Shown, "password">, (credential: Credential) => Record<string, string>>> = {
  key: keyHeaders,
  oauth2: bearer,
  token: tokenHeaders,
  basic,
};

/** Tuleap: access keys first; its login tokens and HTTP Basic where nothing else is to be had. */
export const tuleap: Provider = {
  id: "tuleap",
  name: "Tuleap",
  pastedTail: /\/api(?:\/v[12])?(?:\/tokens)?$/,
  byHand: "Tuleap > Preferences > Keys & Tokens (login tokens are not listed there)",
  methods: [
    readyMade({
      id: "access-key",
      form: splitToken("Access key", "tlp-k1-"),
      recognises: ({ token }) => !token?.startsWith(OAUTH2_PREFIX),
      ...sentAs("key"),
      probe: probeKey,
    }),
    method({
      id: "ephemeral-access-key",
      fields: UserAndPassword,
      byNameOnly: true,
      ending: "revocable",
      ...sentAs("key"),
      exchange: ({ username, password }, http, step) => createAccessKey(basicToken(username, password), http, step),
    }),
    readyMade({
      id: "oauth2-access-token",
      form: splitToken("Access token", OAUTH2_PREFIX),
      recognises: ({ token }) => token?.startsWith(OAUTH2_PREFIX) === true,
      ...sentAs("oauth2"),
    }),
    method({
      id: "token",
      fields: UserAndPassword,
      ending: "revocable",
      ...sentAs("token"),
      isWhole: (credential) => USER_ID.test(userOf(credential)),
      alsoExports: (credential) => ({ TULEAP_USER_ID: userOf(credential) }),

      async exchange({ username, password }, http, step) {
        step.note(PREFERS_KEYS);
        const answer = await http.send({
          method: "POST",
          path: "/api/tokens",
          json: { username, password },
          resend: "once",
          mints: true,
        });
        const minted = success(CreatedToken, answer);
        if (minted === undefined) throw judgeExchange(answer, http, "password");
        step.secret(minted.token);
        const token = mintedToken(minted.token, http);
        const userId = String(minted.user_id);
        if (!USER_ID.test(userId)) {
          await endToken(token, basicPair(username, password), http, step);
          throw judgeExchange(answer, http, "password");
        }
        step.revocable({ secret: token, userId });
        return { token, parts: { [USER]: userId }, expiresAt: expiry({ documented: TOKEN_SECONDS }) };
      },
    }),
    method({
      id: "basic",
      fields: UserAndPassword,
      byNameOnly: true,
      ending: "ready-made",
      ...sentAs("basic"),

      async exchange({ username, password }, _http, { secret, note }) {
        note(PREFERS_KEYS);
        const token = basicToken(username, password);
        secret(token);
        const flaw = tokenFlaw(token);
        if (flaw === undefined) return { token };
        throw new Failure("invalid-input", `The pair of "username" and "password" ${flaw}.`, {
          hint: "Use the method access-key.",
        });
      },
    }),
  ],

  ...takesBack(Handle, async (handle, http) => {
    const token = handle.secret;
    const isKey = !("userId" in handle);
    const [path, headers] = isKey
      ? [`/api/access_keys/${ACCESS_KEY.exec(token)?.[1]}`, keyHeaders({ token })]
      : [placeOf(token), tokenHeaders({ token, parts: { [USER]: handle.userId } })];
    const answer = await http.send({ method: "DELETE", path, headers });
    // Of a key, "Invalid Token" says nothing.
    const isUnknown = !isKey && /invalid token/i.test(errorText(spoken(answer)));
    return revocation(answer, answer.status === 401 || (answer.status === 400 && isUnknown));
  }),
};

/** What every method has that shows its credential in this way. */
function sentAs(shown: keyof typeof HEADERS) {
  return {
    envName: shown === "key" ? "TULEAP_ACCESS_KEY" : "TULEAP_TOKEN",
    headers: HEADERS[shown],
    probe: (credential: Credential, http: Http) => probeUser(credential, http, shown),
  };
}

/** A secret that the user brings: a prefix, the number of the key and 32 bytes (`LENGTH` of Tuleap's split tokens). */
function splitToken(what: string, prefix: string) {
  return {
    what,
    of: `${prefix}, a number, a dot and 64 hexadecimal digits`,
    isWhole: (token: string) => token.startsWith(prefix) && /^\d+\.[0-9a-fA-F]{64}$/.test(token.slice(prefix.length)),
  };
}

const PREFERS_KEYS =
  "Tuleap prefers access keys: create one under Preferences > Keys & Tokens and use the method access-key.";

/** The pair for HTTP Basic, in which the first colon ends the user name (RFC 7617, section 2). */
function basicToken(username: string, password: string): string {
  if (!username.includes(":")) return basicPair(username, password);
  const hint = "Use the Tuleap login name, or the method access-key.";
  throw invalidInput("username", 'holds a ":", which HTTP Basic cannot carry', hint);
}

/** Only ever this one token: without it in the path, Tuleap ends all tokens of the user. */
function placeOf(token: string): string {
  return `/api/tokens/${encodeURIComponent(token)}`;
}

/** A token without its user's number is of no use, not even to delete itself: the password that it was made from can. */
async function endToken(token: string, pair: string, http: Http, { secret, warn }: Step): Promise<void> {
  secret(pair);
  const headers = basic({ token: pair });
  const request = { method: "DELETE", path: placeOf(token), headers, resend: "once", cleansUp: true } as const;
  const ended = await orFailure(http.send(request));
  if ("status" in ended && ended.status === 200 && !ended.isHtml) return;
  warn(`A login token of no use was made at ${http.host}. Tuleap ends it after 24 hours.`, "A token may be left");
}

/** A key tells its own expiry and scopes; servers before 11.11 do not have that place. */
async function probeKey(credential: Credential, http: Http): Promise<Verdict> {
  const answer = await http.send({ method: "GET", path: "/api/access_keys/self", headers: keyHeaders(credential) });
  if (answer.status === 404 && !answer.isHtml) return probeUser(credential, http, "key");
  const key = success(KeyInfo, answer);
  // Each scope is an object with an identifier, or the identifier itself.
  const hasScope = key !== undefined && JSON.stringify(key.scopes).includes(`"${REST_SCOPE}"`);
  if (lacksScope(answer) || (key !== undefined && !hasScope)) return lacks(REST_SCOPE);
  if (key === undefined) return refusalOf(answer, http, "key");
  // The login name is good to know, but the key is proven without it.
  const user = await orFailure(probeUser(credential, http, "key"));
  const account = "kind" in user && user.kind === "accepted" ? user.account : undefined;
  return { kind: "accepted", account, expiresAt: expiry({ date: key.expiration_date }) };
}

async function probeUser(credential: Credential, http: Http, shown: keyof typeof HEADERS): Promise<Verdict> {
  const [path, scope] = shown === "oauth2" ? ["/oauth2/userinfo", "openid"] : ["/api/users/self", REST_SCOPE];
  const answer = await http.send({ method: "GET", path, headers: HEADERS[shown](credential) });
  if (lacksScope(answer)) return lacks(scope);
  const user = success(User, answer);
  if (user === undefined) return refusalOf(answer, http, shown);
  return { kind: "accepted", account: "sub" in user ? user.preferred_username : user.username };
}

function lacks(scope: string): Verdict {
  return lacksPermission(
    `Tuleap knows the token, but it lacks the scope ${scope}.`,
    `Create one with the scope ${scope} if the job needs it.`,
  );
}
