import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";

/** The open header of what `encrypt` makes. */
const header = (keyId: string) => ({ alg: "dir", enc: "A256GCM", kid: keyId });

/** Encrypts a text as a JWE in compact form (RFC 7516) with `dir` and `A256GCM`; `keyId` stands in the open header. */
export function encrypt(text: string, key: Uint8Array, keyId: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header(keyId)).encrypt(key);
}

/** The JWE with the open header that `encrypt` would have given it for this key. */
export function withHeaderOf(keyId: string, jwe: string): string {
  const [, ...rest] = jwe.split(".");
  return [Buffer.from(JSON.stringify(header(keyId))).toString("base64url"), ...rest].join(".");
}

/**
 * Decrypts what `encrypt` made; no other algorithm is taken.
 * @throws {Error} of jose, where it is anything else or was changed
 */
export async function decrypt(jwe: string, key: Uint8Array): Promise<string> {
  if (!jwe.split(".").every(isCanonical)) throw new Error("not in the one form that base64url has for these bytes");
  const { plaintext } = await compactDecrypt(jwe, key, {
    keyManagementAlgorithms: ["dir"],
    contentEncryptionAlgorithms: ["A256GCM"],
    // Zero refuses whatever is compressed.
    maxDecompressedLength: 0,
  });
  return new TextDecoder().decode(plaintext);
}

/** Decoders pass over the last bits of a part that ends within a byte, and over padding: a change there must be seen too. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}
