import { X509Certificate } from "node:crypto";
import { realpathSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { readRegularFile } from "../text/regular-file.ts";
import { node } from "./node.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g;

/** A blank or a line break, also where it is written `\n`. A run of backslashes is read from its start alone. */
const WRITTEN_BREAK = /(?<!\\)\\+[rn]|\s/g;

/** Longest list of certificates that is handed to post itself, in characters. */
const MOST_IN_STATE = 96 * 1024;

/** Largest file of certificates that is read, in bytes. */
const LARGEST_FILE = 1024 * 1024;

/** A path of `ca-certificate` made absolute against `folder`; certificates as they are. */
export function absoluteCertificate(input: string, folder: string): string {
  return input === "" || pemText(input) !== undefined || isAbsolute(input) ? input : resolve(folder, input);
}

/**
 * All that connections are to trust: the certificates in addition to the roots that Node trusts.
 * @param input PEM text with one or more certificates, its base64, or the path of a PEM file
 * @returns undefined where there is nothing in addition
 * @throws {Failure} `invalid-input` where it holds no readable certificate
 */
export function trustedWith(input: string): string[] | undefined {
  return input === "" ? undefined : [...node.tls.getCACertificates("default"), ...certificatesIn(input)];
}

/**
 * Lets Node begin to read the roots that it trusts, which it does on another thread as soon as this part of it is loaded: a
 * connection that is opened some milliseconds later finds them read.
 */
export function readRootsAhead(): void {
  process.getBuiltinModule("node:tls");
}

/**
 * What post needs to trust the same: the certificates alone, so that a key in the same file is not copied, and the file may
 * be gone by then. Too many for a variable of the environment (128 KiB on Linux), they stay in their file.
 * @param input certificates or an absolute path, read before
 */
export function certificatesForPost(input: string): string {
  const certificates = input === "" ? "" : certificatesIn(input).join("");
  return certificates.length <= MOST_IN_STATE ? certificates : input;
}

/** Every certificate in the form of RFC 7468, also where its line breaks are written `\n` or are gone. */
function certificatesIn(input: string): string[] {
  const found = [...(pemText(input) ?? readFile(input)).matchAll(CERTIFICATE)];
  if (found.length === 0) throw unusable("holds no whole certificate in PEM form");
  return found.map(([, body = ""], index) => {
    try {
      return new X509Certificate(Buffer.from(body.replace(WRITTEN_BREAK, ""), "base64")).toString();
    } catch (cause) {
      throw unusable(`holds a certificate that cannot be read (number ${index + 1})`, cause);
    }
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
  let bytes: Buffer | undefined;
  let cause: unknown;
  try {
    bytes = readRegularFile(realpathSync(path), LARGEST_FILE);
  } catch (fault) {
    cause = fault;
  }
  if (bytes === undefined)
    throw unusable("is neither PEM text nor the path of a readable file of at most 1 MiB", cause);
  return bytes.toString("utf8");
}

function unusable(what: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The input "ca-certificate" ${what}.`, {
    hint: 'Give its text, from "-----BEGIN" to "-----END CERTIFICATE-----", or its path after a checkout.',
    cause,
  });
}
