import { Failure } from "./failure.ts";
import type { Client } from "./http/client.ts";
import type { Settings } from "./inputs.ts";
import type { Credential, Handle, Run } from "./providers/provider.ts";
import type { Request, Target } from "./request.ts";
import { info, warning } from "./runner/log.ts";
import { maskMinted } from "./runner/masks.ts";
import { leave } from "./runner/state.ts";
import { epochSeconds } from "./words.ts";

/** Seconds for the clean-up of what killed runs left, at most. */
const LONGEST_SWEEP_SECONDS = 10;

/** A credential, and what it takes to revoke it where that can be done. */
export interface Obtained {
  readonly credential: Credential;
  readonly handle: Handle | undefined;
  /** Post has been left what it needs to take the credential back. */
  readonly willBeRevoked: boolean;
}

/**
 * Exchanges the user's credentials, or takes what another job sealed. What can be revoked is left for post the moment it
 * exists, before anything that can fail.
 * @param settings with the certificates that post is to trust
 * @throws {Failure} by the contract's judging order
 */
export async function obtain(request: Request, client: Client, settings: Settings, run: Run): Promise<Obtained> {
  return request.kind === "open" ? takeOpened(request, settings) : exchange(request, client, settings, run);
}

function takeOpened({ target, credential, handle }: Request & { kind: "open" }, settings: Settings): Obtained {
  if (handle !== undefined) leaveHandle(target, handle, credential.expiresAt, settings);
  return { credential, handle, willBeRevoked: handle !== undefined };
}

async function exchange(
  { target, credentials }: Request & { kind: "exchange" },
  client: Client,
  settings: Settings,
  run: Run,
): Promise<Obtained> {
  const isRevoked = settings.revoke !== "false";
  let handle: Handle | undefined;
  const http = client.stage({ seconds: settings.timeout, retries: settings.retries });
  const credential = await target.method.exchange(credentials, http, {
    secret: maskMinted,
    revocable(made) {
      handle = made;
      if (isRevoked) leaveHandle(target, made, undefined, settings);
    },
    note: info,
    warn: (text) => warning(text, `${target.provider.name} credential`),
    run,
  });
  leaveExpiry(target, credential, handle, settings);
  return { credential, handle, willBeRevoked: isRevoked && handle !== undefined };
}

/** What post needs to take something back, and nothing else. */
function leaveHandle({ provider, url }: Target, handle: Handle, expiresAt: Date | undefined, settings: Settings): void {
  leave({
    kind: "revocable",
    provider: provider.id,
    url,
    handle,
    expires: epochSeconds(expiresAt),
    timeout: settings.timeout,
    retries: settings.retries,
    caCertificate: settings.caCertificate,
    allowHttp: settings.allowHttp,
  });
}

/** The expiry is known only now that the credential is whole; post skips what has expired, and tells of what lives on. */
function leaveExpiry(target: Target, { expiresAt }: Credential, handle: Handle | undefined, settings: Settings): void {
  const { provider, method } = target;
  const expires = epochSeconds(expiresAt);
  if (handle !== undefined && settings.revoke !== "false") leaveHandle(target, handle, expiresAt, settings);
  else if (handle !== undefined) leave({ kind: "kept", provider: provider.id, expires });
  else if (method.ending === "expires") leave({ kind: "expires", provider: provider.id, expires });
}

/** Removes what killed runs of this job left. It is a favour to the account, so no fault of it is one of the step. */
export async function sweep(
  target: Target,
  { handle, willBeRevoked }: Obtained,
  client: Client,
  { timeout }: Settings,
  run: Run,
): Promise<void> {
  if (target.provider.sweep === undefined || handle === undefined || !willBeRevoked) return;
  const http = client.stage({ seconds: Math.min(timeout, LONGEST_SWEEP_SECONDS), retries: 0 });
  try {
    const swept = await target.provider.sweep(handle, http, run);
    if (swept > 0) info(`Deleted ${swept} key${swept === 1 ? "" : "s"} that an earlier run of this job had left.`);
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault;
    info("Keys that earlier runs may have left could not be looked for; the next run tries again.");
  }
}
