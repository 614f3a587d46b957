import { readClient } from "./runner/inputs.ts";
import { info, told, warning } from "./runner/log.ts";
import { runStage } from "./runner/stage.ts";
import { readLeft } from "./runner/state.ts";
import { CHANGED_STATE, takeBack } from "./takeback.ts";

/** The mirror of main, at the end of the job: takes back what main made. It never fails the job and never exchanges. */
export function post(): void {
  runStage({
    body: revokeStep,
    onFailure: (failure) => warning(told(failure), "Nothing was taken back"),
    failedExitCode: 0,
  });
}

async function revokeStep(): Promise<void> {
  const left = readLeft();
  if (left === undefined) info("Nothing to take back.");
  else if (left === "broken")
    warning(`The saved state is not what this action saves. ${CHANGED_STATE}`, "Nothing was taken back");
  else await takeBack(left, readClient());
}
