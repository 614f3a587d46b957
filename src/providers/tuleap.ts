import * as z from "zod/mini";
import { basicPair } from "../basic.ts";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { type Parsed, read, schema } from "../read.ts";
import { expiry } from "./expiry.ts";
import { judge, lacksPermission, refusedOrThrow } from "./judge.ts";
import { keyName } from "./key-name.ts";
import { type Credential, type Hands, method, type Provider, type Revocation, type Verdict } from "./provider.ts";
import { mintedToken, tokenFlaw, USER_ID } from "./token.ts";

/** `TOKENS_EXPIRATION_TIME` of Tuleap: a token is purged after 24 hours. */
const TOKEN_SECONDS = 24 * 3600;

/** A job on a hosted runner ends within 6 hours, on a self-hosted one within 5 days. */
const KEY_SECONDS = { hosted: 6 * 3600, selfHosted: 5 * 24 * 3600 };

const REST_SCOPE = "write:rest";

/** Most keys that Tuleap lists at once, and how many such pages are read. */
const KEYS_PER_PAGE = 50;
const MOST_PAGES = 20;

/** `tlp-k1-<id>.<64 hex>`: the id of the key stands in the key. */
const ACCESS_KEY = /^tlp-k1-(\d+)\.[0-9a-fA-F]+$/;

const CreatedToken = schema(() =>
  z.object({ token: z.string(), user_id: z.optional(z.union([z.number(), z.string()])) }),
);
const CreatedKey = schema(() => z.object({ identifier: z.string() }));
const KeyInfo = schema(() =>
  z.object({
    expiration_date: z.optional(z.nullable(z.string())),
    scopes: z.array(z.object({ identifier: z.string() })),
  }),
);
const KeyList = schema(() => z.array(z.object({ id: z.number(), description: z.optional(z.nullable(z.string())) })));
const UserId = schema(() => z.object({ id: z.int() }));
const User = schema(() => z.object({ is_anonymous: z.boolean(), username: z.optional(z.nullable(z.string())) }));
const OpenIdUser = schema(() => z.object({ sub: z.string(), preferred_username: z.optional(z.string()) }));
const ErrorBody = schema(() =>
  z.object({ error: z.object({ code: z.optional(z.number()), message: z.optional(z.string()) }) }),
);
const ErrorText = schema(() => z.object({ error: z.string() }));
const Handle = schema(() =>
  z.union([
    z.object({ secret: z.string().check(z.minLength(8)), userId: z.string().check(z.regex(/^\d+$/)) }),
    z.object({ secret: z.string().check(z.regex(ACCESS_KEY)) }),
  ]),
);

const keyHeaders = ({ token }: Pick<Credential, "token">) => ({ "X-Auth-AccessKey": token });
const tokenHeaders = ({ token, userId = "" }: Credential) => ({ "X-Auth-Token": token, "X-Auth-UserId": userId });
const bearerHeaders = ({ token }: Credential) => ({ Authorization: `Bearer ${token}` });
const basicHeaders = ({ token }: Pick<Credential, "token">) => ({ Authorization: `Basic ${token}` });

/** Tuleap: access keys first; its login tokens and HTTP Basic where nothing else is to be had. */
export const tuleap: Provider = {
  id: "tuleap",
  name: "Tuleap",
  pastedTail: /\/api(?:\/v[12])?(?:\/tokens)?$/,
  byHand: "Tuleap > Preferences > Keys & Tokens (a login token is not listed there and ends by itself)",
  methods: [
    method({
      id: "access-key",
      needs: ["token"],
      recognises: ({ token = "" }) => !token.startsWith("tlp-oauth2-at1-"),
      envName: "TULEAP_ACCESS_KEY",
      ending: "ready-made",
      headers: keyHeaders,
      exchange: ({ token }) => Promise.resolve({ token }),
      probe: probeKey,
    }),
    method({
      id: "ephemeral-access-key",
      needs: ["username", "password"],
      byNameOnly: true,
      envName: "TULEAP_ACCESS_KEY",
      ending: "revocable",
      headers: keyHeaders,
      exchange: ({ username, password }, http, hands) => createKey(basicToken(username, password), http, hands),
      probe: (credential, http) => probeUser(keyHeaders(credential), http),
    }),
    method({
      id: "oauth2-access-token",
      needs: ["token"],
      recognises: ({ token = "" }) => token.startsWith("tlp-oauth2-at1-"),
      envName: "TULEAP_TOKEN",
      ending: "ready-made",
      headers: bearerHeaders,
      exchange: ({ token }) => Promise.resolve({ token }),
      probe: probeOAuth2,
    }),
    method({
      id: "token",
      needs: ["username", "password"],
      envName: "TULEAP_TOKEN",
      ending: "revocable",
      headers: tokenHeaders,
      alsoExports: ({ userId = "" }) => ({ TULEAP_USER_ID: userId }),

      async exchange({ username, password }, http, { secret, revocable, note }) {
        note(preferAccessKey("tokens are deprecated"));
        const answer = await http.send({
          method: "POST",
          path: "/api/tokens",
          json: { username, password },
          resend: "once",
        });
        const minted = answer.status < 300 ? read(CreatedToken, answer.json) : undefined;
        if (minted === undefined) throw judge(answer, http, ownWord);
        secret(minted.token);
        const userId = String(minted.user_id ?? "");
        if (!USER_ID.test(userId)) throw judge(answer, http, ownWord);
        const token = mintedToken(minted.token, http);
        revocable({ secret: token, userId });
        return { token, userId, expiresAt: expiry({ documented: TOKEN_SECONDS }) };
      },

      probe: (credential, http) => probeUser(tokenHeaders(credential), http),
    }),
    method({
      id: "basic",
      needs: ["username", "password"],
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

      probe: (credential, http) => probeUser(basicHeaders(credential), http),
    }),
  ],

  ownsHandle: (handle) => read(Handle, handle) !== undefined,

  async revoke(handle, http) {
    const parsed = z.parse(Handle(), handle);
    return "userId" in parsed ? deleteToken(parsed.secret, parsed.userId, http) : deleteKey(parsed.secret, http);
  },
};

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
async function createKey(basic: string, http: Http, { secret, revocable, run }: Hands): Promise<Credential> {
  secret(basic);
  const seconds = run.selfHosted ? KEY_SECONDS.selfHosted : KEY_SECONDS.hosted;
  const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
  let name = keyName(run);
  const creation = () => ({
    method: "POST" as const,
    path: "/api/access_keys",
    headers: basicHeaders({ token: basic }),
    json: { description: name, expiration_date: atom(expiresAt), scopes: [REST_SCOPE] },
    resend: async () => {
      await deleteOrphan(name, basic, http);
      name = keyName(run);
      return creation();
    },
  });
  const answer = await http.send(creation());
  const created = answer.status < 300 ? read(CreatedKey, answer.json) : undefined;
  if (created !== undefined) secret(created.identifier);
  const isKey = ACCESS_KEY.test(created?.identifier ?? "");
  // What was created but is no usable key could not be deleted by anyone who does not look for it.
  if (answer.status < 300 && !isKey) await deleteOrphan(name, basic, http);
  if (created === undefined || !isKey) throw judge(answer, http, ownWord);
  const token = mintedToken(created.identifier, http);
  revocable({ secret: token });
  return { token, expiresAt };
}

/** PHP's `DateTime::ATOM`, which knows no milliseconds. */
function atom(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "+00:00");
}

/** After a fault the key may exist all the same, unknown to anyone: it is looked for by its name. */
async function deleteOrphan(name: string, basic: string, http: Http): Promise<void> {
  const headers = basicHeaders({ token: basic });
  try {
    // The list wants the user's number: `self` is not taken in this place by every version.
    const self =
      read(UserId, (await http.send({ method: "GET", path: "/api/users/self", headers, resend: "once" })).json)?.id ??
      "self";
    const keys = await listKeys(`/api/users/${self}/access_keys`, headers, http);
    for (const { id } of keys.filter(({ description }) => description === name)) {
      await http.send({ method: "DELETE", path: `/api/access_keys/${id}`, headers, resend: "once" });
    }
  } catch (fault) {
    // The fault of the creation itself is the one to report; such a key ends at its expiry.
    if (!(fault instanceof Failure)) throw fault;
  }
}

/** All access keys of the user: a new one is not on the first page of many. */
async function listKeys(path: string, headers: Record<string, string>, http: Http): Promise<Parsed<typeof KeyList>> {
  const keys: Parsed<typeof KeyList> = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = page === 0 ? "" : `?limit=${KEYS_PER_PAGE}&offset=${page * KEYS_PER_PAGE}`;
    const listed =
      read(KeyList, (await http.send({ method: "GET", path: path + query, headers, resend: "once" })).json) ?? [];
    keys.push(...listed);
    if (listed.length !== KEYS_PER_PAGE) break;
  }
  return keys;
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
    headers: tokenHeaders({ token, userId }),
  });
  return revocation(
    answer,
    answer.status === 401 || (answer.status === 400 && /invalid token/i.test(errorText(answer))),
  );
}

function revocation(answer: Answer, gone: boolean): Revocation {
  if (gone && !answer.isHtml) return { kind: "gone" };
  if (answer.status === 200 && !answer.isHtml) return { kind: "revoked" };
  return { kind: "failed", answered: answer.isHtml ? "a page, not the API" : `status ${answer.status}` };
}

/** A key tells its own expiry and scopes; servers before 11.11 do not have that place. */
async function probeKey(credential: Credential, http: Http): Promise<Verdict> {
  const headers = keyHeaders(credential);
  const answer = await http.send({ method: "GET", path: "/api/access_keys/self", headers });
  if (answer.status === 404 && !answer.isHtml) return probeUser(headers, http);
  const key = answer.status < 300 ? read(KeyInfo, answer.json) : undefined;
  if (key === undefined) return refusedOrThrow(answer, http, ownWord);
  if (!key.scopes.some(({ identifier }) => identifier === REST_SCOPE)) {
    return lacksPermission(
      "Tuleap knows the access key, but the key has no REST scope.",
      `Create a key with the scope ${REST_SCOPE} if the job calls the REST API.`,
    );
  }
  return {
    kind: "accepted",
    account: await accountOf(headers, http),
    expiresAt: expiry({ date: key.expiration_date ?? undefined }),
  };
}

/** The login name is good to know, but the key is proven without it. */
async function accountOf(headers: Record<string, string>, http: Http): Promise<string | undefined> {
  try {
    const verdict = await probeUser(headers, http);
    return verdict.kind === "accepted" ? verdict.account : undefined;
  } catch (fault) {
    if (fault instanceof Failure) return undefined;
    throw fault;
  }
}

/** `users/self` answers 200 to strangers too where the platform allows anonymous access. */
async function probeUser(headers: Record<string, string>, http: Http): Promise<Verdict> {
  const answer = await http.send({ method: "GET", path: "/api/users/self", headers });
  const user = answer.status < 300 ? read(User, answer.json) : undefined;
  if (user === undefined) return refusedOrThrow(answer, http, ownWord);
  if (!user.is_anonymous) return { kind: "accepted", account: user.username ?? undefined };
  const failure = new Failure("refused", `Tuleap at ${http.host} answers as to an anonymous caller.`, {
    hint: "A proxy may strip the X-Auth or Authorization headers on the way; otherwise the credential is not known there.",
  });
  return { kind: "refused", failure };
}

async function probeOAuth2(credential: Credential, http: Http): Promise<Verdict> {
  const answer = await http.send({ method: "GET", path: "/oauth2/userinfo", headers: bearerHeaders(credential) });
  const user = answer.status < 300 ? read(OpenIdUser, answer.json) : undefined;
  if (user !== undefined) return { kind: "accepted", account: user.preferred_username };
  if (answer.status === 403 && /insufficient_scope/.test(answer.headers["www-authenticate"] ?? "")) {
    return lacksPermission(
      "Tuleap knows the access token, but it lacks the scope openid.",
      "Ask for the scope openid too if you want the probe to prove more.",
    );
  }
  return refusedOrThrow(answer, http, ownWord);
}

function errorText(answer: Answer): string {
  return read(ErrorBody, answer.json)?.error.message ?? read(ErrorText, answer.json)?.error ?? "";
}

function ownWord(answer: Answer, host: string): Failure | undefined {
  const said = errorText(answer);
  // The body has a status of its own, which a proxy cannot have changed.
  const code = read(ErrorBody, answer.json)?.error.code ?? answer.status;
  const answered = answer.isHtml ? "" : answer.body;
  if (code === 401 && said !== "") {
    return new Failure("refused", `Tuleap at ${host} refuses the credentials.`, {
      hint: /passkey/i.test(said)
        ? "This account signs in with a passkey and has no password: create an access key with the scope write:rest and give it as `token`."
        : 'Check "username" and "password", or the access key: it may be expired, revoked or without the scope write:rest. Accounts of an OpenID Connect or LDAP login may need an access key.',
      answered,
    });
  }
  if (code === 403 && said !== "") {
    return new Failure("forbidden", `Tuleap at ${host} knows the account but does not let it in.`, {
      hint: "It is suspended, deleted, or its password has expired: a Tuleap site administrator can tell.",
      answered,
    });
  }
  return undefined;
}
