import type { Client } from "../http/client.ts";
import type { Underway } from "../http/underway.ts";
import type { Plan, Target } from "../input/plan.ts";
import { readAgain } from "../input/read.ts";
import type { Settings } from "../input/settings.ts";
import type { Credential, Handle, Run } from "../providers/provider.ts";
import { warning } from "../runner/log.ts";
import { saveForPost, saveForPostAtExit } from "../runner/state.ts";
import { epochSeconds, utc } from "../text/time.ts";
import { onTheWay } from "./id-token.ts";
import { type Revocable, revokeKey, takeBack, until } from "./revoke.ts";

/** A credential, and what it takes to revoke it where that can be done. */
export interface Obtained {
  readonly credential: Credential;
  readonly handle: Handle | undefined;
}

/**
 * Exchanges the user's credentials, or takes what another job sealed. What can be revoked is left for post the moment it
 * exists, before anything that can fail; where it cannot be left, it is taken back at once.
 * @param settings with the certificates that post is to trust
 * @throws {Failure} by the contract's judging order, or `runner`
 */
export async function obtain(
  plan: Plan,
  client: Client,
  settings: Settings,
  run: Run,
  requests: Underway,
): Promise<Obtained> {
  const { provider, place: url } = plan.target;
  const { timeout, retries, caCertificate, allowHttp } = settings;
  let unsaved: Revocable | undefined;
  const leaveHandle: LeaveHandle = (handle, expiresAt) => {
    const expires = epochSeconds(expiresAt);
    const connecting = { timeout, retries, caCertificate, allowHttp };
    const left: Revocable = { kind: "revocable", provider: provider.id, url, handle, expires, ...connecting };
    unsaved = left;
    saveForPost(left, revokeKey(readAgain(provider.revokesWith?.(handle) ?? [])));
    unsaved = undefined;
  };
  try {
    if (plan.kind === "exchange") return await exchange(plan, client, settings, run, leaveHandle);
    const { credential, handle } = plan;
    if (handle !== undefined) leaveHandle(handle, credential.expiresAt);
    return { credential, handle };
  } catch (fault) {
    // What this very step has made needs no proof of where it comes from.
    if (unsaved !== undefined) await requests.follow(takeBack(unsaved, always), always);
    throw fault;
  }
}

const always = (): boolean => true;

/** Leaves for post what it takes to take something back. */
type LeaveHandle = (handle: Handle, expiresAt: Date | undefined) => void;

async function exchange(
  { target, prepared }: Plan & { kind: "exchange" },
  client: Client,
  settings: Settings,
  run: Run,
  leaveHandle: LeaveHandle,
): Promise<Obtained> {
  const isRevoked = settings.revoke !== "false";
  let handle: Handle | undefined;
  let unsettled: ReturnType<typeof perhapsLeft> | undefined;
  const http = client.stage({ seconds: settings.timeout, retries: settings.retries });
  const settled = () => {
    unsettled = undefined;
  };
  // A key in hand is left for post at once; of one that nobody holds there is nothing to tell before its fate is clear.
  saveForPostAtExit(() => unsettled);
  try {
    const credential = await prepared.exchange(http, {
      ...onTheWay(http),
      mayExist(name, expiresAt) {
        unsettled = perhapsLeft(name, target, expiresAt);
      },
      settled,
      revocable(made) {
        handle = made;
        settled();
        if (isRevoked) leaveHandle(made, undefined);
      },
      warn: warning,
      run,
    });
    // The expiry is known only now that the credential is whole; post skips what has expired, and tells of what lives on.
    if (handle !== undefined && isRevoked) leaveHandle(handle, credential.expiresAt);
    else leaveExpiry(target, credential, handle);
    return { credential, handle };
  } catch (thrown) {
    if (unsettled !== undefined) warning(unsettled.text, unsettled.title);
    throw thrown;
  }
}

/** What main warns of when it fails, and post when main was ended: a key that may exist although nobody holds it. */
function perhapsLeft(name: string, { provider, place }: Target, expiresAt: Date | undefined) {
  const end = expiresAt && ` It ends by itself at ${utc(expiresAt)}.`;
  return {
    kind: "told",
    title: "A key may be left",
    text: `A key named ${name} may be left at ${new URL(place).host}: it could not be looked for and deleted. Remove it by hand: ${provider.byHand}.${end ?? ""}`,
  } as const;
}

/** What nobody takes back: post tells how long it lives. */
function leaveExpiry({ provider, method }: Target, { expiresAt }: Credential, handle: Handle | undefined): void {
  if (handle === undefined && (method.ending === "ready-made" || method.neverRevokes)) return;
  const lives =
    handle === undefined
      ? ` ${provider.unrevoked ?? "offers no revocation"}: the token lives ${until(expiresAt, "it expires")}`
      : `: the credential is left in place, as \`revoke: false\` says; it lives ${until(expiresAt)}`;
  saveForPost({ kind: "told", text: `${provider.name}${lives}.` });
}
