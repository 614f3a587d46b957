import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./commands.ts";
import { IgnoringCase } from "./dotnet.ts";
import { commandFileVariables, createCommandFiles, type FileResults, processCommandFiles } from "./files.ts";
import { StageLog } from "./log.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { Masker } from "./masker.ts";
import { type ProcessResult, runProcess } from "./process.ts";

/** Folder of the action that this sandbox belongs to. */
export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

const TIME_LIMIT = 10 * 60 * 1000;

/** What one step is given, as a workflow's `with:` and the job around it would. */
export interface StepOptions {
  /** `with:` of the step. Inputs that are absent take their default from `action.yml`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Environment of the job beside what the runner sets itself. */
  readonly env?: Readonly<Record<string, string>>;
  /** Masks that the job has already (its secrets), registered as the real runner registers them. */
  readonly secrets?: readonly string[];
  /** Milliseconds after which the step gets SIGINT, as a cancelled job sends; then SIGTERM, then it is killed. */
  readonly cancelAfter?: number;
  /** Sends that SIGINT when it resolves. */
  readonly cancelOn?: Promise<unknown>;
  /** Variables that name other files than the runner made, as `GITHUB_OUTPUT`: of a runner that is broken. */
  readonly commandFiles?: Readonly<Record<string, string>>;
  /** Run post too (default true). */
  readonly post?: boolean;
  /** Called between main and post. */
  readonly between?: (main: StageResult) => void | Promise<void>;
  /** Folder that holds `action.yml` and `dist/` (default: this project). */
  readonly action?: string;
  /** Values of the `github` context that differ from the sandbox's own, such as `run_id`. */
  readonly github?: Readonly<Record<string, string>>;
  /** Folder that the stages start in (default: an empty one). */
  readonly workspace?: string;
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

/** One write to a command file; one to the file for PATH has no name. */
export interface FileWrite {
  readonly file: "output" | "env" | "state" | "path";
  readonly name: string;
  readonly value: string;
}

export interface Annotation {
  readonly type: "error" | "warning" | "notice";
  readonly title: string;
  readonly message: string;
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

/** Runs a step as a job on GitHub would: main, and post whatever became of main. */
export function runStep(options: StepOptions): Promise<StepResult> {
  return withJob(options, async (job) => {
    const main = await runStage("main", job, options);
    await options.between?.(main);
    if (options.post === false || job.manifest.post === undefined) return { main };
    // The cancellation was main's; post of a cancelled job runs like any other.
    const { cancelAfter: _, cancelOn: __, ...rest } = options;
    return { main, post: await runStage("post", job, rest) };
  });
}

/** Runs post alone, with whatever is said to be left by main. */
export function runPost(options: StepOptions, left: Leftover): Promise<StageResult> {
  return withJob(options, (job) => {
    for (const mask of left.masks ?? []) job.masker.addMask(mask);
    for (const [name, value] of Object.entries(left.env ?? {})) job.env.set(name, value);
    for (const [name, value] of Object.entries(left.state)) job.state.set(name, value);
    return runStage("post", job, options);
  });
}

/** What the end of a job makes of its outputs: those that hold a masked value in any form never leave it. */
export function dropMaskedOutputs(
  outputs: Readonly<Record<string, string>>,
  masks: readonly string[],
): { readonly outputs: Record<string, string>; readonly warnings: string[] } {
  const masker = new Masker();
  for (const mask of masks) masker.addMask(mask);
  const kept: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (masker.mask(value) !== value) warnings.push(`Skip output '${name}' since it may contain secret.`);
    else if (value !== "") kept[name] = value;
  }
  return { outputs: kept, warnings };
}

/** What lasts from main to post. */
interface Job {
  readonly action: string;
  readonly manifest: Manifest;
  readonly temp: string;
  readonly workspace: string;
  readonly masker: Masker;
  readonly env: Map<string, string>;
  readonly path: string[];
  readonly state: IgnoringCase;
}

async function withJob<Result>(options: StepOptions, run: (job: Job) => Promise<Result>): Promise<Result> {
  const action = options.action ?? PROJECT;
  const manifest = readManifest(action);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "runner-")));
  const job: Job = {
    action,
    manifest,
    temp: join(folder, "_temp"),
    workspace: options.workspace ?? join(folder, "workspace"),
    masker: new Masker(),
    env: new Map(Object.entries(options.env ?? {})),
    path: [],
    state: new IgnoringCase(),
  };
  for (const secret of options.secrets ?? []) job.masker.addSecret(secret);
  try {
    mkdirSync(job.temp);
    mkdirSync(job.workspace, { recursive: true });
    return await run(job);
  } finally {
    // The command files hold what was minted, in clear.
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runStage(stage: "main" | "post", job: Job, options: StepOptions): Promise<StageResult> {
  const script = join(job.action, job.manifest[stage] ?? "");
  if (!existsSync(script)) throw new Error(`${script} does not exist: build the action first`);
  const files = createCommandFiles(job.temp);
  const log = new StageLog(job.masker, options.debug ?? false);
  const inputs = stepInputs(options.inputs, job.manifest, log);
  const ended = await runScript(
    script,
    log,
    job,
    {
      ...stageEnvironment(job, options),
      ...inputVariables(inputs),
      ...contextVariables(job, options),
      ...commandFileVariables(files),
      ...options.commandFiles,
    },
    options,
  );
  const results = processCommandFiles(files, log, job.masker);
  passOn(results, log, job);
  return stageResult(ended, log, results);
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

/** The job's variables, then the state over them; whatever the runner sets itself comes after. */
function stageEnvironment(job: Job, options: StepOptions): Record<string, string> {
  const { PATH: ownPath, ...env } = Object.fromEntries(job.env);
  const state = job.state.entries().map(([name, value]) => [`STATE_${name}`, value] as const);
  const path = [...job.path.toReversed(), ownPath ?? process.env.PATH ?? ""].join(delimiter);
  return { CI: "true", ...env, ...Object.fromEntries(state), PATH: path, ...(options.debug && { RUNNER_DEBUG: "1" }) };
}

/** What no variable of the job can change. */
function contextVariables(job: Job, options: StepOptions): Record<string, string> {
  const github = { ...GITHUB, workspace: job.workspace, ...options.github };
  return {
    ...Object.fromEntries(Object.entries(github).map(([name, value]) => [`GITHUB_${name.toUpperCase()}`, value])),
    GITHUB_ACTIONS: "true",
    RUNNER_ARCH: process.arch.toUpperCase(),
    RUNNER_ENVIRONMENT: "github-hosted",
    RUNNER_NAME: "Sandbox",
    RUNNER_OS: "Linux",
    RUNNER_TEMP: job.temp,
  };
}

/** The `github` context of a job that a push started. */
const GITHUB = {
  action: "__self",
  actor: "octocat",
  api_url: "https://api.github.com",
  event_name: "push",
  graphql_url: "https://api.github.com/graphql",
  job: "sandbox",
  ref: "refs/heads/main",
  ref_name: "main",
  ref_type: "branch",
  repository: "octo-org/octo-repo",
  repository_owner: "octo-org",
  run_attempt: "1",
  run_id: "1658821493",
  run_number: "1",
  server_url: "https://github.com",
  sha: "ffac537e6cbbf934b08745a378932722df287a53",
  triggering_actor: "octocat",
  workflow: "Sandbox",
};

/** Runs the script, and says in the log where it did not start or did not end by itself. */
async function runScript(
  script: string,
  log: StageLog,
  job: Job,
  env: Record<string, string>,
  options: StepOptions,
): Promise<ProcessResult> {
  const timeLimit = options.timeLimit ?? TIME_LIMIT;
  const onLine = (line: string): void => log.receive(line);
  try {
    const { cancelAfter, cancelOn } = options;
    const ended = await runProcess({ script, folder: job.workspace, env, cancelAfter, cancelOn, timeLimit, onLine });
    if (ended.stopped === "cancelled") log.write("##[error]The operation was canceled.");
    if (ended.stopped === "timed out") {
      const minutes = Math.round(timeLimit / 60_000);
      log.issue("error", `The action '${job.manifest.name}' has timed out after ${minutes} minutes.`);
      log.failed = true;
    }
    return ended;
  } catch (error) {
    // An environment that is too large is what keeps a process from starting.
    log.fail("An error occurred trying to start the process.", error);
    return { exitCode: null, signal: null, milliseconds: 0, raw: "", stderr: "" };
  }
}

/** Gives the job what the stage left to the stages after it. */
function passOn(results: FileResults, log: StageLog, job: Job): void {
  for (const [name, value] of results.env) job.env.set(name, value);
  for (const folder of results.path) job.path.push(folder);
  for (const [name, value] of log.state.entries()) job.state.set(name, value);
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
