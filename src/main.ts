import type { Failure } from "./failure.ts";
import { absoluteCertificate, certificatesForPost } from "./http/tls.ts";
import { type Underway, underway } from "./http/underway.ts";
import { withAdvice } from "./input/advice.ts";
import { chooseRequest, type Tell } from "./input/plan.ts";
import { maskInputs, readClient, readInputs } from "./input/read.ts";
import { type Inputs, parseSettings } from "./input/settings.ts";
import { checkRunnerFile } from "./runner/files.ts";
import { clean, maskMinted } from "./runner/masks.ts";
import { output } from "./runner/outputs.ts";
import { runStage } from "./runner/process.ts";
import { readRun, workspace } from "./runner/run.ts";
import { forget } from "./runner/state.ts";
import { minding, warnOfClock } from "./step/clock.ts";
import { connect, warnIfPlain } from "./step/connect.ts";
import { obtain, sweep } from "./step/exchange.ts";
import { prove, withProof } from "./step/probe.ts";
import { handOn, handOver, sealForOthers } from "./step/publish.ts";
import { type Known, reportFailure, reportSuccess } from "./step/report.ts";

/** The step itself: long-lived secrets in, a short-lived, masked and proven credential out. */
export function main(): void {
  let inputs: Inputs | undefined;
  const known: Known = {};
  const requests = underway();
  runStage({
    body: async () => {
      forget();
      inputs = readInputs();
      maskInputs(inputs, "aloud");
      await exchangeStep(inputs, requests, (name, value) => {
        known[name] = value;
        output(name, value);
      });
    },
    onFailure: (failure: Failure) => reportFailure(withAdvice(failure, inputs, known), inputs, known),
    onCancel: requests.stop,
    failedExitCode: 1,
  });
}

async function exchangeStep(inputs: Inputs, requests: Underway, tell: Tell): Promise<void> {
  const settings = parseSettings(inputs);
  const run = readRun();
  const request = await chooseRequest(inputs, settings, { run, tell, secret: maskMinted });
  if (settings.exportEnv) checkRunnerFile("GITHUB_ENV");
  warnIfPlain(request.target.url);
  const certificates = absoluteCertificate(settings.caCertificate, workspace());
  const client = connect(request.target.url, certificates, requests);
  // Read before anything is minted: a file that has gone in between must not keep a credential from being saved for post.
  const forPost = { ...settings, caCertificate: certificatesForPost(certificates) };
  const obtained = await minding(
    client,
    obtain(request, client, { settings: forPost, run, keyPair: readClient(), requests }),
  );
  // A step that was cancelled meanwhile hands nothing over.
  if (requests.isStopped()) return;
  const proof = await minding(client, prove(request, obtained.credential, client, settings, tell));
  await sweep(request.target, obtained, client, settings, run);
  const credential = withProof(obtained.credential, proof, clean);
  const sealed = await sealForOthers(request, { ...obtained, credential }, run);
  const exported = handOver(request.target, credential, settings);
  handOn(sealed, { ...obtained, credential });
  const { willBeRevoked } = obtained;
  output("failure", "");
  // The revocation is left to who opens the seal, but not before all is handed over.
  if (sealed !== "") forget();
  const { proxyHost } = client;
  reportSuccess({ request, credential, proof, settings, exported, isSealed: sealed !== "", willBeRevoked, proxyHost });
  warnOfClock(client, credential.expiresAt);
}
