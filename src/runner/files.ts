import { accessSync, constants, type Stats, statSync, truncateSync } from "node:fs";
import { Failure } from "../failure.ts";

/** The files that the runner offers to each step, by the variables that name them, and what they are for. */
const PURPOSES = {
  GITHUB_STATE: "the state that the end of the job reads",
  GITHUB_OUTPUT: "the outputs of this step",
  GITHUB_ENV: "the variables of later steps",
} as const;
export type RunnerFile = keyof typeof PURPOSES;

/**
 * Lets the toolkit write to one of the runner's files. A record of which only a piece was written is cut off again: it would
 * keep the runner from reading what stands before it.
 * @returns the size of the file before, in bytes
 * @throws {Failure} `runner`
 */
export function writeTo(file: RunnerFile, write: () => void): number {
  const { size } = usable(file);
  try {
    write();
    return size;
  } catch (cause) {
    cutOff(file, size);
    throw unwritable(file, cause);
  }
}

/**
 * Checks a file that is written to later, before anything is minted that could then not be handed over.
 * @throws {Failure} `runner`
 */
export function checkRunnerFile(file: RunnerFile): void {
  const { path } = usable(file);
  try {
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** Where the file is not named, the toolkit would print what it has to write, the token too; a pipe would never end. */
function usable(file: RunnerFile): { path: string; size: number } {
  const path = process.env[file] ?? "";
  if (path === "") {
    throw fault(
      file,
      "is not named: the variable is empty",
      "An earlier step, or a script around the runner, may clear it: mend that and re-run the job.",
    );
  }
  const found = inspected(file, path);
  if (found?.isFile() || found?.isCharacterDevice()) return { path, size: found.size };
  throw fault(
    file,
    found === undefined ? "is not there" : `is no file${found.isDirectory() ? " but a folder" : ""}`,
    "Something cleans or replaces the folder RUNNER_TEMP during the job: an earlier step, another job on the same machine, a mount of the container. Mend that and re-run the job.",
  );
}

function inspected(file: RunnerFile, path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** Takes back what was written beyond that size, in bytes. It takes no space, so a full disk does not keep it from that. */
export function cutOff(file: RunnerFile, size: number): void {
  try {
    truncateSync(process.env[file] ?? "", size);
  } catch {
    // What kept it from being written can keep it from being cut; the step fails either way.
  }
}

function unwritable(file: RunnerFile, cause: unknown): Failure {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return fault(
        file,
        "cannot be written, since the disk is full",
        "`df -h` in a step shows how full. Free some space, or use a runner with a larger disk, and re-run the job.",
        cause,
      );
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return fault(
        file,
        code === "EROFS" ? "cannot be written, since its file system is read-only" : "cannot be written by this user",
        'A step that ran as root or in a container can have left it so on a self-hosted runner: `ls -ld "$RUNNER_TEMP"` in a step shows it. Mend that and re-run the job.',
        cause,
      );
    default:
      return fault(file, "cannot be written", "Re-run the job; if it stays, use another runner.", cause);
  }
}

function fault(file: RunnerFile, flaw: string, hint: string, cause?: unknown): Failure {
  return new Failure("runner", `The runner's file for ${PURPOSES[file]} (${file}) ${flaw}.`, {
    hint,
    answered: cause instanceof Error ? cause.message : "",
    answeredBy: "The system says",
    cause,
  });
}
