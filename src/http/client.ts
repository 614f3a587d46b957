import { Agent as HttpAgent, STATUS_CODES } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { setDefaultAutoSelectFamilyAttemptTimeout } from "node:net";
import { Failure, reworded } from "../failure.ts";
import { attempt, notBegun, type Outcome, type Route, tellsAll } from "./attempt.ts";
import { clientCertificateWanted, type Fault } from "./faults.ts";
import type { Answer, BuildRequest, Http, Request, Resend } from "./http.ts";
import { isProtected } from "./protection.ts";
import { proxyFor, tunnelAgent } from "./proxy.ts";
import { inFront, quoted } from "./quote.ts";
import { redirected } from "./redirect.ts";
import { backoff, CLOCK_TOLERANCE_SECONDS, retryAfterSeconds, secondsAhead, toldBackoff } from "./retry.ts";
import { keepVerification, type Trust } from "./tls.ts";
import { type Underway, underway } from "./underway.ts";
import { VERSION } from "./version.ts";

/** Milliseconds for each address of a host before the next is tried: Node's quarter of a second is too short from afar. */
const ONE_ADDRESS = 5_000;

const SHORTEST_ATTEMPT_SECONDS = 15;
const SENT_AGAIN = new Set([408, 429, 500, 502, 503, 504]);

/** One retry, as the log tells it. */
export interface Retry {
  /** What is attempted, where a stage sends several requests. */
  readonly what: string | undefined;
  /** Which attempt failed, from 1. */
  readonly attempt: number;
  readonly reason: string;
  /** Seconds until the next one. */
  readonly wait: number;
}

export interface ClientOptions {
  /** Base URL without a trailing slash. */
  readonly baseUrl: string;
  /** Node's own roots alone, unless told. */
  readonly trust?: Trust;
  readonly onRetry: (retry: Retry) => void;
  /** Chance, from 0 to 1. */
  readonly random?: () => number;
  /** Where requests are kept in mind that a cancellation must not lose. */
  readonly requests?: Underway;
  /** Another place of the service may be talked to over plain http. */
  readonly allowHttp?: boolean;
  /** Called before anything is sent to an origin, by its base URL. */
  readonly onRoute?: (baseUrl: string) => void;
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
  /** The proxy that everything goes through, with port; undefined where there is none. */
  readonly proxyHost: string | undefined;
  /** Seconds that the runner's clock is ahead of the newest answer's `Date`, negative where it is behind; undefined before. */
  clockAhead(): number | undefined;
  /** Drops every connection. */
  close(): void;
}

/**
 * Opens a client bound to one base URL.
 * @throws {Failure} `unavailable` where a proxy variable holds no proxy that can be used
 */
export function openClient(options: ClientOptions): Client {
  keepVerification();
  setDefaultAutoSelectFamilyAttemptTimeout(ONE_ADDRESS);
  const { ca, given } = options.trust ?? { ca: undefined, given: false };
  const agents = new Map<string, HttpAgent>();
  const routeTo = (baseUrl: string): Route => {
    const { origin, host, protocol } = new URL(baseUrl);
    const secure = protocol === "https:";
    if (!agents.has(origin)) options.onRoute?.(baseUrl);
    const proxy = proxyFor(baseUrl);
    const direct = () =>
      secure
        ? new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca: [...ca] }) })
        : new HttpAgent({ keepAlive: true });
    const agent = agents.get(origin) ?? (proxy === undefined ? direct() : tunnelAgent(proxy, secure, ca));
    agents.set(origin, agent);
    const userAgent = `api-token-exchange/${VERSION}`;
    return { baseUrl, host, secure, agent, proxyHost: proxy?.host, userAgent, caGiven: given };
  };
  const first = routeTo(options.baseUrl);
  let ahead: number | undefined;
  const noteClock = (answer: Answer) => {
    ahead = secondsAhead(answer.headers, Date.now()) ?? ahead;
  };
  return {
    stage: (limits) => openStage(first, limits, options, { routeTo, noteClock }),
    proxyHost: first.proxyHost,
    clockAhead: () => ahead,
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** What the stages of a client share. */
interface Shared {
  readonly routeTo: (baseUrl: string) => Route;
  readonly noteClock: (answer: Answer) => void;
}

function openStage(
  route: Route,
  limits: Limits,
  options: ClientOptions,
  shared: Shared,
  // Seconds on a clock that never jumps; `performance` would load a part of Node that nothing else here needs.
  end = process.uptime() + limits.seconds,
): Http {
  const left = () => end - process.uptime();
  const longestAttempt = Math.max(SHORTEST_ATTEMPT_SECONDS, limits.seconds / 4);
  const { random = Math.random, requests = underway() } = options;

  const deliver = async (first: Request | BuildRequest): Promise<Answer> => {
    let next: Next = { build: typeof first === "function" ? first : async () => first };
    let longest = 0;
    for (let retry = 0; ; retry++) {
      const built = await next.build(retry + 1);
      const request = next.resend === undefined ? built : { ...built, resend: next.resend };
      // Whoever waits for the answer waits for ever: the process is about to end.
      if (requests.isStopped() && request.cleansUp !== true) await new Promise(() => {});
      // What a creation left behind has to be looked for in the same stage.
      const share = typeof request.resend === "function" ? 0.6 : 1;
      const milliseconds = Math.max(1, Math.min(longestAttempt, left() * share) * 1000);
      const progress = notBegun();
      const outgoing = attempt(route, request, milliseconds, progress);
      if (request.mints === true) requests.follow(outgoing, () => progress.written);
      const came = await outgoing;
      if (came.kind === "answer") shared.noteClock(came.answer);
      const outcome = judgeStatus(came, request, route);
      if (outcome.kind === "answer") return outcome.answer;
      const { fault } = outcome;
      const after = await nextRequest(request, fault, next);
      if (after === undefined || retry >= limits.retries) throw exhausted(fault, retry + 1);
      const told = fault.retryAfter;
      longest = Math.max(longest, told ?? 0);
      const wait =
        told === undefined ? backoff(retry, random) : toldBackoff({ now: told, longest, left: left() }, retry, random);
      if (wait >= left())
        throw told === undefined ? exhausted(fault, retry + 1) : outlasted(fault, told, limits.seconds);
      options.onRetry({ what: request.what, attempt: retry + 1, reason: fault.reason, wait });
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      next = after;
    }
  };
  const at = (baseUrl: string): Http => {
    const there = new URL(baseUrl);
    if (!isProtected(there) && options.allowHttp !== true) throw plain(there.host);
    return openStage(shared.routeTo(baseUrl), limits, options, shared, end);
  };
  const send = (request: Request | BuildRequest): Promise<Answer> =>
    typeof request === "object" && request.cleansUp === true
      ? requests.follow(deliver(request), () => true)
      : deliver(request);
  return { baseUrl: route.baseUrl, host: route.host, send, at };
}

function plain(host: string): Failure {
  return new Failure("wrong-url", `The service names ${host} for its next request, but without TLS.`, {
    hint: "That would send secrets in the clear: ask who runs the service to name it with https.",
  });
}

/** How a request goes on after a fault: what builds it, and what may follow then. */
interface Next {
  readonly build: BuildRequest;
  readonly resend?: Resend;
}

/** What to send after a fault; undefined where nothing may be. */
async function nextRequest(request: Request, fault: Fault, now: Next): Promise<Next | undefined> {
  const { resend = "freely" } = request;
  if (typeof resend === "function") {
    const instead = await resend(mayHaveActed(fault));
    if (!fault.passing || instead === undefined || request.isReplacement === true) return undefined;
    return { build: async () => ({ ...instead(), isReplacement: true }) };
  }
  if (!fault.passing || resend === "never") return undefined;
  if (resend === "unwritten") return fault.mayHaveArrived || fault.status !== undefined ? undefined : now;
  return resend === "once" && fault.mayHaveArrived ? { ...now, resend: "never" } : now;
}

/** A gateway can say 503 of a request that the service behind it has carried out; 429 says that nobody has (RFC 6585). */
function mayHaveActed({ mayHaveArrived, status }: Fault): boolean {
  return mayHaveArrived || (status !== undefined && status !== 429);
}

/** The pages of nginx and IIS, which judge certificates only after the handshake. */
const WANTS_CERTIFICATE = /no required SSL certificate was sent|client certificate (?:is )?required/i;

/** Takes the answers out that no provider has to see: redirects, 408, 429 and 5xx. */
function judgeStatus(outcome: Outcome, request: Request, { baseUrl, host, secure }: Route): Outcome {
  if (outcome.kind === "fault" || request.isFinal?.(outcome.answer) === true) return outcome;
  const { status, headers, body, isHtml } = outcome.answer;
  const mayMean = [request.mayMean?.(outcome.answer), inFront(outcome.answer)].filter((text) => text !== undefined);
  if (secure && isHtml && status >= 400 && status < 500 && WANTS_CERTIFICATE.test(body)) {
    return { kind: "fault", fault: clientCertificateWanted(host) };
  }
  if (!tellsAll(status)) return outcome;
  if (status < 400) {
    const failure = redirected(request, headers.location, baseUrl, mayMean);
    return { kind: "fault", fault: { failure, reason: "redirect", passing: false, mayHaveArrived: false } };
  }
  const fault: Fault = {
    failure: hinted(statusFailure(outcome.answer, host), mayMean),
    reason: `status ${status}${STATUS_CODES[status] === undefined ? "" : ` ${STATUS_CODES[status]}`}`,
    passing: SENT_AGAIN.has(status),
    mayHaveArrived: status === 500,
    status,
    // A date is told by the service's clock, and the runner's may be another.
    retryAfter: retryAfterSeconds(headers["retry-after"], Date.now() - clockOff(headers) * 1000),
  };
  return { kind: "fault", fault };
}

/** Seconds that the runner's clock is ahead, where that is more than what the way of an answer explains. */
function clockOff(headers: Answer["headers"]): number {
  const ahead = secondsAhead(headers, Date.now()) ?? 0;
  return Math.abs(ahead) > CLOCK_TOLERANCE_SECONDS ? ahead : 0;
}

/** What to do about too many requests, beside waiting. */
const FEWER_REQUESTS = 'start fewer jobs at once, or exchange once and hand the token over with "seal-key".';

function statusFailure(answer: Answer, host: string): Failure {
  const { status } = answer;
  if (status === 429) {
    return new Failure("rate-limited", `${host} takes no more requests for now (status 429).`, {
      hint: `Other jobs use the same account or address. Give a longer "timeout", ${FEWER_REQUESTS}`,
      ...quoted(answer),
    });
  }
  if (status === 408) {
    return new Failure("timeout", `${host} gave up waiting for the request (status 408).`, {
      hint: "The network or the service is overloaded. Re-run the job later.",
      ...quoted(answer),
    });
  }
  return new Failure("unavailable", `${host} has a fault of its own (status ${status}).`, {
    hint: "The service, or something in front of it, is down or restarting: look at its status page, and re-run the job later.",
    ...quoted(answer),
  });
}

/** The failure with causes that are likelier than those of its own hint. */
function hinted(failure: Failure, likelier: readonly string[]): Failure {
  if (likelier.length === 0) return failure;
  return reworded(
    failure,
    `${likelier.join(" ")} Otherwise: ${failure.hint[0]?.toLowerCase()}${failure.hint.slice(1)}`,
  );
}

/** The last fault, with the number of attempts where there were several. */
function exhausted({ failure }: Fault, attempts: number): Failure {
  if (attempts === 1) return failure;
  return reworded(failure, failure.hint, `${failure.message} This was attempt ${attempts}, the last.`);
}

/** The service asked for a longer wait than the stage has time for. */
function outlasted({ failure }: Fault, told: number, stageSeconds: number): Failure {
  const asked = `${failure.message} It asks to wait ${Math.ceil(told)} seconds, longer than is left of the "timeout" of ${stageSeconds} seconds.`;
  const hint =
    failure.code === "rate-limited" ? `Give a "timeout" above ${Math.ceil(told)}, ${FEWER_REQUESTS}` : failure.hint;
  return reworded(failure, hint, asked);
}
