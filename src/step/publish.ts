import type { Request, Target } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import type { Credential, Run } from "../providers/provider.ts";
import { warning } from "../runner/log.ts";
import { exportToJob, output } from "../runner/outputs.ts";
import { readSealKey, seal } from "../seal/seal.ts";
import { secondsUntil, utc } from "../text/time.ts";
import type { Obtained } from "./exchange.ts";

/** Sets the outputs and exports the variables; returns the names of these. */
export function handOver({ method, envName }: Target, credential: Credential, { exportEnv }: Settings): string[] {
  const headers = method.headers(credential);
  const { token, expiresAt, account = "", userId = "" } = credential;
  const variables = exportEnv ? { [envName]: token, ...method.alsoExports?.(credential) } : {};
  output("token", token);
  output("authorization", headers.Authorization ?? "");
  output("headers", JSON.stringify(headers));
  output("expires-at", expiresAt === undefined ? "" : utc(expiresAt));
  output("expires-in", expiresAt === undefined ? "" : String(secondsUntil(expiresAt)));
  output("account", account);
  output("user-id", userId);
  output("env-name", exportEnv ? envName : "");
  for (const [name, value] of Object.entries(variables)) exportToJob(name, value);
  return Object.keys(variables);
}

/** Seals the credential for the other jobs of the run; empty where no key is given. */
export async function sealForOthers(request: Request, obtained: Obtained, run: Run): Promise<string> {
  if (request.kind === "open" || request.sealKey === "") return "";
  const { provider, method, url, envName } = request.target;
  const { token, userId, account, expiresAt } = obtained.credential;
  const content = { token, provider: provider.id, method: method.id, url, envName, userId, account, expiresAt };
  return seal({ ...content, handle: obtained.handle }, readSealKey(request.sealKey), run);
}

/** Hands the seal on, with a warning where nobody but its openers can end what is in it. */
export function handOn(sealed: string, { credential, handle }: Obtained): void {
  if (sealed === "") return;
  output("sealed", sealed);
  if (handle === undefined || credential.expiresAt !== undefined) return;
  warning(
    "What is sealed has no expiry. Add a closing job that `needs` all the others, runs `if: always()`, and opens the seal with `revoke: true`.",
    "Sealed without an expiry",
  );
}
