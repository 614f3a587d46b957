import { Failure } from "../failure.ts";
import type { Client } from "../http/client.ts";
import type { Target } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Run } from "../providers/provider.ts";
import { info } from "../runner/log.ts";
import type { Obtained } from "./exchange.ts";

/** Seconds for the clean-up of what killed runs left, at most. */
const LONGEST_SWEEP_SECONDS = 10;

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
