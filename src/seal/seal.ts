import * as z from "zod/mini";
import type { Failure } from "../failure.ts";
import { LAST_MOMENT } from "../providers/kit/expiry.ts";
import { invalidInput } from "../providers/kit/faults.ts";
import type { Credential, Handle, Run } from "../providers/provider.ts";
import { holdsControl } from "../text/fold.ts";
import { flawless, mapOf, matching, type Parsed, parseJson, read, schema, whole } from "../text/json.ts";
import { epochSeconds } from "../text/time.ts";
import { PRINTABLE, tokenFlaw } from "../text/token.ts";
import { decrypt, encrypt, isOfOtherKey } from "./jwe.ts";

const KEY_BYTES = 32;

/** One line of what is shown of any text, as it was made safe before it was sealed. */
function isLine(text: string): boolean {
  return [...text].length <= 200 && !holdsControl(text);
}

const Payload = schema(() => {
  const text = z.string();
  const printable = matching(PRINTABLE);
  const values = z.optional(mapOf(printable));
  return z.object({
    repository: text,
    run: text,
    token: text,
    provider: text,
    method: text,
    url: text,
    envName: text,
    place: z.optional(text),
    parts: values,
    secrets: values,
    account: z.optional(text.check(flawless((line) => (isLine(line) ? undefined : "it is no line")))),
    /** Seconds since the epoch, in UTC. */
    expires: z.optional(whole(1, LAST_MOMENT / 1000)),
    handle: z.optional(z.catchall(z.object({ secret: printable }), printable)),
  });
});

/** What one job hands to another: a credential and what it takes to use, prove and revoke it. */
export interface Sealed extends Credential {
  readonly provider: string;
  readonly method: string;
  readonly url: string;
  readonly envName: string;
  /** What the client is bound to where there is no base URL: the origin of the endpoint. */
  readonly place?: string | undefined;
  readonly handle?: Handle | undefined;
}

/**
 * Reads `seal-key`: 32 random bytes in base64, as `openssl rand -base64 32` prints them.
 * @throws {Failure} `invalid-input`
 */
export function readSealKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && bytes.length === KEY_BYTES) return new Uint8Array(bytes);
  const hint = "Make one with `openssl rand -base64 32` and store it as a secret.";
  throw invalidInput("seal-key", `is not ${KEY_BYTES} bytes in base64`, hint);
}

/** Seals for the other jobs of this run: a JWE in compact form (RFC 7516) with `dir` and `A256GCM`. */
export function seal({ expiresAt, ...rest }: Sealed, key: Uint8Array, { repository, id: run }: Run): string {
  const payload: Parsed<typeof Payload> = { repository, run, ...rest, expires: epochSeconds(expiresAt) };
  return encrypt(JSON.stringify(payload), key);
}

/**
 * Opens what another job of this run sealed.
 * @throws {Failure} `invalid-input` for a wrong key, a changed text, another run or repository
 */
export function open(text: string, key: Uint8Array, { repository, id }: Run): Sealed {
  const json = decrypt(text, key);
  if (json === undefined) {
    throw broken(
      isOfOtherKey(text, key)
        ? "was made with another seal-key"
        : "is no seal of this action, or was changed or cut on the way",
    );
  }
  const payload = read(Payload, parseJson(json));
  if (payload === undefined || tokenFlaw(payload.token) !== undefined) throw broken(UNSOUND);
  const { repository: origin, run, expires, ...sealed } = payload;
  if (origin !== repository) throw broken("was made in another repository");
  if (run !== id) throw broken("was made in another run of the workflow");
  return { ...sealed, expiresAt: expires === undefined ? undefined : new Date(expires * 1000) };
}

/** What a seal says of itself that opens, but not to what the action sealed. */
export const UNSOUND = "does not hold what it should";

/** A seal that is of no use here. */
export function broken(what: string): Failure {
  return invalidInput(
    "sealed",
    what,
    "Use the same `seal-key` and version of this action in all jobs of a run, and pass `needs.<job>.outputs.<name>` on unchanged.",
  );
}
