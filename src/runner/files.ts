import { accessSync, constants, statSync, truncateSync } from "node:fs";
import { Failure } from "../failure.ts";

/** The files that the runner offers to each step, by the variables that name them. */
export type RunnerFile = "GITHUB_STATE" | "GITHUB_OUTPUT" | "GITHUB_ENV";

/**
 * Lets the toolkit write to one of the runner's files. A record of which only a piece was written is cut off again: it would
 * keep the runner from reading what stands before it.
 * @returns the size of the file before, in bytes
 * @throws {Failure} `runner`
 */
export function writeTo(file: RunnerFile, write: () => void): number {
  const { size } = usable(file);
  try {
    judged(file, write);
    return size;
  } catch (failure) {
    cutOff(file, size);
    throw failure;
  }
}

/**
 * Checks a file that is written to later, before anything is minted that could then not be handed over.
 * @throws {Failure} `runner`
 */
export function checkRunnerFile(file: RunnerFile): void {
  const { path } = usable(file);
  judged(file, () => accessSync(path, constants.W_OK));
}

/** Where the file is not named, the toolkit would print what it has to write, the token too; a pipe would never end. */
function usable(file: RunnerFile): { path: string; size: number } {
  const path = process.env[file] ?? "";
  const found = judged(file, () => statSync(path, { throwIfNoEntry: false }));
  if (found?.isFile() || found?.isCharacterDevice()) return { path, size: found.size };
  throw fault(
    file,
    found ? "is no file" : "is not there",
    "An earlier step may have cleared the variable, or the folder RUNNER_TEMP: mend that.",
  );
}

/** Takes back what was written beyond that size, in bytes. It takes no space, so a full disk does not keep it from that. */
export function cutOff(file: RunnerFile, size: number): void {
  try {
    truncateSync(process.env[file] ?? "", size);
  } catch {
    // What kept it from being written can keep it from being cut; the step fails either way.
  }
}

/** What the work comes to; where it fails, the file cannot be written. */
function judged<Result>(file: RunnerFile, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : "";
    const hint = /^(?:ENOSPC|EDQUOT)/.test(said)
      ? "The disk is full (see `df -h`): free some space, or use a larger runner."
      : 'A step may have run as root or in a container (see `ls -ld "$RUNNER_TEMP"`): mend that, or use another runner.';
    throw fault(file, "cannot be written", hint, said);
  }
}

function fault(file: RunnerFile, flaw: string, hint: string, answered = ""): Failure {
  return new Failure("runner", `The runner's file ${file} ${flaw}.`, { hint, answered, answeredBy: "The system says" });
}
