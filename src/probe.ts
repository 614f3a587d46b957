import { Failure, type FailureCode } from "./failure.ts";
import type { Client } from "./http/client.ts";
import { isUnknownHost } from "./http/faults.ts";
import type { Settings } from "./inputs.ts";
import type { Credential, Method, Verdict } from "./providers/provider.ts";
import type { Tell } from "./request.ts";

/** What the probe told; `skipped` where none was wanted. */
export type Proof = Verdict | { readonly kind: "skipped" };

/** Faults that say nothing of the credential. A host that nobody knows is none of them: waiting does not mend its name. */
const FAULTS: readonly FailureCode[] = ["unavailable", "rate-limited", "timeout"];

/**
 * Proves the credential as far as the input `probe` wants it.
 * @throws {Failure} `refused`, or where what answers is not the service; with `strict` also for an inconclusive probe
 */
export async function prove(
  method: Method,
  credential: Credential,
  client: Client,
  { probe: wanted, timeout, retries }: Settings,
  tell: Tell,
): Promise<Proof> {
  const http = client.stage({ seconds: timeout, retries: Math.min(1, retries) });
  const proof: Proof =
    wanted === "false" ? { kind: "skipped" } : await faultsAreInconclusive(method.probe(credential, http));
  tell("probe", proof.kind);
  if (proof.kind === "refused" || (proof.kind === "inconclusive" && wanted === "strict")) throw proof.failure;
  return proof;
}

async function faultsAreInconclusive(verdict: Promise<Verdict>): Promise<Verdict> {
  try {
    return await verdict;
  } catch (fault) {
    if (!(fault instanceof Failure) || !FAULTS.includes(fault.code) || isUnknownHost(fault)) throw fault;
    return { kind: "inconclusive", lacks: "answer", failure: fault };
  }
}

/** The credential with what the probe learned: the service's own date, and whose it is, made safe to print. */
export function withProof(credential: Credential, proof: Proof, clean: (text: string) => string): Credential {
  const learned = proof.kind === "accepted" ? proof : undefined;
  const account = learned?.account ?? credential.account;
  return {
    ...credential,
    account: account === undefined ? undefined : clean(account),
    expiresAt: learned?.expiresAt ?? credential.expiresAt,
  };
}
