import type { Credential } from "../provider.ts";

/** RFC 6750, section 2.1. */
export function bearer({ token }: Pick<Credential, "token">): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** RFC 7617, for a token that is the pair in base64. */
export function basic({ token }: Pick<Credential, "token">): { Authorization: string } {
  return { Authorization: `Basic ${token}` };
}
