import { Failure } from "../failure.ts";
import type { Client } from "../http/client.ts";
import type { Target } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Handle, Run } from "../providers/provider.ts";
import { info } from "../runner/log.ts";

/** Seconds for the clean-up of what killed runs left, at most. */
const LONGEST_SWEEP_SECONDS = 10;

/** Removes what killed runs of this job left. It is a favour to the account, so no fault of it is one of the step. */
export async function sweep(
  { provider }: Target,
  handle: Handle | undefined,
  client: Client,
  { timeout, revoke }: Settings,
  run: Run,
): Promise<void> {
  if (provider.sweep === undefined || handle === undefined || revoke === "false") return;
  const http = client.stage({ seconds: Math.min(timeout, LONGEST_SWEEP_SECONDS), retries: 0 });
  try {
    const swept = await provider.sweep(handle, http, run);
    if (swept > 0) info(`Deleted keys that earlier runs of this job had left: ${swept}.`);
  } catch (fault) {
    // The next run looks for them again.
    if (!(fault instanceof Failure)) throw fault;
  }
}
