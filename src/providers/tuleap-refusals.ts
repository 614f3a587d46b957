import * as z from "zod/mini";
import type { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { read, schema } from "../text/json.ts";
import { judge, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, plainly, quoting, type Refusal } from "./kit/refusals.ts";
import type { Unproven } from "./provider.ts";

const ErrorBody = schema(() =>
  z.object({ error: z.object({ code: z.optional(z.number()), message: z.optional(z.string()) }) }),
);
const ErrorText = schema(() => z.object({ error: z.string() }));

const CREATE_KEY = 'create an access key with the scope write:rest and give it as "token".';

/** What to do about a refusal, by what a request shows of who sends it. */
export const ACCESS_KEY_HINT =
  "It is wrong, expired, revoked or without the scope write:rest: create another under Preferences > Keys & Tokens.";
export const OAUTH2_HINT = "It is expired or revoked. It lives one hour, so get it in this job.";
export const TOKEN_HINT = "It has ended or was revoked.";
export const PASSWORD_HINT = `Check "username" and "password". An account of OpenID Connect has no password: ${CREATE_KEY}`;
export const BASIC_HINT =
  'Check "username" and "password". The account may also be suspended, pending or passkey only, or its password has expired.';

/** What Tuleap says in an answer, without the JSON around it; where the body is empty, what its challenge says. */
function saying(answer: Answer): string {
  return errorText(answer) || (answer.status < 300 ? "" : plainly(answer).trim());
}

export function errorText({ json }: Answer): string {
  return read(ErrorBody, json)?.error.message ?? read(ErrorText, json)?.error ?? "";
}

/** What an answer to an exchange without a credential means. */
export function judgeExchange(answer: Answer, http: Http, hint: string): Failure {
  return judge(quoting(answer, saying(answer)), http, wordsFor(hint));
}

/**
 * What an answer means that does not know the caller.
 * @throws {Failure} where it is no refusal
 */
export function refusalOf(answer: Answer, http: Http, hint: string): Unproven {
  return refusedOrThrow(quoting(answer, saying(answer)), http, wordsFor(hint), { isOfTheWay: isNobody(answer) });
}

/** RFC 6750, section 3.1. Old forms of it have the code in the body. */
export function lacksScope(answer: Answer): boolean {
  return answer.status === 403 && /insufficient_scope/i.test(challengeOf(answer) + errorText(answer));
}

const challengeOf = ({ headers }: Answer) => headers["www-authenticate"] ?? "";

/**
 * Nobody has signed in, although this action always sends something: `users/self` then answers 200 where the platform allows
 * anonymous access, the REST API says "Unauthorized" without a reason, and OAuth2 sends a challenge without an error
 * (RFC 6750, section 3.1).
 */
function isNobody(answer: Answer): boolean {
  if (answer.status < 300) return read(Anonymous, answer.json) !== undefined;
  const isBare = saying(answer) === "" && challengeOf(answer) !== "" && !answer.isHtml;
  return answer.status === 401 && (isBare || /^unauthorized\.?$/i.test(errorText(answer)));
}

const Anonymous = schema(() => z.object({ is_anonymous: z.literal(true) }));

const wordsFor = (hint: string) =>
  ownWords(
    [
      {
        // To sign in with a password nothing is sent that could be lost.
        when: (answer) => hint !== PASSWORD_HINT && isNobody(answer),
        failure: "refused",
        says: "answers as to an anonymous caller",
        do: "A proxy may strip the X-Auth or Authorization headers on the way: ask who runs it.",
      },
      refusal(/passkey/i, `An account with a passkey has no password: ${CREATE_KEY}`),
      refusal(/incorrectly formatted|malformed/i, "It is cut off or mistyped: copy it whole."),
      refusal(/cannot authenticate user/i, "Its user is suspended, or that account's password has expired."),
      refusal(/./, hint),
      {
        when: (answer) => codeIn(answer) === 403 && errorText(answer) !== "",
        failure: "forbidden",
        says: "knows the account but does not let it in",
        do: "It is suspended, pending or deleted, or its password has expired: ask a site administrator.",
      },
    ],
    saying,
    "Tuleap",
  );

/** What to do, by the words that Tuleap has for it. */
function refusal(words: RegExp, hint: string): Refusal {
  return {
    when: (answer) => codeIn(answer) === 401 && words.test(saying(answer)),
    failure: "refused",
    says: "refuses the credentials",
    do: hint,
  };
}

/** The body has a status of its own, which a proxy cannot have changed. */
function codeIn({ json, status }: Answer): number {
  return read(ErrorBody, json)?.error.code ?? status;
}
