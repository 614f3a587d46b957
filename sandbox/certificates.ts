import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A key and its certificate, both in PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate that can sign others. */
export interface Authority extends Certificate {
  /** Issues a certificate for host names and IPv4 addresses. */
  issue(hosts: readonly string[], validity?: Validity): Certificate;
}

/** From and until when, in milliseconds since the epoch; from an hour ago for a day unless told. */
export interface Validity {
  readonly from?: number;
  readonly until?: number;
  /** Signed with SHA-1, or with an RSA key of 1024 bits: what OpenSSL takes no more. */
  readonly weak?: "digest" | "key";
}

const HOUR = 3_600_000;

/** An authority of its own making, that nobody trusts until told to. */
export function createAuthority(name: string): Authority {
  const { privateKey, publicKey } = newKey();
  const root = certificate({ name, publicKey, hosts: [], isAuthority: true }, { name, key: privateKey }, {});
  return {
    key: pemKey(privateKey),
    cert: root,
    issue(hosts, validity = {}) {
      const own = validity.weak === "key" ? generateKeyPairSync("rsa", { modulusLength: 1024 }) : newKey();
      const subject = { name: hosts[0] ?? "", publicKey: own.publicKey, hosts, isAuthority: false };
      return { key: pemKey(own.privateKey), cert: certificate(subject, { name, key: privateKey }, validity) };
    },
  };
}

/** A certificate that vouches for itself. */
export function selfSigned(hosts: readonly string[]): Certificate {
  const { privateKey, publicKey } = newKey();
  const name = hosts[0] ?? "";
  const cert = certificate({ name, publicKey, hosts, isAuthority: false }, { name, key: privateKey }, {});
  return { key: pemKey(privateKey), cert };
}

function newKey() {
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

/** RFC 5280, section 4.1, signed with ECDSA and SHA-256. */
function certificate(subject: Subject, issuer: { name: string; key: KeyObject }, validity: Validity): string {
  const { from = Date.now() - HOUR, until = Date.now() + 24 * HOUR, weak } = validity;
  const algorithm = sequence(weak === "digest" ? ECDSA_WITH_SHA1 : ECDSA_WITH_SHA256);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(from), time(until)),
    distinguishedName(subject.name),
    subject.publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...extensions(subject))),
  );
  const signed = sequence(body, algorithm, bitString(sign(weak === "digest" ? "sha1" : "sha256", body, issuer.key)));
  const lines = signed.toString("base64").replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

function extensions({ hosts, isAuthority }: Subject): Buffer[] {
  const basic = sequence(BASIC_CONSTRAINTS, TRUE, octetString(sequence(...(isAuthority ? [TRUE] : []))));
  if (hosts.length === 0) return [basic];
  return [basic, sequence(SUBJECT_ALT_NAME, octetString(sequence(...hosts.map(generalName))))];
}

function generalName(host: string): Buffer {
  return isIPv4(host) ? der(0x87, Buffer.from(host.split(".").map(Number))) : der(0x82, Buffer.from(host, "ascii"));
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name, "utf8")))));
}

// The parts of DER (X.690) that a certificate takes

const COMMON_NAME = Buffer.from("0603550403", "hex");
const BASIC_CONSTRAINTS = Buffer.from("0603551d13", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const ECDSA_WITH_SHA1 = Buffer.from("06072a8648ce3d0401", "hex");
const TRUE = Buffer.from("0101ff", "hex");

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function explicit(tag: number, content: Buffer): Buffer {
  return der(0xa0 | tag, content);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function octetString(bytes: Buffer): Buffer {
  return der(0x04, bytes);
}

/** UTCTime, which lasts until 2049. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`, "ascii"));
}
