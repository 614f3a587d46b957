import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./commands.ts";
import { IgnoringCase } from "./dotnet.ts";
import {
  commandFileVariables,
  createCommandFiles,
  type FileResults,
  type FileWrite,
  processCommandFiles,
} from "./files.ts";
import {
  contextVariables,
  type Job,
  type JobOptions,
  leavingOutputs,
  passOn,
  searchPath,
  stepVariables,
  withJob,
} from "./job.ts";
import { type Annotation, StageLog } from "./log.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { Masker } from "./masker.ts";
import { type ProcessResult, runProcess } from "./process.ts";

/** Folder of the action that this sandbox belongs to. */
export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const TIME_LIMIT = 10 * 60 * 1000;

/** What one step is given, as a workflow's `with:` and the job around it would. */
export interface StepOptions extends JobOptions, StageOptions {
  /** Environment of the job beside what the runner sets itself. */
  readonly env?: Readonly<Record<string, string>>;
  /** Run post too (default true). */
  readonly post?: boolean;
  /** Called between main and post. */
  readonly between?: (main: StageResult) => void | Promise<void>;
  /** Folder that holds `action.yml` and `dist/` (default: this project). */
  readonly action?: string;
}

/** What one stage of a step is given. */
export interface StageOptions {
  /** `with:` of the step. Inputs that are absent take their default from `action.yml`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Milliseconds after which the stage gets SIGINT, as a cancelled job sends; then SIGTERM, then it is killed. */
  readonly cancelAfter?: number;
  /** The same as soon as this comes true; however slow the machine, the step is then where it should be. */
  readonly cancelWhen?: Promise<unknown>;
  /** Variables that name other files than the runner made, as `GITHUB_OUTPUT`: of a runner that is broken. */
  readonly commandFiles?: Readonly<Record<string, string>>;
  /** Debug logging, as the checkbox of "Re-run jobs" switches it on (default false). */
  readonly debug?: boolean;
  /** Milliseconds after which a stage is stopped as one that hangs (default: ten minutes). */
  readonly timeLimit?: number;
}

/** What a stage of the step left. */
export interface StageResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What the runner makes of it: a malformed command file fails a step, whatever its exit code. */
  readonly outcome: "success" | "failure" | "cancelled";
  readonly milliseconds: number;
  /** Everything that the process printed, byte for byte: stdout and stderr in the order of arrival. */
  readonly raw: string;
  readonly stderr: string;
  /**
   * What a reader of the log sees: commands taken out or shown as the runner shows them, masks applied. The runner's own
   * first lines (the group with the inputs, "Post job cleanup.") are left out.
   */
  readonly log: string;
  /** At most ten of each type, as on GitHub. The runner's own one about a cancelled step is left out. */
  readonly annotations: readonly Annotation[];
  /** Every value that the stage gave to mask, as it gave it. */
  readonly masks: readonly string[];
  /** Every workflow command that the runner obeyed. */
  readonly commands: readonly Command[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** What post will get, by key without `STATE_`. */
  readonly state: Readonly<Record<string, string>>;
  /** Every write to the command files, in order within each file. */
  readonly writes: readonly FileWrite[];
  /** The job summary, masked line by line as the runner does. */
  readonly summary: string;
}

export interface StepResult {
  readonly main: StageResult;
  readonly post?: StageResult;
}

/** What main leaves to post, for a test to forge. */
export interface Leftover {
  readonly state: Readonly<Record<string, string>>;
  /** What main and the steps after it exported. */
  readonly env?: Readonly<Record<string, string>>;
  readonly masks?: readonly string[];
}

/** One step of an action in a job, from its main to its post. */
export interface ActionStep {
  /** Folder that holds `action.yml` and `dist/`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** What main saves for post; the runner lays it over every variable. */
  readonly state: IgnoringCase;
}

/** Reads the action of a folder for one step of a job. */
export function openAction(folder: string): ActionStep {
  return { folder, manifest: readManifest(folder), state: new IgnoringCase() };
}

/** Runs a step as a job on GitHub would: main, and post whatever became of main. */
export function runStep(options: StepOptions): Promise<StepResult> {
  return withJob(options, async (job) => {
    const action = openAction(options.action ?? PROJECT);
    const main = await runStage("main", action, job, options);
    await options.between?.(main);
    if (options.post === false || action.manifest.post === undefined) return { main };
    // The cancellation was main's; post of a cancelled job runs like any other.
    const { cancelAfter: _, cancelWhen: __, ...rest } = options;
    return { main, post: await runStage("post", action, job, rest) };
  });
}

/** Runs post alone, with whatever is said to be left by main. */
export function runPost(options: StepOptions, left: Leftover): Promise<StageResult> {
  return withJob(options, (job) => {
    const action = openAction(options.action ?? PROJECT);
    for (const mask of left.masks ?? []) job.masker.addMask(mask);
    for (const [name, value] of Object.entries(left.env ?? {})) job.env.set(name, value);
    for (const [name, value] of Object.entries(left.state)) action.state.set(name, value);
    return runStage("post", action, job, options);
  });
}

/** What the end of a job with these masks makes of its outputs. */
export function dropMaskedOutputs(outputs: Readonly<Record<string, string>>, masks: readonly string[]) {
  const masker = new Masker();
  for (const mask of masks) masker.addMask(mask);
  return leavingOutputs(outputs, masker);
}

/** Runs main or post of a step. The step's own variables win over those of the job, whoever exported them. */
export async function runStage(
  stage: "main" | "post",
  action: ActionStep,
  job: Job,
  options: StageOptions,
  own: Readonly<Record<string, string>> = {},
): Promise<StageResult> {
  const script = join(action.folder, action.manifest[stage] ?? "");
  if (!existsSync(script)) throw new Error(`${script} does not exist: build the action first`);
  const files = createCommandFiles(job.temp);
  const log = new StageLog(job.masker, options.debug ?? false);
  const env = {
    ...stageVariables(action, job, own),
    ...(options.debug && { RUNNER_DEBUG: "1" }),
    ...inputVariables(stepInputs(options.inputs, action.manifest, log)),
    ...contextVariables(job),
    ...commandFileVariables(files),
    ...options.commandFiles,
  };
  const ended = await runScript(script, log, job, env, action.manifest.name, options);
  const results = processCommandFiles(files, log, job.masker);
  passOn(results, job);
  for (const [name, value] of log.state.entries()) action.state.set(name, value);
  return stageResult(ended, log, results);
}

/** What became of a stage whose `with:` or `env:` cannot be evaluated: nothing starts. */
export function unstartedStage(job: Job, cause: unknown): StageResult {
  const log = new StageLog(job.masker, false);
  log.issue("error", cause instanceof Error ? cause.message : String(cause));
  log.failed = true;
  return stageResult(NOT_STARTED, log, { writes: [], env: new Map(), path: [], summary: "" });
}

/** What is given, and the defaults of what is not. An empty input is given. */
function stepInputs(given: Readonly<Record<string, string>>, manifest: Manifest, log: StageLog): IgnoringCase {
  const declared = new IgnoringCase();
  for (const [name, input] of manifest.inputs) declared.set(name, input.default);
  const inputs = new IgnoringCase();
  for (const [name, value] of Object.entries(given)) {
    inputs.set(name, value);
    const deprecation = manifest.inputs.get(name)?.deprecation;
    if (deprecation) log.issue("warning", `Input '${name}' has been deprecated with message: ${deprecation}`);
  }
  const unexpected = Object.keys(given).filter((name) => !declared.has(name));
  if (unexpected.length > 0) {
    const valid = [...manifest.inputs.keys()].join("', '");
    log.issue("warning", `Unexpected input(s) '${unexpected.join("', '")}', valid inputs are ['${valid}']`);
  }
  for (const [name, value] of declared.entries()) {
    if (!inputs.has(name)) inputs.set(name, value);
  }
  return inputs;
}

function inputVariables(inputs: IgnoringCase): Record<string, string> {
  return Object.fromEntries(
    inputs.entries().map(([name, value]) => [`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`, value]),
  );
}

/** The variables, then the state over them; whatever the runner sets itself comes after (actions/runner, ActionRunner.cs). */
function stageVariables(action: ActionStep, job: Job, own: Readonly<Record<string, string>>): Record<string, string> {
  const env = stepVariables(job, own);
  const state = action.state.entries().map(([name, value]) => [`STATE_${name}`, value] as const);
  return { CI: "true", ...env, ...Object.fromEntries(state), PATH: searchPath(job, env) };
}

const NOT_STARTED: ProcessResult = { exitCode: null, signal: null, milliseconds: 0, raw: "", stderr: "" };

/** Runs the script, and says in the log where it did not start or did not end by itself. */
async function runScript(
  script: string,
  log: StageLog,
  job: Job,
  env: Record<string, string>,
  name: string,
  options: StageOptions,
): Promise<ProcessResult> {
  const timeLimit = options.timeLimit ?? TIME_LIMIT;
  const onLine = (line: string): void => log.receive(line);
  try {
    const { cancelAfter, cancelWhen } = options;
    const ended = await runProcess({ script, folder: job.workspace, env, cancelAfter, cancelWhen, timeLimit, onLine });
    if (ended.stopped === "cancelled") log.write("##[error]The operation was canceled.");
    if (ended.stopped === "timed out") {
      const minutes = Math.round(timeLimit / 60_000);
      log.issue("error", `The action '${name}' has timed out after ${minutes} minutes.`);
      log.failed = true;
    }
    return ended;
  } catch (error) {
    // An environment that is too large is what keeps a process from starting.
    log.fail("An error occurred trying to start the process.", error);
    return NOT_STARTED;
  }
}

function stageResult(ended: ProcessResult, log: StageLog, results: FileResults): StageResult {
  const { exitCode, signal, milliseconds, raw, stderr, stopped } = ended;
  const succeeded = exitCode === 0 && !log.failed;
  return {
    exitCode,
    signal,
    outcome: stopped === "cancelled" ? "cancelled" : succeeded ? "success" : "failure",
    milliseconds,
    raw,
    stderr,
    log: log.text,
    annotations: log.annotations,
    masks: log.masks,
    commands: log.commands,
    outputs: log.outputs.toRecord(),
    env: Object.fromEntries(results.env),
    state: log.state.toRecord(),
    writes: results.writes,
    summary: results.summary,
  };
}
