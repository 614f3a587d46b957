import { createHmac } from "node:crypto";

/** What a JWT turned out to be. */
export type JwtReading =
  | { readonly state: "valid" | "expired"; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly state: "malformed" | "forged" };

/** A JWT signed with HS256 (RFC 7519). */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: string): string {
  const content = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${content}.${signature(content, key)}`;
}

/** Reads an HS256 JWT: its shape first, then its signature, then its `exp` against the given time. */
export function readJwt(token: string, key: string, now: number): JwtReading {
  const [header, payload, signed, ...more] = token.split(".");
  if (!header || !payload || !signed || more.length > 0) return { state: "malformed" };
  const claims = decode(payload);
  if (decode(header)?.alg !== "HS256" || claims === undefined) return { state: "malformed" };
  if (signature(`${header}.${payload}`, key) !== signed) return { state: "forged" };
  const { exp } = claims;
  return { state: typeof exp === "number" && exp * 1000 > now ? "valid" : "expired", claims };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function signature(content: string, key: string): string {
  return createHmac("sha256", key).update(content).digest("base64url");
}
