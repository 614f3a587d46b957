import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import * as z from "zod/mini";
import { parseJson, read, schema } from "../text/json.ts";

const CIPHER = "aes-256-gcm";

/** Bytes of the initialization vector and of the authentication tag (RFC 7518, section 5.3). */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What would change how the rest is read (`crit`, `zip`) is not taken, so nothing is decompressed. */
const Header = schema(() =>
  z.object({
    alg: z.enum(["dir"]),
    enc: z.enum(["A256GCM"]),
    zip: z.optional(z.never()),
    crit: z.optional(z.never()),
  }),
);

/**
 * Encrypts a text as a JWE in compact form (RFC 7516, sections 5.1 and 7.1) with `dir` and `A256GCM`.
 * @param key 32 bytes
 * @param keyId stands in the open header
 */
export function encrypt(text: string, key: Uint8Array, keyId: string): string {
  const header = headerOf(keyId);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString("base64url"));
  // With `dir` there is no encrypted key.
  return [header, "", ...parts].join(".");
}

/** The JWE with the open header that `encrypt` would have given it for this key. */
export function withHeaderOf(keyId: string, jwe: string): string {
  const [, ...rest] = jwe.split(".");
  return [headerOf(keyId), ...rest].join(".");
}

function headerOf(keyId: string): string {
  return Buffer.from(JSON.stringify({ alg: "dir", enc: "A256GCM", kid: keyId })).toString("base64url");
}

/**
 * Decrypts what `encrypt` made (RFC 7516, section 5.2); no other algorithm is taken.
 * @throws {Error} where it is anything else or was changed
 */
export function decrypt(jwe: string, key: Uint8Array): string {
  const parts = jwe.split(".");
  const [header = "", encryptedKey, iv, ciphertext, tag] = parts.map(bytesOf);
  const isOurs =
    parts.length === 5 && encryptedKey?.length === 0 && iv?.length === IV_BYTES && tag?.length === TAG_BYTES;
  if (!isOurs || ciphertext === undefined || read(Header, parseJson(header.toString())) === undefined) {
    throw new Error("not a JWE with dir and A256GCM");
  }
  const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(parts[0] ?? ""))
    .setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString("utf8");
}

/**
 * Decoders pass over the last bits of a part that ends within a byte, and over padding: a change there must be seen too.
 * @throws {Error} where a part is not in the one form that base64url has for its bytes
 */
function bytesOf(part: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") === part) return bytes;
  throw new Error("not in the one form that base64url has for these bytes");
}
