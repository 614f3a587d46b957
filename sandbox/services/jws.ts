import {
  constants,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  type SigningOptions,
  sign,
  verify,
} from "node:crypto";

/** A public key as a JWK Set has it (RFC 7517). */
export type PublicJwk = JsonWebKey & { readonly kid?: string; readonly alg?: string };

/** A JWT in its parts, not yet verified. */
export interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly content: string;
  readonly signature: Buffer;
}

interface Algorithm {
  readonly hash: string | null;
  readonly keyType: string;
  readonly options?: SigningOptions;
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** The algorithms of RFC 7518 and RFC 8037 that are taken, each with the one type of key that it is for. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: "sha256", keyType: "rsa" },
  PS256: { hash: "sha256", keyType: "rsa", options: PSS },
  ES256: { hash: "sha256", keyType: "ec", options: { dsaEncoding: "ieee-p1363" } },
  EdDSA: { hash: null, keyType: "ed25519" },
};

/** Signs claims as a JWT (RFC 7519). */
export function signJws(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<{ alg: string; kid?: string; typ?: string }>,
  key: KeyObject,
): string {
  const content = `${encode(header)}.${encode(claims)}`;
  const { hash, options } = algorithm(header.alg, key);
  return `${content}.${sign(hash, Buffer.from(content), { key, ...options }).toString("base64url")}`;
}

/** Reads a JWT's parts; undefined where it is none. */
export function readJws(token: string): Jws | undefined {
  const [header = "", payload = "", signature = "", ...more] = token.split(".");
  const [readHeader, claims] = [decode(header), decode(payload)];
  if (readHeader === undefined || claims === undefined || signature === "" || more.length > 0) return undefined;
  return {
    header: readHeader,
    claims,
    content: `${header}.${payload}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

/** Whether one of the keys made the signature; where the header names a key, that one alone is asked. */
export function isSignedBy({ header, content, signature }: Jws, keys: readonly PublicJwk[]): boolean {
  const candidates = keys.filter(({ kid }) => header.kid === undefined || kid === header.kid);
  return candidates.some((jwk) => {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const found = ALGORITHMS[String(header.alg)];
    if (found === undefined || found.keyType !== key.asymmetricKeyType) return false;
    if (jwk.alg !== undefined && jwk.alg !== header.alg) return false;
    return verify(found.hash, Buffer.from(content), { key, ...found.options }, signature);
  });
}

/** The public half of a private key, as it is registered. */
export function publicJwk(key: KeyObject, more: Readonly<{ kid?: string; alg?: string }> = {}): PublicJwk {
  return { ...createPublicKey(key).export({ format: "jwk" }), ...more };
}

/** The same from the PEM text of a private key. */
export function publicJwkOf(pem: string, more: Readonly<{ kid?: string; alg?: string }> = {}): PublicJwk {
  return publicJwk(createPrivateKey(pem), more);
}

function algorithm(name: string, key: KeyObject): Algorithm {
  const found = ALGORITHMS[name];
  if (found === undefined || found.keyType !== key.asymmetricKeyType) {
    throw new Error(`${name} does not sign with a key of type ${key.asymmetricKeyType}`);
  }
  return found;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
