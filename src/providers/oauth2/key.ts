import { constants, createPrivateKey, type KeyObject, randomUUID, type SignKeyObjectInput, sign } from "node:crypto";
import * as z from "zod/mini";
import { parseJson, read, schema } from "../../text/json.ts";
import { type Fields, invalid } from "./fields.ts";
import type { Parameters } from "./parameters.ts";

/** Seconds that an assertion lives: RFC 7523 wants few, and servers take no more than some minutes. */
const LIFETIME = 60;

/** The algorithms that sign (RFC 7518, section 3.1; RFC 8037), each with what the key has to be. */
const ALGORITHMS: Readonly<Record<string, (key: KeyObject) => boolean>> = {
  RS256: ({ asymmetricKeyType }) => asymmetricKeyType === "rsa",
  PS256: ({ asymmetricKeyType }) => asymmetricKeyType === "rsa" || asymmetricKeyType === "rsa-pss",
  ES256: ({ asymmetricKeyDetails }) => asymmetricKeyDetails?.namedCurve === "prime256v1",
  EdDSA: ({ asymmetricKeyType }) => asymmetricKeyType === "ed25519",
};
const NAMES = Object.keys(ALGORITHMS).join(", ");

/** What signs an assertion, and what its header says. */
export interface Signer {
  readonly key: KeyObject;
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

/** Of a JWK (RFC 7517) nothing but the key itself, `kid` and `alg` counts: no URL in it is ever asked. */
const Jwk = schema(() =>
  z.looseObject({
    kty: z.string(),
    d: z.string(),
    kid: z.catch(z.optional(z.string()), undefined),
    alg: z.catch(z.optional(z.string()), undefined),
  }),
);

/**
 * Reads `private-key`: PEM (PKCS#8), also with a literal `\n` for each line break, or a JWK.
 * @throws {Failure} `invalid-input`
 */
export function readSigner(given: Fields, parameters: Parameters): Signer {
  const text = given["private-key"] ?? "";
  const jwk = read(Jwk, parseJson(text));
  const key = jwk === undefined ? fromPem(text.replace(/\\r|\r/g, "").replaceAll("\\n", "\n")) : fromJwk(jwk);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048) {
    throw invalid("private-key", "is an RSA key of fewer than 2048 bits", "Make a new one.");
  }
  const [wanted] = parameters.get("assertion-algorithm") ?? [];
  if (wanted !== undefined && !Object.hasOwn(ALGORITHMS, wanted)) {
    throw invalid("parameters", `sets assertion-algorithm to none of ${NAMES}`, "Leave it out for the key's own.");
  }
  const algorithm = wanted ?? jwk?.alg ?? Object.keys(ALGORITHMS).find((name) => ALGORITHMS[name]?.(key)) ?? "";
  if (!Object.hasOwn(ALGORITHMS, algorithm) || ALGORITHMS[algorithm]?.(key) !== true) {
    throw wanted === undefined
      ? invalid("private-key", `signs with none of ${NAMES}`, "Make an RSA key, one on the curve P-256, or Ed25519.")
      : invalid("parameters", "sets an assertion-algorithm that is not for this key", "Leave it out.");
  }
  return { key, algorithm, keyId: parameters.get("assertion-key-id")?.[0] ?? jwk?.kid };
}

function fromJwk(jwk: Readonly<Record<string, unknown>>): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: "jwk" });
  } catch {
    throw invalid("private-key", "is a JWK that holds no usable private key", "Copy the whole JSON object again.");
  }
}

/** How a key of another kind becomes one of PKCS#8, by the label of its PEM. */
const OTHERS: readonly (readonly [RegExp, flaw: string, hint: string])[] = [
  [
    /^-----BEGIN (?:RSA|EC|DSA) PRIVATE KEY/,
    "is in the old form PKCS#1 or SEC1",
    "openssl pkcs8 -topk8 -nocrypt -in key.pem",
  ],
  [/^-----BEGIN ENCRYPTED PRIVATE KEY/, "is encrypted with a passphrase", "openssl pkcs8 -in key.pem -out plain.pem"],
  [/^-----BEGIN OPENSSH PRIVATE KEY/, "is in OpenSSH's own form", 'ssh-keygen -p -N "" -m PKCS8 -f key'],
];

function fromPem(pem: string): KeyObject {
  const other = OTHERS.find(([label]) => label.test(pem));
  if (other !== undefined) throw invalid("private-key", other[1], `Convert it to PKCS#8: \`${other[2]}\`.`);
  if (!/^-----BEGIN PRIVATE KEY-----/.test(pem)) {
    throw invalid("private-key", "is neither PEM (PKCS#8) nor a JWK with its private part", KEY_FORMS);
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw invalid("private-key", "is PEM that holds no usable key", "Copy the whole file again, with its line breaks.");
  }
}

const KEY_FORMS =
  "Give the file that begins with `-----BEGIN PRIVATE KEY-----`, or one JSON object with `kty` and `d`.";

/** How each algorithm is asked of OpenSSL; a signature on a curve is the pair of its numbers (RFC 7518, section 3.4). */
const SIGNING: Readonly<Record<string, Omit<SignKeyObjectInput, "key">>> = {
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  ES256: { dsaEncoding: "ieee-p1363" },
};

/** A client's assertion of itself (RFC 7523, section 3), good for one use: a JWS in compact form (RFC 7515, section 7.1). */
export function signAssertion({ key, algorithm, keyId }: Signer, client: string, audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: client, sub: client, aud: audience, jti: randomUUID(), iat: now, exp: now + LIFETIME };
  const header = { typ: "JWT", alg: algorithm, ...(keyId !== undefined && { kid: keyId }) };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  // Ed25519 hashes by itself.
  const digest = algorithm === "EdDSA" ? null : "sha256";
  return `${signed}.${sign(digest, Buffer.from(signed), { key, ...SIGNING[algorithm] }).toString("base64url")}`;
}
