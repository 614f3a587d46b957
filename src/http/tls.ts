import { X509Certificate } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { node } from "./node.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g;

/** A blank or a line break, also where it is written `\n`. A run of backslashes is read from its start alone. */
const WRITTEN_BREAK = /(?<!\\)\\+[rn]|\s/g;

/** Longest list of certificates that is handed to post itself, in characters. */
const MOST_IN_STATE = 96 * 1024;

/** Largest file of certificates that is read, in bytes. */
const LARGEST_FILE = 1024 * 1024;

/** What the connections of a client trust. */
export interface Trust {
  /** `ca-certificate` was given. */
  readonly given: boolean;
  /** All that is trusted, where it is not what the whole process trusts by itself. */
  readonly ca?: string[];
}

/** Verification is never off, whatever the environment says; Node reads this variable at every connection. */
export function keepVerification(): void {
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
}

/** A path of `ca-certificate` made absolute against `folder`; certificates as they are. */
export function absoluteCertificate(input: string, folder: string): string {
  return input === "" || pemText(input) !== undefined || isAbsolute(input) ? input : resolve(folder, input);
}

/**
 * Trusts the certificates in addition to the roots that Node trusts, for every connection of this process.
 * @param input PEM text with one or more certificates, its base64, or the path of a PEM file
 * @returns what connections are to be told, where this Node cannot be told once for all
 * @throws {Failure} `invalid-input` where it holds no readable certificate
 */
export function trustCertificates(input: string): Trust {
  if (input === "") return { given: false };
  const certificates = certificatesIn(input);
  if (certificates.length === 0) {
    const isPath = pemText(input) === undefined;
    throw unusable(isPath ? "names a file that holds no certificate in PEM form" : "holds no whole certificate");
  }
  const readable = certificates.map((certificate, index) => {
    const wrong = `holds a certificate that cannot be read (number ${index + 1})`;
    return usable(wrong, () => new X509Certificate(certificate).toString());
  });
  // Not in every Node 24: the one came with 24.5, the other with 23.10.
  const { setDefaultCACertificates, getCACertificates }: Partial<typeof node.tls> = node.tls;
  const all = [
    ...(getCACertificates?.("default") ?? [...node.tls.rootCertificates, ...extraCertificates()]),
    ...readable,
  ];
  if (setDefaultCACertificates === undefined) return { given: true, ca: all };
  setDefaultCACertificates(all);
  return { given: true };
}

/** What Node trusts beside its roots. It goes on without a file that it cannot read. */
function extraCertificates(): string[] {
  try {
    return listed(readFile(process.env.NODE_EXTRA_CA_CERTS ?? ""));
  } catch {
    return [];
  }
}

/**
 * What post needs to trust the same: the certificates alone, so that a key in the same file is not copied, and the file may
 * be gone by then. Too many for a variable of the environment (128 KiB on Linux), they stay in their file.
 * @param input certificates or an absolute path, read before
 */
export function certificatesForPost(input: string): string {
  const certificates = input === "" ? "" : certificatesIn(input).join("\n");
  return certificates.length <= MOST_IN_STATE ? certificates : input;
}

function certificatesIn(input: string): string[] {
  return listed(pemText(input) ?? readFile(input));
}

/** Every certificate of a PEM text in the form of RFC 7468, also where its line breaks are written `\n` or are gone. */
function listed(pem: string): string[] {
  return [...pem.matchAll(CERTIFICATE)].map(([, body = ""]) => {
    const lines = body.replace(WRITTEN_BREAK, "").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----"].join("\n");
  });
}

/** The input as PEM text, where it is such a text or the base64 of one; undefined where it can only be a path. */
function pemText(input: string): string | undefined {
  if (input.includes(BEGIN)) return input;
  const base64 = input.replace(WRITTEN_BREAK, "");
  if (!/^[A-Za-z0-9+/_-]{100,}={0,2}$/.test(base64)) return undefined;
  const text = Buffer.from(base64, "base64").toString("latin1");
  return text.includes(BEGIN) ? text : undefined;
}

const BEGIN = "-----BEGIN";

function readFile(path: string): string {
  const bytes = usable("is neither PEM text nor the path of a readable file", () => readRegular(path));
  if (bytes === undefined) throw unusable("names what is no regular file");
  if (bytes.length > LARGEST_FILE) throw unusable("names a file of more than 1 MiB");
  return bytes.toString("utf8");
}

/** As much of a regular file as tells that it is too large; undefined where it is no such file, which may never end. */
function readRegular(path: string): Buffer | undefined {
  // Or a pipe that nobody writes to would be waited for. Windows knows neither the flag nor such a path.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = Buffer.alloc(LARGEST_FILE + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** What the work comes to; where it fails, that is what is wrong with the input. */
function usable<Result>(wrong: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    throw unusable(wrong, cause);
  }
}

function unusable(what: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The input "ca-certificate" ${what}.`, {
    hint: 'Give its text, from "-----BEGIN CERTIFICATE-----" to "-----END CERTIFICATE-----", or its path after a checkout.',
    cause,
  });
}
