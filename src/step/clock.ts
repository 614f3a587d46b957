import { Failure, type FailureCode, reworded } from "../failure.ts";
import type { Client } from "../http/client.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../http/retry.ts";
import { warning } from "../runner/log.ts";
import { secondsUntil, span } from "../text/time.ts";

/** Failures that a wrong clock can be behind: the service judged times that this runner told, or the other way round. */
const PERHAPS_THE_CLOCK: readonly FailureCode[] = ["refused", "forbidden", "invalid-input", "bad-response"];

/** What an expiry may be off by before it is worth a word: a tenth of the time that is left. */
const ODD_SHARE = 0.1;

/** Passes the work's result on; to a failure that the runner's clock can be behind it adds how far that is off. */
export async function minding<Result>(client: Client, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (thrown) {
    const off = offBy(client);
    if (off === undefined || !(thrown instanceof Failure) || !PERHAPS_THE_CLOCK.includes(thrown.code)) throw thrown;
    throw reworded(thrown, `${thrown.hint} ${off.sentence}, which can be the cause: set it right.`);
  }
}

/** Warns where the runner's clock makes the expiry odd; a run that is fine is left in peace. */
export function warnOfClock(client: Client, expiresAt: Date | undefined): void {
  const off = offBy(client);
  if (off === undefined || expiresAt === undefined) return;
  if (off.seconds <= secondsUntil(expiresAt) * ODD_SHARE) return;
  warning(`${off.sentence}, so \`expires-at\` or \`expires-in\` is wrong: set it right.`, "Clock of the runner");
}

/** How far the runner's clock is off, where that is more than the way of an answer explains. */
function offBy(client: Client): { readonly seconds: number; readonly sentence: string } | undefined {
  const ahead = client.clockAhead() ?? 0;
  const seconds = Math.abs(ahead);
  if (seconds <= CLOCK_TOLERANCE_SECONDS) return undefined;
  const far = `${span(Math.round(seconds / 60) * 60)} ${ahead > 0 ? "ahead of" : "behind"}`;
  return { seconds, sentence: `The runner's clock is ${far} the service's` };
}
