import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http, Request } from "../http/http.ts";
import { type Parsed, read, schema } from "../text/json.ts";
import { Token, UserAndPassword } from "./kit/fields.ts";
import { judge, lacksPermission, noAnswer, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, type Refusal } from "./kit/refusals.ts";
import { mintedToken, PRINTABLE } from "./kit/token.ts";
import { method } from "./method.ts";
import type { Credential, Provider, Verdict } from "./provider.ts";

const SESSION_UNKNOWN = 3;
const UNKNOWN_ERROR = 99;
const PERMISSION_MISSING = 8202;

const DEAD_SESSION = /session \[|not[ _]authenticated/i;

const Result = schema(() => z.object({ result: z.number(), error: z.optional(z.unknown()) }));
const Nested = schema(() => z.object({ response: Result() }));
const SignIn = schema(() =>
  z.object({
    session: z.optional(z.nullable(z.string())),
    requiredAuthCheck: z.optional(z.unknown()),
  }),
);
const RequiredAuthCheck = schema(() =>
  z.object({ isActive: z.optional(z.unknown()), isConfigured: z.optional(z.unknown()) }),
);
const UserInfo = schema(() => z.object({ name: z.optional(z.nullable(z.string())) }));
const Handle = schema(() => z.object({ secret: z.string().check(z.regex(PRINTABLE)) }));

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
    method({
      id: "personal-access-token",
      fields: Token,
      envName: "JELASTIC_TOKEN",
      ending: "ready-made",
      headers: () => ({}),
      exchange: ({ token }) => Promise.resolve({ token }),
      probe,
    }),
    method({
      id: "session",
      fields: UserAndPassword,
      envName: "JELASTIC_TOKEN",
      ending: "revocable",
      headers: () => ({}),

      async exchange({ username, password }, http, { secret, revocable }) {
        const form = { login: username, password };
        const answer = await call(http, "users/authentication/rest/signin", form, { resend: "once", mints: true });
        const signIn = read(SignIn, answer.json);
        const session = signIn?.session ?? "";
        if (session !== "") {
          secret(session);
          if (PRINTABLE.test(session)) revocable({ secret: session });
        }
        const isWhole = session !== "" && resultOf(answer)?.result === 0;
        // Two-factor accounts and captchas answer with what they still require.
        if (isAsked(signIn?.requiredAuthCheck, isWhole)) throw secondFactor(answer);
        if (signIn === undefined || resultOf(answer)?.result !== 0) throw judge(answer, http, ownWord);
        if (session === "") throw secondFactor(answer);
        return { token: mintedToken(session, http) };
      },
      probe,
    }),
  ],

  ownsHandle: (handle) => read(Handle, handle) !== undefined,

  async revoke(handle, http) {
    const { secret } = z.parse(Handle(), handle);
    const answer = await call(http, "users/authentication/rest/signout", { session: secret });
    const result = resultOf(answer);
    if (result?.result === 0) return { kind: "revoked" };
    if (isDeadSession(result)) return { kind: "gone" };
    return { kind: "failed", answered: whyNotSignedOut(answer) };
  },
};

async function probe({ token }: Credential, http: Http): Promise<Verdict> {
  const answer = await call(http, "users/account/rest/getuserinfo", { session: token });
  const result = resultOf(answer);
  switch (result?.result) {
    case undefined:
      return refusedOrThrow(answer, http, ownWord);
    case 0:
      return { kind: "accepted", account: read(UserInfo, answer.json)?.name ?? undefined };
    case PERMISSION_MISSING:
      return lacksPermission(
        "Virtuozzo knows the token, but it may not read its user's name.",
        'Add "users.account.GetUserInfo" to the token\'s API methods if you want the probe to prove more.',
        saying(answer),
      );
    default: {
      const failure = probeWord(answer, http.host) ?? judge(answer, http, ownWord);
      return failure.code === "refused" ? { kind: "refused", failure } : noAnswer(failure);
    }
  }
}

function call(
  http: Http,
  path: string,
  form: Request["form"] & {},
  more: Pick<Request, "resend" | "mints"> = {},
): Promise<Answer> {
  const isFinal = (answer: Answer) => resultOf(answer) !== undefined;
  return http.send({ method: "POST", path: `/1.0/${path}`, form, isFinal, ...more });
}

/** The result that decides: the nested one where an outer 0 wraps it. */
function resultOf(answer: Answer): Parsed<typeof Result> | undefined {
  const outer = read(Result, answer.json);
  return outer?.result === 0 ? (read(Nested, answer.json)?.response ?? outer) : outer;
}

/**
 * Whether the platform wants more than the password. The object that tells of a second factor comes with a whole session
 * too, and then says whether there is one; the probe has the last word.
 */
function isAsked(requiredAuthCheck: unknown, isWhole: boolean): boolean {
  if (requiredAuthCheck === undefined || requiredAuthCheck === null || requiredAuthCheck === false) return false;
  if (requiredAuthCheck === "") return false;
  const check = isWhole ? read(RequiredAuthCheck, requiredAuthCheck) : undefined;
  return check === undefined || check.isActive === true || check.isConfigured === true;
}

/**
 * Whether the platform knows the session no more: as a parameter that is not valid, or in the words that come for a dead
 * session at a result that no readable source gives (the vendor's own scripts look for these words, too).
 */
function isDeadSession(result: Parsed<typeof Result> | undefined): boolean {
  if (result === undefined || result.result === 0) return false;
  return result.result === SESSION_UNKNOWN || (typeof result.error === "string" && DEAD_SESSION.test(result.error));
}

/** Status and cause in this action's own words: a warning must not repeat what the service says. */
function whyNotSignedOut(answer: Answer): string {
  const result = resultOf(answer)?.result;
  switch (result) {
    case undefined:
      return answer.isHtml ? `a page with status ${answer.status}, not the API` : `status ${answer.status}`;
    case PERMISSION_MISSING:
      return `result ${result}: the session may not sign out`;
    case UNKNOWN_ERROR:
      return `result ${result}: an error of the platform's own`;
    default:
      return `result ${result}`;
  }
}

const INTERNAL: Refusal = {
  when: (answer) => resultOf(answer)?.result === UNKNOWN_ERROR,
  failure: "unavailable",
  says: "Virtuozzo at {host} met an error of its own.",
  do: "Re-run the job later; if it stays, ask the hosting provider.",
};

const REFUSED: Refusal = {
  when: (answer) => (resultOf(answer)?.result ?? 0) !== 0,
  failure: "refused",
  says: "Virtuozzo at {host} refuses the credentials.",
  do: 'Check "username" and "password". "url" has to be the platform that the account lives on.',
};

const ownWord = ownWords(
  [
    {
      when: (answer) => resultOf(answer)?.result === PERMISSION_MISSING,
      failure: "forbidden",
      says: "Virtuozzo at {host} does not allow this account to sign in over the API.",
      do: 'Create a personal access token in the dashboard and give it as "token".',
    },
    INTERNAL,
    REFUSED,
  ],
  saying,
);

const UNKNOWN_TOKEN = 'It has expired or was removed, or "url" is not the platform that the account lives on.';

/** What a result means that is no success of the probe: the session is asked for, not the password. */
const probeWord = ownWords(
  [
    { ...INTERNAL, when: (answer) => INTERNAL.when(answer) && !isDeadSession(resultOf(answer)) },
    { ...REFUSED, do: UNKNOWN_TOKEN },
  ],
  saying,
);

function secondFactor(answer: Answer): Failure {
  return new Failure("forbidden", "Virtuozzo wants more than the password: a second factor or a captcha.", {
    title: "Two-factor account",
    hint: 'Create a personal access token in the dashboard and give it as "token", without "username" and "password".',
    answered: saying(answer),
  });
}

/** The service's sentence, not its whole body, which can hold the account's e-mail. */
function saying(answer: Answer): string {
  const result = resultOf(answer);
  if (result === undefined) return "";
  return typeof result.error === "string" ? `result ${result.result}: ${result.error}` : `result ${result.result}`;
}
