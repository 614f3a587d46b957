import { maskInputs, readInputs } from "./input/read.ts";
import { info, told, warning } from "./runner/log.ts";
import { cleanLine } from "./runner/masks.ts";
import { runProcess } from "./runner/process.ts";
import { isSignedWith, NONE, readForPost } from "./runner/state.ts";
import { NOTHING_DONE, takeBack } from "./step/revoke.ts";

/** All that is said of a step that left nothing. */
export const NOTHING_LEFT = "Nothing to take back.";

/** The mirror of main, at the end of the job: takes back what main made. It never fails the job and never exchanges. */
export function post(): void {
  runProcess({
    body: revokeStep,
    onFailure: (failure) => warning(told(failure), NOTHING_DONE),
    failedExitCode: 0,
  });
}

async function revokeStep(): Promise<void> {
  maskInputs(readInputs(), "silently");
  const left = readForPost();
  if (left === NONE) info(NOTHING_LEFT);
  else if (left?.kind !== "told") await takeBack(left, isSignedWith);
  else if (left.title === undefined) info(cleanLine(left.text));
  else warning(left.text, left.title);
}
