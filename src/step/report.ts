import type { Failure } from "../failure.ts";
import type { Known, Plan } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Inputs } from "../input/table.ts";
import type { Verdict } from "../providers/provider.ts";
import { error, info, told, warning } from "../runner/log.ts";
import { withdraw } from "../runner/outputs.ts";
import { chapterOn } from "../runner/run.ts";
import { type Rows, writeSummary } from "../runner/summary.ts";
import { lifetime } from "../text/time.ts";
import type { Obtained } from "./exchange.ts";
import type { Published } from "./publish.ts";

/** What a step came to, as far as a person wants to know. */
export interface Result extends Obtained, Published {
  readonly plan: Plan;
  readonly proof: Verdict;
  readonly settings: Settings;
  /** The proxy that the requests went through, with port. */
  readonly proxyHost: string | undefined;
}

/** Tells a success in a few plain lines, and in the job's summary where that is wanted. */
export function reportSuccess(result: Result): void {
  const { plan, credential, proof, settings, exported, isSealed, proxyHost } = result;
  const { provider, method, place } = plan.target;
  // A proxy that nobody thought of, or an exception that does not work, is seen in the log of a run that is fine.
  const through = proxyHost === undefined ? "" : `, through the proxy ${proxyHost}`;
  const account = ["Account", credential.account ?? ""] as const;
  const rows: Rows = [
    ["Service", `${provider.name} at ${new URL(place).host}${through}`],
    ["Method", method.id + (plan.kind === "open" ? ", opened from another job's seal" : "")],
    account,
    ["Expires", lifetime(credential.expiresAt)],
    ["Probe", probeText(proof)],
    ["Exported", exported.length > 0 ? `as ${exported.join(" and ")}` : ""],
    ["Sealed", isSealed ? "for the other jobs of this run" : ""],
    ["At the end", endText(result)],
  ];
  for (const [heading, text] of rows) if (text !== "") info(`${heading}: ${text}`);
  if (proof.kind === "inconclusive") {
    // A missing permission is the user's choice; a fault is something to look at.
    if (proof.lacks === "permission") info(told(proof.failure));
    else warning(told(proof.failure), "Token not proven");
  }
  if (settings.summary === "true")
    writeSummary(
      "API token",
      rows.filter((row) => row !== account),
    );
}

function probeText(proof: Verdict): string {
  if (proof.kind === "accepted") return "accepted, the service knows the credential";
  return proof.kind === "skipped" ? `skipped (${proof.why}), so the credential is not proven` : proof.kind;
}

function endText({ plan, settings, isSealed, handle }: Result): string {
  const { provider, method } = plan.target;
  const isOthers = plan.kind === "open" ? settings.revoke !== "true" : isSealed && handle !== undefined;
  if (isOthers) return "left to the other jobs";
  if (method.ending === "ready-made") return "left as it is, you brought it";
  if (handle !== undefined) {
    return settings.revoke === "false" ? "left in place, as `revoke: false` says" : "revoked when this job ends";
  }
  return `lives until it expires, ${method.neverRevokes ? "this method never revokes" : `${provider.name} ${provider.unrevoked ?? "offers no revocation"}`}`;
}

/** Tells a failure once: as an annotation, as an output beside no other, and in the job's summary unless that is not wanted. */
export function reportFailure(failure: Failure, inputs: Inputs | undefined, known: Known): void {
  error(failure);
  withdraw(failure.code);
  if (inputs?.summary.toLowerCase() === "false") return;
  const { code, title, message, hint } = failure;
  const { provider, url, method = "" } = known;
  writeSummary(`No API token: ${title}`, [
    ["Failure", code, chapterOn(code)],
    ["Service", provider && url ? `${provider.name} at ${new URL(url).host}` : ""],
    ["Method", method],
    // What the service answered stays out: it can name an account.
    ["What happened", `${message} ${hint}`],
  ]);
}
