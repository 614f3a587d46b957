import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputsFileError, parseInputs } from "./inputs-file.ts";
import { printLogs } from "./print.ts";
import { readManifest } from "./runner/manifest.ts";
import { PROJECT, runStep, type StepOptions, type StepResult } from "./runner/runner.ts";
import { tellTrial } from "./trial.ts";

/** A mistake of whoever typed the command, said without a stack. */
export class UsageError extends Error {}

/** Inputs that a workflow would fill from its secrets. */
const SECRET_INPUTS = ["token", "password", "client-secret", "private-key", "credentials", "seal-key"];

/** Where the command was called: npm starts its scripts in the project's folder, whatever the caller's is. */
const CALLED_IN = process.cwd() === PROJECT ? (process.env.INIT_CWD ?? PROJECT) : process.cwd();

/** What a real run takes over from the shell. */
const PASSED_VARIABLES = [
  ...["http_proxy", "https_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()]),
  "NODE_EXTRA_CA_CERTS",
];

/**
 * Runs the action with the inputs of a file against whatever service they name.
 * @param definition the file that describes the service: then every request is told, too
 * @throws {UsageError} where a file cannot be used
 */
export async function runForReal(file: string, definition?: string): Promise<number> {
  const inputs = definition === undefined ? readInputsFile(file) : withDefinition(readInputsFile(file), definition);
  const options: StepOptions = { inputs, secrets: secretsOf(inputs), env: passedVariables(), workspace: CALLED_IN };
  const result = definition === undefined ? await told(options) : await watched(options, definition);
  const names = Object.entries(result.main.outputs).flatMap(([name, value]) =>
    value === "" ? [] : [name === "failure" ? `failure (${value})` : name],
  );
  console.log(`\nOutputs set: ${names.join(", ") || "none"}`);
  return hasFailed(result) ? 1 : 0;
}

function withDefinition(inputs: Readonly<Record<string, string>>, definition: string): Record<string, string> {
  const { provider = "custom" } = inputs;
  if (provider.toLowerCase() !== "custom") {
    throw new UsageError(`The inputs name the provider ${provider}, which takes no definition: leave it out`);
  }
  const file = resolve(CALLED_IN, definition);
  if (!existsSync(file)) throw new UsageError(unreadable(file, "ENOENT"));
  const way = relative(CALLED_IN, file);
  if (way.startsWith("..") || isAbsolute(way)) {
    throw new UsageError(`${file} is not below ${CALLED_IN}: call "npm --prefix ${PROJECT} start -- …" in its folder`);
  }
  return { ...inputs, provider, definition };
}

async function told(options: StepOptions): Promise<StepResult> {
  const result = await runStep(options);
  printLogs(result);
  return result;
}

/** Runs the action with someone who notes its requests, and tells of them. */
async function watched(options: StepOptions, definition: string): Promise<StepResult> {
  const folder = mkdtempSync(join(tmpdir(), "watch-"));
  const file = join(folder, "requests");
  const watcher = pathToFileURL(join(import.meta.dirname, "watch.ts")).href;
  try {
    const env = { ...options.env, NODE_OPTIONS: `--import=${watcher}`, WATCH_FILE: file };
    const result = await runStep({ ...options, env });
    printLogs(result);
    const seen = {
      definition: readJson(resolve(CALLED_IN, definition)),
      watched: existsSync(file) ? readFileSync(file, "utf8") : "",
    };
    console.log(`\n${tellTrial({ ...seen, result, secrets: options.secrets ?? [] })}`);
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a JSON file holds; nothing where the action itself has said what is wrong with it. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8").replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}

function readInputsFile(file: string): Record<string, string> {
  try {
    return parseInputs(readFileSync(resolve(CALLED_IN, file), "utf8"), [...readManifest(PROJECT).inputs.keys()]);
  } catch (error) {
    if (error instanceof InputsFileError) throw new UsageError(`${file}: ${error.message}`);
    if (error instanceof Error && "code" in error) throw new UsageError(unreadable(file, String(error.code)));
    throw error;
  }
}

function unreadable(file: string, code: string): string {
  if (code === "ENOENT") return `There is no file ${resolve(CALLED_IN, file)}`;
  return code === "EISDIR" ? `${file} is a folder` : `${file} cannot be read (${code})`;
}

function passedVariables(): Record<string, string> {
  return Object.fromEntries(
    PASSED_VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The values among the inputs that are secret. */
export function secretsOf(inputs: Readonly<Record<string, string>>): string[] {
  return SECRET_INPUTS.flatMap((name) => inputs[name] ?? []);
}

/** Whether a part of the step failed. */
export function hasFailed({ main, post }: StepResult): boolean {
  return main.outcome !== "success" || (post !== undefined && post.outcome !== "success");
}
