import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { quoted as quote } from "../http/quote.ts";
import { read, schema } from "../text/json.ts";
import { judge, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, type Refusal } from "./kit/refusals.ts";
import type { Refused, Unproven } from "./provider.ts";

const ErrorBody = schema(() =>
  z.object({ error: z.object({ code: z.optional(z.number()), message: z.optional(z.string()) }) }),
);
const ErrorText = schema(() => z.object({ error: z.string() }));

/** How a request shows who sends it; each is refused for other reasons. */
export type Shown = "access key" | "oauth2 token" | "login token" | "password" | "basic";

const REFUSED: Readonly<Record<Shown, string>> = {
  "access key":
    "It is wrong, expired, revoked or without the scope write:rest: Tuleap does not say which. Create another under Preferences > Keys & Tokens.",
  "oauth2 token": "It is expired, revoked or cut off. It lives one hour, so get it in this job.",
  "login token": "It has ended or was revoked.",
  password:
    'Check "username" and "password". An account that signs in through OpenID Connect has no password: create an access key and give it as "token".',
  basic:
    'Check "username" and "password". Tuleap says the same of an account that is suspended, pending or passkey only, or whose password has expired.',
};

const DROPPED = "A proxy may strip the X-Auth or Authorization headers on the way: ask who runs it.";

/** What Tuleap says in an answer, without the JSON around it; where the body is empty, what its challenge says. */
export function saying(answer: Answer): string {
  if (answer.isHtml) return "";
  return errorText(answer) || (quote(answer).answered ?? "").trim();
}

export function errorText({ json }: Answer): string {
  return read(ErrorBody, json)?.error.message ?? read(ErrorText, json)?.error ?? "";
}

/** What an answer to an exchange without a credential means. */
export function judgeExchange(answer: Answer, http: Http, shown: Shown): Failure {
  return judge(quoted(answer), http, ownWord(shown));
}

/**
 * What an answer means that does not know the caller.
 * @throws {Failure} where it is no refusal
 */
export function refusalOf(answer: Answer, http: Http, shown: Shown): Unproven {
  const verdict = refusedOrThrow(quoted(answer), http, ownWord(shown));
  return verdict.kind === "refused" && isNobody(answer, shown) ? { ...verdict, isOfTheWay: true } : verdict;
}

/** `users/self` answers 200 to strangers too where the platform allows anonymous access. */
export function anonymous(host: string, answered = ""): Refused {
  const failure = new Failure("refused", ANONYMOUS.replace("{host}", host), { hint: DROPPED, answered });
  return { kind: "refused", failure, isOfTheWay: true };
}

/** RFC 6750, section 3.1. Old forms of it have the code in the body. */
export function lacksScope(answer: Answer): boolean {
  const challenge = answer.headers["www-authenticate"] ?? "";
  return answer.status === 403 && /insufficient_scope/i.test(`${challenge} ${errorText(answer)}`);
}

/**
 * Nobody has signed in, although this action always sends something: the REST API then says "Unauthorized" without a
 * reason, and OAuth2 sends a challenge without an error (RFC 6750, section 3.1).
 */
function isNobody(answer: Answer, shown: Shown): boolean {
  if (answer.status !== 401 || answer.isHtml) return false;
  const challenge = answer.headers["www-authenticate"] ?? "";
  if (shown === "oauth2 token") return saying(answer) === "" && challenge !== "" && !/\berror\b/i.test(challenge);
  return /^unauthorized\.?$/i.test(errorText(answer));
}

function quoted(answer: Answer): Answer {
  return { ...answer, body: saying(answer) || answer.body };
}

const ownWord = (shown: Shown) =>
  ownWords(
    [
      {
        when: (answer) => shown !== "password" && isNobody(answer, shown),
        failure: "refused",
        says: ANONYMOUS,
        do: DROPPED,
      },
      ...Object.entries(WHY).map(
        ([hint, words]): Refusal => ({
          when: (answer) => codeIn(answer) === 401 && words.test(saying(answer)),
          failure: "refused",
          says: REFUSES,
          do: hint,
        }),
      ),
      {
        when: (answer) => codeIn(answer) === 401 && saying(answer) !== "",
        failure: "refused",
        says: REFUSES,
        do: REFUSED[shown],
      },
      {
        when: (answer) => codeIn(answer) === 403 && errorText(answer) !== "",
        failure: "forbidden",
        says: "Tuleap at {host} knows the account but does not let it in.",
        do: "It is suspended, pending or deleted, or its password has expired: ask a site administrator.",
      },
    ],
    saying,
  );

const REFUSES = "Tuleap at {host} refuses the credentials.";
const ANONYMOUS = "Tuleap at {host} answers as to an anonymous caller.";

/** What to do, by the words that Tuleap has for it. */
const WHY = {
  'This account signs in with a passkey and has no password: create an access key with the scope write:rest and give it as "token".':
    /passkey/i,
  "It is cut off or mistyped: copy it whole.": /incorrectly formatted|malformed/i,
  "Its user is suspended, or that account's password has expired.": /cannot authenticate user/i,
};

/** The body has a status of its own, which a proxy cannot have changed. */
function codeIn(answer: Answer): number {
  return read(ErrorBody, answer.json)?.error.code ?? answer.status;
}
