import { Failure } from "../failure.ts";
import type { Body } from "./body.ts";
import { errorCode } from "./codes.ts";
import { ProxyFault } from "./proxy.ts";
import { type Seen, type TlsFault, tlsFault, wantsClientCertificate } from "./tls-faults.ts";

/** Why an attempt brought no answer that can be judged. */
export interface Fault {
  readonly failure: Failure;
  /** A few words for the log line of a retry. */
  readonly reason: string;
  /** It may be gone at the next attempt. */
  readonly passing: boolean;
  /** The service may have seen the request and acted on it. */
  readonly mayHaveArrived: boolean;
  /** The status that was answered, where the fault is one. */
  readonly status?: number;
  /** Seconds that the service asked to wait. */
  readonly retryAfter?: number | undefined;
}

interface Circumstances {
  /** Host of the service, with port. */
  readonly host: string;
  readonly proxyHost: string | undefined;
  readonly secure: boolean;
  /** `ca-certificate` was given. */
  readonly caGiven: boolean;
  readonly seen: Seen;
  readonly mayHaveArrived: boolean;
}

const PASSING = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "ETIMEDOUT",
  "EPIPE",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "EADDRNOTAVAIL",
  "ENOTCONN",
]);

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

function connectionWords(code: string): string {
  return WORDS[code] ?? `the connection failed (${code || "no reason given"})`;
}

/** What a broken connection, a bad certificate or a failed proxy means. */
export function connectionFault(error: unknown, at: Circumstances): Fault {
  if (error instanceof ProxyFault) return proxyFault(error, at);
  const code = errorCode(error);
  const distrust = tlsFault(error, at.seen, { who: "the service", setIn: '"url"' }, at.caGiven);
  if (distrust !== undefined) return { ...final(tlsFailure(distrust, at.host, error), at), reason: "certificate" };
  if (code.startsWith("HPE_")) return notHttp(at, error);
  const words = connectionWords(code);
  if (code === "ETIMEDOUT") return { ...silence(at, "in the time that the system allows"), reason: words };
  return {
    failure: new Failure("unavailable", `${at.host} could not be reached: ${words}.`, {
      hint: unreachableHint(code, at.secure),
      cause: error,
    }),
    reason: words,
    passing: PASSING.has(code),
    mayHaveArrived: at.mayHaveArrived,
  };
}

/** The answer broke off before its end. */
export function truncated(at: Circumstances, cause: unknown): Fault {
  return {
    failure: new Failure("unavailable", `The answer of ${at.host} broke off before its end.`, {
      hint: "Something on the way cut the connection. Re-run the job; if it stays, ask who runs the service or the network.",
      cause,
    }),
    reason: "the answer broke off",
    passing: true,
    mayHaveArrived: true,
  };
}

/** Nothing came, or not all, within the time of an attempt. */
export function silence(at: Circumstances, within: string): Fault {
  return {
    failure: new Failure("timeout", `${at.host} did not answer ${within}.`, {
      hint: 'The service is overloaded, or a firewall drops the connection. Re-run the job, give a longer "timeout", or use a runner inside the network.',
    }),
    reason: "no answer in time",
    passing: true,
    mayHaveArrived: at.mayHaveArrived,
  };
}

/** The proxy took the connection and then stayed silent. */
export function proxySilence(at: Circumstances, within: string): Fault {
  return proxyFault(new ProxyFault(`the proxy did not answer ${within}`, {}), at);
}

/** The body came and cannot be used: too large, or in a coding that cannot be taken off. */
export function unreadable(at: Circumstances, body: Exclude<Body, { kind: "read" }>, mebibytes: number): Fault {
  const arrived = { ...at, mayHaveArrived: true };
  switch (body.kind) {
    case "too large":
      return {
        ...final(
          new Failure("bad-response", `The answer of ${at.host} is larger than ${mebibytes} MiB.`, {
            hint: 'No token is that large: check that "url" is the service\'s base URL.',
          }),
          arrived,
        ),
        reason: "answer too large",
      };
    case "unknown coding":
      return {
        ...final(
          new Failure(
            "bad-response",
            `The answer of ${at.host} is in a content coding that is not read here, and none was asked for.`,
            {
              hint: "Ask who runs the service, or what stands in front of it, to leave answers as they are, or to use gzip.",
              answered: body.coding,
              answeredBy: "The coding is",
            },
          ),
          arrived,
        ),
        reason: "unknown content coding",
      };
    case "damaged":
      return {
        ...final(
          new Failure(
            "bad-response",
            `The answer of ${at.host} cannot be decoded: it is not whole, or not ${body.coding}.`,
            {
              hint: "Ask who runs the service, or what stands in front of it, to leave answers as they are.",
              cause: body.cause,
            },
          ),
          arrived,
        ),
        reason: "answer not decodable",
      };
  }
}

function final(failure: Failure, at: Circumstances): Fault {
  return { failure, reason: failure.title, passing: false, mayHaveArrived: at.mayHaveArrived };
}

function proxyFault(fault: ProxyFault, at: Circumstances): Fault {
  const proxy = at.proxyHost ?? "the proxy";
  if (fault.refusal !== undefined) return proxyRefusal(fault.refusal, proxy, at);
  const distrust = tlsFault(fault.cause, fault.seen, { who: "the proxy", setIn: '"https_proxy"' }, at.caGiven);
  const code = errorCode(fault.cause);
  const words = distrust === undefined ? proxyWords(fault, code) : ownTlsWords(distrust);
  return {
    failure: new Failure("unavailable", `The proxy ${proxy} could not be used: ${words}.`, {
      title: "Proxy fault",
      hint: distrust?.hint ?? PROXY_HINT,
      answered: distrust?.issuer,
      answeredBy: "Its certificate is issued by",
      cause: fault,
    }),
    reason: `proxy: ${distrust === undefined ? fault.message : "certificate"}`,
    passing: distrust === undefined && isPassingProxyFault(fault, code),
    mayHaveArrived: false,
  };
}

const PROXY_HINT =
  'Ask who runs the proxy to let this host pass, correct "https_proxy" (or "http_proxy"), or name the host in "no_proxy".';

function proxyWords(fault: ProxyFault, code: string): string {
  if (fault.cause === undefined) return fault.message;
  return code.startsWith("HPE_")
    ? `it does not speak HTTP as a proxy does (${parserReason(fault.cause)})`
    : connectionWords(code);
}

function ownTlsWords({ about, what }: TlsFault): string {
  return about === "certificate" ? `its certificate ${what}` : `no TLS connection came about${what}`;
}

function proxyRefusal(
  { status, schemes }: NonNullable<ProxyFault["refusal"]>,
  proxy: string,
  at: Circumstances,
): Fault {
  const isSpoken = schemes.length === 0 || schemes.some((scheme) => scheme.toLowerCase() === "basic");
  const wants = status === 407 && !isSpoken;
  const named = schemes.join(" or ");
  const offer = wants ? `: it wants ${named}, and only Basic is spoken here` : "";
  const signIn = wants
    ? `Run a relay that signs in with ${named} and name that in "https_proxy" (or "http_proxy"), ask who runs the proxy to let this runner pass without, or name ${at.host} in "no_proxy".`
    : 'It wants another user or password: set "https_proxy" (or "http_proxy") to http://user:password@host:port.';
  return {
    failure: new Failure(
      "unavailable",
      `The proxy ${proxy} refused the connection to ${at.host} with status ${status}${offer}.`,
      { title: "Proxy fault", hint: status === 407 ? signIn : PROXY_HINT },
    ),
    reason: `proxy: ${status}`,
    passing: false,
    mayHaveArrived: false,
  };
}

function isPassingProxyFault(fault: ProxyFault, code: string): boolean {
  return fault.cause === undefined || PASSING.has(code) || code === "";
}

function unreachableHint(code: string, secure: boolean): string {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return 'Check the host in "url". A name inside a company network resolves only on a runner inside it (`runs-on: self-hosted`).';
    case "ECONNREFUSED":
      return 'Nothing listens there, or a firewall refuses: check host and port in "url", and that the service is up.';
    default:
      return `The service or the network is down${secure ? "" : ', or the port speaks https: then write https:// in "url"'}. Re-run the job; if it stays, check that this runner reaches the service.`;
  }
}

/** What the parser could not take: something that is no HTTP at all, or HTTP that Node does not accept. */
function notHttp(at: Circumstances, cause: unknown): Fault {
  const reason = parserReason(cause);
  const isOther = NO_HTTP_AT_ALL.has(errorCode(cause));
  const failure = isOther
    ? new Failure("bad-response", `What ${at.host} answered is not HTTP (${reason}).`, {
        hint: `Another service listens there${at.secure ? "" : ", or the port speaks https"}: check "url".`,
        cause,
      })
    : new Failure("bad-response", `What ${at.host} answered is HTTP that is not taken here (${reason}).`, {
        hint: parserHint(errorCode(cause)),
        cause,
      });
  return { ...final(failure, at), reason: "not HTTP" };
}

/** The first bytes are not those of an answer. */
const NO_HTTP_AT_ALL = new Set(["HPE_INVALID_CONSTANT", "HPE_INVALID_VERSION", "HPE_INVALID_METHOD"]);

function parserHint(code: string): string {
  const ask = "Ask who runs the service, or what stands in front of it";
  if (code === "HPE_UPGRADE") return `It switched to a protocol that nobody asked for. ${ask}.`;
  if (code === "HPE_HEADER_OVERFLOW")
    return `Headers and trailers may have 16 KiB together. ${ask}, to send fewer or shorter ones.`;
  return `${ask}, to keep to the standard (RFC 9112).`;
}

/** The parser's own words for what it could not take: fixed ones, nothing from outside. */
function parserReason(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? String(error.reason) : "";
  return /^[\w /,.:;'"()-]{1,100}$/.test(reason) ? reason : errorCode(error);
}

function tlsFailure({ about, what, hint, title, issuer }: TlsFault, host: string, cause: unknown): Failure {
  const sentence =
    about === "certificate" ? `The certificate of ${host} ${what}.` : `No TLS connection to ${host} came about${what}.`;
  const details = { hint, cause, answered: issuer, answeredBy: "It is issued by" };
  return new Failure("tls", sentence, title === undefined ? details : { ...details, title });
}

/** A server that says in a page what others say in the handshake. */
export function clientCertificateWanted(host: string): Fault {
  const fault = wantsClientCertificate("", "the service");
  return { failure: tlsFailure(fault, host, undefined), reason: "certificate", passing: false, mayHaveArrived: false };
}

/** Whether a failure comes from a name that no resolver knows: no retry and no waiting mends it. */
export function isUnknownHost(failure: Failure): boolean {
  return failure.code === "unavailable" && errorCode(failure.cause) === "ENOTFOUND";
}
