import type { Failure } from "../failure.ts";
import type { Request, TellName } from "../input/plan.ts";
import type { Inputs, Settings } from "../input/settings.ts";
import { providerById } from "../providers/index.ts";
import type { Credential, Ending } from "../providers/provider.ts";
import { error, info, told, warning } from "../runner/log.ts";
import { withdraw } from "../runner/outputs.ts";
import { chapterOn } from "../runner/run.ts";
import { type Rows, writeSummary } from "../runner/summary.ts";
import { lifetime } from "../text/time.ts";
import type { Proof } from "./probe.ts";

/** What a step came to, as far as a person wants to know. */
export interface Result {
  readonly request: Request;
  readonly credential: Credential;
  readonly proof: Proof;
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
  const { target } = result.request;
  const { account = "" } = result.credential;
  const rows: Rows = [
    ["Service", `${target.provider.name} at ${new URL(target.url).host}${throughText(result)}`],
    [
      "Method",
      result.request.kind === "open" ? `${target.method.id}, opened from another job's seal` : target.method.id,
    ],
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
function tellInconclusive(proof: Proof & { kind: "inconclusive" }): void {
  if (proof.lacks === "permission") info(told(proof.failure));
  else warning(told(proof.failure), "Token not proven");
}

function probeText({ proof, request }: Result): string {
  switch (proof.kind) {
    case "accepted":
      return "accepted, the service knows the credential";
    case "skipped":
      return `skipped (\`probe: false\`), so the credential is not proven${request.kind === "open" ? " here" : ""}`;
    case "refused":
      return "refused";
    case "inconclusive":
      return proof.lacks === "permission" ? "inconclusive for lack of a permission" : "inconclusive because of a fault";
  }
}

function exportedText({ exported }: Result): string {
  return exported.length === 0 ? "nothing, the token is in the outputs of this step" : `as ${exported.join(" and ")}`;
}

function endText({ request, settings, isSealed, willBeRevoked }: Result): string {
  const { provider, method } = request.target;
  if (request.kind === "open" && settings.revoke !== "true") return "left to the other jobs";
  if (isSealed && method.ending === "revocable") return "not revoked here, the jobs that open the seal use it";
  if (willBeRevoked) return "revoked when this job ends";
  return ENDINGS[method.ending](provider.name);
}

const ENDINGS: Readonly<Record<Ending, (name: string) => string>> = {
  revocable: () => "left in place, as `revoke: false` says",
  expires: (name) => `lives until it expires, ${name} offers no revocation`,
  "ready-made": () => "left as it is, you brought it",
};

/** What was known of the target when a step failed. */
export type Known = Partial<Record<TellName, string>>;

/** Tells a failure once: as an annotation, as an output beside no other, and in the job's summary unless that is not wanted. */
export function reportFailure(failure: Failure, inputs: Inputs | undefined, known: Known): void {
  error(failure);
  withdraw(failure.code);
  if (inputs?.summary.toLowerCase() === "false") return;
  const { message, hint } = failure;
  // What the service answered stays out: it can name an account.
  const { provider, url, method } = known;
  const service: Rows = provider && url ? [["Service", `${providerById(provider)?.name} at ${new URL(url).host}`]] : [];
  writeSummary(`No API token: ${failure.title}`, [
    ["Failure", failure.code, chapterOn(failure.code)],
    ...service,
    ...(method === undefined ? [] : [["Method", method] as const]),
    ["What happened", told({ message, hint, answered: "", answeredBy: "" })],
  ]);
}
