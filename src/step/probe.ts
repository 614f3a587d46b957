import { Failure, type FailureCode, reworded } from "../failure.ts";
import type { Client } from "../http/client.ts";
import { isUnknownHost } from "../http/faults.ts";
import type { Http } from "../http/http.ts";
import type { Plan, Tell } from "../input/plan.ts";
import type { Settings } from "../input/settings.ts";
import { notKnownNow } from "../providers/kit/judge.ts";
import type { Credential, Inconclusive, Refused, Skipped, Verdict } from "../providers/provider.ts";
import { clean } from "../runner/masks.ts";
import { onTheWay } from "./id-token.ts";

/** The credential with what the probe learned of it, and what that was. */
export interface Proven {
  readonly credential: Credential;
  readonly proof: Verdict;
}

/** Faults that say nothing of the credential. A host that nobody knows is none of them: waiting does not mend its name. */
const FAULTS: readonly FailureCode[] = ["unavailable", "rate-limited", "timeout"];

/**
 * Proves the credential as far as the input `probe` wants it.
 * @throws {Failure} `refused`, or where what answers is not the service; with `strict` also for an inconclusive probe
 */
export async function prove(
  plan: Plan,
  credential: Credential,
  client: Client,
  { probe: wanted, timeout, retries }: Settings,
  tell: Tell,
): Promise<Proven> {
  const http = client.stage({ seconds: timeout, retries: Math.min(1, retries) });
  const proof: Verdict =
    wanted === "false" ? { kind: "skipped", why: "`probe: false`" } : await ask(plan, credential, http);
  tell({ probe: proof.kind });
  if (proof.kind === "refused") throw refusal(proof, plan, http.host);
  if (wanted === "strict" && proof.kind !== "accepted") throw unproven(proof);
  return { credential: withProof(credential, proof), proof };
}

async function ask(plan: Plan, credential: Credential, http: Http): Promise<Verdict> {
  const step = onTheWay(http);
  try {
    return await (plan.kind === "exchange"
      ? plan.prepared.probe(credential, http, step)
      : plan.target.method.probe(credential, http, { minted: "elsewhere", given: undefined, step }));
  } catch (fault) {
    if (!(fault instanceof Failure) || !FAULTS.includes(fault.code) || isUnknownHost(fault)) throw fault;
    return { kind: "inconclusive", lacks: "answer", failure: fault };
  }
}

function unproven(proof: Inconclusive | Skipped): Failure {
  if (proof.kind === "inconclusive") return proof.failure;
  return new Failure("invalid-input", `The input "probe" is \`strict\`, but there is nothing to ask (${proof.why}).`, {
    hint: 'Give "probe-url" where the provider takes it, or set `probe: true`.',
  });
}

/** A refusal means another thing of what this step minted, of what came from a seal and of what the user brought. */
function refusal(refused: Refused, { kind, target }: Plan, host: string): Failure {
  const { failure, isOfTheWay } = refused;
  const refuses = `${target.provider.name} at ${host} refuses the credential`;
  const isBrought = target.method.ending === "ready-made";
  if (kind === "open") {
    const renew = isBrought ? "renew the secret of the job that seals, then " : "";
    const meaning = `The sealed credential may have expired or been revoked since: ${renew}re-run all jobs, not only the failed ones.`;
    return isOfTheWay
      ? reworded(failure, `${failure.hint} ${meaning}`)
      : reworded(failure, meaning, `${refuses} of the seal.`);
  }
  return isBrought
    ? reworded(failure, `${failure.hint} Also check the secrets that this step is given.`)
    : notKnownNow(refused, `${refuses} that this step has just got.`);
}

/** The service's own date, and whose the credential is, made safe to print. */
export function withProof(credential: Credential, proof: Verdict): Credential {
  const learned = proof.kind === "accepted" ? proof : undefined;
  const account = learned?.account ?? credential.account;
  return {
    ...credential,
    account: account === undefined ? undefined : clean(account),
    expiresAt: learned?.expiresAt ?? credential.expiresAt,
  };
}
