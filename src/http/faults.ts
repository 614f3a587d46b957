import { Failure, type FailureDetails } from "../failure.ts";
import { ProxyFault } from "./proxy.ts";

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
  const certificate = certificateFailure(code, error, at.host);
  if (certificate !== undefined) return { ...final(certificate, at), reason: "certificate" };
  if (code.startsWith("HPE_")) return { ...final(notHttp(at.host, error), at), reason: "not HTTP" };
  const words = connectionWords(code);
  if (code === "ETIMEDOUT") return { ...silence(at, "in the time that the system allows"), reason: words };
  return {
    failure: new Failure("unavailable", `${at.host} could not be reached: ${words}.`, {
      hint: unreachableHint(code),
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
      hint: "Something between the runner and the service cut the connection. Re-run the job; if it stays, ask who runs the service or the network.",
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
      hint: 'The service is overloaded, or a firewall drops the connection (is it reachable from this runner?). Re-run the job, give a longer "timeout", or use a runner inside the network.',
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

export function tooLarge(at: Circumstances, mebibytes: number): Fault {
  const failure = new Failure("bad-response", `The answer of ${at.host} is larger than ${mebibytes} MiB.`, {
    hint: 'No token is that large: check that "url" is the base URL of the service\'s API.',
  });
  return { ...final(failure, { ...at, mayHaveArrived: true }), reason: "answer too large" };
}

function final(failure: Failure, at: Circumstances): Fault {
  return { failure, reason: failure.title, passing: false, mayHaveArrived: at.mayHaveArrived };
}

function proxyFault(fault: ProxyFault, at: Circumstances): Fault {
  const proxy = at.proxyHost ?? "the proxy";
  const code = errorCode(fault.cause);
  const refused = fault.status !== undefined;
  const what = refused
    ? `refused the connection to ${at.host} with status ${fault.status}`
    : `could not be used: ${fault.cause === undefined ? fault.message : connectionWords(code)}`;
  return {
    failure: new Failure("unavailable", `The proxy ${proxy} ${what}.`, {
      title: "Proxy fault",
      ...proxyDetails(fault),
    }),
    reason: `proxy: ${refused ? fault.status : fault.message}`,
    passing: !refused && isPassingProxyFault(fault, code),
    mayHaveArrived: false,
  };
}

function isPassingProxyFault(fault: ProxyFault, code: string): boolean {
  return fault.cause === undefined || PASSING.has(code) || code === "";
}

function proxyDetails(fault: ProxyFault): FailureDetails {
  if (fault.status === 407) {
    return {
      hint: 'It wants another user or password: set "https_proxy" (or "http_proxy") to http://user:password@host:port.',
    };
  }
  return {
    hint: 'Ask who runs the proxy to let this host pass, correct "https_proxy" (or "http_proxy"), or name the host in "no_proxy".',
    cause: fault,
  };
}

function unreachableHint(code: string): string {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return 'Check the host in "url". A name inside a company network resolves only on a runner inside it (`runs-on: self-hosted`).';
    case "ECONNREFUSED":
      return 'Nothing listens there, or a firewall refuses: check host and port in "url", and that the service is up and reachable from this runner.';
    default:
      return "The service or the network is down for now. Re-run the job; if it stays, check that the service is reachable from this runner.";
  }
}

function notHttp(host: string, cause: unknown): Failure {
  return new Failure("bad-response", `What ${host} answered is not HTTP.`, {
    hint: 'Another service listens there: check the scheme, host and port in "url".',
    cause,
  });
}

/** In its own words and with its own way out for each kind of distrust; undefined where the fault is another. */
function certificateFailure(code: string, cause: unknown, host: string): Failure | undefined {
  const fail = (sentence: string, hint: string, title?: string) =>
    new Failure("tls", sentence, { hint, cause, ...(title === undefined ? {} : { title }) });
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return fail(
        `The certificate of ${host} has expired.`,
        "Who runs the service has to renew it; until then no credential is sent there. If it is valid elsewhere, check the runner's clock.",
        "Certificate expired",
      );
    case "CERT_NOT_YET_VALID":
      return fail(
        `The certificate of ${host} is not valid yet.`,
        "Check the runner's clock, or ask who runs the service.",
      );
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return fail(
        `The certificate of ${host} is self-signed.`,
        'If that is intended, give the certificate itself as "ca-certificate" (PEM text or a path).',
        "Certificate self-signed",
      );
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return fail(
        `The certificate of ${host} comes from an authority that this runner does not know.`,
        'For a company\'s own authority, give its root certificate as "ca-certificate" (PEM text or a path); a public service may have left out an intermediate certificate.',
        "Unknown certificate authority",
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return fail(
        `The certificate that ${host} shows is for another host.`,
        'Use the host name that the certificate is made for in "url".',
        "Certificate for another host",
      );
  }
  if (
    /^(CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|CRL_|ERROR_IN_CERT|ERROR_IN_CRL|UNABLE_TO_|ERR_TLS_CERT)/.test(code)
  ) {
    return fail(
      `The certificate of ${host} is not trusted (${code}).`,
      "Ask who runs the service to mend its certificate.",
    );
  }
  if (code === "EPROTO" || /^(ERR_SSL_|ERR_TLS_)/.test(code)) {
    return fail(
      `No TLS connection to ${host} came about (${sslReason(cause)}).`,
      'Check the scheme and port in "url": a plain HTTP port does not speak TLS; an old server may offer no current TLS version.',
      "TLS handshake failed",
    );
  }
  return undefined;
}

/** OpenSSL's own constant for the cause, such as `SSL_WRONG_VERSION_NUMBER`: fixed words, nothing from outside. */
function sslReason(error: unknown): string {
  const reason = error instanceof Error && "reason" in error ? String(error.reason) : errorCode(error);
  return /^[\w ]{1,60}$/.test(reason) ? reason : "handshake failed";
}

/** Node's code of an error, looked for in its parts and its causes too. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return error.errors.map(errorCode).find((code) => code !== "") ?? "";
  return errorCode(error.cause);
}
