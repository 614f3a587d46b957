import { Failure, type FailureCode, reworded } from "../failure.ts";
import type { Client } from "../http/client.ts";
import { isUnknownHost } from "../http/faults.ts";
import type { Request, Target, Tell } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import { notKnownNow } from "../providers/kit/judge.ts";
import type { Credential, Refused, Verdict } from "../providers/provider.ts";

/** What the probe told; `skipped` where none was wanted. */
export type Proof = Verdict | { readonly kind: "skipped" };

/** Faults that say nothing of the credential. A host that nobody knows is none of them: waiting does not mend its name. */
const FAULTS: readonly FailureCode[] = ["unavailable", "rate-limited", "timeout"];

/** Whose credential it is, and whether it was minted here, opened from a seal or brought. */
interface Origin {
  readonly kind: Request["kind"];
  readonly target: Pick<Target, "provider" | "method">;
}

/**
 * Proves the credential as far as the input `probe` wants it.
 * @throws {Failure} `refused`, or where what answers is not the service; with `strict` also for an inconclusive probe
 */
export async function prove(
  origin: Origin,
  credential: Credential,
  client: Client,
  { probe: wanted, timeout, retries }: Settings,
  tell: Tell,
): Promise<Proof> {
  const http = client.stage({ seconds: timeout, retries: Math.min(1, retries) });
  const proof: Proof =
    wanted === "false"
      ? { kind: "skipped" }
      : await faultsAreInconclusive(origin.target.method.probe(credential, http));
  tell("probe", proof.kind);
  if (proof.kind === "refused") throw refusal(proof, origin, http.host);
  if (proof.kind === "inconclusive" && wanted === "strict") throw proof.failure;
  return proof;
}

/** A refusal means another thing of what this step minted, of what came from a seal and of what the user brought. */
function refusal(refused: Refused, { kind, target }: Origin, host: string): Failure {
  const { failure, isOfTheWay = false } = refused;
  const { name } = target.provider;
  const isBrought = target.method.ending === "ready-made";
  if (kind === "open") {
    const meaning = isBrought ? SEALED_SECRET : `${SEALED} so that the job that seals gets a new one from ${name}.`;
    return isOfTheWay
      ? reworded(failure, `${failure.hint} Otherwise ${meaning[0]?.toLowerCase()}${meaning.slice(1)}`)
      : reworded(failure, meaning, `${name} at ${host} refuses the credential of the seal.`);
  }
  if (!isBrought) return notKnownNow(refused, `${name} at ${host} refuses the credential that this step has just got.`);
  const lead = isOfTheWay ? "Otherwise" : "So";
  return reworded(failure, `${failure.hint} ${lead} check the secrets that this step is given.`);
}

const SEALED =
  "It has expired or was revoked since, perhaps by a closing job of an earlier attempt: re-run all jobs, not only the failed ones,";

const SEALED_SECRET =
  "It has expired or was revoked since: renew the secret that the sealing job is given, then re-run all jobs, not only the failed ones.";

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
