import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import { type Answer, type Http, naming } from "../http/http.ts";
import { basicPair } from "../text/basic.ts";
import { matching, type Parsed, schema, whole } from "../text/json.ts";
import { createKey } from "./kit/creation.ts";
import { orFailure } from "./kit/faults.ts";
import { ClientPair, Digits, Secret, UserAndPassword } from "./kit/fields.ts";
import { takesBack } from "./kit/handles.ts";
import { bearer } from "./kit/headers.ts";
import { notKnownNow, revocation } from "./kit/judge.ts";
import { readyMade } from "./kit/ready-made.ts";
import { success } from "./kit/refusals.ts";
import { granted, mintedToken } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Credential, Provider, Step, Unproven, Verdict } from "./provider.ts";
import { apiKey, isWholeKey, sweepKeys } from "./reportportal-keys.ts";
import { isApiWithoutEndpoint, judgeGrant, nowhere, refusalOf } from "./reportportal-refusals.ts";

/** The only client that may use the password grant; a constant in ReportPortal's source, no secret. */
const PUBLIC_CLIENT = { "client-id": "ui", "client-secret": "uiman" };

/** "Who am I": up to 5.10 `/api/v1/user`, 5.11 to 5.15 `/api/users`, from 6.0 `/api/v1/users`. */
const WHO_AM_I = ["/api/users", "/api/v1/users", "/api/v1/user"] as const;
type WhoAmI = (typeof WHO_AM_I)[number];

/** The authorization service up to 25.x; from 26.1 the API grants tokens itself. Each tells where "who am I" is. */
const TOKEN_PLACES: readonly { path: string; whoAmI: WhoAmI }[] = [
  { path: "/uat/sso/oauth/token", whoAmI: "/api/users" },
  { path: "/api/sso/oauth/token", whoAmI: "/api/v1/users" },
];

const User = schema(() => z.object({ userId: matching(/./s), id: z.optional(z.number()) }));
const CreatedKey = schema(() => z.object({ api_key: z.string() }));
const KeyId = schema(() => z.object({ id: whole(1) }));
const Handle = schema(() => z.object({ place: z.enum(WHO_AM_I), user: Digits(), id: Digits(), secret: Secret() }));

const PasswordFields = schema(() =>
  z.union([UserAndPassword(), z.strictObject({ ...UserAndPassword().shape, ...ClientPair().shape })]),
);

const COMMON = { envName: "RP_API_KEY", headers: bearer, probe };

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
      ending: "expires",
      exchange: passwordGrant,
      ...COMMON,
    }),
    readyMade({
      id: "api-key",
      form: {
        what: "API key",
        of: "the name of the API key, an underscore and a checksum that fits both",
        isWhole: isWholeKey,
      },
      ...COMMON,
    }),
    method({
      id: "ephemeral-api-key",
      fields: PasswordFields,
      byNameOnly: true,
      ending: "revocable",
      ...COMMON,
      exchange: async (credentials, http, step) =>
        createApiKey(await passwordGrant(credentials, naming(http, "Signing in"), step), http, step),
    }),
  ],

  ...takesBack(Handle, async ({ place, user, id, secret: token }, http) => {
    const answer = await http.send({
      method: "DELETE",
      path: `${place}/${user}/api-keys/${id}`,
      headers: bearer({ token }),
    });
    return revocation(answer, answer.status === 401 || answer.status === 404);
  }),

  async sweep(handle, http, run) {
    const { place, user, secret: token } = z.parse(Handle(), handle);
    return sweepKeys(`${place}/${user}/api-keys`, token, http, run);
  },
};

/** Password grant (RFC 6749, section 4.3) at the place where this generation of ReportPortal has it. */
async function passwordGrant(given: Parsed<typeof PasswordFields>, http: Http, step: Step): Promise<Credential> {
  const { username, password } = given;
  const isOwnClient = "client-id" in given;
  const client = isOwnClient ? given : PUBLIC_CLIENT;
  let elsewhere: Failure | undefined;
  for (const { path, whoAmI } of TOKEN_PLACES) {
    const request = {
      method: "POST",
      path,
      // The client authenticates by HTTP Basic only; in the body it is not looked at.
      headers: { authorization: `Basic ${basicPair(client["client-id"], client["client-secret"])}` },
      form: { grant_type: "password", username, password },
      resend: "once",
      mints: true,
    } as const;
    const answer = await orFailure(http.send(request));
    const credential = "status" in answer ? granted(answer, http, step.secret) : undefined;
    if (credential !== undefined) return { ...credential, parts: { place: whoAmI } };
    const failure = "status" in answer ? judgeGrant(answer, http, path, isOwnClient) : answer;
    // A redirect tells that the place is another one, like a 404 or a page.
    const isNotHere =
      failure.code === "wrong-url" ||
      ("status" in answer && (answer.isHtml || (elsewhere !== undefined && isApiWithoutEndpoint(answer))));
    if (!isNotHere) throw failure;
    elsewhere ??= failure;
  }
  throw elsewhere;
}

async function probe(credential: Credential, http: Http): Promise<Verdict> {
  const found = await whoAmI(credential, http);
  return "kind" in found ? found : { kind: "accepted", account: found.userId };
}

interface Self extends Parsed<typeof User> {
  readonly place: WhoAmI;
}

/** Asks the three places in turn. Only a body with `userId` is an answer: in 6.0 the first one lists users instead. */
async function whoAmI(credential: Credential, http: Http): Promise<Self | Unproven> {
  const { token, parts } = credential;
  const first = WHO_AM_I.filter((place) => place === parts?.place);
  let elsewhere: Answer | undefined;
  for (const place of new Set([...first, ...WHO_AM_I])) {
    const answer = await http.send({ method: "GET", path: place, headers: bearer(credential) });
    const user = success(User, answer);
    if (user !== undefined) return { place, ...user };
    const isElsewhere = answer.status === 403 || answer.status === 404 || (answer.status < 300 && !answer.isHtml);
    if (!isElsewhere) return refusalOf(answer, http, token);
    // One that forbids tells more than one that has nothing.
    if (elsewhere === undefined || (answer.status === 403 && elsewhere.status !== 403)) elsewhere = answer;
  }
  if (elsewhere === undefined) throw new Error("No place was asked");
  return nowhere(elsewhere, http, token, WHO_AM_I);
}

/** Creates an API key for this run: unlike an access token it can be revoked. It has no expiry of its own. */
async function createApiKey(access: Credential, http: Http, step: Step): Promise<Credential> {
  const self = await whoAmI(access, naming(http, "Asking for the user"));
  if ("kind" in self) throw noKey(self, http);
  const { place, id: user } = self;
  if (user === undefined) {
    throw new Failure("bad-response", `ReportPortal at ${http.host} does not tell the number of the user.`, {
      hint: "Use the method password or api-key.",
    });
  }
  return createKey(http, step, apiKey(`${place}/${user}/api-keys`, access.token), (answer) => {
    const secret = success(CreatedKey, answer)?.api_key;
    if (secret !== undefined) step.secret(secret);
    const id = success(KeyId, answer)?.id;
    if (secret === undefined || id === undefined) throw noKey(refusalOf(answer, http, access.token), http);
    step.revocable({ place, user: String(user), id: String(id), secret: mintedToken(secret, http) });
    return { token: secret, parts: { place } };
  });
}

function noKey(verdict: Unproven, { host }: Http): Failure {
  if (verdict.kind !== "refused") return verdict.failure;
  return notKnownNow(verdict, `ReportPortal at ${host} refuses the access token that it has just granted.`);
}
