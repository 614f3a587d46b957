import { Failure, type FailureDetails } from "../failure.ts";
import type { Unreadable } from "./body.ts";
import { errorCode, fieldOf } from "./codes.ts";
import type { Route } from "./route.ts";
import { type Seen, type TlsFault, tlsFault, wantsClientCertificate } from "./tls-faults.ts";
import { ProxyFault, type Refusal } from "./tunnel.ts";

/** Why an attempt brought no answer that can be judged. */
export interface Fault {
  readonly failure: Failure;
  /** A few words for the log line of a retry. */
  readonly reason: string;
  /** It may be gone at the next attempt. */
  readonly passing?: boolean;
  /** The service may have seen the request and acted on it. */
  readonly mayHaveArrived?: boolean;
  /** The status that was answered, where the fault is one. */
  readonly status?: number;
  /** Seconds that the service asked to wait. */
  readonly retryAfter?: number | undefined;
}

const PASSING =
  /^(?:ECONN(?:RESET|REFUSED|ABORTED)|ETIMEDOUT|EPIPE|EAI_AGAIN|EHOST(?:UNREACH|DOWN)|ENET(?:UNREACH|DOWN|RESET)|EADDRNOTAVAIL|ENOTCONN)$/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: "the connection was reset",
  ECONNREFUSED: "the connection was refused",
  ECONNABORTED: "the connection was aborted",
  ETIMEDOUT: "the connection timed out",
  EPIPE: "the connection was closed",
  EAI_AGAIN: "the name could not be resolved for now",
  ENOTFOUND: "the host name is unknown",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
};

function wordsOf(code: string): string {
  return WORDS[code] ?? `the connection failed (${code || "no reason given"})`;
}

/** What a broken connection, a bad certificate or a failed proxy means. */
export function connectionFault(error: unknown, route: Route, seen: Seen): Fault {
  const { host, secure, caGiven } = route;
  if (error instanceof ProxyFault) return proxyFault(error, route);
  const distrust = tlsFault(error, { ...seen, who: "the service", setIn: '"url"', caGiven });
  if (distrust !== undefined) return distrusted(distrust, host, error);
  const code = errorCode(error);
  if (code.startsWith("HPE_")) return notHttp(host, secure, error);
  const reason = wordsOf(code);
  if (code === "ETIMEDOUT") return { ...silence(host, "in the time that the system allows"), reason };
  const failure = new Failure("unavailable", `${host} could not be reached: ${reason}.`, {
    hint: unreachableHint(code, secure),
    cause: error,
  });
  return { failure, reason, passing: PASSING.test(code) };
}

function unreachableHint(code: string, secure: boolean): string {
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return 'Check the host in "url". A name inside a company network resolves only on a runner inside it (`runs-on: self-hosted`).';
  }
  if (code === "ECONNREFUSED") {
    return 'Nothing listens there, or a firewall refuses: check host and port in "url", and that the service is up.';
  }
  return `The service or the network is down${secure ? "" : ', or the port speaks https: then write https:// in "url"'}. Re-run the job; if it stays, check that this runner reaches the service.`;
}

/** The answer broke off before its end. */
export function truncated(host: string, cause: unknown): Fault {
  const failure = new Failure("unavailable", `The answer of ${host} broke off before its end.`, {
    hint: "Something on the way cut the connection. Re-run the job; if it stays, ask who runs the service or the network.",
    cause,
  });
  return { failure, reason: "the answer broke off", passing: true };
}

/** Nothing came, or not all, within the time of an attempt. */
export function silence(host: string, within: string): Fault {
  const failure = new Failure("timeout", `${host} did not answer ${within}.`, {
    hint: 'The service is overloaded, or a firewall drops the connection. Re-run the job, give a longer "timeout", or use a runner inside the network.',
  });
  return { failure, reason: "no answer in time", passing: true };
}

/** The body came and cannot be used. */
export function unreadable(host: string, { what, reason, ...details }: Unreadable): Fault {
  return { failure: new Failure("bad-response", `The answer of ${host} ${what}.`, details), reason };
}

/** Whether a failure comes from a name that no resolver knows: no retry and no waiting mends it. */
export function isUnknownHost(failure: Failure): boolean {
  return failure.code === "unavailable" && errorCode(failure.cause) === "ENOTFOUND";
}

const NO_HTTP_AT_ALL = /^HPE_INVALID_(?:CONSTANT|VERSION|METHOD)$/;

/** What the parser could not take: something that is no HTTP at all, or HTTP that Node does not accept. */
function notHttp(host: string, secure: boolean, cause: unknown): Fault {
  const code = errorCode(cause);
  const isOther = NO_HTTP_AT_ALL.test(code);
  const what = isOther ? "not HTTP" : "HTTP that is not taken here";
  const hint = isOther
    ? `Another service listens there${secure ? "" : ", or the port speaks https"}: check "url".`
    : parserHint(code);
  const failure = new Failure("bad-response", `What ${host} answered is ${what} (${parserReason(cause)}).`, {
    hint,
    cause,
  });
  return { failure, reason: "not HTTP" };
}

function parserHint(code: string): string {
  const ask = "Ask who runs the service, or what stands in front of it";
  if (code === "HPE_UPGRADE") return `It switched to a protocol that nobody asked for. ${ask}.`;
  if (code === "HPE_HEADER_OVERFLOW") {
    return `Headers and trailers may have 16 KiB together. ${ask}, to send fewer or shorter ones.`;
  }
  return `${ask}, to keep to the standard (RFC 9112).`;
}

/** The parser's own words for what it could not take: fixed ones, nothing from outside. */
function parserReason(error: unknown): string {
  const reason = fieldOf(error, "reason");
  return /^[\w /,.:;'"()-]{1,100}$/.test(reason) ? reason : errorCode(error);
}

function distrusted({ about, what, hint, title, issuer }: TlsFault, host: string, cause: unknown): Fault {
  const sentence =
    about === "certificate" ? `The certificate of ${host} ${what}.` : `No TLS connection to ${host} came about${what}.`;
  const details = { hint, cause, answered: issuer, answeredBy: "It is issued by" };
  const failure = new Failure("tls", sentence, title === undefined ? details : { ...details, title });
  return { failure, reason: "certificate" };
}

/** A server that says in a page what others say in the handshake. */
export function clientCertificateWanted(host: string): Fault {
  return distrusted(wantsClientCertificate("", "the service"), host, undefined);
}

/** The proxy took the connection and then stayed silent. */
export function proxySilence(proxyHost: string, within: string): Fault {
  const words = `the proxy did not answer ${within}`;
  return { failure: unusableProxy(proxyHost, words), reason: `proxy: ${words}`, passing: true };
}

function unusableProxy(proxyHost: string, words: string, details: Partial<FailureDetails> = {}): Failure {
  const sentence = `The proxy ${proxyHost} could not be used: ${words}.`;
  return new Failure("unavailable", sentence, { title: "Proxy fault", hint: PROXY_HINT, ...details });
}

const PROXY_HINT =
  'Ask who runs the proxy to let this host pass, correct "https_proxy" (or "http_proxy"), or name the host in "no_proxy".';

function proxyFault(fault: ProxyFault, { host, proxyHost = "the proxy", caGiven }: Route): Fault {
  const { refusal, seen, cause, message } = fault;
  if (refusal !== undefined) return proxyRefusal(refusal, proxyHost, host);
  const distrust = tlsFault(cause, { ...seen, who: "the proxy", setIn: '"https_proxy"', caGiven });
  if (distrust !== undefined) {
    const { about, what, hint, issuer: answered } = distrust;
    const words = about === "certificate" ? `its certificate ${what}` : `no TLS connection came about${what}`;
    const details = { hint, answered, answeredBy: "Its certificate is issued by", cause: fault };
    return { failure: unusableProxy(proxyHost, words, details), reason: "proxy: certificate" };
  }
  const code = errorCode(cause);
  const words = code.startsWith("HPE_")
    ? `it does not speak HTTP as a proxy does (${parserReason(cause)})`
    : wordsOf(code);
  const failure = unusableProxy(proxyHost, words, { cause: fault });
  return { failure, reason: `proxy: ${message}`, passing: code === "" || PASSING.test(code) };
}

function proxyRefusal({ status, schemes }: Refusal, proxyHost: string, host: string): Fault {
  const named = schemes.join(" or ");
  const isSpoken = named === "" || schemes.some((scheme) => scheme.toLowerCase() === "basic");
  const offer = status !== 407 || isSpoken ? "" : `: it wants ${named}, and only Basic is spoken here`;
  const signIn = isSpoken
    ? 'It wants another user or password: set "https_proxy" (or "http_proxy") to http://user:password@host:port.'
    : `Run a relay that signs in with ${named} and name that in "https_proxy" (or "http_proxy"), ask who runs the proxy to let this runner pass without, or name ${host} in "no_proxy".`;
  const sentence = `The proxy ${proxyHost} refused the connection to ${host} with status ${status}${offer}.`;
  const hint = status === 407 ? signIn : PROXY_HINT;
  return { failure: new Failure("unavailable", sentence, { title: "Proxy fault", hint }), reason: `proxy: ${status}` };
}
