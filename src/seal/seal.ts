import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Credential, Handle, Run } from "../providers/provider.ts";
import { mapOf, type Parsed, parseJson, read, schema } from "../text/json.ts";
import { epochSeconds } from "../text/time.ts";
import { PRINTABLE, tokenFlaw } from "../text/token.ts";
import { decrypt, encrypt, withHeaderOf } from "./jwe.ts";

const KEY_BYTES = 32;

/** One line of what is shown of any text, as it was made safe before it was sealed. */
const ACCOUNT = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{0,200}$/u;

/** The last second that ISO 8601 has a plain form for. */
const LAST_SECOND = Date.parse("9999-12-31T23:59:59Z") / 1000;

const Printable = schema(() => z.string().check(z.regex(PRINTABLE)));

const Payload = schema(() =>
  z.object({
    repository: z.string(),
    run: z.string(),
    token: z.string(),
    provider: z.string(),
    method: z.string(),
    url: z.string(),
    envName: z.string(),
    place: z.optional(z.string()),
    parts: z.optional(mapOf(Printable())),
    secrets: z.optional(mapOf(Printable())),
    account: z.optional(z.string().check(z.regex(ACCOUNT))),
    /** Seconds since the epoch, in UTC. */
    expires: z.optional(z.number()),
    handle: z.optional(z.catchall(z.object({ secret: Printable() }), Printable())),
  }),
);

const Header = schema(() => z.object({ kid: z.optional(z.string()) }));

/** What one job hands to another: a credential and what it takes to use, prove and revoke it. */
export interface Sealed {
  readonly token: string;
  readonly provider: string;
  readonly method: string;
  readonly url: string;
  readonly envName: string;
  /** What the client is bound to where there is no base URL: the origin of the endpoint. */
  readonly place?: string | undefined;
  readonly parts?: Credential["parts"];
  readonly secrets?: Credential["secrets"];
  readonly account?: string | undefined;
  readonly expiresAt?: Date | undefined;
  readonly handle?: Handle | undefined;
}

/**
 * Reads `seal-key`: 32 random bytes in base64, as `openssl rand -base64 32` prints them.
 * @throws {Failure} `invalid-input`
 */
export function readSealKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && bytes.length === KEY_BYTES) return new Uint8Array(bytes);
  throw new Failure("invalid-input", `The input "seal-key" is not ${KEY_BYTES} bytes in base64.`, {
    hint: "Make one with `openssl rand -base64 32` and store it as a secret.",
  });
}

/** Seals for the other jobs of this run: a JWE in compact form (RFC 7516) with `dir` and `A256GCM`. */
export function seal(sealed: Sealed, key: Uint8Array, run: Run): string {
  const { expiresAt, ...rest } = sealed;
  const payload: Parsed<typeof Payload> = {
    repository: run.repository,
    run: run.id,
    ...rest,
    expires: epochSeconds(expiresAt),
  };
  return encrypt(JSON.stringify(payload), key, keyId(key));
}

/**
 * Opens what another job of this run sealed.
 * @throws {Failure} `invalid-input` for a wrong key, a changed text, another run or repository
 */
export function open(text: string, key: Uint8Array, run: Run): Sealed {
  const payload = read(Payload, parseJson(decrypted(text, key)));
  if (payload === undefined || tokenFlaw(payload.token) !== undefined) {
    throw broken("holds something else than a token");
  }
  const { repository, run: runId, expires, ...sealed } = payload;
  if (repository !== run.repository) throw broken("was made in another repository");
  if (runId !== run.id) throw broken("was made in another run of the workflow");
  if (expires !== undefined && !(expires > 0 && expires <= LAST_SECOND)) throw broken("holds an expiry that cannot be");
  return { ...sealed, expiresAt: expires === undefined ? undefined : new Date(expires * 1000) };
}

function decrypted(text: string, key: Uint8Array): string {
  try {
    return decrypt(text, key);
  } catch (cause) {
    throw broken(
      isOfOtherKey(text, key)
        ? "was made with another seal-key"
        : "is no seal of this action, or was changed or cut on the way",
      cause,
    );
  }
}

/** The open header names the key; where nothing but that name was changed, the rest opens all the same. */
function isOfOtherKey(text: string, key: Uint8Array): boolean {
  const kid = read(Header, parseJson(Buffer.from(text.split(".")[0] ?? "", "base64url").toString("utf8")))?.kid;
  if (kid === undefined || kid === keyId(key)) return false;
  try {
    decrypt(withHeaderOf(keyId(key), text), key);
    return false;
  } catch {
    return true;
  }
}

/** Tells keys apart without telling anything of them: 48 bits of the hash of 256 random ones. */
function keyId(key: Uint8Array): string {
  return createHash("sha256").update("api-token-exchange seal-key").update(key).digest("base64url").slice(0, 8);
}

function broken(what: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The input "sealed" ${what}.`, {
    hint: "It opens only with the same `seal-key`, in the same run of the same repository: pass `needs.<job>.outputs.<name>` on unchanged.",
    cause,
  });
}
