import type { Failure } from "./failure.ts";
import { absoluteCertificate, certificatesForPost, readRootsAhead } from "./http/tls.ts";
import { type Underway, underway } from "./http/underway.ts";
import { withAdvice } from "./input/advice.ts";
import { type Known, plan as makePlan, type Tell } from "./input/plan.ts";
import { maskInputs, readInputs } from "./input/read.ts";
import { parseSettings } from "./input/settings.ts";
import type { Inputs } from "./input/table.ts";
import { checkRunnerFile } from "./runner/files.ts";
import { maskMinted } from "./runner/masks.ts";
import { runProcess } from "./runner/process.ts";
import { readRun, workspace } from "./runner/run.ts";
import { clearForPost } from "./runner/state.ts";
import { readDefinition } from "./runner/workspace-file.ts";
import { minding, warnOfClock } from "./step/clock.ts";
import { connect, warnIfPlain } from "./step/connect.ts";
import { obtain } from "./step/exchange.ts";
import { prove } from "./step/probe.ts";
import { publish, publishKnown } from "./step/publish.ts";
import { reportFailure, reportSuccess } from "./step/report.ts";
import { sweep } from "./step/sweep.ts";

/** The step itself: long-lived secrets in, a short-lived, masked and proven credential out. */
export function main(): void {
  let inputs: Inputs | undefined;
  let known: Known = {};
  const requests = underway();
  const tell: Tell = (more) => {
    known = { ...known, ...more };
    publishKnown(more);
  };
  runProcess({
    body: async () => {
      clearForPost();
      inputs = readInputs();
      // A seal may need no connection.
      if (inputs.sealed === "") readRootsAhead();
      maskInputs(inputs, "aloud");
      await exchangeStep(inputs, requests, tell);
    },
    onFailure: (failure: Failure) => reportFailure(withAdvice(failure, inputs, known), inputs, known),
    onCancel: requests.stop,
    failedExitCode: 1,
  });
}

async function exchangeStep(inputs: Inputs, requests: Underway, tell: Tell): Promise<void> {
  const settings = parseSettings(inputs);
  const run = readRun();
  const plan = makePlan(inputs, settings, { run, tell, secret: maskMinted, definition: readDefinition });
  const { target } = plan;
  if (settings.exportEnv) checkRunnerFile("GITHUB_ENV");
  warnIfPlain(target.place);
  const caCertificate = absoluteCertificate(settings.caCertificate, workspace());
  const client = connect({ ...settings, url: target.place, caCertificate, requests });
  // Read before anything is minted: a file that has gone in between must not keep a credential from being saved for post.
  const forPost = { ...settings, caCertificate: certificatesForPost(caCertificate) };
  const { credential: minted, handle } = await minding(client, obtain(plan, client, forPost, run, requests));
  // A step that was cancelled meanwhile hands nothing over.
  if (requests.isStopped()) return;
  const { credential, proof } = await minding(client, prove(plan, minted, client, settings, tell));
  await sweep(target, handle, client, settings, run);
  const obtained = { credential, handle };
  const published = await publish(plan, obtained, settings, run);
  // The revocation is left to who opens the seal, but not before all is handed over.
  if (published.isSealed) clearForPost();
  reportSuccess({ plan, ...obtained, proof, settings, ...published, proxyHost: client.proxyHost });
  warnOfClock(client, credential.expiresAt);
}
