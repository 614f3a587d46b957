import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
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
  const folder = workspace();
  const file = resolved(resolve(folder, path));
  if (file === undefined) {
    throw flaw("names a file that is not there", "Check the path, and check the repository out first.");
  }
  const inside = relative(resolved(folder) ?? folder, file);
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw flaw("names a file outside of the workspace", "Give the path of a file of the repository.");
  }
  const text = decoded(bytesOf(file));
  const event = eventName();
  if (MAY_HOLD_A_FORK.includes(event)) {
    warning(
      `On the event ${event} the file that "definition" names may come from a fork, which then decides what of the service is asked with your secrets. Check out your own branch for it.`,
      "Definition of a fork?",
    );
  }
  return text;
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** @throws {Failure} where it is no regular file, is too large, or cannot be read */
function bytesOf(file: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, FLAGS);
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw flaw("names something else than a regular file", "Give the path of a JSON file.");
    const bytes = Buffer.alloc(LARGEST + 1);
    const size = readSync(descriptor, bytes);
    if (Math.max(size, found.size) > LARGEST) {
      throw flaw("names a file of more than 64 KiB", "A definition describes one service, and is short.");
    }
    return bytes.subarray(0, size);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw flaw("names a file that cannot be read", "It has to be a JSON file that this user may read.", cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw flaw("names a file that is no text in UTF-8", "Store it as UTF-8.", cause);
  }
}

function flaw(what: string, hint: string, cause?: unknown): Failure {
  return new Failure("invalid-input", `The input "definition" ${what}.`, { hint, cause });
}
