import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import * as tls from "node:tls";
import { Failure } from "../failure.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Longest list of certificates that is handed to post itself, in characters. */
const MOST_IN_STATE = 96 * 1024;

/** Verification is never off, whatever the environment says; Node reads this variable at every connection. */
export function keepVerification(): void {
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
}

/** A path of `ca-certificate` made absolute against `folder`; PEM text as it is. */
export function absoluteCertificate(input: string, folder: string): string {
  return input === "" || isPem(input) || isAbsolute(input) ? input : resolve(folder, input);
}

/**
 * Trusts the certificates in addition to the roots that Node trusts, for every connection of this process.
 * @param input PEM text with one or more certificates, or the path of such a file
 * @throws {Failure} `invalid-input` where it holds no readable certificate
 */
export function trustCertificates(input: string): void {
  if (input === "") return;
  const certificates = certificatesIn(input);
  if (certificates.length === 0) {
    throw unusable(isPem(input) ? "holds no whole certificate" : "names a file that holds no certificate in PEM form");
  }
  for (const [index, certificate] of certificates.entries()) checkReadable(certificate, index + 1);
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...certificates]);
}

/**
 * What post needs to trust the same: the certificates alone, so that a key in the same file is not copied, and the file may
 * be gone by then. Too many for a variable of the environment (128 KiB on Linux), they stay in their file.
 * @param input PEM text or an absolute path, read before
 */
export function certificatesForPost(input: string): string {
  const certificates = input === "" ? "" : certificatesIn(input).join("\n");
  return certificates.length <= MOST_IN_STATE ? certificates : input;
}

function certificatesIn(input: string): string[] {
  return readPem(input).match(CERTIFICATE) ?? [];
}

function isPem(input: string): boolean {
  return input.includes("-----BEGIN");
}

function readPem(input: string): string {
  if (isPem(input)) return input;
  try {
    return readFileSync(input, "utf8");
  } catch (cause) {
    throw unusable("is neither PEM text nor the path of a readable file", cause);
  }
}

function checkReadable(certificate: string, position: number): void {
  try {
    new X509Certificate(certificate);
  } catch (cause) {
    throw unusable(`holds a certificate that cannot be read (number ${position})`, cause);
  }
}

function unusable(what: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The input "ca-certificate" ${what}.`, {
    hint: 'Give the text of the file, from "-----BEGIN CERTIFICATE-----" to "-----END CERTIFICATE-----", or its path after a checkout.',
    cause,
  });
}
