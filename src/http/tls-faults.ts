import type { ClientRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import { errorCode, fieldOf } from "./codes.ts";
import { node } from "./node.ts";

/** What a TLS handshake showed, beside the error that it may have ended with. */
export interface Seen {
  /** The certificate was not taken: the error is about it, whatever Node calls it. */
  readonly distrusted?: boolean;
  /** Common name or organisation of who issued the certificate; text from outside. */
  readonly issuer?: string | undefined;
}

/** Whose certificate it is. */
export interface Peer extends Seen {
  readonly who: "the service" | "the proxy";
  /** Where its address is set, for texts. */
  readonly setIn: string;
  /** `ca-certificate` was given. */
  readonly caGiven: boolean;
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
    if (outgoing.protocol === "http:" || !(used instanceof node.tls.TLSSocket) || outgoing.reusedSocket) return;
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

const CERTIFICATE_CODES =
  /^(CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|CRL_|ERROR_IN_CERT|ERROR_IN_CRL|UNABLE_TO_|UNSPECIFIED$|ERR_TLS_CERT)/;
const HANDSHAKE_CODES = /^(EPROTO$|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/;

/** In its own words and with its own way out for each kind of distrust; undefined where the error is of another kind. */
export function tlsFault(error: unknown, peer: Peer): TlsFault | undefined {
  const code = errorCode(error);
  const [, known] = KNOWN.find(([codes]) => codes.test(code)) ?? [];
  if (known !== undefined) return { about: "certificate", ...known(peer) };
  if (peer.distrusted === true || CERTIFICATE_CODES.test(code)) return otherDistrust(code, error, peer);
  return HANDSHAKE_CODES.test(code) ? failedHandshake(opensslReason(error), peer) : undefined;
}

/** OpenSSL's codes, and Node's own, with what each means. */
const KNOWN: readonly (readonly [codes: RegExp, meaning: (peer: Peer) => Omit<TlsFault, "about">])[] = [
  [
    /^CERT_HAS_EXPIRED$/,
    ({ who }) => ({
      what: "has expired",
      hint: `Who runs ${who} has to renew it. If it is valid elsewhere, check the runner's clock.`,
      title: "Certificate expired",
    }),
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    ({ who }) => ({ what: "is not valid yet", hint: `Check the runner's clock, or ask who runs ${who}.` }),
  ],
  [
    /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    ({ caGiven }) => ({
      what: "is self-signed",
      hint: caGiven
        ? 'It is not the given "ca-certificate", and may have been renewed. If it is meant to be self-signed, give the certificate itself (PEM text or a path).'
        : 'If that is intended, give the certificate itself as "ca-certificate" (PEM text or a path).',
      title: "Certificate self-signed",
    }),
  ],
  [
    /^(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/,
    unknownAuthority,
  ],
  [
    /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|IP_ADDRESS_MISMATCH)$/,
    ({ setIn }) => ({
      what: "is for another host",
      hint: `Use the host name that the certificate is made for in ${setIn}.`,
      title: "Certificate for another host",
    }),
  ],
];

function unknownAuthority({ issuer, who, caGiven }: Peer): Omit<TlsFault, "about"> {
  const own = 'For a company\'s own authority, give its root certificate as "ca-certificate" (PEM text or a path)';
  return {
    what: "comes from an authority that this runner does not know",
    hint: caGiven
      ? `The given "ca-certificate" did not issue it. ${own}, with the certificates between the root and that of ${who}, where ${who} leaves them out.`
      : `${own}; a public service may have left out an intermediate certificate.`,
    title: "Unknown certificate authority",
    issuer,
  };
}

/** Any other reason that OpenSSL has, in its fixed words (`X509_verify_cert_error_string`). */
function otherDistrust(code: string, error: unknown, { who, caGiven }: Peer): TlsFault {
  const [said = ""] = fieldOf(error, "message").split(";");
  const words = /^[A-Za-z][\w ,.()'/-]{2,99}$/.test(said) ? `; OpenSSL says “${said}”` : "";
  const name = code === "" || code === "UNSPECIFIED" ? "" : ` (${code})`;
  return { about: "certificate", what: `is not trusted${name}${words}`, hint: mending(code, said, who, caGiven) };
}

const KEY = "a key of today (RSA of 2048 bits or more, or an elliptic curve).";

/** What OpenSSL says of weak certificates, what that means, and what has to be done. */
const WEAK: readonly (readonly [RegExp, means: string, todo: string])[] = [
  [
    /digest|md too weak|CA_MD/i,
    "It, or one of an authority above it, is signed with an old digest such as SHA-1.",
    "have it issued anew, with SHA-256 or better.",
  ],
  [/^CA .*key/i, "The key of an authority above it is too short.", `have it issued anew by one with ${KEY}`],
  [/key too (weak|small|short)/i, "Its key is too short.", `renew it with ${KEY}`],
];

function mending(code: string, said: string, who: Peer["who"], caGiven: boolean): string {
  const [, means, todo] = WEAK.find(([pattern]) => pattern.test(said)) ?? [];
  if (means !== undefined) return `${means} Who runs ${who} has to ${todo}`;
  return code === "CERT_SIGNATURE_FAILURE" && caGiven
    ? `The given "ca-certificate" has the name of its issuer and another key: it may be an older or a newer one. Otherwise ask who runs ${who} to mend its certificate.`
    : `Ask who runs ${who} to mend its certificate.`;
}

/** A handshake that ended before any certificate was judged, or by an alert of the other side (RFC 8446, section 6.2). */
function failedHandshake(reason: string, { who, setIn }: Peer): TlsFault {
  if (/certificate required|no certificate/.test(reason)) return wantsClientCertificate(` (${reason})`, who);
  const isRefused = /alert (handshake failure|bad certificate|certificate unknown|unknown ca|access denied)/.test(
    reason,
  );
  return {
    about: "connection",
    what: ` (${reason})${isRefused ? ", perhaps for want of a client certificate" : ""}`,
    hint: isRefused
      ? `This action shows none. Or ${who} shares no cipher or version of TLS with this runner. Ask who runs ${who}, and check host and port in ${setIn}.`
      : `Check scheme and port in ${setIn}: the port may speak plain HTTP, or an old server no current TLS version.`,
    title: "TLS handshake failed",
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
  const said = fieldOf(error, "reason") || /:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):/.exec(fieldOf(error, "message"))?.[1];
  const reason = said ?? errorCode(error);
  return /^[\w /-]{1,80}$/.test(reason) ? reason : "handshake failed";
}
