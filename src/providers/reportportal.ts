import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import { type Answer, type Http, naming } from "../http/http.ts";
import { basicPair } from "../text/basic.ts";
import { type Parsed, read, schema, whole } from "../text/json.ts";
import { askForKey } from "./kit/creation.ts";
import { expiry } from "./kit/expiry.ts";
import { ClientPair, Token, UserAndPassword } from "./kit/fields.ts";
import { bearer } from "./kit/headers.ts";
import { lacksPermission, notKnownNow, revocation } from "./kit/judge.ts";
import { mintedToken, readTokenResponse, tokenFlaw } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Credential, Provider, Step, Unproven, Verdict } from "./provider.ts";
import { isWholeKey, removeKeys, sweepKeys } from "./reportportal-keys.ts";
import { isApiWithoutEndpoint, judgeGrant, refusalOf, saying, uncutPrefix } from "./reportportal-refusals.ts";

/** The only client that may use the password grant; a constant in ReportPortal's source, no secret. */
const PUBLIC_CLIENT = ["ui", "uiman"];

/** "Who am I": up to 5.10 `/api/v1/user`, 5.11 to 5.15 `/api/users`, from 6.0 `/api/v1/users`. */
const WHO_AM_I = ["/api/users", "/api/v1/users", "/api/v1/user"] as const;
type WhoAmI = (typeof WHO_AM_I)[number];

/** The authorization service up to 25.x; from 26.1 the API grants tokens itself. Each tells where "who am I" is. */
const TOKEN_PLACES: readonly { path: string; whoAmI: WhoAmI }[] = [
  { path: "/uat/sso/oauth/token", whoAmI: "/api/users" },
  { path: "/api/sso/oauth/token", whoAmI: "/api/v1/users" },
];

const User = schema(() => z.object({ userId: z.string().check(z.regex(/./s)), id: z.optional(z.number()) }));
const CreatedKey = schema(() => z.object({ api_key: z.string() }));
const KeyId = schema(() => z.object({ id: whole(1) }));
const Digits = schema(() => z.string().check(z.regex(/^[1-9]\d*$/)));
const Handle = schema(() =>
  z.object({
    place: z.enum(WHO_AM_I),
    user: Digits(),
    id: Digits(),
    secret: z.string().check(z.regex(/.{8}/s)),
  }),
);

const PasswordFields = schema(() =>
  z.union([UserAndPassword(), z.strictObject({ ...UserAndPassword().shape, ...ClientPair().shape })]),
);

/** ReportPortal: a password grant for an access token, or an API key; only API keys can be revoked. */
export const reportportal: Provider = {
  id: "reportportal",
  name: "ReportPortal",
  pastedTail: /(?:\/ui|\/uat(?:\/sso\/oauth\/token)?|\/api(?:\/v[12]|\/sso\/oauth\/token)?)$/,
  pastedFragment: /\/ui\/*$/,
  byHand: "ReportPortal > your profile > API Keys",
  methods: [
    method({
      id: "password",
      fields: PasswordFields,
      envName: "RP_API_KEY",
      ending: "expires",
      headers: bearer,
      exchange: passwordGrant,
      probe,
    }),
    method({
      id: "api-key",
      fields: Token,
      envName: "RP_API_KEY",
      ending: "ready-made",
      headers: bearer,

      async exchange({ token }, _http, { warn }) {
        if (!isWholeKey(token)) {
          warn(
            'The input "token" does not look like a whole ReportPortal API key: its checksum does not fit. Copy it again, with its name and the underscore in front.',
            "API key looks cut off",
          );
        }
        return { token, expiresAt: expiry({ token }) };
      },

      probe,
    }),
    method({
      id: "ephemeral-api-key",
      fields: PasswordFields,
      byNameOnly: true,
      envName: "RP_API_KEY",
      ending: "revocable",
      headers: bearer,
      exchange: async (credentials, http, step) =>
        createKey(await passwordGrant(credentials, naming(http, "Signing in"), step), http, step),
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
    return revocation(answer, answer.status === 401 || answer.status === 404);
  },

  async sweep(handle, http, run) {
    const { place, user, secret: token } = z.parse(Handle(), handle);
    return sweepKeys(`${place}/${user}/api-keys`, token, http, run);
  },
};

/** Password grant (RFC 6749, section 4.3) at the place where this generation of ReportPortal has it. */
async function passwordGrant(credentials: Parsed<typeof PasswordFields>, http: Http, step: Step): Promise<Credential> {
  let elsewhere: Failure | undefined;
  for (const place of TOKEN_PLACES) {
    const granted = await grantAt(place.path, credentials, http, step.secret, elsewhere === undefined);
    if (!(granted instanceof Failure)) return { ...granted, parts: { place: place.whoAmI } };
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
  credentials: Parsed<typeof PasswordFields>,
  http: Http,
  secret: Step["secret"],
  isFirst: boolean,
): Promise<Credential | Failure> {
  const { username, password } = credentials;
  const isOwnClient = "client-id" in credentials;
  const client = isOwnClient ? [credentials["client-id"], credentials["client-secret"]] : PUBLIC_CLIENT;
  const answer = await notElsewhere(() =>
    http.send({
      method: "POST",
      path,
      // The client authenticates by HTTP Basic only; in the body it is not looked at.
      headers: { authorization: `Basic ${basicPair(client[0] ?? "", client[1] ?? "")}` },
      form: { grant_type: "password", username, password },
      resend: "once",
      mints: true,
    }),
  );
  if (answer instanceof Failure) return answer;
  const minted = readTokenResponse(answer, http, secret);
  if (minted !== undefined) {
    return { token: minted.accessToken, expiresAt: expiry({ token: minted.accessToken, expiresIn: minted.expiresIn }) };
  }
  const failure = judgeGrant(answer, http, { place: path, isOwnClient });
  if (answer.isHtml || failure.code === "wrong-url" || (!isFirst && isApiWithoutEndpoint(answer))) return failure;
  throw failure;
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
async function whoAmI(credential: Credential, http: Http): Promise<Self | Unproven> {
  const places = [...WHO_AM_I].sort(
    (a, b) => Number(b === credential.parts?.place) - Number(a === credential.parts?.place),
  );
  const answers: Answer[] = [];
  for (const place of places) {
    const answer = await http.send({ method: "GET", path: place, headers: bearer(credential) });
    const user = answer.status < 300 ? read(User, answer.json) : undefined;
    if (user !== undefined) return { place, account: user.userId, id: user.id };
    const isElsewhere = answer.status === 403 || answer.status === 404 || (answer.status < 300 && !answer.isHtml);
    if (!isElsewhere) return refusalOf(answer, http, credential.token);
    answers.push(answer);
  }
  return nowhere(answers, http);
}

function nowhere(answers: readonly Answer[], http: Http): Unproven {
  const forbidden = answers.find(({ status }) => status === 403);
  if (forbidden !== undefined) {
    return lacksPermission(
      "ReportPortal let the token in, but not to its own user's page.",
      uncutPrefix(forbidden, WHO_AM_I) ??
        "A firewall may let some paths pass only; the job itself may work all the same.",
      saying(forbidden),
    );
  }
  const hint = 'Check "url": the base URL, with the path that ReportPortal is installed under, if any.';
  const uncut = answers.map((answer) => uncutPrefix(answer, WHO_AM_I)).find((text) => text !== undefined);
  const failure = new Failure(
    "wrong-url",
    `ReportPortal at ${http.host} has no place that tells whose token this is.`,
    { hint: uncut ?? hint },
  );
  return { kind: "inconclusive", lacks: "answer", failure };
}

/** Creates an API key for this run: unlike an access token it can be revoked. It has no expiry of its own. */
async function createKey(access: Credential, http: Http, step: Step): Promise<Credential> {
  const self = await whoAmI(access, naming(http, "Asking for the user"));
  if ("kind" in self) throw noKey(self, http);
  if (self.id === undefined) throw noUserId(http.host);
  const path = `${self.place}/${self.id}/api-keys`;
  const headers = bearer(access);
  const { answer, undo } = await askForKey(http, step, {
    request: (name) => ({ method: "POST", path, headers, json: { name } }),
    remove: (name, client) => removeKeys(name, path, access.token, client),
  });
  const isMade = answer.status < 300;
  const key = isMade ? read(CreatedKey, answer.json)?.api_key : undefined;
  if (key !== undefined) step.secret(key);
  const id = isMade ? read(KeyId, answer.json)?.id : undefined;
  // A key that came without its id or its secret could neither be used nor deleted by anyone who does not look for it.
  if (isMade && (id === undefined || tokenFlaw(key ?? "") !== undefined)) await undo();
  if (key === undefined || id === undefined) throw noKey(refusalOf(answer, http, access.token), http);
  const token = mintedToken(key, http);
  step.revocable({ place: self.place, user: String(self.id), id: String(id), secret: token });
  return { token, parts: { place: self.place } };
}

function noKey(verdict: Unproven, { host }: Http): Failure {
  if (verdict.kind !== "refused") return verdict.failure;
  return notKnownNow(verdict, `ReportPortal at ${host} refuses the access token that it has just granted.`);
}

function noUserId(host: string): Failure {
  return new Failure(
    "bad-response",
    `ReportPortal at ${host} does not tell the id of the user, which a key is created under.`,
    {
      hint: "Use the method password or api-key with this version of ReportPortal.",
    },
  );
}
