import type { ClientRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import type { FailureDetails } from "../failure.ts";
import { errorCode, fieldOf, reasonOf } from "./codes.ts";
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

/** What is wrong between here and a peer. */
export interface Trouble extends FailureDetails {
  /** Goes on after "could not be used: ". */
  readonly words: string;
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
      issuer = [CN, O].flat().find(Boolean);
    });
  });
  // Set where the certificate is refused, and only there.
  return () => ({ distrusted: Boolean(socket?.authorizationError), issuer });
}

/** What TLS has to do with an error; undefined where it has nothing. */
export function tlsTrouble(error: unknown, peer: Peer): Trouble | undefined {
  const code = errorCode(error);
  if (peer.distrusted === true) {
    const [what, hint] = distrust(code, fieldOf(error, "message"), peer);
    return {
      words: `its certificate ${what}`,
      hint,
      answered: peer.issuer,
      answeredBy: "Its certificate is issued by",
    };
  }
  return /^(EPROTO$|ERR_(SSL|TLS|OSSL)_)/.test(code) ? failedHandshake(reasonOf(error), peer) : undefined;
}

/** What is wrong with a certificate by OpenSSL's code, or Node's own, and what to do. */
function distrust(code: string, message: string, { who, setIn, caGiven }: Peer): readonly [what: string, hint: string] {
  const owner = `Who runs ${who} has to`;
  switch (code) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID": {
      const flaw = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet";
      return [flaw, `${owner} renew it. If it is valid elsewhere, check the runner's clock.`];
    }
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return ["is for another host", `Use the host name that the certificate is made for in ${setIn}.`];
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return [
        "is self-signed",
        'If that is intended, give the certificate itself as "ca-certificate" (PEM text or a path).',
      ];
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return [
        "comes from an authority that this runner does not know",
        `${caGiven ? 'The given "ca-certificate" did not issue it. ' : ""}For a company's own authority, give its root certificate as "ca-certificate" (PEM text or a path), with intermediate ones that ${who} leaves out.`,
      ];
  }
  // In its fixed words (`X509_verify_cert_error_string`).
  const [said = ""] = message.split(";");
  const words = /^[A-Za-z][\w ,.()'/-]{2,99}$/.test(said) ? `; OpenSSL says “${said}”` : "";
  const isWeak = /too weak|too small|too short|digest/i.test(said);
  return [
    `is not trusted${code === "" || code === "UNSPECIFIED" ? "" : ` (${code})`}${words}`,
    isWeak
      ? `${owner} have it issued anew, with SHA-256 or better and a key of today (RSA of 2048 bits or an elliptic curve).`
      : `${code === "CERT_SIGNATURE_FAILURE" && caGiven ? 'The given "ca-certificate" has the name of its issuer and another key: give the current one. ' : ""}${owner} mend its certificate.`,
  ];
}

/** A handshake that ended before any certificate was judged, or by an alert of the other side (RFC 8446, section 6.2). */
function failedHandshake(reason: string, { who, setIn }: Peer): Trouble {
  if (reason.includes("certificate required")) return wantsClientCertificate(who, ` (${reason})`);
  const isRefused = /alert (?!protocol)/.test(reason);
  return {
    words: `no TLS connection came about (${reason})${isRefused ? ", perhaps for want of a client certificate" : ""}`,
    hint: isRefused
      ? `This action has none: ask who runs ${who}, and check host and port in ${setIn}.`
      : `Check scheme and port in ${setIn}: the port may speak plain HTTP, or no current version of TLS.`,
    title: "TLS handshake failed",
  };
}

export function wantsClientCertificate(who: Peer["who"], reason = ""): Trouble {
  return {
    words: `${who} wants a client certificate${reason}`,
    hint: `This action has none. Ask who runs ${who} for an address that wants none, or use a runner inside the network.`,
    title: "Client certificate wanted",
  };
}
