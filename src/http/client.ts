import { Agent as HttpAgent, STATUS_CODES } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Failure } from "../failure.ts";
import { VERSION } from "../version.ts";
import { attempt, type Outcome, type Route } from "./attempt.ts";
import type { Fault } from "./faults.ts";
import type { Answer, Http, Request } from "./http.ts";
import { proxyFor, tunnelAgent } from "./proxy.ts";
import { redirected } from "./redirect.ts";
import { backoff, retryAfterSeconds, toldBackoff } from "./retry.ts";
import { keepVerification } from "./tls.ts";

const SHORTEST_ATTEMPT_SECONDS = 15;
const SENT_AGAIN = new Set([408, 429, 500, 502, 503, 504]);

/** One retry, as the log tells it. */
export interface Retry {
  /** Which attempt failed, from 1. */
  readonly attempt: number;
  readonly reason: string;
  /** Seconds until the next one. */
  readonly wait: number;
}

export interface ClientOptions {
  /** Base URL without a trailing slash. */
  readonly baseUrl: string;
  readonly onRetry: (retry: Retry) => void;
  /** Chance, from 0 to 1. */
  readonly random?: () => number;
}

export interface Limits {
  /** Seconds for all the requests of the stage together. */
  readonly seconds: number;
  /** How often a request that met a passing fault is sent again. */
  readonly retries: number;
}

/** The connections to one service. Stages share them, so exchange and probe cost one handshake. */
export interface Client {
  /** Begins a stage: its time runs from now. */
  stage(limits: Limits): Http;
  /** Drops every connection. */
  close(): void;
}

/**
 * Opens a client bound to one base URL.
 * @throws {Failure} `unavailable` where a proxy variable holds no proxy's URL
 */
export function openClient(options: ClientOptions): Client {
  keepVerification();
  const url = new URL(options.baseUrl);
  const secure = url.protocol === "https:";
  const proxy = proxyFor(options.baseUrl);
  const direct = () => (secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true }));
  const agent = proxy === undefined ? direct() : tunnelAgent(proxy, secure);
  const route: Route = {
    baseUrl: options.baseUrl,
    host: url.host,
    secure,
    agent,
    proxyHost: proxy?.host,
    userAgent: `api-token-exchange/${VERSION}`,
  };
  return {
    stage: (limits) => openStage(route, limits, options),
    close: () => agent.destroy(),
  };
}

function openStage(route: Route, limits: Limits, options: ClientOptions): Http {
  // Seconds on a clock that never jumps; `performance` would load a part of Node that nothing else here needs.
  const end = process.uptime() + limits.seconds;
  const left = () => end - process.uptime();
  const longestAttempt = Math.max(SHORTEST_ATTEMPT_SECONDS, limits.seconds / 4);
  const random = options.random ?? Math.random;

  const send = async (first: Request): Promise<Answer> => {
    let request = first;
    let longest = 0;
    for (let retry = 0; ; retry++) {
      // What a creation left behind has to be looked for in the same stage.
      const share = typeof request.resend === "function" ? 0.6 : 1;
      const milliseconds = Math.max(1, Math.min(longestAttempt, left() * share) * 1000);
      const outcome = judgeStatus(await attempt(route, request, milliseconds), request, route);
      if (outcome.kind === "answer") return outcome.answer;
      const { fault } = outcome;
      const next = await nextRequest(request, fault);
      if (next === undefined || retry >= limits.retries) throw exhausted(fault, retry + 1);
      const told = fault.retryAfter;
      longest = Math.max(longest, told ?? 0);
      const wait =
        told === undefined ? backoff(retry, random) : toldBackoff({ now: told, longest, left: left() }, retry, random);
      if (wait >= left())
        throw told === undefined ? exhausted(fault, retry + 1) : outlasted(fault, told, limits.seconds);
      options.onRetry({ attempt: retry + 1, reason: fault.reason, wait });
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      request = next;
    }
  };
  return { baseUrl: route.baseUrl, host: route.host, send };
}

/** What to send after a fault; undefined where nothing may be. */
async function nextRequest(request: Request, fault: Fault): Promise<Request | undefined> {
  const { resend = "freely" } = request;
  if (typeof resend === "function") {
    const mayHaveCreated = fault.passing || fault.mayHaveArrived || fault.failure.code === "unavailable";
    const instead = mayHaveCreated ? await resend() : undefined;
    if (!fault.passing || instead === undefined || request.isReplacement === true) return undefined;
    return { ...instead, isReplacement: true };
  }
  if (!fault.passing || resend === "never") return undefined;
  return resend === "once" && fault.mayHaveArrived ? { ...request, resend: "never" } : request;
}

/** Takes the answers out that no provider has to see: redirects, 408, 429 and 5xx. */
function judgeStatus(outcome: Outcome, request: Request, { baseUrl, host }: Route): Outcome {
  if (outcome.kind === "fault" || request.isFinal?.(outcome.answer) === true) return outcome;
  const { status, headers, body, isHtml } = outcome.answer;
  if (status >= 300 && status < 400) {
    const failure = redirected(request, headers.location, baseUrl);
    return { kind: "fault", fault: { failure, reason: "redirect", passing: false, mayHaveArrived: false } };
  }
  if (status !== 408 && status !== 429 && status < 500) return outcome;
  const fault: Fault = {
    failure: statusFailure(status, host, isHtml ? "" : body),
    reason: `status ${status}${STATUS_CODES[status] === undefined ? "" : ` ${STATUS_CODES[status]}`}`,
    passing: SENT_AGAIN.has(status),
    mayHaveArrived: status === 500,
    retryAfter: retryAfterSeconds(headers["retry-after"], Date.now()),
  };
  return { kind: "fault", fault };
}

function statusFailure(status: number, host: string, answered: string): Failure {
  if (status === 429) {
    return new Failure("rate-limited", `${host} takes no more requests for now (status 429).`, {
      hint: 'Other jobs use the same account or address. Give a longer "timeout", start fewer jobs at once, or exchange once and hand the token over with "seal-key".',
      answered,
    });
  }
  if (status === 408) {
    return new Failure("timeout", `${host} gave up waiting for the request (status 408).`, {
      hint: "The network or the service is overloaded. Re-run the job; if it stays, ask who runs the service.",
      answered,
    });
  }
  return new Failure("unavailable", `${host} has a fault of its own (status ${status}).`, {
    hint: "The service or something in front of it is down or being restarted. Look at its status page and re-run the job later.",
    answered,
  });
}

/** The last fault, with the number of attempts where there were several. */
function exhausted({ failure }: Fault, attempts: number): Failure {
  if (attempts === 1) return failure;
  return retold(failure, `${failure.message} This was attempt ${attempts}, the last.`);
}

/** The service asked for a longer wait than the stage has time for. */
function outlasted({ failure }: Fault, told: number, stageSeconds: number): Failure {
  const asked = `${failure.message} It asks to wait ${Math.ceil(told)} seconds, longer than is left of the "timeout" of ${stageSeconds} seconds.`;
  const hint =
    failure.code === "rate-limited"
      ? `Give a "timeout" above ${Math.ceil(told)}, start fewer jobs at once, or exchange once and hand the token over with "seal-key".`
      : failure.hint;
  return retold(failure, asked, hint);
}

function retold(failure: Failure, sentence: string, hint = failure.hint): Failure {
  return new Failure(failure.code, sentence, {
    title: failure.title,
    hint,
    suggestion: failure.suggestion,
    answered: failure.answered,
    answeredBy: failure.answeredBy,
    cause: failure.cause,
  });
}
