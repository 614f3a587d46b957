import type { Known, Plan, Target } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Credential, Run } from "../providers/provider.ts";
import { warning } from "../runner/log.ts";
import { exportToJob, output } from "../runner/outputs.ts";
import { readSealKey, seal } from "../seal/seal.ts";
import { secondsUntil, utc } from "../text/time.ts";
import type { Obtained } from "./exchange.ts";

/** Sets the outputs that tell what is known so far, also for a step that fails. */
export function publishKnown({ provider, method, url, probe }: Known): void {
  if (provider !== undefined) output("provider", provider.id);
  if (method !== undefined) output("method", method);
  if (url !== undefined) output("url", url);
  if (probe !== undefined) output("probe", probe);
}

/** Sets the outputs and exports the variables; returns the names of these. */
export function publish({ method, envName }: Target, credential: Credential, { exportEnv }: Settings): string[] {
  const headers = method.headers(credential);
  const { token, expiresAt, account = "", parts = {} } = credential;
  const variables = exportEnv ? { [envName]: token, ...method.alsoExports?.(credential) } : {};
  output("token", token);
  output("authorization", headers.Authorization ?? "");
  output("headers", JSON.stringify(headers));
  output("expires-at", expiresAt === undefined ? "" : utc(expiresAt));
  output("expires-in", expiresAt === undefined ? "" : String(secondsUntil(expiresAt)));
  output("account", account);
  output("user-id", parts["user-id"] ?? "");
  output("env-name", exportEnv ? envName : "");
  for (const [name, value] of Object.entries(variables)) exportToJob(name, value);
  return Object.keys(variables);
}

/** Seals the credential for the other jobs of the run; empty where no key is given. */
export async function sealForOthers(plan: Plan, obtained: Obtained, run: Run): Promise<string> {
  if (plan.kind === "open" || plan.sealKey === "") return "";
  const { provider, method, url, place, envName } = plan.target;
  const content = {
    ...obtained.credential,
    provider: provider.id,
    method: method.id,
    url,
    ...(url === "" && { place }),
    envName,
  };
  return seal({ ...content, handle: obtained.handle }, readSealKey(plan.sealKey), run);
}

/** Hands the seal on, with a warning where nobody but its openers can end what is in it. */
export function publishSeal(sealed: string, { credential, handle }: Obtained): void {
  if (sealed === "") return;
  output("sealed", sealed);
  if (handle === undefined || credential.expiresAt !== undefined) return;
  warning(
    "What is sealed has no expiry. Add a closing job that `needs` all the others, runs `if: always()`, and opens the seal with `revoke: true`.",
    "Sealed without an expiry",
  );
}
