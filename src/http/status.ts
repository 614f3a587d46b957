import { Failure, type FailureCode } from "../failure.ts";
import { clientCertificateWanted, type Fault } from "./faults.ts";
import type { Answer, Request } from "./http.ts";
import { node } from "./node.ts";
import { inFront, quoted } from "./quote.ts";
import { redirected } from "./redirect.ts";
import { CLOCK_TOLERANCE_SECONDS, retryAfterSeconds, secondsAhead } from "./retry.ts";
import type { Route } from "./route.ts";

const SENT_AGAIN = new Set([408, 429, 500, 502, 503, 504]);

/** Whether an answer is judged by its status, whatever it holds: 408, 429, 5xx, and redirects. */
export function tellsAll(status: number): boolean {
  return (status >= 300 && status < 400) || status === 408 || status === 429 || status >= 500;
}

/** The pages of nginx and IIS, which judge certificates only after the handshake. */
const WANTS_CERTIFICATE = /no required SSL certificate was sent|client certificate (?:is )?required/i;

/** What is wrong with an answer that no provider has to see: redirects, 408, 429 and 5xx. Undefined for all others. */
export function faultIn(answer: Answer, request: Request, { baseUrl, host, secure }: Route): Fault | undefined {
  if (request.isFinal?.(answer) === true) return undefined;
  const { status, headers, isHtml } = answer;
  const isRefusal = status >= 400 && status < 500;
  if (secure && isHtml && isRefusal && WANTS_CERTIFICATE.test(answer.body)) return clientCertificateWanted(host);
  if (!tellsAll(status)) return undefined;
  const mayMean = [request.mayMean?.(answer), inFront(answer)].filter((text) => text !== undefined);
  if (status < 400) return { failure: redirected(request, headers.location, baseUrl, mayMean) };
  return {
    failure: statusFailure(answer, host, mayMean),
    passing: SENT_AGAIN.has(status) ? `status ${status} ${node.http.STATUS_CODES[status]}` : undefined,
    mayHaveArrived: status === 500,
    status,
    // A date is told by the service's clock, and the runner's may be another.
    retryAfter: retryAfterSeconds(headers["retry-after"], Date.now() - clockOff(headers) * 1000),
  };
}

/** Seconds that the runner's clock is ahead, where that is more than what the way of an answer explains. */
function clockOff(headers: Answer["headers"]): number {
  const ahead = secondsAhead(headers, Date.now()) ?? 0;
  return Math.abs(ahead) > CLOCK_TOLERANCE_SECONDS ? ahead : 0;
}

/** Of a service that limits requests, for a sentence that begins with its host. */
export const BUSY = "takes no more requests for now";

/** What to do about too many requests, beside waiting. */
export const FEWER_REQUESTS = 'start fewer jobs at once, or exchange once and hand the token over with "seal-key".';

type Meaning = readonly [code: FailureCode, says: string, hint: string];

const LATER = "The service, or something in front of it, may be down or overloaded: re-run the job later.";

const MEANINGS: Readonly<Record<number, Meaning>> = {
  408: ["timeout", "gave up waiting for the request", LATER],
  429: ["rate-limited", BUSY, `Other jobs use the same account or address. Give a longer "timeout", ${FEWER_REQUESTS}`],
};

/** @param likelier causes that are likelier than those of its own hint */
function statusFailure(answer: Answer, host: string, likelier: readonly string[]): Failure {
  const [code, says, hint] = MEANINGS[answer.status] ?? ["unavailable", "has a fault of its own", LATER];
  const details = { hint: [...likelier, hint].join(" "), ...quoted(answer) };
  return new Failure(code, `${host} ${says} (status ${answer.status}).`, details);
}
