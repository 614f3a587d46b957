import { constants, createPrivateKey, type KeyObject, randomUUID, type SignKeyObjectInput, sign } from "node:crypto";
import * as z from "zod/mini";
import { orAbsent, parseJson, read, schema } from "../../text/json.ts";
import { type Fields, invalid } from "./fields.ts";
import type { Signing } from "./parameters.ts";

/** Seconds that an assertion lives: RFC 7523 wants few, and servers take no more than some minutes. */
const LIFETIME = 60;

interface Algorithm {
  readonly name: string;
  /** Types of a key, or curves, that it is for. */
  readonly fits: readonly string[];
  /** Undefined where the algorithm hashes by itself. */
  readonly digest?: string;
  /** How it is asked of OpenSSL. */
  readonly options?: Omit<SignKeyObjectInput, "key">;
}

/** What signs (RFC 7518, section 3.1; RFC 8037); a signature on a curve is the pair of its numbers (RFC 7518, section 3.4). */
const ALGORITHMS: readonly Algorithm[] = [
  { name: "RS256", fits: ["rsa"], digest: "sha256" },
  {
    name: "PS256",
    fits: ["rsa", "rsa-pss"],
    digest: "sha256",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  { name: "ES256", fits: ["prime256v1"], digest: "sha256", options: { dsaEncoding: "ieee-p1363" } },
  { name: "EdDSA", fits: ["ed25519"] },
];

/** What signs an assertion, and what its header says. */
export interface Signer {
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  readonly keyId: string | undefined;
}

/** Of a JWK (RFC 7517) nothing but the key itself, `kid` and `alg` counts: no URL in it is ever asked. */
const Jwk = schema(() => {
  const text = orAbsent(z.string());
  return z.catchall(z.object({ kty: z.string(), d: z.string(), kid: text, alg: text }), z.unknown());
});

/**
 * Reads `private-key`: PEM (PKCS#8), also with a literal `\n` for each line break, or a JWK.
 * @throws {Failure} `invalid-input`
 */
export function readSigner(given: Fields, signing: Signing): Signer {
  const text = given["private-key"] ?? "";
  const jwk = read(Jwk, parseJson(text));
  const key = readKey(jwk ?? text.replace(/\\r|\r/g, "").replaceAll("\\n", "\n"));
  const { modulusLength = 2048, namedCurve: type = key.asymmetricKeyType } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < 2048) throw invalid("private-key", "is an RSA key of fewer than 2048 bits", "Make a new one.");
  const wanted = signing.get("assertion-algorithm") ?? jwk?.alg;
  const algorithm = ALGORITHMS.find(({ name, fits }) => (wanted ?? name) === name && fits.includes(type ?? ""));
  if (algorithm === undefined) {
    const names = ALGORITHMS.map(({ name }) => name).join(", ");
    throw signing.has("assertion-algorithm")
      ? invalid(
          "parameters",
          `sets an assertion-algorithm that does not fit the key, or is none of ${names}`,
          "Leave it out.",
        )
      : invalid("private-key", `signs with none of ${names}`, "Make an RSA key, one on the curve P-256, or Ed25519.");
  }
  return { key, algorithm, keyId: signing.get("assertion-key-id") ?? jwk?.kid };
}

function readKey(key: string | Readonly<Record<string, unknown>>): KeyObject {
  const label = typeof key === "string" ? /^-----BEGIN (RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY/.exec(key) : [];
  if (label === null) {
    throw invalid("private-key", "is neither PEM (PKCS#8) nor a JWK with its private part", "Give the whole file.");
  }
  if (label[1] !== undefined) {
    const hint = "Convert it to PKCS#8: `openssl pkcs8 -topk8 -nocrypt -in key.pem`.";
    throw invalid("private-key", "is PKCS#1, SEC1 or encrypted", hint);
  }
  try {
    return createPrivateKey(typeof key === "string" ? key : { key, format: "jwk" });
  } catch {
    throw invalid("private-key", "holds no usable key", "Give the whole file, with its line breaks.");
  }
}

/** A client's assertion of itself (RFC 7523, section 3), good for one use: a JWS in compact form (RFC 7515, section 7.1). */
export function signAssertion({ key, algorithm, keyId }: Signer, client: string, audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: client, sub: client, aud: audience, jti: randomUUID(), iat: now, exp: now + LIFETIME };
  const header = { typ: "JWT", alg: algorithm.name, kid: keyId };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign(algorithm.digest, Buffer.from(signed), { key, ...algorithm.options });
  return `${signed}.${signature.toString("base64url")}`;
}
