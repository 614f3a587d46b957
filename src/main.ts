import { connect, warnIfPlain } from "./connect.ts";
import type { Failure } from "./failure.ts";
import { handOn, handOver, sealForOthers } from "./handover.ts";
import { absoluteCertificate, certificatesForPost } from "./http/tls.ts";
import { type Inputs, parseSettings } from "./inputs.ts";
import { obtain, sweep } from "./obtain.ts";
import { prove, withProof } from "./probe.ts";
import { type Known, reportFailure, reportSuccess } from "./report.ts";
import { chooseRequest, type Tell } from "./request.ts";
import { maskInputs, readInputs } from "./runner/inputs.ts";
import { clean, maskMinted } from "./runner/masks.ts";
import { output } from "./runner/outputs.ts";
import { readRun, workspace } from "./runner/run.ts";
import { runStage } from "./runner/stage.ts";
import { forget } from "./runner/state.ts";

/** The step itself: long-lived secrets in, a short-lived, masked and proven credential out. */
export function main(): void {
  let inputs: Inputs | undefined;
  const known: Known = {};
  runStage({
    body: async () => {
      forget();
      inputs = readInputs();
      maskInputs(inputs);
      await exchangeStep(inputs, (name, value) => {
        known[name] = value;
        output(name, value);
      });
    },
    onFailure: (failure: Failure) => reportFailure(failure, inputs, known),
    failedExitCode: 1,
  });
}

async function exchangeStep(inputs: Inputs, tell: Tell): Promise<void> {
  const settings = parseSettings(inputs);
  const run = readRun();
  const request = await chooseRequest(inputs, settings, { run, tell, secret: maskMinted });
  warnIfPlain(request.target.url);
  const certificates = absoluteCertificate(settings.caCertificate, workspace());
  const client = connect(request.target.url, certificates);
  // Read before anything is minted: a file that has gone in between must not keep a credential from being saved for post.
  const obtained = await obtain(
    request,
    client,
    { ...settings, caCertificate: certificatesForPost(certificates) },
    run,
  );
  const proof = await prove(request.target.method, obtained.credential, client, settings, tell);
  await sweep(request.target, obtained, client, settings, run);
  const credential = withProof(obtained.credential, proof, clean);
  const sealed = await sealForOthers(request, { ...obtained, credential }, run);
  const exported = handOver(request.target, credential, settings);
  handOn(sealed, { ...obtained, credential });
  const { willBeRevoked } = obtained;
  reportSuccess({ request, credential, proof, settings, exported, isSealed: sealed !== "", willBeRevoked });
  output("failure", "");
}
