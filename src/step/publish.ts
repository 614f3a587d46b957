import type { Known, Plan } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Run } from "../providers/provider.ts";
import { warning } from "../runner/log.ts";
import { exportToJob, output } from "../runner/outputs.ts";
import { seal } from "../seal/seal.ts";
import { secondsUntil, utc } from "../text/time.ts";
import type { Obtained } from "./exchange.ts";

/** Sets the outputs that tell what is known so far, also for a step that fails. */
export function publishKnown({ provider, ...more }: Known): void {
  output({ provider: provider?.id, ...more });
}

/** What was handed over beside the outputs of every step. */
export interface Published {
  /** Names of the variables that later steps see. */
  readonly exported: readonly string[];
  readonly isSealed: boolean;
}

/** Seals where a key is given, sets the outputs and exports the variables. */
export async function publish(plan: Plan, obtained: Obtained, settings: Settings, run: Run): Promise<Published> {
  const { method, envName } = plan.target;
  const { credential, handle } = obtained;
  const { token, expiresAt, account = "", parts = {} } = credential;
  const sealed = await sealForOthers(plan, obtained, run);
  const headers = method.headers(credential);
  const variables = settings.exportEnv ? { [envName]: token, ...method.alsoExports?.(credential) } : {};
  output({
    token,
    authorization: headers.Authorization ?? "",
    headers: JSON.stringify(headers),
    "expires-at": expiresAt ? utc(expiresAt) : "",
    "expires-in": expiresAt ? `${secondsUntil(expiresAt)}` : "",
    account,
    "user-id": parts["user-id"] ?? "",
    "env-name": settings.exportEnv ? envName : "",
  });
  for (const [name, value] of Object.entries(variables)) exportToJob(name, value);
  output({ sealed, failure: "" });
  if (sealed !== undefined && handle !== undefined && expiresAt === undefined) {
    warning(
      "Add a closing job that `needs` all the others, runs `if: always()`, and opens the seal with `revoke: true`.",
      "Sealed without an expiry",
    );
  }
  return { exported: Object.keys(variables), isSealed: sealed !== undefined };
}

/** Seals the credential for the other jobs of the run; undefined where no key is given. */
async function sealForOthers(plan: Plan, { credential, handle }: Obtained, run: Run): Promise<string | undefined> {
  if (plan.kind === "open" || plan.sealKey === undefined) return undefined;
  const { provider, method, url, place, envName } = plan.target;
  const target = { provider: provider.id, method: method.id, url, place: url === "" ? place : undefined, envName };
  return seal({ ...credential, ...target, handle }, plan.sealKey, run);
}
