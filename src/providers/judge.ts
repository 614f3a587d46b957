import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import type { Refused, Verdict } from "./provider.ts";

/** How a service says no in its own shape; undefined where the answer is not one of those. */
export type OwnWord = (answer: Answer, host: string) => Failure | undefined;

/**
 * Why an answer is no success, in the contract's order: the service's own word, then a page for people, then the status.
 * Redirects, 408, 429, 5xx and certificates do not come here: the HTTP client judges them.
 */
export function judge(answer: Answer, http: Http, ownWord: OwnWord): Failure {
  return ownWord(answer, http.host) ?? (answer.isHtml ? page(answer, http.host) : byStatus(answer, http.host));
}

/** What a probe's answer means where the service's page has no special word for it: 401 refuses, all else fails. */
export function refusedOrThrow(answer: Answer, http: Http, ownWord: OwnWord): Refused {
  const failure =
    answer.status === 401
      ? (ownWord(answer, http.host) ?? unauthorized(answer, http.host, "It is wrong, expired or revoked."))
      : judge(answer, http, ownWord);
  if (failure.code === "refused") return { kind: "refused", failure };
  throw failure;
}

/** A refusal of what was minted a moment ago: none of the secrets is to blame. */
export function notKnownNow({ failure, isOfTheWay }: Refused, sentence: string): Failure {
  const meaning =
    'It was minted a moment ago and not known now: another installation behind this address, or the API cannot reach its authorization service. Check that "url" names one installation, then ask who runs it.';
  return isOfTheWay === true ? withHint(failure, `${failure.hint} ${meaning}`) : withHint(failure, meaning, sentence);
}

/** The same failure with another way out, and perhaps another sentence. */
export function withHint(failure: Failure, hint: string, sentence = failure.message): Failure {
  const { code, title, answered, answeredBy, cause } = failure;
  return new Failure(code, sentence, { title, hint, answered, answeredBy, cause });
}

/** The credential is known, but its permissions do not reach as far as the probe. */
export function lacksPermission(sentence: string, hint: string, answered = ""): Verdict & { kind: "inconclusive" } {
  return { kind: "inconclusive", lacks: "permission", failure: new Failure("forbidden", sentence, { hint, answered }) };
}

function page(answer: Answer, host: string): Failure {
  if (answer.status === 401 || answer.status === 403) {
    return new Failure("forbidden", `Something in front of ${host} answered with a page and status ${answer.status}.`, {
      hint: "A firewall, a content delivery network or a login wall keeps this runner out: ask who runs it to let the API pass, or use a runner inside the network.",
    });
  }
  return new Failure("wrong-url", `${host} answered with an HTML page (status ${answer.status}), not with its API.`, {
    hint: 'Check that "url" is the base URL of the service, without a path of its web pages; a login wall or captive portal also answers so.',
  });
}

function byStatus(answer: Answer, host: string): Failure {
  const { status, body: answered } = answer;
  switch (status) {
    case 404:
    case 405:
    case 410:
      return new Failure("wrong-url", `${host} has nothing at the place of the API (status ${status}).`, {
        hint: 'Check "url": it is the base URL, with the path that the service is installed under, if any.',
        answered,
      });
    case 401:
      return unauthorized(answer, host);
    case 403:
      return new Failure("forbidden", `${host} does not allow this (status 403).`, {
        hint: "The account lacks a permission or a licence, or something in front of the service keeps this runner out.",
        answered,
      });
  }
  const sentence =
    status < 300
      ? `What ${host} answered is not what the service answers (status ${status}).`
      : `${host} did not accept the request (status ${status}).`;
  return new Failure("bad-response", sentence, {
    hint: 'Check that "url" and "provider" belong together; if they do, the service may have changed: please report it.',
    // A success may hold a secret in a shape that nobody expects, and so could not mask.
    answered: status < 300 ? "" : answered,
  });
}

function unauthorized(
  answer: Answer,
  host: string,
  hint = "They are wrong, expired or revoked: check the secrets that this step is given.",
): Failure {
  const answered = answer.isHtml ? "" : answer.body;
  return new Failure("refused", `${host} refuses the credentials (status 401).`, { hint, answered });
}

/** What the reason of a refusal is where the body is empty: `error_description` of `WWW-Authenticate` (RFC 6750, section 3). */
export function authenticateDescription({ headers }: Answer): string {
  // Some servers leave quotes open, so the header is not taken apart into its challenges.
  const [, quoted, bare] =
    /\berror_description\s*=\s*(?:"((?:[^"\\]|\\.)*)|([^\s",]+))/i.exec(headers["www-authenticate"] ?? "") ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "";
}
