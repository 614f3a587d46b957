import type { Credential } from "../provider.ts";

/** RFC 6750, section 2.1. */
export function bearer({ token }: Pick<Credential, "token">): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** As `application/x-www-form-urlencoded` has a part of the pair (RFC 6749, section 2.3.1 and appendix B). */
export function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** RFC 7617, for a token that is the pair in base64. */
export function basic({ token }: Pick<Credential, "token">): { Authorization: string } {
  return { Authorization: `Basic ${token}` };
}
