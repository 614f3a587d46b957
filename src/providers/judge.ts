import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import type { Verdict } from "./provider.ts";

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
export function refusedOrThrow(answer: Answer, http: Http, ownWord: OwnWord): Verdict {
  const failure =
    answer.status === 401
      ? (ownWord(answer, http.host) ?? unauthorized(answer, http.host))
      : judge(answer, http, ownWord);
  if (failure.code === "refused") return { kind: "refused", failure };
  throw failure;
}

/** The credential is known, but its permissions do not reach as far as the probe. */
export function lacksPermission(sentence: string, hint: string, answered = ""): Verdict {
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

function unauthorized(answer: Answer, host: string): Failure {
  return new Failure("refused", `${host} refuses the credentials (status 401).`, {
    hint: "They are wrong, expired or revoked: check the secrets that this step is given.",
    answered: answer.isHtml ? "" : answer.body,
  });
}
