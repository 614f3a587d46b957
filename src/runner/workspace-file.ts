import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import { Failure } from "../failure.ts";
import { warning } from "./log.ts";
import { eventName, workspace } from "./run.ts";

/** Largest definition file, in bytes. */
const LARGEST = 64 * 1024;

/** Nothing is waited for, should a pipe stand there, and no link is followed that was put there a moment ago. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Events whose workflow has the secrets of the repository, and may have checked out the files of a fork (GitHub Docs, "Secure use"). */
const MAY_HOLD_A_FORK = ["pull_request_target", "workflow_run"];

/**
 * The text of a definition file: a regular file that lies in the workspace, wherever a link leads.
 * @throws {Failure} `invalid-input`
 */
export function readDefinition(path: string): string {
  const text = textOf(path);
  const event = eventName();
  if (MAY_HOLD_A_FORK.includes(event)) {
    warning(
      `On the event ${event} the file of "definition" may come from a fork, which then decides what is asked with your secrets: check out your own branch for it.`,
      "Definition of a fork?",
    );
  }
  return text;
}

function textOf(path: string): string {
  let descriptor: number | undefined;
  try {
    const file = realpathSync(resolve(workspace(), path));
    if (!file.startsWith(realpathSync(workspace()) + sep)) throw flaw("is outside of the workspace");
    descriptor = openSync(file, FLAGS);
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw flaw("is no regular file");
    const bytes = Buffer.alloc(LARGEST + 1);
    const size = readSync(descriptor, bytes);
    if (Math.max(size, found.size) > LARGEST) throw flaw("has more than 64 KiB");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, size));
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw flaw("cannot be read", cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function flaw(what: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The file that the input "definition" names ${what}.`, {
    hint: "Give the path of a JSON file in UTF-8 in the repository, after a checkout.",
    cause,
  });
}
