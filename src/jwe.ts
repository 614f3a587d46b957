import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";

/** Encrypts a text as a JWE in compact form (RFC 7516) with `dir` and `A256GCM`; `keyId` stands in the open header. */
export function encrypt(text: string, key: Uint8Array, keyId: string): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: keyId })
    .encrypt(key);
}

/**
 * Decrypts what `encrypt` made; no other algorithm is taken.
 * @throws {Error} of jose, where it is anything else or was changed
 */
export async function decrypt(jwe: string, key: Uint8Array): Promise<string> {
  const { plaintext } = await compactDecrypt(jwe, key, {
    keyManagementAlgorithms: ["dir"],
    contentEncryptionAlgorithms: ["A256GCM"],
  });
  return new TextDecoder().decode(plaintext);
}
