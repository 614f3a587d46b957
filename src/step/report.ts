import type { Failure } from "../failure.ts";
import type { Known, Plan } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Inputs } from "../input/table.ts";
import type { Credential, Handle, Inconclusive, Verdict } from "../providers/provider.ts";
import { error, info, told, warning } from "../runner/log.ts";
import { withdraw } from "../runner/outputs.ts";
import { chapterOn } from "../runner/run.ts";
import { type Rows, writeSummary } from "../runner/summary.ts";
import { lifetime } from "../text/time.ts";

/** What a step came to, as far as a person wants to know. */
export interface Result {
  readonly plan: Plan;
  readonly credential: Credential;
  readonly proof: Verdict;
  readonly handle: Handle | undefined;
  readonly settings: Settings;
  /** Names of the variables that later steps see. */
  readonly exported: readonly string[];
  readonly isSealed: boolean;
  readonly willBeRevoked: boolean;
  /** The proxy that the requests went through, with port. */
  readonly proxyHost: string | undefined;
}

/** Tells a success in a few plain lines, and in the job's summary where that is wanted. */
export function reportSuccess(result: Result): void {
  const { target, kind } = result.plan;
  const { account = "" } = result.credential;
  const rows: Rows = [
    ["Service", `${target.provider.name} at ${new URL(target.place).host}${throughText(result)}`],
    ["Method", kind === "open" ? `${target.method.id}, opened from another job's seal` : target.method.id],
    ["Expires", lifetime(result.credential.expiresAt)],
    ["Probe", probeText(result)],
    ["Exported", exportedText(result)],
    ...(result.isSealed ? [["Sealed", "for the other jobs of this run, in the output sealed"] as const] : []),
    ["At the end", endText(result)],
  ];
  const lines = account === "" ? rows : rows.toSpliced(2, 0, ["Account", account]);
  for (const [heading, text] of lines) info(`${heading}: ${text}`);
  if (result.proof.kind === "inconclusive") tellInconclusive(result.proof);
  if (result.settings.summary === "true") writeSummary("API token", rows);
}

/** A proxy that nobody thought of, or an exception that does not work, is seen in the log of a run that is fine. */
function throughText({ proxyHost }: Result): string {
  return proxyHost === undefined ? "" : `, through the proxy ${proxyHost}`;
}

/** A missing permission is the user's choice; a fault is something to look at. */
function tellInconclusive(proof: Inconclusive): void {
  if (proof.lacks === "permission") info(told(proof.failure));
  else warning(told(proof.failure), "Token not proven");
}

function probeText({ proof, plan }: Result): string {
  switch (proof.kind) {
    case "accepted":
      return "accepted, the service knows the credential";
    case "skipped":
      return `skipped (${proof.why}), so the credential is not proven${plan.kind === "open" ? " here" : ""}`;
    case "refused":
      return "refused";
    case "inconclusive":
      return proof.lacks === "permission" ? "inconclusive for lack of a permission" : "inconclusive because of a fault";
  }
}

function exportedText({ exported }: Result): string {
  return exported.length === 0 ? "nothing, the token is in the outputs of this step" : `as ${exported.join(" and ")}`;
}

function endText({ plan, settings, isSealed, handle, willBeRevoked }: Result): string {
  const { provider, method } = plan.target;
  if (plan.kind === "open" && settings.revoke !== "true") return "left to the other jobs";
  if (isSealed && handle !== undefined) return "not revoked here, the jobs that open the seal use it";
  if (willBeRevoked) return "revoked when this job ends";
  if (method.ending === "ready-made") return "left as it is, you brought it";
  if (handle !== undefined) return "left in place, as `revoke: false` says";
  if (method.neverRevokes === true) return "lives until it expires, this method never revokes";
  return `lives until it expires, ${provider.name} ${provider.unrevoked ?? "offers no revocation"}`;
}

/** Tells a failure once: as an annotation, as an output beside no other, and in the job's summary unless that is not wanted. */
export function reportFailure(failure: Failure, inputs: Inputs | undefined, known: Known): void {
  error(failure);
  withdraw(failure.code);
  if (inputs?.summary.toLowerCase() === "false") return;
  const { message, hint } = failure;
  // What the service answered stays out: it can name an account.
  const { provider, url, method } = known;
  const service: Rows = provider && url ? [["Service", `${provider.name} at ${new URL(url).host}`]] : [];
  writeSummary(`No API token: ${failure.title}`, [
    ["Failure", failure.code, chapterOn(failure.code)],
    ...service,
    ...(method === undefined ? [] : [["Method", method] as const]),
    ["What happened", told({ message, hint, answered: "", answeredBy: "" })],
  ]);
}
