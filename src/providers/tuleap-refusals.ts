import type { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { CHECK_PASSWORD, judge, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, type Refusal } from "./kit/refusals.ts";
import { type Spoken, saying, spoken } from "./kit/said.ts";
import type { Unproven } from "./provider.ts";

const CREATE_KEY = 'create an access key with the scope write:rest and give it as "token".';

/** What to do about a refusal, by what a request shows of who sends it. */
const HINTS = {
  key: "It is wrong, expired, revoked or without the scope write:rest: create another.",
  oauth2: "It is expired or revoked. It lives one hour, so get it in this job.",
  token: "It has ended or was revoked.",
  password: `${CHECK_PASSWORD} An account of OpenID Connect has no password: ${CREATE_KEY}`,
  basic: `${CHECK_PASSWORD} Or the account is suspended, pending or passkey only, or its password has expired.`,
};
export type Shown = keyof typeof HINTS;

/** What an answer to an exchange without a credential means. */
export function judgeExchange(answer: Answer, http: Http, shown: Shown): Failure {
  return judge(spoken(answer), http, wordsFor(shown));
}

/**
 * What an answer means that does not know the caller.
 * @throws {Failure} where it is no refusal
 */
export function refusalOf(answer: Answer, http: Http, shown: Shown): Unproven {
  const heard = spoken(answer);
  return refusedOrThrow(heard, http, wordsFor(shown), { isOfTheWay: isNobody(heard) });
}

/** Tuleap's errors are `{"error":{"code":401,"message":"…"}}`, before its API is reached `{"error":"…"}`. */
export function errorText({ message, error }: Spoken): string {
  return message || error;
}

const challengeOf = ({ headers }: Answer) => headers["www-authenticate"] ?? "";

/** RFC 6750, section 3.1. Old forms of it have the code in the body. */
export function lacksScope(answer: Answer): boolean {
  return answer.status === 403 && /insufficient_scope/i.test(challengeOf(answer) + errorText(spoken(answer)));
}

/**
 * Nobody has signed in, although this action always sends something: `users/self` then answers 200 where the platform allows
 * anonymous access, the REST API says "Unauthorized" without a reason, and OAuth2 sends a challenge without an error
 * (RFC 6750, section 3.1).
 */
function isNobody(answer: Spoken): boolean {
  if (answer.status < 300) return answer.is_anonymous === true;
  const isBare = saying(answer) === "" && challengeOf(answer) !== "" && !answer.isHtml;
  return answer.status === 401 && (isBare || /^unauthorized\.?$/i.test(errorText(answer)));
}

const wordsFor = (shown: Shown) =>
  ownWords(
    [
      {
        // To sign in with a password nothing is sent that could be lost.
        when: (answer) => shown !== "password" && isNobody(answer),
        says: "answers as to an anonymous caller",
        do: "A proxy may strip the X-Auth or Authorization headers on the way: ask who runs it.",
      },
      refusal(/passkey/i, `An account with a passkey has no password: ${CREATE_KEY}`),
      refusal(/incorrectly formatted|malformed/i, "It is cut off or mistyped: copy it whole."),
      refusal(/cannot authenticate user/i, "Its user is suspended, or that account's password has expired."),
      refusal(/./, HINTS[shown]),
      {
        when: (answer) => codeIn(answer) === 403 && errorText(answer) !== "",
        failure: "forbidden",
        says: "knows the account but does not let it in",
        do: "It is suspended, pending or deleted, or its password has expired: ask a site administrator.",
      },
    ],
    "Tuleap",
  );

/** What to do, by the words that Tuleap has for it. */
function refusal(words: RegExp, hint: string): Refusal {
  return { when: (answer) => codeIn(answer) === 401 && words.test(saying(answer)), do: hint };
}

/** The body has a status of its own, which a proxy cannot have changed. */
function codeIn({ status, code = status }: Spoken): number {
  return code;
}
