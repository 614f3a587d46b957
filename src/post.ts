import { maskInputs, readInputs } from "./input/read.ts";
import { info, told, warning } from "./runner/log.ts";
import { runProcess } from "./runner/process.ts";
import { isSignedWith, readForPost } from "./runner/state.ts";
import { CHANGED_STATE, NOTHING_DONE, takeBack } from "./step/revoke.ts";

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
  if (left === undefined) info(NOTHING_LEFT);
  else if (left === "broken") warning(`The saved state is not what this action saves. ${CHANGED_STATE}`, NOTHING_DONE);
  else await takeBack(left, isSignedWith);
}
