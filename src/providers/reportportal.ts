import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { basicPair } from "../basic.ts";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { type Parsed, read, schema } from "../read.ts";
import { expiry } from "./expiry.ts";
import { judge, lacksPermission, refusedOrThrow } from "./judge.ts";
import { isLeftover, keyName } from "./key-name.ts";
import { type Credential, type Hands, method, type Provider, type Run, type Verdict } from "./provider.ts";
import { mintedToken, readTokenResponse, tokenFlaw } from "./token.ts";

/** The only client that may use the password grant; a constant in ReportPortal's source, no secret. */
const PUBLIC_CLIENT = { id: "ui", secret: "uiman" };

/** "Who am I": up to 5.10 `/api/v1/user`, 5.11 to 5.15 `/api/users`, from 6.0 `/api/v1/users`. */
const WHO_AM_I = ["/api/users", "/api/v1/users", "/api/v1/user"] as const;
type WhoAmI = (typeof WHO_AM_I)[number];

/** The authorization service up to 25.x; from 26.1 the API grants tokens itself. Each tells where "who am I" is. */
const TOKEN_PLACES: readonly { path: string; whoAmI: WhoAmI }[] = [
  { path: "/uat/sso/oauth/token", whoAmI: "/api/users" },
  { path: "/api/sso/oauth/token", whoAmI: "/api/v1/users" },
];

/** At most this many leftover keys are deleted by one run. */
const SWEPT_AT_MOST = 2;

/** Pages of a user's keys that are read, however many the service says there are. */
const MOST_PAGES = 20;

const BAD_CREDENTIALS = 4003;
const ADDRESS_LOCKED = 4004;

const ApiError = schema(() => z.object({ errorCode: z.number(), message: z.optional(z.string()) }));
const OAuthError = schema(() => z.object({ error: z.string() }));
const User = schema(() => z.object({ userId: z.string().check(z.minLength(1)), id: z.optional(z.number()) }));
const CreatedKey = schema(() => z.object({ id: z.int().check(z.positive()), api_key: z.string() }));
const ListedKey = schema(() =>
  z.object({ id: z.int().check(z.positive()), name: z.string(), created_at: z.optional(z.unknown()) }),
);
const KeyList = schema(() =>
  z.union([
    z.pipe(
      z.array(z.unknown()),
      z.transform((keys) => ({ keys, pages: 1 })),
    ),
    z.pipe(
      z.object({ items: z.array(z.unknown()) }),
      z.transform(({ items }) => ({ keys: items, pages: 1 })),
    ),
    z.pipe(
      z.object({ content: z.array(z.unknown()), page: z.optional(z.object({ totalPages: z.optional(z.int()) })) }),
      z.transform(({ content, page }) => ({ keys: content, pages: page?.totalPages ?? 1 })),
    ),
  ]),
);
const Digits = schema(() => z.string().check(z.regex(/^[1-9]\d*$/)));
const Handle = schema(() =>
  z.object({
    place: z.enum(WHO_AM_I),
    user: Digits(),
    id: Digits(),
    secret: z.string().check(z.minLength(8)),
  }),
);

const bearer = ({ token }: Pick<Credential, "token">) => ({ Authorization: `Bearer ${token}` });

/** ReportPortal: a password grant for an access token, or an API key; only API keys can be revoked. */
export const reportportal: Provider = {
  id: "reportportal",
  name: "ReportPortal",
  pastedTail: /(?:\/ui|\/uat(?:\/sso\/oauth\/token)?|\/api(?:\/v[12]|\/sso\/oauth\/token)?)$/,
  pastedFragment: true,
  byHand: "ReportPortal > your profile > API Keys",
  methods: [
    method({
      id: "password",
      needs: ["username", "password"],
      optional: ["client-id", "client-secret"],
      envName: "RP_API_KEY",
      ending: "expires",
      headers: bearer,
      exchange: passwordGrant,
      probe,
    }),
    method({
      id: "api-key",
      needs: ["token"],
      envName: "RP_API_KEY",
      ending: "ready-made",
      headers: bearer,

      async exchange({ token }, _http, { warn }) {
        if (!isWholeKey(token)) {
          warn(
            'The input "token" does not look like a whole ReportPortal API key: its checksum does not fit. Copy it again from the profile page, with its name and the underscore in front.',
          );
        }
        return { token, expiresAt: expiry({ token }) };
      },

      probe,
    }),
    method({
      id: "ephemeral-api-key",
      needs: ["username", "password"],
      optional: ["client-id", "client-secret"],
      byNameOnly: true,
      envName: "RP_API_KEY",
      ending: "revocable",
      headers: bearer,
      exchange: async (credentials, http, hands) =>
        createKey(await passwordGrant(credentials, http, hands), http, hands),
      probe,
    }),
  ],

  ownsHandle: (handle) => read(Handle, handle) !== undefined,

  async revoke(handle, http) {
    const { place, user, id, secret: token } = z.parse(Handle(), handle);
    const answer = await http.send({
      method: "DELETE",
      path: `${place}/${user}/api-keys/${id}`,
      headers: bearer({ token }),
    });
    if (answer.status === 200 && !answer.isHtml) return { kind: "revoked" };
    if ((answer.status === 401 || answer.status === 404) && !answer.isHtml) return { kind: "gone" };
    return { kind: "failed", answered: answer.isHtml ? "a page, not the API" : `status ${answer.status}` };
  },

  async sweep(handle, http, run) {
    const { place, user, secret: token } = z.parse(Handle(), handle);
    const keys = await listKeys(`${place}/${user}/api-keys`, token, http);
    const leftovers = keys.filter((listed) => isLeftoverKey(listed, run)).slice(0, SWEPT_AT_MOST);
    let swept = 0;
    for (const { id } of leftovers) {
      const path = `${place}/${user}/api-keys/${id}`;
      const answer = await http.send({ method: "DELETE", path, headers: bearer({ token }) });
      if (answer.status === 200 && !answer.isHtml) swept++;
    }
    return swept;
  },
};

interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
  readonly "client-id"?: string;
  readonly "client-secret"?: string;
}

/** Password grant (RFC 6749, section 4.3) at the place where this generation of ReportPortal has it. */
async function passwordGrant(credentials: PasswordCredentials, http: Http, hands: Hands): Promise<Credential> {
  let elsewhere: Failure | undefined;
  for (const place of TOKEN_PLACES) {
    const granted = await grantAt(place.path, credentials, http, hands.secret, elsewhere === undefined);
    if (!(granted instanceof Failure)) return { ...granted, probeAt: place.whoAmI };
    elsewhere ??= granted;
  }
  throw elsewhere;
}

/**
 * Asks one place for a token. Resolves with a failure where the token endpoint is not at this place.
 * @throws {Failure} where it is, and says no
 */
async function grantAt(
  path: string,
  credentials: PasswordCredentials,
  http: Http,
  secret: Hands["secret"],
  isFirst: boolean,
): Promise<Credential | Failure> {
  const { username, password, "client-id": id, "client-secret": clientSecret } = credentials;
  const answer = await notElsewhere(() =>
    http.send({
      method: "POST",
      path,
      // The client authenticates by HTTP Basic only; in the body it is not looked at.
      headers: { authorization: `Basic ${basicPair(id ?? PUBLIC_CLIENT.id, clientSecret ?? PUBLIC_CLIENT.secret)}` },
      form: { grant_type: "password", username, password },
      resend: "once",
    }),
  );
  if (answer instanceof Failure) return answer;
  const minted = readTokenResponse(answer, http, secret);
  if (minted !== undefined) {
    return { token: minted.accessToken, expiresAt: expiry({ token: minted.accessToken, expiresIn: minted.expiresIn }) };
  }
  const failure = judge(answer, http, ownWord);
  if (answer.isHtml || failure.code === "wrong-url" || (!isFirst && isApiWithoutEndpoint(answer))) return failure;
  throw failure;
}

/** An API that knows no token endpoint answers 401 to the client's Basic header; it says nothing of the password. */
function isApiWithoutEndpoint({ status, json }: Answer): boolean {
  const isOfEndpoint = read(ApiError, json) !== undefined || read(OAuthError, json)?.error === "invalid_client";
  return status === 401 && !isOfEndpoint;
}

/** A redirect tells that the place is another one, like a 404. */
async function notElsewhere(send: () => Promise<Answer>): Promise<Answer | Failure> {
  try {
    return await send();
  } catch (failure) {
    if (failure instanceof Failure && failure.code === "wrong-url") return failure;
    throw failure;
  }
}

async function probe(credential: Credential, http: Http): Promise<Verdict> {
  const found = await whoAmI(credential, http);
  return "kind" in found ? found : { kind: "accepted", account: found.account };
}

interface Self {
  readonly place: WhoAmI;
  readonly account: string;
  readonly id: number | undefined;
}

/** Asks the three places in turn. Only a body with `userId` is an answer: in 6.0 the first one lists users instead. */
async function whoAmI(credential: Credential, http: Http): Promise<Self | Verdict> {
  const places = [...WHO_AM_I].sort((a, b) => Number(b === credential.probeAt) - Number(a === credential.probeAt));
  const answers: Answer[] = [];
  for (const place of places) {
    const answer = await http.send({ method: "GET", path: place, headers: bearer(credential) });
    const user = answer.status < 300 ? read(User, answer.json) : undefined;
    if (user !== undefined) return { place, account: user.userId, id: user.id };
    const isElsewhere = answer.status === 403 || answer.status === 404 || (answer.status < 300 && !answer.isHtml);
    if (!isElsewhere) return refusedOrThrow(answer, http, ownWord);
    answers.push(answer);
  }
  return nowhere(answers, http);
}

function nowhere(answers: readonly Answer[], http: Http): Verdict {
  const forbidden = answers.find(({ status }) => status === 403);
  if (forbidden !== undefined) {
    return lacksPermission(
      "ReportPortal let the token in, but not to its own user's page.",
      "A firewall in front may allow some paths only; the job itself may work all the same.",
      forbidden.isHtml ? "" : forbidden.body,
    );
  }
  const failure = new Failure(
    "wrong-url",
    `ReportPortal at ${http.host} has no place that tells whose token this is.`,
    {
      hint: 'Check that "url" is the base URL of ReportPortal, with the path that it is installed under, if any.',
    },
  );
  return { kind: "inconclusive", lacks: "answer", failure };
}

/** Creates an API key for this run: unlike an access token it can be revoked. It has no expiry of its own. */
async function createKey(access: Credential, http: Http, { secret, revocable, run }: Hands): Promise<Credential> {
  const self = await whoAmI(access, http);
  if ("kind" in self) throw self.kind === "accepted" ? new Error("no user") : self.failure;
  if (self.id === undefined) throw noUserId(http.host);
  const keys = `${self.place}/${self.id}/api-keys`;
  let name = keyName(run);
  const creation = () => ({
    method: "POST" as const,
    path: keys,
    headers: bearer(access),
    json: { name },
    resend: async () => {
      await deleteOrphan(name, keys, access.token, http);
      name = keyName(run);
      return creation();
    },
  });
  const answer = await http.send(creation());
  const created = answer.status < 300 ? read(CreatedKey, answer.json) : undefined;
  if (created !== undefined) secret(created.api_key);
  // A key that came without its id or its secret could neither be used nor deleted by anyone who does not look for it.
  if (answer.status < 300 && tokenFlaw(created?.api_key ?? "") !== undefined) {
    await deleteOrphan(name, keys, access.token, http);
  }
  if (created === undefined) throw judge(answer, http, ownWord);
  const token = mintedToken(created.api_key, http);
  revocable({ place: self.place, user: String(self.id), id: String(created.id), secret: token });
  return { token, probeAt: self.place };
}

function noUserId(host: string): Failure {
  return new Failure(
    "bad-response",
    `ReportPortal at ${host} does not tell the id of the user, which an API key is created under.`,
    {
      hint: "Use the method password or api-key with this version of ReportPortal.",
    },
  );
}

/** After a fault the key may exist all the same, unknown to anyone: it is looked for by its name. */
async function deleteOrphan(name: string, keys: string, token: string, http: Http): Promise<void> {
  try {
    for (const key of await listKeys(keys, token, http)) {
      if (key.name === name)
        await http.send({ method: "DELETE", path: `${keys}/${key.id}`, headers: bearer({ token }) });
    }
  } catch (fault) {
    // The fault of the creation itself is the one to report; a later run deletes what stays.
    if (!(fault instanceof Failure)) throw fault;
  }
}

/** All keys of the token's own user, oldest first: where the list comes in pages, a new key is on the last. */
async function listKeys(path: string, token: string, http: Http): Promise<Parsed<typeof ListedKey>[]> {
  const keys: Parsed<typeof ListedKey>[] = [];
  let pages = 1;
  for (let page = 1; page <= Math.min(pages, MOST_PAGES); page++) {
    const query = page === 1 ? "" : `?page.page=${page}`;
    const answer = await http.send({ method: "GET", path: path + query, headers: bearer({ token }) });
    const list = answer.status < 300 ? read(KeyList, answer.json) : undefined;
    if (list === undefined) break;
    keys.push(...list.keys.flatMap((key) => read(ListedKey, key) ?? []));
    pages = list.pages;
  }
  return keys;
}

function isLeftoverKey({ name, created_at }: Parsed<typeof ListedKey>, run: Run): boolean {
  return typeof created_at === "string" && isLeftover(name, created_at, run);
}

/**
 * Whether a key can be one: `<name>_<base64url of 16 random bytes and the SHA3-256 of name and bytes>`, or one of the two
 * legacy forms (a UUID, 27 characters of base64url) or a JWT, which carry no checksum. ApiKeyHandlerImpl of ReportPortal.
 */
function isWholeKey(key: string): boolean {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key) || /^[\w-]{27}$/.test(key)) return true;
  if (/^[\w-]+(?:\.[\w-]+){2}$/.test(key)) return true;
  const [, name = "", encoded = ""] = /^([^_]*)_([\w-]+)$/.exec(key) ?? [];
  const bytes = Buffer.from(encoded, "base64url");
  const uuid = bytes.subarray(0, 16);
  const checksum = createHash("sha3-256").update(name).update(uuid).digest();
  return bytes.subarray(16).equals(checksum);
}

function ownWord(answer: Answer, host: string): Failure | undefined {
  const api = read(ApiError, answer.json);
  const message = api?.message ?? "";
  const answered = answer.body;
  if (api?.errorCode === ADDRESS_LOCKED || /address is locked/i.test(message)) {
    return new Failure(
      "locked",
      `ReportPortal at ${host} has locked this runner's address after several wrong passwords.`,
      {
        hint: "The lock ends about 30 seconds after the first of them. Correct the password before you re-run the job; on shared runners another job can be the cause.",
        answered,
      },
    );
  }
  if (api?.errorCode === BAD_CREDENTIALS && /disabled|suspended|expired|inactive/i.test(message)) {
    return new Failure("forbidden", `ReportPortal at ${host} knows the user but does not let it in.`, {
      hint: "A ReportPortal administrator has to activate the account.",
      answered,
    });
  }
  // With 403 the same code tells of a permission ("Access is denied").
  const isPermission = answer.status === 403 && !/bad credentials/i.test(message);
  if (api?.errorCode === BAD_CREDENTIALS && !isPermission && !/grant type/i.test(message)) {
    return new Failure("refused", `ReportPortal at ${host} refuses the user name or password.`, {
      hint: 'Check "username" (the login, not the full name) and "password". Accounts of a single sign-on have no password here: use an API key as "token". After more than three wrong tries ReportPortal locks the address for half a minute.',
      answered,
    });
  }
  const error = read(OAuthError, answer.json)?.error;
  if (error === "invalid_client") {
    return new Failure("refused", `ReportPortal at ${host} refuses the client.`, {
      hint: 'Leave out "client-id" and "client-secret": ReportPortal knows no other client than its own "ui".',
      answered,
    });
  }
  if (error === "invalid_grant") {
    return new Failure("refused", `ReportPortal at ${host} refuses the user name or password.`, {
      hint: 'Check "username" and "password".',
      answered,
    });
  }
  if (error === "invalid_token") {
    return new Failure("refused", `ReportPortal at ${host} refuses the token.`, {
      hint: 'Give the whole API key as "token", with its name and the underscore in front; it may also have been revoked, or contain characters that ReportPortal 25.1 and later no longer take.',
      answered,
    });
  }
  return undefined;
}
