import { asFailure, type Failure } from "../failure.ts";

interface Stage {
  readonly body: () => Promise<void>;
  /** Tells a failure to whoever reads the log. */
  readonly onFailure: (failure: Failure) => void;
  /** Exit code of a stage that failed: 1 for main; post never fails the job. */
  readonly failedExitCode: 0 | 1;
}

/**
 * Runs one stage of the step to its end and ends the process, with 0 only after a success: also where something throws
 * outside of any promise, or where nothing is left to wait for although the work is not done.
 */
export function runStage({ body, onFailure, failedExitCode }: Stage): void {
  process.exitCode = failedExitCode;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(failedExitCode));

  let isOver = false;
  const fail = (thrown: unknown): void => {
    if (isOver) return;
    isOver = true;
    try {
      onFailure(asFailure(thrown));
    } finally {
      end(failedExitCode);
    }
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  process.once("beforeExit", () => fail(new Error("the step ran out of work before its end")));

  body().then(() => {
    isOver = true;
    end(0);
  }, fail);
}

/** Ends the process when its log is written, whatever connections are still open. */
function end(exitCode: number): void {
  process.exitCode = exitCode;
  process.stdout.write("", () => process.exit());
}
