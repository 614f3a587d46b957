import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** What `action.yml` says that matters to whoever runs it. */
export interface Manifest {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, ManifestInput>;
  /** Path of the file that runs, from the action's folder. */
  readonly main: string;
  readonly post?: string;
}

/** One input of `action.yml`. */
export interface ManifestInput {
  readonly default: string;
  readonly deprecation?: string;
}

/** Reads `action.yml` of an action's folder; throws on what this sandbox cannot play. */
export function readManifest(folder: string): Manifest {
  // Every scalar stays the text that it is in the file: inputs are strings, whatever they look like.
  const root: unknown = parse(readFileSync(join(folder, "action.yml"), "utf8"), { schema: "failsafe" });
  const runs = field(root, "runs");
  const main = text(runs, "main");
  const post = text(runs, "post");
  if (main === undefined) throw new Error("action.yml: runs.main is missing");
  refuseUnplayable(runs);
  return { name: text(root, "name") ?? "", inputs: readInputs(field(root, "inputs")), main, ...(post && { post }) };
}

function refuseUnplayable(runs: unknown): void {
  if (text(runs, "pre") !== undefined) throw new Error("action.yml: the sandbox plays no runs.pre");
  const condition = text(runs, "post-if");
  if (condition !== undefined && condition !== "always()") {
    throw new Error("action.yml: the sandbox plays no runs.post-if but always()");
  }
}

function readInputs(inputs: unknown): Map<string, ManifestInput> {
  const result = new Map<string, ManifestInput>();
  if (!isMapping(inputs)) return result;
  for (const [name, input] of Object.entries(inputs)) {
    const value = text(input, "default") ?? "";
    if (value.includes("${{")) throw new Error(`action.yml: the sandbox evaluates no expression (input ${name})`);
    const deprecation = text(input, "deprecationMessage");
    result.set(name, { default: value, ...(deprecation && { deprecation }) });
  }
  return result;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function field(value: unknown, name: string): unknown {
  return isMapping(value) ? value[name] : undefined;
}

function text(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" ? found : undefined;
}
