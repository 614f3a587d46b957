import type { Agent } from "node:http";
import { setDefaultAutoSelectFamilyAttemptTimeout } from "node:net";
import { Failure, reworded } from "../failure.ts";
import { attempt, type Progress } from "./attempt.ts";
import type { Fault } from "./faults.ts";
import type { Answer, BuildRequest, Http, Request } from "./http.ts";
import { isProtected } from "./protection.ts";
import { backoff, secondsAhead, toldBackoff } from "./retry.ts";
import { type Route, routeTo } from "./route.ts";
import { FEWER_REQUESTS, faultIn } from "./status.ts";
import { type Underway, underway } from "./underway.ts";

/** Milliseconds for each address of a host before the next is tried: Node's quarter of a second is too short from afar. */
const ONE_ADDRESS = 5_000;

const SHORTEST_ATTEMPT_SECONDS = 15;

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
  /** All certificates that are trusted; Node's own roots, unless told. */
  readonly ca?: string[] | undefined;
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
  // Verification is never off, whatever the environment says; Node reads this at every connection.
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  setDefaultAutoSelectFamilyAttemptTimeout(ONE_ADDRESS);
  const { ca, onRetry, random = Math.random, requests = underway() } = options;
  const agents = new Map<string, Agent>();
  const open = (baseUrl: string): Route => {
    if (!agents.has(new URL(baseUrl).origin)) options.onRoute?.(baseUrl);
    return routeTo(baseUrl, ca, agents);
  };
  const route = open(options.baseUrl);
  let ahead: number | undefined;
  const onAnswer = ({ headers }: Answer): void => {
    ahead = secondsAhead(headers, Date.now()) ?? ahead;
  };
  const elsewhere = (baseUrl: string): Route => {
    const there = new URL(baseUrl);
    if (!isProtected(there) && options.allowHttp !== true) throw plain(there.host);
    return open(baseUrl);
  };
  return {
    stage(limits) {
      // Seconds on a clock that never jumps; `performance` would load a part of Node that nothing else here needs.
      const end = process.uptime() + limits.seconds;
      const left = () => end - process.uptime();
      return stageAt(route, { limits, left, requests, random, onRetry, onAnswer, elsewhere });
    },
    proxyHost: route.proxyHost,
    clockAhead: () => ahead,
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function plain(host: string): Failure {
  return new Failure("wrong-url", `The service names ${host} for its next request, but without TLS.`, {
    hint: "Ask who runs the service to name it with https.",
  });
}

/** What all places of a stage have in common. */
interface Stage extends Required<Pick<ClientOptions, "onRetry" | "random" | "requests">> {
  readonly limits: Limits;
  /** Seconds that are left of its time. */
  readonly left: () => number;
  readonly onAnswer: (answer: Answer) => void;
  readonly elsewhere: (baseUrl: string) => Route;
}

function stageAt(route: Route, stage: Stage): Http {
  return {
    baseUrl: route.baseUrl,
    host: route.host,
    send(request) {
      if (typeof request === "function") return deliver(route, request, stage);
      const answer = deliver(route, async () => request, stage);
      return request.cleansUp === true ? stage.requests.follow(answer, () => true) : answer;
    },
    at: (baseUrl) => stageAt(stage.elsewhere(baseUrl), stage),
  };
}

/** Sends a request until it is answered for good. */
async function deliver(route: Route, build: BuildRequest, stage: Stage): Promise<Answer> {
  let next: BuildRequest = build;
  let longest = 0;
  let hasArrived = false;
  for (let retry = 0; ; retry++) {
    const request = await next(retry + 1);
    const came = await sendOnce(route, request, stage);
    if (!("failure" in came)) return came;
    const after = await nextRequest(request, came, next, hasArrived);
    const { passing: reason, retryAfter = 0, mayHaveArrived } = came;
    if (reason === undefined || after === undefined || retry >= stage.limits.retries) throw exhausted(came, retry + 1);
    longest = Math.max(longest, retryAfter);
    const wait = waitAfter(came, retry, longest, stage);
    stage.onRetry({ what: request.what, attempt: retry + 1, reason, wait });
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    next = after;
    hasArrived ||= mayHaveArrived === true;
  }
}

async function sendOnce(route: Route, request: Request, stage: Stage): Promise<Answer | Fault> {
  const { limits, left, requests } = stage;
  // Whoever waits for the answer waits for ever: the process is about to end.
  if (requests.isStopped() && request.cleansUp !== true) await new Promise(() => {});
  const longest = Math.max(SHORTEST_ATTEMPT_SECONDS, limits.seconds / 4);
  // What a creation left behind has to be looked for in the same stage.
  const share = typeof request.resend === "function" ? 0.6 : 1;
  const milliseconds = Math.max(1, Math.ceil(Math.min(longest, left() * share) * 1000));
  const progress: Progress = {};
  const outgoing = attempt(route, request, milliseconds, progress);
  if (request.mints === true) requests.follow(outgoing, () => progress.written === true);
  const came = await outgoing;
  if ("failure" in came) return came;
  stage.onAnswer(came);
  return faultIn(came, request, route) ?? came;
}

/**
 * What builds the request that follows a passing fault; undefined where none may.
 * @param hadArrived the service may have acted on an attempt before this one
 */
async function nextRequest(
  { resend = "freely", isReplacement }: Request,
  { mayHaveArrived = false, status }: Fault,
  now: BuildRequest,
  hadArrived: boolean,
): Promise<BuildRequest | undefined> {
  if (typeof resend === "function") {
    // A gateway can say 503 of a request that the service behind it has carried out; 429 says that nobody has (RFC 6585).
    const instead = await resend(mayHaveArrived || (status !== undefined && status !== 429));
    if (instead === undefined || isReplacement === true) return undefined;
    return async () => ({ ...(await instead()), isReplacement: true });
  }
  const isSpent = { freely: false, once: hadArrived, unwritten: mayHaveArrived || status !== undefined, never: true };
  return isSpent[resend] ? undefined : now;
}

/**
 * Seconds to wait before retry number `retry` (from 0).
 * @throws {Failure} where the stage ends before
 */
function waitAfter(fault: Fault, retry: number, longest: number, { limits, left, random }: Stage): number {
  const now = fault.retryAfter;
  const wait = now === undefined ? backoff(retry, random) : toldBackoff({ now, longest, left: left() }, retry, random);
  if (wait < left()) return wait;
  throw now === undefined ? exhausted(fault, retry + 1) : outlasted(fault, now, limits.seconds);
}

/** The last fault, with the number of attempts where there were several. */
function exhausted({ failure }: Fault, attempts: number): Failure {
  if (attempts === 1) return failure;
  return reworded(failure, failure.hint, `${failure.message} This was attempt ${attempts}, the last.`);
}

/** The service asked for a longer wait than the stage has time for. */
function outlasted({ failure }: Fault, told: number, stageSeconds: number): Failure {
  const seconds = Math.ceil(told);
  const asked = `It asks to wait ${seconds} seconds, longer than is left of the "timeout" of ${stageSeconds} seconds.`;
  const more = `Give a "timeout" above ${seconds}, ${FEWER_REQUESTS}`;
  return reworded(failure, failure.code === "rate-limited" ? more : failure.hint, `${failure.message} ${asked}`);
}
