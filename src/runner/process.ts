import { asFailure, type Failure } from "../failure.ts";

/** Milliseconds that a cancelled stage waits for an answer at most: the runner gives it 7.5 seconds. */
const LONGEST_WAIT = 5_000;

interface Stage {
  readonly body: () => Promise<void>;
  /** Tells a failure to whoever reads the log. */
  readonly onFailure: (failure: Failure) => void;
  /** Stops what the stage does. Where it has to wait for an answer it resolves when that is dealt with. */
  readonly onCancel?: () => Promise<void> | undefined;
  /** Exit code of a stage that failed: 1 for main; post never fails the job. */
  readonly failedExitCode: 0 | 1;
}

/**
 * Runs one stage of the step to its end and ends the process, with 0 only after a success: also where something throws
 * outside of any promise, or where nothing is left to wait for although the work is not done.
 */
export function runProcess({ body, onFailure, onCancel, failedExitCode }: Stage): void {
  process.exitCode = failedExitCode;
  let isOver = false;
  const exit = (): never => process.exit(failedExitCode);
  process.once("SIGTERM", exit);
  process.once("SIGINT", () => {
    const settled = onCancel?.();
    if (settled === undefined) return exit();
    // Nobody is told of what becomes of a cancelled stage.
    isOver = true;
    process.once("SIGINT", exit);
    setTimeout(exit, LONGEST_WAIT);
    return settled.then(() => end(failedExitCode), exit);
  });

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
    if (isOver) return;
    isOver = true;
    end(0);
  }, fail);
}

/** Ends the process when its log is written, whatever connections are still open. */
function end(exitCode: number): void {
  process.exitCode = exitCode;
  process.stdout.write("", () => process.exit());
}
