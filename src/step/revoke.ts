import * as z from "zod/mini";
import { asFailure } from "../failure.ts";
import { isProtected } from "../http/protection.ts";
import { isDefinable } from "../input/choice.ts";
import { readAgain } from "../input/read.ts";
import { isSecret } from "../input/table.ts";
import { findProvider } from "../providers/index.ts";
import { type Credentials, FIELDS, type Field, type Provider, type Revocation } from "../providers/provider.ts";
import { info, told, warning } from "../runner/log.ts";
import { maskMinted } from "../runner/masks.ts";
import type { ForPost } from "../runner/state.ts";
import { utc } from "../text/time.ts";
import { connect } from "./connect.ts";
import { fetchIdToken } from "./id-token.ts";
import { warnOfLeftover } from "./leftover.ts";

/** A job may not hang at its end: seconds for the revocation at most. */
const LONGEST_SECONDS = 30;

/** What to do where the state is not what main saved. */
export const CHANGED_STATE =
  "Another step may have changed it. What this step minted stays valid until it expires: remove it in the service.";

/** The title of a warning that the state is not what main saved. */
export const NOTHING_DONE = "Nothing was taken back";

type Revocable = ForPost & { kind: "revocable" };

/**
 * Takes back what main left; whatever goes wrong becomes one warning.
 * @param isSignedWith tells whether main saved what was left, with this secret: without that no secret of the inputs is sent
 */
export async function takeBack(left: ForPost, isSignedWith: (secret: string) => boolean): Promise<void> {
  if (left.kind === "revocable") maskMinted(left.handle.secret);
  const provider = await providerOf(left);
  if (provider === undefined) {
    warning(`The saved state names no known provider. ${CHANGED_STATE}`, NOTHING_DONE);
    return;
  }
  const end = left.expires === undefined ? undefined : new Date(left.expires * 1000);
  const given = left.kind === "revocable" ? readAgain(wanted(provider, left)) : {};
  switch (left.kind) {
    case "kept":
      info(`${provider.name}: the credential is left in place, as \`revoke: false\` says; it lives ${until(end)}.`);
      break;
    case "unsettled":
      if (end === undefined || end.getTime() > Date.now()) warnOfLeftover(left, provider);
      else info(`${provider.name}: a key that may have been left expired at ${utc(end)}.`);
      break;
    case "expires":
      info(
        `${provider.name} ${provider.unrevoked ?? "offers no revocation"}: the token lives ${end ? until(end) : "until it expires"}.`,
      );
      break;
    case "revocable":
      if (!isLacking(provider, left, given) && isForged(given, isSignedWith)) {
        warning(
          `The saved state does not fit ${quoted(given)}, so nothing was sent: the state is not the one that this step saved, or the input has changed since. ${CHANGED_STATE}`,
          NOTHING_DONE,
        );
      } else if (end === undefined || end.getTime() > Date.now())
        tell(await revoke(provider, left, given), provider, left, end);
      else info(`${provider.name}: the credential expired at ${utc(end)}, so nothing is left to revoke.`);
      break;
  }
}

async function providerOf(left: ForPost): Promise<Provider | undefined> {
  const found = await findProvider(left.provider);
  // Main saves an id, never an alias.
  if (found?.id !== left.provider) return undefined;
  if (!isDefinable(found)) return found;
  return found.again(left.kind === "revocable" ? left.handle : (left.about ?? {}));
}

/** What signs a state: the secrets of the inputs that post will send beside it; undefined where there are none. */
export function revokeKey(given: Credentials): string | undefined {
  const secrets = FIELDS.filter(isSecret).flatMap((field) => given[field] ?? []);
  return secrets.length === 0 ? undefined : secrets.join("\n");
}

/** A secret of the inputs goes only where main went: whoever made up a state did not know it. */
function isForged(given: Credentials, isSignedWith: (secret: string) => boolean): boolean {
  const key = revokeKey(given);
  return key !== undefined && !isSignedWith(key);
}

/** What the inputs have to give again. */
function wanted(provider: Provider, { handle }: Revocable): readonly Field[] {
  return provider.revokesWith?.(handle) ?? [];
}

function isLacking(provider: Provider, left: Revocable, given: Credentials): boolean {
  return wanted(provider, left).some((field) => given[field] === undefined);
}

function quoted(given: Credentials): string {
  return FIELDS.filter((field) => isSecret(field) && given[field] !== undefined)
    .map((field) => `"${field}"`)
    .join(" and ");
}

/** The state is not to be believed, so nothing is sent. */
interface Unbelievable {
  readonly kind: "unbelievable";
  readonly why: string;
}

async function revoke(provider: Provider, left: Revocable, given: Credentials): Promise<Revocation | Unbelievable> {
  if (provider.revoke === undefined) return { kind: "failed", answered: "the service offers no revocation" };
  if (isLacking(provider, left, given)) {
    const names = wanted(provider, left).map((field) => `"${field}"`);
    return {
      kind: "failed",
      answered: `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} not given any more`,
    };
  }
  if (!isProtected(new URL(left.url)) && !left.allowHttp) return { kind: "failed", answered: "the URL is plain http" };
  try {
    const stage = { seconds: Math.min(left.timeout, LONGEST_SECONDS), retries: left.retries };
    const http = connect({ url: left.url, caCertificate: left.caCertificate, allowHttp: left.allowHttp }).stage(stage);
    const idToken = (audience?: string) => fetchIdToken(http, audience);
    return await provider.revoke(left.handle, http, { given, secret: maskMinted, idToken });
  } catch (thrown) {
    // A provider reads its handle before it sends anything.
    if (thrown instanceof z.core.$ZodError || thrown instanceof URIError) {
      return { kind: "unbelievable", why: "The saved state is not what this action saves." };
    }
    // What the service answered stays out: it can repeat a secret that only main knew.
    const { code, message } = asFailure(thrown);
    if (code === "wrong-url") return { kind: "failed", answered: "a redirect" };
    return { kind: "failed", answered: told({ message, answered: "", answeredBy: "", hint: "" }) };
  }
}

function tell(
  revocation: Revocation | Unbelievable,
  { name, byHand }: Provider,
  left: Revocable,
  end: Date | undefined,
): void {
  const host = new URL(left.url).host;
  switch (revocation.kind) {
    case "revoked":
      info(`${name}: the credential is revoked at ${host}.`);
      break;
    case "gone":
      info(`${name}: the credential was already gone at ${host}.`);
      break;
    case "impossible":
      info(`${name} at ${host}: ${revocation.why} The token lives ${end ? until(end) : "until it expires"}.`);
      break;
    case "failed":
      warning(
        `The ${name.replace(/^The /, "")} credential of this job could not be revoked at ${host} (${revocation.answered.replace(/\.$/, "")}). It stays valid ${until(end)}. Remove it by hand: ${byHand}.`,
        "Not revoked",
      );
      break;
    case "unbelievable":
      warning(`${revocation.why} ${CHANGED_STATE}`, NOTHING_DONE);
      break;
  }
}

function until(end: Date | undefined): string {
  return end === undefined ? "until someone revokes it" : `until ${utc(end)}`;
}
