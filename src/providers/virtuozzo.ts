import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http, Request } from "../http/http.ts";
import { type Parsed, read, schema } from "../read.ts";
import { judge, lacksPermission, refusedOrThrow } from "./judge.ts";
import { type Credential, method, type Provider, type Verdict } from "./provider.ts";
import { mintedToken } from "./token.ts";

/** What can be signed out again, also where it is too short for a token. */
const SESSION = /^[\x20-\x7e]{1,65536}$/;

const SESSION_UNKNOWN = 3;
const UNKNOWN_ERROR = 99;
const PERMISSION_MISSING = 8202;

const Result = schema(() => z.object({ result: z.number(), error: z.optional(z.unknown()) }));
const Nested = schema(() => z.object({ response: Result() }));
const SignIn = schema(() =>
  z.object({
    session: z.optional(z.nullable(z.string())),
    requiredAuthCheck: z.optional(z.unknown()),
  }),
);
const UserInfo = schema(() => z.object({ name: z.optional(z.nullable(z.string())) }));
const Handle = schema(() => z.object({ secret: z.string().check(z.regex(SESSION)) }));

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
      needs: ["token"],
      envName: "JELASTIC_TOKEN",
      ending: "ready-made",
      headers: () => ({}),
      exchange: ({ token }) => Promise.resolve({ token }),
      probe,
    }),
    method({
      id: "session",
      needs: ["username", "password"],
      envName: "JELASTIC_TOKEN",
      ending: "revocable",
      headers: () => ({}),

      async exchange({ username, password }, http, { secret, revocable }) {
        const form = { login: username, password };
        const answer = await call(http, "users/authentication/rest/signin", form, { resend: "once" });
        const signIn = read(SignIn, answer.json);
        const session = signIn?.session ?? "";
        if (session !== "") {
          secret(session);
          if (SESSION.test(session)) revocable({ secret: session });
        }
        // Two-factor accounts and captchas answer with what they still require.
        if (isAsked(signIn?.requiredAuthCheck)) throw secondFactor(answer);
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
    const result = resultOf(answer)?.result;
    if (result === 0) return { kind: "revoked" };
    if (result === SESSION_UNKNOWN) return { kind: "gone" };
    return { kind: "failed", answered: result === undefined ? `status ${answer.status}` : `result ${result}` };
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
    case UNKNOWN_ERROR:
      return { kind: "inconclusive", lacks: "answer", failure: internalError(answer, http.host) };
    default:
      return { kind: "refused", failure: refused(answer, http.host) };
  }
}

function call(
  http: Http,
  path: string,
  form: Request["form"] & {},
  more: Pick<Request, "resend"> = {},
): Promise<Answer> {
  const isFinal = (answer: Answer) => resultOf(answer) !== undefined;
  return http.send({ method: "POST", path: `/1.0/${path}`, form, isFinal, ...more });
}

/** The result that decides: the nested one where an outer 0 wraps it. */
function resultOf(answer: Answer): Parsed<typeof Result> | undefined {
  const outer = read(Result, answer.json);
  return outer?.result === 0 ? (read(Nested, answer.json)?.response ?? outer) : outer;
}

function isAsked(requiredAuthCheck: unknown): boolean {
  return (
    requiredAuthCheck !== undefined &&
    requiredAuthCheck !== null &&
    requiredAuthCheck !== false &&
    requiredAuthCheck !== ""
  );
}

function ownWord(answer: Answer, host: string): Failure | undefined {
  switch (resultOf(answer)?.result) {
    case undefined:
    case 0:
      return undefined;
    case PERMISSION_MISSING:
      return new Failure("forbidden", `Virtuozzo at ${host} does not allow this account to sign in over the API.`, {
        hint: 'Create a personal access token in the dashboard and give it as "token".',
        answered: saying(answer),
      });
    case UNKNOWN_ERROR:
      return internalError(answer, host);
    default:
      return refused(answer, host);
  }
}

function refused(answer: Answer, host: string): Failure {
  return new Failure("refused", `Virtuozzo at ${host} refuses the credentials.`, {
    hint: 'Check "username" and "password", or "token": a personal access token can have expired or been removed in the dashboard. "url" has to be the platform that the account lives on.',
    answered: saying(answer),
  });
}

function internalError(answer: Answer, host: string): Failure {
  return new Failure("unavailable", `Virtuozzo at ${host} met an error of its own (result ${UNKNOWN_ERROR}).`, {
    hint: "Re-run the job later; if it stays, ask the hosting provider.",
    answered: saying(answer),
  });
}

function secondFactor(answer: Answer): Failure {
  return new Failure("forbidden", "Virtuozzo wants more than the password: a second factor or a captcha.", {
    title: "Two-factor account",
    hint: 'Use a personal access token: create one in the dashboard and give it as "token", without "username" and "password".',
    answered: saying(answer),
  });
}

/** The service's sentence, not its whole body, which can hold the account's e-mail. */
function saying(answer: Answer): string {
  const result = resultOf(answer);
  if (result === undefined) return "";
  return typeof result.error === "string" ? `result ${result.result}: ${result.error}` : `result ${result.result}`;
}
