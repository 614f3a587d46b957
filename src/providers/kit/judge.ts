import { Failure, type FailureCode, reworded } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { inFront, quoted } from "../../http/quote.ts";
import { BUSY } from "../../http/status.ts";
import type { Inconclusive, Refused, Revocation, Unproven } from "../provider.ts";
import { CHECK_SERVICE } from "./faults.ts";

/** How a service says no in its own shape; undefined where the answer is not one of those. */
export type OwnWord = (answer: Answer, host: string) => Failure | undefined;

/**
 * Why an answer is no success, in the contract's order: the service's own word, then a page for people, then the status.
 * Redirects, 408, 429, 5xx and certificates do not come here: the HTTP client judges them.
 * @param mayMean what else a page, or nothing at the place of the API, means at this service: a sentence for the hint
 */
export function judge(answer: Answer, http: Http, ownWord: OwnWord, mayMean?: string): Failure {
  return ownWord(answer, http.host) ?? byStatus(answer, http.host, mayMean);
}

const LACKS = "The account lacks a permission or a licence";

/** What a service may say, for a sentence that begins with its host, and what to do about it. */
export const MEANINGS = {
  refused: ["refuses the credentials", "They are wrong, expired or revoked: check the secrets of this step."],
  locked: ["has locked the account or the address", "Wait, or ask who runs it."],
  forbidden: ["does not allow this", `${LACKS}: ask who runs it.`],
  "rate-limited": [BUSY, "Start fewer jobs, or re-run the job later."],
  unavailable: ["cannot answer now", "Re-run the job later."],
  "wrong-url": ["says that this is not the place", 'Check "url".'],
} as const;

/** What to do about a password that is refused. */
export const CHECK_PASSWORD = 'Check "username" and "password".';

/** What is wrong with a credential that a probe shows. */
export const DEAD = "It is wrong, expired or revoked.";

/** What a refusal of a probe is told with. */
interface Asked {
  readonly mayMean?: string | undefined;
  /** The answer tells of the way to the service, not of the credential. */
  readonly isOfTheWay?: boolean;
}

/**
 * What a probe's answer means where the service's page has no special word for it: 401 refuses, 406 tells nothing of the
 * credential (a service may negotiate before it authenticates), all else fails.
 */
export function refusedOrThrow(
  answer: Answer,
  http: Http,
  ownWord: OwnWord,
  { mayMean, isOfTheWay }: Asked = {},
): Unproven {
  const own = ownWord(answer, http.host);
  if (own === undefined && answer.status === 406) return inconclusive(byStatus(answer, http.host));
  const failure =
    own ?? (answer.status === 401 ? unauthorized(answer, http.host, DEAD) : byStatus(answer, http.host, mayMean));
  if (failure.code !== "refused") throw failure;
  return { kind: "refused", failure, isOfTheWay };
}

/** In every text on a credential that the service has just given: what it was made from is right. */
export const JUST_MINTED = "minted a moment ago";

/** A refusal of what was minted a moment ago: none of the secrets is to blame. */
export function notKnownNow({ failure, isOfTheWay }: Refused, sentence: string): Failure {
  const meaning = `It was ${JUST_MINTED} and not known now: another installation behind this address, or an API that cannot reach its authorization service. Check "url", then ask who runs it.`;
  return isOfTheWay === true ? reworded(failure, `${failure.hint} ${meaning}`) : reworded(failure, meaning, sentence);
}

/** The credential is known, but its permissions do not reach as far as the probe. */
export function lacksPermission(sentence: string, hint: string, answered = ""): Inconclusive {
  return inconclusive(new Failure("forbidden", sentence, { hint, answered }), "permission");
}

/** The probe proves nothing: it brought no answer that says anything of the credential, unless it is for lack of a permission. */
export function inconclusive(failure: Failure, lacks: Inconclusive["lacks"] = "answer"): Inconclusive {
  return { kind: "inconclusive", lacks, failure };
}

/**
 * How a revocation went that a 200 confirms. A page never tells: what answers so is not the API.
 * @param gone whether the answer, if it is no page, says that there is nothing to revoke any more
 */
export function revocation(answer: Answer, gone = false): Revocation {
  if (!answer.isHtml && gone) return { kind: "gone" };
  return !answer.isHtml && answer.status === 200 ? { kind: "revoked" } : notRevoked(answer);
}

/** A revocation that failed, told in words of this action: a warning must not repeat what the service says. */
export function notRevoked({ isHtml, status }: Answer): Revocation {
  return failed(`${isHtml ? "a page with " : ""}status ${status}`);
}

/** A revocation that failed, by what a warning tells of it. */
export function failed(answered: string): Revocation {
  return { kind: "failed", answered };
}

const KEPT_OUT = "A firewall or login wall may keep this runner out: ask who runs it to let calls of the API pass.";

/** The hint where nothing stands at the place of the API. */
const CHECK_URL = 'Check "url": the base URL, with the path that the service is installed under, if any.';

/** Whether a status tells that there is nothing at this place. */
export function hasNothing(status: number): boolean {
  return [404, 405, 410].includes(status);
}

function byStatus(answer: Answer, host: string, mayMean?: string): Failure {
  const { status, isHtml } = answer;
  if (!isHtml && status === 401) return unauthorized(answer, host, MEANINGS.refused[1]);
  const [code, happened, hint] = isHtml ? meaningOfPage(answer, host, mayMean) : meaningOf(status, host, mayMean);
  // A success may hold a secret in a shape that nobody expects, and so could not mask.
  const told = status < 300 && !isHtml ? {} : quoted(answer);
  return new Failure(code, `${happened} (status ${status}).`, { hint, ...told });
}

type Meaning = readonly [FailureCode, happened: string, hint: string];

function meaningOfPage(answer: Answer, host: string, mayMean?: string): Meaning {
  const front = inFront(answer);
  return [401, 403].includes(answer.status)
    ? ["forbidden", `Something in front of ${host} answered with a page`, all(mayMean, front ?? KEPT_OUT)]
    : ["wrong-url", `${host} answered not with its API but with an HTML page`, all(front, mayMean) || CHECK_URL];
}

function meaningOf(status: number, host: string, mayMean = CHECK_URL): Meaning {
  if (hasNothing(status)) return ["wrong-url", `${host} has nothing at the place of the API`, mayMean];
  if (status === 403) {
    const hint = `${LACKS}, or something in front keeps this runner out.`;
    return ["forbidden", `${host} ${MEANINGS.forbidden[0]}`, hint];
  }
  return ["bad-response", `${host} did not answer as the service does`, CHECK_SERVICE];
}

function unauthorized(answer: Answer, host: string, cause: string): Failure {
  return new Failure("refused", `${host} ${MEANINGS.refused[0]} (status 401).`, {
    hint: all(inFront(answer), cause),
    ...quoted(answer),
  });
}

function all(...sentences: readonly (string | undefined)[]): string {
  return sentences.filter(Boolean).join(" ");
}
