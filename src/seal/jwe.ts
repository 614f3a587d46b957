import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import * as z from "zod/mini";
import { parseJson, read, schema } from "../text/json.ts";

const CIPHER = "aes-256-gcm";

/** Bytes of the authentication tag (RFC 7518, section 5.3). */
const authTagLength = 16;

/** Header, no encrypted key, an initialization vector of 12 bytes, ciphertext, tag. */
const COMPACT = /^([\w-]+)\.\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/;

/** What would change how the rest is read (`crit`, `zip`) is not taken, so nothing is decompressed. */
const Header = schema(() =>
  z.strictObject({ alg: z.enum(["dir"]), enc: z.enum(["A256GCM"]), kid: z.optional(z.string()) }),
);

/**
 * Encrypts a text as a JWE in compact form (RFC 7516, sections 5.1 and 7.1) with `dir` and `A256GCM`.
 * @param key 32 bytes; the open header tells it from others
 */
export function encrypt(text: string, key: Uint8Array): string {
  const header = headerFor(key);
  const iv = randomBytes(12);
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength }).setAAD(Buffer.from(header));
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString("base64url"));
  return [header, "", ...parts].join(".");
}

/** The name of the key tells nothing of it: 48 bits of the hash of 256 random ones. */
function headerFor(key: Uint8Array): string {
  const hash = createHash("sha256").update("api-token-exchange seal-key").update(key).digest("base64url");
  return Buffer.from(JSON.stringify({ alg: "dir", enc: "A256GCM", kid: hash.slice(0, 8) })).toString("base64url");
}

/** The text of what `encrypt` made (RFC 7516, section 5.2); undefined for anything else, and where a byte was changed. */
export function decrypt(jwe: string, key: Uint8Array): string | undefined {
  const [, header = "", iv = "", ciphertext = "", tag = ""] = COMPACT.exec(jwe) ?? [];
  // Decoders pass over the last bits of a part that ends within a byte: a change there must be seen too.
  const isExact = [header, ciphertext, tag].every((part) => bytesOf(part).toString("base64url") === part);
  if (!isExact || headerOf(header) === undefined) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytesOf(iv), { authTagLength }).setAAD(Buffer.from(header));
  decipher.setAuthTag(bytesOf(tag));
  try {
    return Buffer.concat([decipher.update(bytesOf(ciphertext)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}

/** Whether a JWE that does not open names another key, and that name is not all that was changed. */
export function isOfOtherKey(jwe: string, key: Uint8Array): boolean {
  const [header = "", ...rest] = jwe.split(".");
  if (headerOf(header)?.kid === undefined || header === headerFor(key)) return false;
  return decrypt([headerFor(key), ...rest].join("."), key) === undefined;
}

function headerOf(part: string) {
  return read(Header, parseJson(bytesOf(part).toString()));
}

function bytesOf(part: string): Buffer {
  return Buffer.from(part, "base64url");
}
