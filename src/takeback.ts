import { connect } from "./connect.ts";
import { asFailure } from "./failure.ts";
import { providerById } from "./providers/index.ts";
import type { Credentials, Provider, Revocation } from "./providers/provider.ts";
import { info, told, warning } from "./runner/log.ts";
import { maskMinted } from "./runner/masks.ts";
import type { Left } from "./runner/state.ts";
import { isProtected } from "./url.ts";
import { utc } from "./words.ts";

/** A job may not hang at its end: seconds for the revocation at most. */
const LONGEST_SECONDS = 30;

/** What to do where the state is not what main saved. */
export const CHANGED_STATE =
  "Another step may have changed it. Whatever this step minted stays valid until it expires: remove it in the service.";

type Revocable = Left & { kind: "revocable" };

/** Takes back what main left; whatever goes wrong becomes one warning. */
export async function takeBack(left: Left, client: Credentials): Promise<void> {
  const provider = providerById(left.provider);
  if (provider === undefined) {
    warning(`The saved state names no known provider. ${CHANGED_STATE}`, "Nothing was taken back");
    return;
  }
  const end = left.expires === undefined ? undefined : new Date(left.expires * 1000);
  switch (left.kind) {
    case "kept":
      info(`${provider.name}: the credential is left in place, as \`revoke: false\` says; it lives ${until(end)}.`);
      break;
    case "expires":
      info(`${provider.name} offers no revocation: the token lives ${end ? until(end) : "until it expires"}.`);
      break;
    case "revocable":
      if (end === undefined || end.getTime() > Date.now())
        tell(await revoke(provider, left, client), provider, left, end);
      else info(`${provider.name}: the credential expired at ${utc(end)} (UTC), so nothing is left to revoke.`);
      break;
  }
}

async function revoke(provider: Provider, left: Revocable, client: Credentials): Promise<Revocation> {
  maskMinted(left.handle.secret);
  if (provider.revoke === undefined) return { kind: "failed", answered: "the service offers no revocation" };
  if (provider.revokesWithClient === true && !(client["client-id"] && client["client-secret"])) {
    return { kind: "failed", answered: '"client-id" and "client-secret" are not given any more' };
  }
  if (!isProtected(new URL(left.url)) && !left.allowHttp) return { kind: "failed", answered: "the URL is plain http" };
  try {
    const stage = { seconds: Math.min(left.timeout, LONGEST_SECONDS), retries: left.retries };
    return await provider.revoke(left.handle, connect(left.url, left.caCertificate).stage(stage), client);
  } catch (thrown) {
    const { message, answered, answeredBy } = asFailure(thrown);
    return { kind: "failed", answered: told({ message, answered, answeredBy, hint: "" }) };
  }
}

function tell(revocation: Revocation, { name, byHand }: Provider, left: Revocable, end: Date | undefined): void {
  const host = new URL(left.url).host;
  switch (revocation.kind) {
    case "revoked":
      info(`${name}: the credential is revoked at ${host}.`);
      break;
    case "gone":
      info(`${name}: the credential was already gone at ${host}.`);
      break;
    case "failed":
      warning(
        `The ${name} credential of this job could not be revoked at ${host} (${revocation.answered.replace(/\.$/, "")}). It stays valid ${until(end)}. Remove it by hand: ${byHand}.`,
        "Not revoked",
      );
      break;
  }
}

function until(end: Date | undefined): string {
  return end === undefined ? "until someone revokes it" : `until ${utc(end)} (UTC)`;
}
