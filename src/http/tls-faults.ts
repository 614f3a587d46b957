import type { ClientRequest } from "node:http";
import { TLSSocket } from "node:tls";
import { errorCode } from "./codes.ts";

/** What a TLS handshake showed, beside the error that it may have ended with. */
export interface Seen {
  /** The certificate was not taken: the error is about it, whatever Node calls it. */
  readonly distrusted?: boolean;
  /** Common name or organisation of who issued the certificate; text from outside. */
  readonly issuer?: string | undefined;
}

/** Whose certificate it is. */
export interface Peer {
  readonly who: "the service" | "the proxy";
  /** Where its address is set, for texts. */
  readonly setIn: string;
}

/** What is wrong between here and a peer because of TLS. */
export interface TlsFault {
  /** `certificate`: `what` goes on after its name. `connection`: after "no TLS connection came about". */
  readonly about: "certificate" | "connection";
  readonly what: string;
  readonly hint: string;
  readonly title?: string;
  readonly issuer?: string | undefined;
}

/** Watches the handshake of a request; the function that is returned tells what it showed so far. */
export function watchHandshake(outgoing: ClientRequest): () => Seen {
  let socket: TLSSocket | undefined;
  let issuer: string | undefined;
  outgoing.once("socket", (used) => {
    if (outgoing.protocol === "http:" || !(used instanceof TLSSocket) || outgoing.reusedSocket) return;
    socket = used;
    // Node drops the certificate with the connection; this event comes before Node judges it.
    used.prependOnceListener("secure", () => {
      const { CN, O } = used.getPeerCertificate().issuer ?? {};
      issuer = [CN, O].flat().find((name) => name !== undefined && name !== "");
    });
  });
  // Set where the certificate is refused, and only there.
  return () => ({ distrusted: Boolean(socket?.authorizationError), issuer });
}

/**
 * In its own words and with its own way out for each kind of distrust; undefined where the error is of another kind.
 * @param caGiven whether `ca-certificate` was given
 */
export function tlsFault(error: unknown, seen: Seen, peer: Peer, caGiven: boolean): TlsFault | undefined {
  const code = errorCode(error);
  const known = knownDistrust(code, seen, peer, caGiven);
  if (known !== undefined) return known;
  if (seen.distrusted === true || CERTIFICATE_CODES.test(code)) return otherDistrust(code, error, peer, caGiven);
  return HANDSHAKE_CODES.test(code) ? failedHandshake(opensslReason(error), peer) : undefined;
}

const CERTIFICATE_CODES =
  /^(CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|CRL_|ERROR_IN_CERT|ERROR_IN_CRL|UNABLE_TO_|UNSPECIFIED$|ERR_TLS_CERT)/;
const HANDSHAKE_CODES = /^(EPROTO$|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/;

function knownDistrust(code: string, seen: Seen, { who, setIn }: Peer, caGiven: boolean): TlsFault | undefined {
  const about = "certificate";
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return {
        about,
        what: "has expired",
        hint: `Who runs ${who} has to renew it. If it is valid elsewhere, check the runner's clock.`,
        title: "Certificate expired",
      };
    case "CERT_NOT_YET_VALID":
      return { about, what: "is not valid yet", hint: `Check the runner's clock, or ask who runs ${who}.` };
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return {
        about,
        what: "is self-signed",
        hint: caGiven
          ? 'It is not the given "ca-certificate", and may have been renewed. If it is meant to be self-signed, give the certificate itself (PEM text or a path).'
          : 'If that is intended, give the certificate itself as "ca-certificate" (PEM text or a path).',
        title: "Certificate self-signed",
      };
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return unknownAuthority(seen, who, caGiven);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
    case "IP_ADDRESS_MISMATCH":
      return {
        about,
        what: "is for another host",
        hint: `Use the host name that the certificate is made for in ${setIn}.`,
        title: "Certificate for another host",
      };
    default:
      return undefined;
  }
}

function unknownAuthority({ issuer }: Seen, who: Peer["who"], caGiven: boolean): TlsFault {
  const own = 'For a company\'s own authority, give its root certificate as "ca-certificate" (PEM text or a path)';
  return {
    about: "certificate",
    what: "comes from an authority that this runner does not know",
    hint: caGiven
      ? `The given "ca-certificate" did not issue it. ${own}, with the certificates between the root and that of ${who}, where ${who} leaves them out.`
      : `${own}; a public service may have left out an intermediate certificate.`,
    title: "Unknown certificate authority",
    issuer,
  };
}

/** Any other reason that OpenSSL has, in its fixed words (`X509_verify_cert_error_string`). */
function otherDistrust(code: string, error: unknown, { who }: Peer, caGiven: boolean): TlsFault {
  const said = error instanceof Error ? (error.message.split(";")[0] ?? "") : "";
  const words = FIXED_WORDS.test(said) ? `; OpenSSL says “${said}”` : "";
  const name = code === "" || code === "UNSPECIFIED" ? "" : ` (${code})`;
  return { about: "certificate", what: `is not trusted${name}${words}`, hint: mending(code, said, who, caGiven) };
}

const FIXED_WORDS = /^[A-Za-z][\w ,.()'/-]{2,99}$/;

const KEY = "a key of today (RSA of 2048 bits or more, or an elliptic curve).";

function mending(code: string, said: string, who: Peer["who"], caGiven: boolean): string {
  if (/digest|md too weak|CA_MD/i.test(said)) {
    return `It, or one of an authority above it, is signed with an old digest such as SHA-1. Who runs ${who} has to have it issued anew, with SHA-256 or better.`;
  }
  if (/^CA .*key/i.test(said)) {
    return `The key of an authority above it is too short. Who runs ${who} has to have it issued anew by one with ${KEY}`;
  }
  if (/key too (weak|small|short)/i.test(said)) {
    return `Its key is too short. Who runs ${who} has to renew it with ${KEY}`;
  }
  const mend = `Ask who runs ${who} to mend its certificate.`;
  return code === "CERT_SIGNATURE_FAILURE" && caGiven
    ? `The given "ca-certificate" has the name of its issuer and another key: it may be an older or a newer one. Otherwise a${mend.slice(1)}`
    : mend;
}

/** A handshake that ended before any certificate was judged, or by an alert of the other side (RFC 8446, section 6.2). */
function failedHandshake(reason: string, { who, setIn }: Peer): TlsFault {
  const about = "connection";
  const title = "TLS handshake failed";
  if (/certificate required|no certificate/.test(reason)) {
    return wantsClientCertificate(` (${reason})`, who);
  }
  if (/alert (handshake failure|bad certificate|certificate unknown|unknown ca|access denied)/.test(reason)) {
    return {
      about,
      what: ` (${reason}), perhaps for want of a client certificate`,
      hint: `This action shows none. Or ${who} shares no cipher or version of TLS with this runner. Ask who runs ${who}, and check host and port in ${setIn}.`,
      title,
    };
  }
  return {
    about,
    what: ` (${reason})`,
    hint: `Check scheme and port in ${setIn}: the port may speak plain HTTP, or an old server no current TLS version.`,
    title,
  };
}

export function wantsClientCertificate(reason: string, who: Peer["who"]): TlsFault {
  return {
    about: "connection",
    what: `: ${who} wants a client certificate${reason}`,
    hint: `This action shows none. Ask who runs ${who} for an address that wants none, or use a runner inside the network.`,
    title: "Client certificate wanted",
  };
}

/** OpenSSL's own words for the cause, such as `wrong version number`: nothing from outside. */
function opensslReason(error: unknown): string {
  const said = error instanceof Error ? error.message : "";
  const reason =
    error instanceof Error && "reason" in error
      ? String(error.reason)
      : (/:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):/.exec(said)?.[1] ?? errorCode(error));
  return /^[\w /-]{1,80}$/.test(reason) ? reason : "handshake failed";
}
