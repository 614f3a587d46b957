import * as z from "zod/mini";
import { asFailure } from "../failure.ts";
import { isProtected } from "../http/protection.ts";
import { isDefinable } from "../input/choice.ts";
import { readAgain } from "../input/read.ts";
import { isSecret } from "../input/table.ts";
import { findProvider } from "../providers/index.ts";
import { type Credentials, FIELDS, type Field, type Provider, type Revocation } from "../providers/provider.ts";
import { info, warning } from "../runner/log.ts";
import { maskMinted } from "../runner/masks.ts";
import type { ForPost } from "../runner/state.ts";
import { utc } from "../text/time.ts";
import { connect } from "./connect.ts";
import { fetchIdToken } from "./id-token.ts";

/** A job may not hang at its end: seconds for the revocation at most. */
const LONGEST_SECONDS = 30;

/** The title of a warning that post did not come as far as a revocation. */
export const NOTHING_DONE = "Nothing was taken back";

const FOREIGN = "is not what this action saves";

/** When a credential ends that has no expiry. */
const REVOKED = "someone revokes it";

export type Revocable = ForPost & { kind: "revocable" };

/** A key that may exist although nobody holds what it takes to delete it. */
export type Unsettled = ForPost & { kind: "unsettled" };

/** Tells whether main saved what was left, with this secret: without that no secret of the inputs is sent. */
type IsSignedWith = (secret: string) => boolean;

/**
 * Takes back what main left; whatever goes wrong becomes one warning.
 * @param left undefined where the state is none that main saves
 */
export async function takeBack(left: ForPost | undefined, isSignedWith: IsSignedWith): Promise<void> {
  if (left?.kind === "revocable") maskMinted(left.handle.secret);
  const provider = left && (await providerOf(left));
  if (left === undefined || provider === undefined) return warnOfState(FOREIGN);
  const { name } = provider;
  const end = endOf(left);
  const gone = isOver(left) ? `${name}: the credential expired at ${end}, so nothing is left to revoke.` : undefined;
  if (left.kind === "revocable") await revoke(provider, left, gone, isSignedWith);
  else if (left.kind === "unsettled") {
    if (gone === undefined) warnOfLeftover(left, provider);
    else info(gone);
  } else if (left.kind === "expires")
    info(`${name} offers no revocation: the token lives until ${end ?? "it expires"}.`);
  else info(`${name}: the credential is left in place, as \`revoke: false\` says; it lives until ${end ?? REVOKED}.`);
}

async function providerOf(left: ForPost): Promise<Provider | undefined> {
  const found = await findProvider(left.provider);
  // Main saves an id, never an alias.
  if (found?.id !== left.provider) return undefined;
  return isDefinable(found) ? found.again(left.kind === "revocable" ? left.handle : (left.about ?? {})) : found;
}

/** What signs a state: the secrets of the inputs that post will send beside it; undefined where there are none. */
export function revokeKey(given: Credentials): string | undefined {
  const secrets = FIELDS.filter(isSecret).flatMap((field) => given[field] ?? []);
  return secrets.length === 0 ? undefined : secrets.join("\n");
}

/** @param gone what to tell where the credential has expired */
async function revoke(
  provider: Provider,
  left: Revocable,
  gone: string | undefined,
  isSignedWith: IsSignedWith,
): Promise<void> {
  const wanted = provider.revokesWith?.(left.handle) ?? [];
  const given = readAgain(wanted);
  const key = revokeKey(given);
  const isLacking = wanted.some((field) => given[field] === undefined);
  // A secret of the inputs goes only where main went: whoever made up a state did not know it.
  if (!isLacking && key !== undefined && !isSignedWith(key)) {
    warnOfState(`does not fit ${quoted(wanted.filter(isSecret))}, so nothing was sent: one of them has changed`);
  } else if (gone !== undefined) info(gone);
  else if (isLacking) tell({ kind: "failed", answered: `it needs ${quoted(wanted)} again` }, provider, left);
  else tell(await send(provider, left, given), provider, left);
}

function quoted(fields: readonly Field[]): string {
  return fields.map((field) => `"${field}"`).join(" and ");
}

/** How the revocation went; undefined where the state is none that main saves. */
async function send(provider: Provider, left: Revocable, given: Credentials): Promise<Revocation | undefined> {
  const { url, handle, timeout, retries, caCertificate, allowHttp } = left;
  if (!isProtected(new URL(url)) && !allowHttp) return { kind: "failed", answered: "the URL is plain http" };
  try {
    const seconds = Math.min(timeout, LONGEST_SECONDS);
    const http = connect({ url, caCertificate, allowHttp }).stage({ seconds, retries });
    const idToken = (audience?: string) => fetchIdToken(http, audience);
    return await provider.revoke?.(handle, http, { given, secret: maskMinted, idToken });
  } catch (thrown) {
    // A provider reads its handle before it sends anything.
    if (thrown instanceof z.core.$ZodError || thrown instanceof URIError) return undefined;
    // What the service answered stays out, and so does where it redirects to: it can repeat a secret that only main knew.
    const { code, message } = asFailure(thrown);
    return { kind: "failed", answered: code === "wrong-url" ? "a redirect" : message };
  }
}

function tell(revocation: Revocation | undefined, { name, byHand }: Provider, left: Revocable): void {
  const { host } = new URL(left.url);
  const end = endOf(left);
  if (revocation === undefined) warnOfState(FOREIGN);
  else if (revocation.kind === "failed") {
    warning(
      `${name}: the credential could not be revoked at ${host} (${revocation.answered.replace(/\.$/, "")}). It stays valid until ${end ?? REVOKED}. Remove it by hand: ${byHand}.`,
      "Not revoked",
    );
  } else if (revocation.kind === "impossible") {
    info(`${name} at ${host}: ${revocation.why} The token lives until ${end ?? "it expires"}.`);
  } else info(`${name}: the credential ${revocation.kind === "gone" ? "was already gone" : "is revoked"} at ${host}.`);
}

/** Warns of a key that may be left: what it is called, where, how to remove it, and when it ends by itself. */
export function warnOfLeftover(left: Unsettled, { byHand }: Pick<Provider, "byHand">): void {
  const end = endOf(left);
  warning(
    `A key named ${left.name} may be left at ${new URL(left.url).host}: it could not be looked for and deleted. Remove it by hand: ${byHand}.${end ? ` It ends by itself at ${end}.` : ""}`,
    "A key may be left",
  );
}

function warnOfState(flaw: string): void {
  warning(
    `The saved state ${flaw}. Another step may have changed it. What this step minted stays valid until it expires: remove it in the service.`,
    NOTHING_DONE,
  );
}

function isOver({ expires }: ForPost): boolean {
  return expires !== undefined && expires * 1000 <= Date.now();
}

function endOf({ expires }: ForPost): string | undefined {
  return expires === undefined ? undefined : utc(new Date(expires * 1000));
}
