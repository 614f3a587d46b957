import * as z from "zod/mini";
import type { Answer, Http, Request } from "../http/http.ts";
import { matching, orAbsent, read, schema } from "../text/json.ts";
import { UserAndPassword } from "./kit/fields.ts";
import { takesBack } from "./kit/handles.ts";
import { CHECK_PASSWORD, failed, inconclusive, judge, notRevoked, refusedOrThrow } from "./kit/judge.ts";
import { readyMade } from "./kit/ready-made.ts";
import { ownWords, type Refusal } from "./kit/refusals.ts";
import { mintedToken, PRINTABLE } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Credential, Provider, Verdict } from "./provider.ts";

const SESSION_UNKNOWN = 3;
const UNKNOWN_ERROR = 99;
const PERMISSION_MISSING = 8202;

/** What comes for a dead session at a result that no readable source gives: the vendor's own scripts look for it, too. */
const DEAD_SESSION = /session \[|not[ _]authenticated/i;

const Body = schema(() => {
  const [text, unknown] = [orAbsent(z.string()), z.optional(z.unknown())];
  return z.object({
    result: orAbsent(z.number()),
    error: text,
    /** Wrapped in an outer 0, what decides. */
    response: orAbsent(z.object({ result: z.number(), error: text })),
    name: text,
    session: unknown,
    requiredAuthCheck: unknown,
  });
});
const AuthCheck = schema(() => z.object({ isActive: z.optional(z.unknown()), isConfigured: z.optional(z.unknown()) }));
const Handle = schema(() => z.object({ secret: matching(PRINTABLE) }));

/**
 * Virtuozzo Application Platform (formerly Jelastic). Every call is a form POST, with the secret in the field `session`;
 * `result` in the JSON decides, at whatever status, and 0 is success.
 */
export const virtuozzo: Provider = {
  id: "virtuozzo",
  name: "Virtuozzo",
  aliases: { jelastic: {} },
  pastedTail: /\/1\.0(?:\/.*)?$/,
  byHand: "the platform's dashboard (change the password to end every session)",
  methods: [
    readyMade({ id: "personal-access-token", envName: "JELASTIC_TOKEN", headers: () => ({}), probe }),
    method({
      id: "session",
      fields: UserAndPassword,
      envName: "JELASTIC_TOKEN",
      ending: "revocable",
      headers: () => ({}),

      async exchange({ username, password }, http, { secret, revocable }) {
        const form = { login: username, password };
        const answer = await call(http, "users/authentication/rest/signin", form, { resend: "once", mints: true });
        const { session } = read(Body, answer.json) ?? {};
        const minted = typeof session === "string" ? session : "";
        if (minted !== "") secret(minted);
        if (PRINTABLE.test(minted)) revocable({ secret: minted });
        if (minted === "" || numberOf(answer) !== 0 || wantsMore(answer)) throw judge(answer, http, signInWords);
        return { token: mintedToken(minted, http) };
      },
      probe,
    }),
  ],

  ...takesBack(Handle, async ({ secret }, http) => {
    const answer = await call(http, "users/authentication/rest/signout", { session: secret });
    const result = numberOf(answer);
    if (result === 0) return { kind: "revoked" };
    if (isDeadSession(answer)) return { kind: "gone" };
    return result === undefined ? notRevoked(answer) : failed(`result ${result}`);
  }),
};

async function probe({ token }: Credential, http: Http): Promise<Verdict> {
  const answer = await call(http, "users/account/rest/getuserinfo", { session: token });
  if (numberOf(answer) === 0) return { kind: "accepted", account: read(Body, answer.json)?.name };
  const failure = probeWords(answer, http.host);
  if (failure === undefined || failure.code === "refused") return refusedOrThrow(answer, http, probeWords);
  return inconclusive(failure, failure.code === "forbidden" ? "permission" : "answer");
}

function call(
  http: Http,
  path: string,
  form: Request["form"] & {},
  more: Pick<Request, "resend" | "mints"> = {},
): Promise<Answer> {
  const isFinal = (answer: Answer) => numberOf(answer) !== undefined;
  return http.send({ method: "POST", path: `/1.0/${path}`, form, isFinal, ...more });
}

/** The result that decides: the nested one where an outer 0 wraps it. */
function resultOf({ json }: Answer): { readonly result?: number | undefined; readonly error?: string | undefined } {
  const { result, error, response } = read(Body, json) ?? {};
  return (result === 0 && response) || { result, error };
}

const numberOf = (answer: Answer): number | undefined => resultOf(answer).result;

/**
 * Two-factor accounts and captchas answer with what they still require, or without a session. The object that tells of a
 * second factor comes with a whole session too: then it counts where it is on, and the probe has the last word.
 */
function wantsMore(answer: Answer): boolean {
  const { session, requiredAuthCheck } = read(Body, answer.json) ?? {};
  const isSuccess = numberOf(answer) === 0;
  if (!requiredAuthCheck) return isSuccess && !session;
  const check = isSuccess && session ? read(AuthCheck, requiredAuthCheck) : undefined;
  return check === undefined || check.isActive === true || check.isConfigured === true;
}

/** Whether the platform knows the session no more: as a parameter that is not valid, or in words. */
function isDeadSession(answer: Answer): boolean {
  const { result, error = "" } = resultOf(answer);
  return result === SESSION_UNKNOWN || (result !== undefined && result !== 0 && DEAD_SESSION.test(error));
}

const PERSONAL_TOKEN = 'Give a personal access token as "token", in place of "username" and "password".';

/** What a result means that is no success: where a permission is missing, and where the credentials are refused. */
const wordsFor = (permission: string, hint: string, more: readonly Refusal[] = []) =>
  ownWords(
    [
      ...more,
      {
        when: (answer) => numberOf(answer) === PERMISSION_MISSING,
        failure: "forbidden",
        says: "does not allow this over the API",
        do: permission,
      },
      {
        when: (answer) => numberOf(answer) === UNKNOWN_ERROR && !isDeadSession(answer),
        failure: "unavailable",
        says: "met an error of its own",
        do: "Re-run the job later; if it stays, ask the hosting provider.",
      },
      {
        when: (answer) => (numberOf(answer) ?? 0) !== 0,
        do: `${hint} Or "url" is not the platform of this account.`,
      },
    ],
    "Virtuozzo",
    saying,
  );

const signInWords = wordsFor(PERSONAL_TOKEN, CHECK_PASSWORD, [
  {
    when: wantsMore,
    failure: "forbidden",
    title: "Two-factor account",
    says: "wants more than the password: a second factor or a captcha",
    do: PERSONAL_TOKEN,
  },
]);

/** The session is asked for, not the password. */
const probeWords = wordsFor(
  'Add "users.account.GetUserInfo" to the API methods of the token.',
  "The token has expired or was removed.",
);

/** The service's sentence, not its whole body, which can hold the account's e-mail. */
function saying(answer: Answer): string {
  const { result, error } = resultOf(answer);
  return result === undefined ? "" : [`result ${result}`, error].filter(Boolean).join(": ");
}
