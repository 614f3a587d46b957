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
    const off = oddClock(client);
    if (off === undefined || !(thrown instanceof Failure) || !PERHAPS_THE_CLOCK.includes(thrown.code)) throw thrown;
    throw reworded(thrown, `${thrown.hint} ${off}, which can be the cause: set it right.`);
  }
}

/** Warns where the runner's clock makes the expiry odd; a run that is fine is left in peace. */
export function warnOfClock(client: Client, expiresAt: Date | undefined): void {
  const off = expiresAt && oddClock(client, secondsUntil(expiresAt) * ODD_SHARE);
  if (off) warning(`${off}, so \`expires-at\` or \`expires-in\` is wrong: set it right.`, "Clock of the runner");
}

/** How far the runner's clock is off, where that is more than the way of an answer explains, and more than so many seconds. */
function oddClock(client: Client, seconds = 0): string | undefined {
  const ahead = client.clockAhead() ?? 0;
  const off = Math.abs(ahead);
  if (off <= Math.max(CLOCK_TOLERANCE_SECONDS, seconds)) return undefined;
  return `The runner's clock is ${span(Math.round(off / 60) * 60)} ${ahead > 0 ? "ahead of" : "behind"} the service's`;
}
