import { realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import { Failure } from "../failure.ts";
import { readRegularFile } from "../text/regular-file.ts";
import { warning } from "./log.ts";
import { workspace } from "./run.ts";

/** Largest definition file, in bytes. */
const LARGEST = 64 * 1024;

/** Events whose workflow has the secrets of the repository, and may have checked out the files of a fork (GitHub Docs, "Secure use"). */
const MAY_HOLD_A_FORK = ["pull_request_target", "workflow_run"];

/**
 * The text of a definition file: a regular file that lies in the workspace, wherever a link leads.
 * @throws {Failure} `invalid-input`
 */
export function readDefinition(path: string): string {
  const text = textOf(path);
  const event = process.env.GITHUB_EVENT_NAME ?? "";
  if (MAY_HOLD_A_FORK.includes(event)) {
    warning(
      `On the event ${event} the file of "definition" may come from a fork, which then decides what is asked with your secrets: check out your own branch.`,
      "Definition of a fork?",
    );
  }
  return text;
}

function textOf(path: string): string {
  try {
    const file = realpathSync(resolve(workspace(), path));
    if (!file.startsWith(realpathSync(workspace()) + sep)) throw flaw("is outside of the workspace");
    const bytes = readRegularFile(file, LARGEST);
    if (bytes === undefined) throw flaw("is no regular file of at most 64 KiB");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw flaw("cannot be read", cause);
  }
}

function flaw(what: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The file that the input "definition" names ${what}.`, {
    hint: "Give the path of a JSON file in UTF-8 in the repository, after a checkout.",
    cause,
  });
}
