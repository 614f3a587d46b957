import { Failure } from "../failure.ts";
import { errorCode, reasonOf } from "./codes.ts";
import { proxyFailure } from "./proxy.ts";
import type { Route } from "./route.ts";
import { type Seen, type Trouble, tlsTrouble, wantsClientCertificate } from "./tls-faults.ts";
import { ProxyFault, type Refusal } from "./tunnel.ts";

/** Why an attempt brought no answer that can be judged. */
export interface Fault {
  readonly failure: Failure;
  /** It may be gone at the next attempt: a few words for the log line of a retry. */
  readonly passing?: string | undefined;
  /** The service may have seen the request and acted on it. */
  readonly mayHaveArrived?: boolean;
  /** The status that was answered, where the fault is one. */
  readonly status?: number;
  /** Seconds that the service asked to wait. */
  readonly retryAfter?: number | undefined;
}

/** Any fault of the system but a name that nobody knows. */
const PASSING = /^E(?!NOTFOUND|RR_)/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: "the connection was reset",
  ECONNREFUSED: "the connection was refused",
  EAI_AGAIN: "the name could not be resolved for now",
  ENOTFOUND: "the host name is unknown",
};

/** What a broken connection, a bad certificate or a failed proxy means. */
export function connectionFault(error: unknown, route: Route, seen: Seen): Fault {
  const { host, secure, caGiven } = route;
  if (error instanceof ProxyFault) return proxyFault(error.details, route);
  const code = errorCode(error);
  if (code === "ETIMEDOUT") return silence(host, "while connecting");
  const distrust = tlsTrouble(error, { ...seen, who: "the service", setIn: '"url"', caGiven });
  if (distrust !== undefined) return untrusted(host, distrust, error);
  if (code.startsWith("HPE_")) return { failure: notHttp(host, error) };
  const words = wordsOf(code);
  const details = { hint: unreachableHint(code, secure), cause: error };
  const failure = new Failure("unavailable", `${host} could not be reached: ${words}.`, details);
  return { failure, passing: PASSING.test(code) ? words : undefined };
}

function wordsOf(code: string): string {
  return WORDS[code] ?? `the connection failed (${code || "no reason given"})`;
}

function unreachableHint(code: string, secure: boolean): string {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return 'Check the host in "url". An internal name resolves only on a runner inside its network (`runs-on: self-hosted`).';
  }
  return `Check host and port in "url", and that the service is up${secure ? "" : "; or the port speaks https: then write https://"}. Re-run the job.`;
}

/** The answer broke off before its end. */
export function truncated(host: string, cause: unknown): Fault {
  const hint = "Re-run the job; if it stays, ask who runs the service or the network.";
  const failure = new Failure("unavailable", `The answer of ${host} broke off before its end.`, { hint, cause });
  return { failure, passing: "the answer broke off" };
}

/** Nothing came, or not all, within the time of an attempt. */
export function silence(host: string, within: string): Fault {
  const failure = new Failure("timeout", `${host} did not answer ${within}.`, {
    hint: 'It is overloaded, or a firewall drops the connection. Re-run the job, give a longer "timeout", or use a runner inside the network.',
  });
  return { failure, passing: "no answer in time" };
}

/** Whether a failure comes from a name that no resolver knows: no retry and no waiting mends it. */
export function isUnknownHost(failure: Failure): boolean {
  return failure.code === "unavailable" && errorCode(failure.cause) === "ENOTFOUND";
}

/** What the parser could not take: something that is no HTTP at all, or HTTP that Node does not accept. */
function notHttp(host: string, cause: unknown): Failure {
  const isOther = /^HPE_INVALID_(CONSTANT|VERSION|METHOD)$/.test(errorCode(cause));
  const what = isOther ? "not HTTP" : "HTTP that is not taken here";
  const hint = isOther
    ? 'Another service listens there: check scheme, host and port in "url".'
    : "Ask who runs the service to keep to RFC 9112, and to 16 KiB of headers.";
  return new Failure("bad-response", `What ${host} answered is ${what} (${reasonOf(cause)}).`, { hint, cause });
}

function untrusted(host: string, { words, ...details }: Trouble, cause?: unknown): Fault {
  return { failure: new Failure("tls", `${host} could not be used: ${words}.`, { ...details, cause }) };
}

/** A server that says in a page what others say in the handshake. */
export function clientCertificateWanted(host: string): Fault {
  return untrusted(host, wantsClientCertificate("the service"));
}

const PROXY_HINT =
  'Ask who runs the proxy to let this host pass, correct "https_proxy" (or "http_proxy"), or name the host in "no_proxy".';

/** The proxy took the connection and then stayed silent. */
export function proxySilence(proxyHost: string, within: string): Fault {
  return unusableProxy(proxyHost, { words: `it did not answer ${within}`, hint: PROXY_HINT }, true);
}

function unusableProxy(proxyHost: string, { words, ...details }: Trouble, isPassing = false): Fault {
  return {
    failure: proxyFailure(`The proxy ${proxyHost} could not be used: ${words}.`, details),
    passing: isPassing ? `proxy: ${words}` : undefined,
  };
}

function proxyFault({ refusal, seen, cause }: ProxyFault["details"], { host, proxyHost = "", caGiven }: Route): Fault {
  if (refusal !== undefined) return { failure: proxyRefusal(refusal, proxyHost, host) };
  const distrust = tlsTrouble(cause, { ...seen, who: "the proxy", setIn: '"https_proxy"', caGiven });
  if (distrust !== undefined) return unusableProxy(proxyHost, { ...distrust, cause });
  const code = errorCode(cause);
  const words = code.startsWith("HPE_") ? `it does not speak HTTP as a proxy does (${reasonOf(cause)})` : wordsOf(code);
  return unusableProxy(proxyHost, { words, hint: PROXY_HINT, cause }, PASSING.test(code));
}

function proxyRefusal({ status, schemes }: Refusal, proxyHost: string, host: string): Failure {
  const refused = `The proxy ${proxyHost} refused the connection to ${host} with status ${status}`;
  const offered = schemes.join(" or ");
  if (status !== 407) return proxyFailure(`${refused}.`, { hint: PROXY_HINT });
  if (offered === "" || /basic/i.test(offered)) {
    return proxyFailure(`${refused}.`, {
      hint: 'It wants another user or password: set "https_proxy" (or "http_proxy") to http://user:password@host:port.',
    });
  }
  return proxyFailure(`${refused}: it wants ${offered}, and only Basic is spoken here.`, {
    hint: `Run a relay that signs in with ${offered} and name it in "https_proxy", or name ${host} in "no_proxy".`,
  });
}
