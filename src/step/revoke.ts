import * as z from "zod/mini";
import { asFailure } from "../failure.ts";
import { isProtected } from "../http/protection.ts";
import { keptProvider } from "../input/choice.ts";
import { readAgain } from "../input/read.ts";
import { isSecret } from "../input/table.ts";
import { type Credentials, FIELDS, type Field, type Provider, type Revocation } from "../providers/provider.ts";
import { info, warning } from "../runner/log.ts";
import { maskMinted } from "../runner/masks.ts";
import type { ForPost } from "../runner/state.ts";
import { utc } from "../text/time.ts";
import { connect } from "./connect.ts";
import { onTheWay } from "./id-token.ts";

/** A job may not hang at its end: seconds for the revocation at most. */
const LONGEST_SECONDS = 30;

/** The title of a warning that post did not come as far as a revocation. */
export const NOTHING_DONE = "Nothing was taken back";

const FOREIGN = "is not what this action saves";

export type Revocable = ForPost & { kind: "revocable" };

/**
 * Takes back what main left; whatever goes wrong becomes one warning.
 * @param left undefined where the state is none that main saves
 * @param isSignedWith tells whether main saved what was left, with this secret: without that no secret of the inputs is sent
 */
export async function takeBack(left: Revocable | undefined, isSignedWith: (secret: string) => boolean): Promise<void> {
  if (left !== undefined) maskMinted(left.handle.secret);
  const provider = left && keptProvider(left.provider, left.handle);
  if (left === undefined || provider === undefined) return warnOfState(FOREIGN);
  const { name } = provider;
  const wanted = provider.revokesWith?.(left.handle) ?? [];
  const given = readAgain(wanted);
  const key = revokeKey(given);
  const isLacking = wanted.some((field) => given[field] === undefined);
  const end = left.expires === undefined ? undefined : new Date(left.expires * 1000);
  // A secret of the inputs goes only where main went: whoever made up a state did not know it.
  if (!isLacking && key !== undefined && !isSignedWith(key)) {
    warnOfState(`does not fit ${quoted(wanted.filter(isSecret))}, so nothing was sent: one of them has changed`);
  } else if (end !== undefined && end.getTime() <= Date.now()) {
    info(`${name}: the credential expired at ${utc(end)}, so nothing is left to revoke.`);
  } else if (isLacking) tell(failed(`it needs ${quoted(wanted)} again`), provider, left, end);
  else tell(await revoke(provider, left, given), provider, left, end);
}

/** What signs a state: the secrets of the inputs that post will send beside it; undefined where there are none. */
export function revokeKey(given: Credentials): string | undefined {
  const secrets = FIELDS.filter(isSecret).flatMap((field) => given[field] ?? []);
  return secrets.length === 0 ? undefined : secrets.join("\n");
}

function quoted(fields: readonly Field[]): string {
  return fields.map((field) => `"${field}"`).join(" and ");
}

function failed(answered: string): Revocation {
  return { kind: "failed", answered };
}

/** How the revocation went; undefined where the state is none that main saves. */
async function revoke(provider: Provider, left: Revocable, given: Credentials): Promise<Revocation | undefined> {
  if (!isProtected(new URL(left.url)) && !left.allowHttp) return failed("the URL is plain http");
  try {
    const http = connect(left).stage({ seconds: Math.min(left.timeout, LONGEST_SECONDS), retries: left.retries });
    return await provider.revoke?.(left.handle, http, { given, ...onTheWay(http) });
  } catch (thrown) {
    // A provider reads its handle before it sends anything.
    if (thrown instanceof z.core.$ZodError || thrown instanceof URIError) return undefined;
    // What the service answered stays out, and so does where it redirects to: it can repeat a secret that only main knew.
    const { code, message } = asFailure(thrown);
    return failed(code === "wrong-url" ? "a redirect" : message);
  }
}

function tell(revocation: Revocation | undefined, { name, byHand }: Provider, { url }: Revocable, end?: Date): void {
  const { host } = new URL(url);
  if (revocation === undefined) warnOfState(FOREIGN);
  else if (revocation.kind === "failed") {
    const cause = revocation.answered.replace(/\.$/, "");
    warning(
      `${name}: the credential could not be revoked at ${host} (${cause}). It stays valid ${until(end)}. Remove it by hand: ${byHand}.`,
      "Not revoked",
    );
  } else if (revocation.kind === "impossible") {
    info(`${name} at ${host}: ${revocation.why} The token lives ${until(end, "it expires")}.`);
  } else info(`${name}: the credential ${revocation.kind === "gone" ? "was already gone" : "is revoked"} at ${host}.`);
}

function warnOfState(flaw: string): void {
  warning(
    `The saved state ${flaw}. Another step may have changed it. What this step minted stays valid: remove it in the service.`,
    NOTHING_DONE,
  );
}

/** How long a credential lives, where nobody takes it back. */
export function until(end: Date | undefined, unknown = "someone revokes it"): string {
  return `until ${end ? utc(end) : unknown}`;
}
