import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";

/** A key and its certificate, both in PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate that can sign others. */
export interface Authority extends Certificate {
  /** Issues a certificate for host names and IP addresses; the first of them, or the name of a client, is its subject. */
  issue(hosts: readonly string[], issuing?: Issuing): Certificate;
  /** An authority below this one. A server shows its certificate after that of a leaf. */
  intermediate(name: string): Authority;
}

/** From and until when, in milliseconds since the epoch; from an hour ago for a day unless told. */
export interface Validity {
  readonly from?: number;
  readonly until?: number;
}

/** What differs from a certificate that any server could show. */
export interface Issuing extends Validity {
  /** An RSA key, in the place of one on the curve P-256. */
  readonly rsa?: boolean;
  /** Signed with SHA-1, or with an RSA key of 1024 bits: what OpenSSL takes no more. */
  readonly weak?: "digest" | "key";
  /** Made to prove a client, and no server. */
  readonly client?: boolean;
}

const HOUR = 3_600_000;

/** An authority of its own making, that nobody trusts until told to. It has a key of its own kind, like `issue`. */
export function createAuthority(name: string, issuing: Issuing = {}): Authority {
  const own = newKey(issuing);
  const subject = { name, hosts: [], isAuthority: true, publicKey: own.publicKey };
  return authority(name, own.privateKey, certificate(subject, { name, key: own.privateKey }, issuing));
}

/** A certificate that vouches for itself. */
export function selfSigned(hosts: readonly string[], issuing: Issuing = {}): Certificate {
  const { privateKey: key, publicKey } = newKey(issuing);
  const name = hosts[0] ?? "";
  return {
    key: pemKey(key),
    cert: certificate({ name, hosts, isAuthority: false, publicKey }, { name, key }, issuing),
  };
}

function authority(name: string, key: KeyObject, cert: string): Authority {
  const signed = (subject: Omit<Subject, "publicKey">, issuing: Issuing) => {
    const own = newKey(issuing);
    return { key: own.privateKey, cert: certificate({ ...subject, publicKey: own.publicKey }, { name, key }, issuing) };
  };
  return {
    key: pemKey(key),
    cert,
    issue(hosts, issuing = {}) {
      const issued = signed({ name: hosts[0] ?? "", hosts: issuing.client ? [] : hosts, isAuthority: false }, issuing);
      return { key: pemKey(issued.key), cert: issued.cert };
    },
    intermediate(below) {
      const issued = signed({ name: below, hosts: [], isAuthority: true }, {});
      return authority(below, issued.key, issued.cert);
    },
  };
}

function newKey({ rsa = false, weak }: Issuing) {
  if (rsa || weak === "key") return generateKeyPairSync("rsa", { modulusLength: weak === "key" ? 1024 : 2048 });
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function pemKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly hosts: readonly string[];
  readonly isAuthority: boolean;
}

/** RFC 5280, section 4.1. */
function certificate(subject: Subject, issuer: { name: string; key: KeyObject }, issuing: Issuing): string {
  const { from = Date.now() - HOUR, until = Date.now() + 24 * HOUR, weak } = issuing;
  const digest = weak === "digest" ? "sha1" : "sha256";
  const algorithm = signatureAlgorithm(issuer.key, digest);
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    // The first bit of a serial number is its sign.
    serialNumber: bytes(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    signature: algorithm,
    issuer: distinguishedName(issuer.name),
    validity: new x509.Validity({ notBefore: new Date(from), notAfter: new Date(until) }),
    subject: distinguishedName(subject.name),
    subjectPublicKeyInfo: AsnConvert.parse(
      subject.publicKey.export({ type: "spki", format: "der" }),
      x509.SubjectPublicKeyInfo,
    ),
    extensions: new x509.Extensions(extensions(subject, issuing)),
  });
  const signatureValue = bytes(sign(digest, Buffer.from(AsnConvert.serialize(tbsCertificate)), issuer.key));
  const whole = new x509.Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue });
  const lines = Buffer.from(AsnConvert.serialize(whole))
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

/** RFC 5758, section 3.2, and RFC 4055, section 5: those of RSA have parameters that say nothing. */
const SIGNATURES = {
  ec: { sha256: { algorithm: "1.2.840.10045.4.3.2" }, sha1: { algorithm: "1.2.840.10045.4.1" } },
  rsa: {
    sha256: { algorithm: "1.2.840.113549.1.1.11", parameters: null },
    sha1: { algorithm: "1.2.840.113549.1.1.5", parameters: null },
  },
};

function signatureAlgorithm(key: KeyObject, digest: "sha256" | "sha1"): x509.AlgorithmIdentifier {
  return new x509.AlgorithmIdentifier(SIGNATURES[key.asymmetricKeyType === "rsa" ? "rsa" : "ec"][digest]);
}

function distinguishedName(name: string): x509.Name {
  const value = new x509.AttributeValue({ utf8String: name });
  const commonName = new x509.AttributeTypeAndValue({ type: "2.5.4.3", value });
  return new x509.Name([new x509.RelativeDistinguishedName([commonName])]);
}

function extensions({ hosts, isAuthority }: Subject, { client = false }: Issuing): x509.Extension[] {
  const names = hosts.map((host) => new x509.GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host }));
  return [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: isAuthority })),
    ...(names.length > 0 ? [extension(x509.id_ce_subjectAltName, new x509.SubjectAlternativeName(names))] : []),
    ...(client ? [extension(x509.id_ce_extKeyUsage, new x509.ExtendedKeyUsage([x509.id_kp_clientAuth]))] : []),
  ];
}

function extension(extnID: string, content: object): x509.Extension {
  return new x509.Extension({ extnID, extnValue: new OctetString(AsnConvert.serialize(content)) });
}

/** The bytes alone: a buffer can share its memory with others. */
function bytes(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}
