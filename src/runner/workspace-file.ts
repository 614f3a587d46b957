import { readFileSync, realpathSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { workspace } from "./run.ts";

/** Largest definition file, in bytes. */
const LARGEST = 64 * 1024;

/**
 * The text of a definition file, which has to lie in the workspace wherever a link leads.
 * @throws {Failure} `invalid-input`
 */
export function readDefinition(path: string): string {
  const folder = workspace();
  const file = resolved(resolve(folder, path));
  if (file === undefined)
    throw flaw("names a file that is not there", "Check the path, and check the repository out first.");
  const inside = relative(resolved(folder) ?? folder, file);
  if (inside === "" || inside.startsWith("..") || resolve(inside) === inside) {
    throw flaw("names a file outside of the workspace", "Give the path of a file of the repository.");
  }
  const { size, isFile } = facts(file);
  if (!isFile) throw flaw("names something else than a regular file", "Give the path of a JSON file.");
  if (size > LARGEST)
    throw flaw("names a file of more than 64 KiB", "A definition describes one service, and is short.");
  return readFileSync(file, "utf8");
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function facts(file: string): { readonly size: number; readonly isFile: boolean } {
  const found = statSync(file);
  return { size: found.size, isFile: found.isFile() };
}

function flaw(what: string, hint: string): Failure {
  return new Failure("invalid-input", `The input "definition" ${what}.`, { hint });
}
