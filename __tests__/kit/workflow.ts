import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { LineReader } from "../../sandbox/runner/dotnet.ts";
import { commandFileVariables, createCommandFiles, processCommandFiles } from "../../sandbox/runner/files.ts";
import type { IdTokens } from "../../sandbox/runner/id-token.ts";
import {
  contextVariables,
  githubContext,
  type Job,
  type JobOptions,
  leavingOutputs,
  passOn,
  searchPath,
  stepVariables,
  withJob,
} from "../../sandbox/runner/job.ts";
import { StageLog } from "../../sandbox/runner/log.ts";
import {
  type ActionStep,
  openAction,
  PROJECT,
  runStage,
  type StageResult,
  type StepResult,
  unstartedStage,
} from "../../sandbox/runner/runner.ts";
import { evaluateCondition, evaluateText, type Scope, toText, type Value } from "./expressions.ts";
import {
  expandMatrix,
  type JobFile,
  readTrigger,
  readWorkflow,
  type StepFile,
  type WorkflowFile,
} from "./workflow-file.ts";

/** What a repository's settings and its files give a run. */
export interface RunOptions {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, string>>;
  /** Inputs of a workflow that is started by hand. */
  readonly inputs?: Readonly<Record<string, string | number | boolean>>;
  /** Values of the `github` context that differ from the sandbox's own. */
  readonly github?: Readonly<Record<string, string>>;
  /** Files of workflows that this one calls, by what stands before the `@` of the job's `uses`. */
  readonly workflows?: Readonly<Record<string, string>>;
  /** What a checkout would bring into every job's workspace: text by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Programs that every `run` finds before all others: a Bash script by name. */
  readonly commands?: Readonly<Record<string, string>>;
  /** Ends what a step leaves in the background with the step, as some engines do; GitHub lets it run to the end of the job. */
  readonly endsBackground?: boolean;
  /** Who gives ID tokens to the jobs that have the permission `id-token: write`. */
  readonly idTokens?: IdTokens;
}

export type Result = "success" | "failure" | "skipped";

/** What became of a workflow. */
export interface WorkflowRun {
  readonly conclusion: "success" | "failure";
  /** In the order of the file; a matrix has several of one id, and the jobs of a called workflow are in their caller. */
  readonly jobs: readonly JobRun[];
  /** Outputs of a workflow that was called. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly id: string;
  readonly matrix: Readonly<Record<string, unknown>>;
  readonly result: Result;
  /** Those that other jobs see. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What the runner says at the end of the job, such as that an output was dropped. */
  readonly warnings: readonly string[];
  readonly steps: readonly StepRun[];
  /** The run of the workflow that the job called. */
  readonly called?: WorkflowRun;
}

export interface StepRun {
  readonly name: string;
  /** Before and after `continue-on-error`. */
  readonly outcome: Result;
  readonly conclusion: Result;
  readonly outputs: Readonly<Record<string, string>>;
  /** What a reader sees of it, the end of the job included. */
  readonly log: string;
  /** A step of this action, with its post. */
  readonly action?: StepResult;
}

/** Actions of others, which have no effect here. */
const PLAYED_AS_NOTHING = /^actions\/(?:checkout|setup-node|upload-artifact)@/;
const THIS_ACTION = /^[\w.-]+\/api-token-exchange@/;
/** Milliseconds after which a step is stopped as one that hangs; a slow machine is no reason. */
const STEP_TIME_LIMIT = 10 * 60 * 1000;

/**
 * Plays a workflow on this machine: jobs in the order of their `needs`, their steps with this very action built from this
 * project, and post at the end of each job. Steps of other actions do nothing.
 */
export async function runWorkflow(text: string, options: RunOptions = {}): Promise<WorkflowRun> {
  const workflow = readWorkflow(text);
  const declared = readTrigger(workflow, "workflow_dispatch");
  const inputs = declared === undefined ? {} : fill(declared.inputs, options.inputs ?? {}, "input");
  return runJobs(workflow, { options, inputs, secrets: options.secrets ?? {} });
}

/** What one workflow file runs with: a called one has inputs and secrets of its own. */
interface Around {
  readonly options: RunOptions;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether the job that calls the workflow has the permission `id-token: write`; undefined where nothing calls it. */
  readonly callerMayMint?: boolean;
}

/** One entry of `needs`. */
interface Need {
  readonly result: Result;
  readonly outputs: Readonly<Record<string, string>>;
  /** All that had to end before it, and it. */
  readonly results: readonly Result[];
}

async function runJobs(workflow: WorkflowFile, around: Around): Promise<WorkflowRun> {
  const started = new Map<string, Promise<{ runs: JobRun[]; need: Need }>>();
  const start = (id: string, waiting: readonly string[]): Promise<{ runs: JobRun[]; need: Need }> => {
    const job = workflow.jobs[id];
    if (job === undefined || waiting.includes(id)) throw new Error(`There is no job ${id} to wait for`);
    const known = started.get(id);
    if (known !== undefined) return known;
    const needed = job.needs.map((need) => [need, start(need, [...waiting, id])] as const);
    const promise = (async () => {
      const needs: Record<string, Need> = {};
      for (const [need, ended] of needed) needs[need] = (await ended).need;
      const runs = await runMatrix(id, job, workflow, needs, around);
      return { runs, need: toNeed(runs, needs) };
    })();
    started.set(id, promise);
    return promise;
  };

  const ended = await Promise.all(Object.keys(workflow.jobs).map((id) => start(id, [])));
  const jobs = ended.flatMap(({ runs }) => runs);
  const contexts = {
    ...commonContexts(around),
    jobs: Object.fromEntries(Object.keys(workflow.jobs).map((id, index) => [id, needContext(ended[index]?.need)])),
  };
  const outputs = Object.entries(readTrigger(workflow, "workflow_call")?.outputs ?? {});
  return {
    conclusion: jobs.some(({ result }) => result === "failure") ? "failure" : "success",
    jobs,
    outputs: Object.fromEntries(outputs.map(([name, { value }]) => [name, toText(evaluateText(value, { contexts }))])),
  };
}

function toNeed(runs: readonly JobRun[], needs: Readonly<Record<string, Need>>): Need {
  const results = runs.map((run) => run.result);
  const result = results.includes("failure") ? "failure" : results.includes("success") ? "success" : "skipped";
  const before = Object.values(needs).flatMap((need) => need.results);
  // Of the jobs of a matrix the last one that sets an output wins.
  return { result, outputs: Object.assign({}, ...runs.map((run) => run.outputs)), results: [...before, result] };
}

function needContext(need: Need | undefined): Value {
  return { result: need?.result ?? "skipped", outputs: need?.outputs ?? {} };
}

function commonContexts({ options, inputs }: Around): Record<string, Value> {
  return { github: githubContext(options.github), vars: options.vars ?? {}, inputs };
}

async function runMatrix(
  id: string,
  job: JobFile,
  workflow: WorkflowFile,
  needs: Readonly<Record<string, Need>>,
  around: Around,
): Promise<JobRun[]> {
  const before = Object.values(needs).flatMap((need) => need.results);
  const status = { success: before.every((result) => result === "success"), failure: before.includes("failure") };
  const contexts = {
    ...commonContexts(around),
    needs: Object.fromEntries(Object.entries(needs).map(([name, need]) => [name, needContext(need)])),
  };
  if (!evaluateCondition(job.if, { contexts, status })) {
    return [{ id, matrix: {}, result: "skipped", outputs: {}, warnings: [], steps: [] }];
  }
  const { matrix: written = {} } = job.strategy;
  const matrix = evaluateDeep(written, { contexts });
  const combinations = expandMatrix(isMapping(matrix) ? matrix : {});
  return Promise.all(
    combinations.map((combination, index) => {
      const strategy = { "job-index": index, "job-total": combinations.length };
      const scope = { contexts: { ...contexts, strategy, matrix: asMapping(combination) } };
      return job.uses === undefined
        ? runJob(id, job, workflow, combination, scope, around)
        : callWorkflow(id, job, combination, scope, { ...around, callerMayMint: mayMint(job, workflow, around) });
    }),
  );
}

/** Whether a job may ask for ID tokens: a called workflow has no permission that its caller lacks, and inherits all others. */
function mayMint({ permissions }: JobFile, workflow: WorkflowFile, { callerMayMint }: Around): boolean {
  const declared = permissions ?? workflow.permissions;
  if (declared === undefined) return callerMayMint ?? false;
  return Object(declared)["id-token"] === "write" && callerMayMint !== false;
}

// Workflows that call others

async function callWorkflow(
  id: string,
  job: JobFile,
  matrix: Readonly<Record<string, unknown>>,
  scope: Scope,
  around: Around,
): Promise<JobRun> {
  const name = job.uses?.split("@", 1)[0] ?? "";
  const file = around.options.workflows?.[name];
  if (file === undefined) throw new Error(`There is no file for the workflow ${name}`);
  const workflow = readWorkflow(readFileSync(file, "utf8"));
  const trigger = readTrigger(workflow, "workflow_call");
  if (trigger === undefined) throw new Error(`${name} is no workflow to be called`);
  const inputs = fill(trigger.inputs, evaluateEach(job.with, scope), "input");
  const withSecrets = { contexts: { ...scope.contexts, secrets: around.secrets } };
  const secrets =
    job.secrets === "inherit"
      ? around.secrets
      : fill(trigger.secrets, textOfEach(evaluateEach(job.secrets, withSecrets)), "secret");
  const called = await runJobs(workflow, { ...around, inputs, secrets: textOfEach(secrets) });
  const { conclusion: result, outputs } = called;
  return { id, matrix, result, outputs, warnings: [], steps: [], called };
}

/** Values with the defaults of what is not given; throws on what is not declared, or required and missing. */
function fill(
  declared: Readonly<
    Record<string, { required?: boolean | undefined; default?: Value | undefined; type?: string | undefined } | null>
  >,
  given: Readonly<Record<string, Value>>,
  what: "input" | "secret",
): Record<string, Value> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name))
      throw new Error(`Invalid ${what}, ${name} is not defined in the referenced workflow.`);
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, about]) => {
      const value = given[name] ?? about?.default;
      if (value === undefined && about?.required) throw new Error(`${what} ${name} is required, but not provided`);
      const unset = about?.type === "boolean" ? false : about?.type === "number" ? 0 : "";
      return [name, typed(value ?? unset, about?.type ?? "string", name)];
    }),
  );
}

/** `with:` of a called workflow wants the declared type, which an expression can give too. */
function typed(value: Value, type: string, name: string): Value {
  if (type === "boolean" || type === "number") {
    const converted = typeof value === "string" ? JSON.parse(value) : value;
    if (typeof converted !== type) throw new Error(`The input ${name} is no ${type}`);
    return converted;
  }
  return toText(value);
}

// One job

/** What the steps of a job share, as the workflow sees it. */
interface Workplace {
  readonly job: Job;
  /** Folder of the programs that every `run` finds before all others. */
  readonly commands: string;
  /** `defaults.run.shell` of the workflow. */
  readonly shell: "bash" | undefined;
  readonly endsBackground: boolean;
  readonly steps: StepRun[];
  readonly contexts: Readonly<Record<string, Value>>;
  /** The `steps` context. */
  readonly byId: Record<string, Value>;
  /** Posts that are to run at the end of the job, the last one first. */
  readonly posts: Post[];
  failed: boolean;
}

/** A step whose post is still to run. */
interface Post {
  readonly step: StepFile;
  /** Its index among the steps of the job. */
  readonly index: number;
  readonly action: ActionStep;
  readonly main: StageResult;
}

async function runJob(
  id: string,
  job: JobFile,
  workflow: WorkflowFile,
  matrix: Readonly<Record<string, unknown>>,
  { contexts }: Scope,
  around: Around,
): Promise<JobRun> {
  const secrets: Readonly<Record<string, Value>> = around.secrets;
  const everywhere = { ...contexts, secrets };
  const workflowEnv = textOfEach(evaluateEach(workflow.env, { contexts: everywhere }));
  const env = textOfEach(evaluateEach(job.env, { contexts: { ...everywhere, env: workflowEnv } }));
  const options: JobOptions = {
    env: { ...workflowEnv, ...env },
    secrets: Object.values(around.secrets),
    github: { ...around.options.github, job: id },
    ...(around.options.idTokens !== undefined &&
      mayMint(job, workflow, around) && { idTokens: around.options.idTokens }),
  };
  return withJob(options, async (shared) => {
    const place: Workplace = {
      job: shared,
      commands: join(shared.temp, "commands"),
      shell: workflow.defaults?.run.shell,
      endsBackground: around.options.endsBackground ?? false,
      steps: [],
      contexts: everywhere,
      byId: {},
      posts: [],
      failed: false,
    };
    furnish(place, around.options);
    for (const step of job.steps ?? []) await playStep(step, place);
    for (const post of place.posts.toReversed()) await playPost(post, place);
    const written = textOfEach(evaluateEach(job.outputs, scopeOf(place)));
    const { outputs, warnings } = leavingOutputs(written, shared.masker);
    return { id, matrix, result: place.failed ? "failure" : "success", outputs, warnings, steps: place.steps };
  });
}

function furnish({ job, commands }: Workplace, options: RunOptions): void {
  mkdirSync(commands);
  for (const [path, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(job.workspace, path)), { recursive: true });
    writeFileSync(join(job.workspace, path), text);
    chmodSync(join(job.workspace, path), 0o755);
  }
  for (const [name, script] of Object.entries(options.commands ?? {})) {
    writeFileSync(join(commands, name), `#!/usr/bin/env bash\nset -euo pipefail\n${script}`, { mode: 0o755 });
  }
}

function scopeOf(place: Workplace, env: Readonly<Record<string, string>> = stepVariables(place.job, {})): Scope {
  const { temp, github } = place.job;
  const runner = { os: "Linux", temp, environment: "github-hosted" };
  const contexts = { ...place.contexts, github, runner, env, steps: { ...place.byId } };
  return { contexts: { ...contexts, job: { status: place.failed ? "failure" : "success" } } };
}

async function playStep(step: StepFile, place: Workplace): Promise<void> {
  const { secrets: _, ...contexts } = scopeOf(place).contexts;
  const status = { success: !place.failed, failure: place.failed };
  if (!evaluateCondition(step.if, { contexts, status })) {
    record(step, place, { outcome: "skipped", outputs: {}, log: "" });
  } else if (step.uses === undefined) {
    record(step, place, await runScriptStep(step, place));
  } else if (THIS_ACTION.test(step.uses) || step.uses === "./") {
    await playMain(step, place);
  } else if (PLAYED_AS_NOTHING.test(step.uses)) {
    record(step, place, { outcome: "success", outputs: {}, log: "" });
  } else {
    throw new Error(`The sandbox does not know the action ${step.uses}`);
  }
}

/** The step's own variables, as they come out now: post evaluates them again. */
function ownVariables(step: StepFile, place: Workplace): Record<string, string> {
  return textOfEach(evaluateEach(step.env, scopeOf(place)));
}

interface Ended {
  readonly outcome: Result;
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
}

/** Returns the index of the step among those of the job. */
function record(step: StepFile, place: Workplace, { outcome, outputs, log }: Ended): number {
  const conclusion = outcome === "failure" && isForgiven(step, place) ? "success" : outcome;
  if (conclusion === "failure") place.failed = true;
  if (step.id !== undefined) place.byId[step.id] = { outcome, conclusion, outputs };
  const name = step.name ?? step.id ?? step.uses ?? step.run?.split("\n", 1)[0] ?? "";
  return place.steps.push({ name, outcome, conclusion, outputs, log }) - 1;
}

/** `continue-on-error`, which forgives a failed post, too (actions/runner, StepsRunner.cs). */
function isForgiven(step: StepFile, place: Workplace): boolean {
  return toText(evaluateText(step["continue-on-error"] ?? "", scopeOf(place))) === "true";
}

// Steps of this action

function runActionStage(
  stage: "main" | "post",
  action: ActionStep,
  step: StepFile,
  place: Workplace,
): Promise<StageResult> {
  const own = ownVariables(step, place);
  const inputs = textOfEach(evaluateEach(step.with, scopeOf(place, stepVariables(place.job, own))));
  return runStage(stage, action, place.job, { inputs }, own);
}

async function playMain(step: StepFile, place: Workplace): Promise<void> {
  const action = openAction(PROJECT);
  const main = await runActionStage("main", action, step, place);
  const outcome = main.outcome === "success" ? "success" : "failure";
  const index = record(step, place, { outcome, outputs: main.outputs, log: main.log });
  place.posts.push({ step, index, action, main });
}

async function playPost({ step, index, action, main }: Post, place: Workplace): Promise<void> {
  let post: StageResult;
  try {
    post = await runActionStage("post", action, step, place);
  } catch (error) {
    // What main could evaluate can fail now, where it asks for something that a later step changed.
    post = unstartedStage(place.job, error);
  }
  if (post.outcome !== "success" && !isForgiven(step, place)) place.failed = true;
  const recorded = place.steps[index];
  if (recorded === undefined) return;
  const log = `${recorded.log}Post job cleanup.\n${post.log}`;
  place.steps[index] = { ...recorded, log, action: { main, post } };
}

async function runScriptStep(step: StepFile, place: Workplace): Promise<Ended> {
  const { job } = place;
  const env = stepVariables(job, ownVariables(step, place));
  const log = new StageLog(job.masker, false);
  const files = createCommandFiles(job.temp);
  const script = join(mkdtempSync(join(job.temp, "script-")), "run.sh");
  writeFileSync(script, toText(evaluateText(step.run ?? "", scopeOf(place, env))));
  // What GitHub starts: with a shell that is named, a pipe fails with any of its parts.
  const args =
    (step.shell ?? place.shell) === "bash" ? ["--noprofile", "--norc", "-eo", "pipefail", script] : ["-e", script];
  const variables = { ...scriptEnvironment(env, place), ...commandFileVariables(files) };
  const exitCode = await runBash(args, place, variables, log);
  passOn(processCommandFiles(files, log, job.masker), job);
  if (exitCode !== 0) log.issue("error", `Process completed with exit code ${exitCode}.`);
  return {
    outcome: exitCode === 0 && !log.failed ? "success" : "failure",
    outputs: log.outputs.toRecord(),
    log: log.text,
  };
}

function scriptEnvironment(
  env: Readonly<Record<string, string>>,
  { job, commands }: Workplace,
): Record<string, string> {
  return {
    CI: "true",
    HOME: job.temp,
    ...env,
    PATH: [commands, searchPath(job, env)].join(delimiter),
    ...contextVariables(job),
  };
}

function runBash(
  args: readonly string[],
  { job, endsBackground }: Workplace,
  env: Readonly<Record<string, string>>,
  log: StageLog,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", args, {
      cwd: job.workspace,
      env: { ...env },
      // The leader of a group of its own, by which all of the group can be ended.
      detached: endsBackground,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: STEP_TIME_LIMIT,
      killSignal: "SIGKILL",
    });
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new LineReader();
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        for (const line of lines.push(text)) log.receive(line);
      });
      stream.on("end", () => {
        for (const line of lines.end()) log.receive(line);
      });
    }
    child.on("error", reject);
    child.on("exit", () => {
      if (endsBackground && child.pid !== undefined) endGroup(child.pid);
    });
    child.on("close", resolve);
  });
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}

// Values

function evaluateEach(texts: Readonly<Record<string, string>>, scope: Scope): Record<string, Value> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, evaluateText(text, scope)]));
}

function textOfEach(values: Readonly<Record<string, Value>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toText(value)]));
}

function evaluateDeep(value: unknown, scope: Scope): unknown {
  if (typeof value === "string") return evaluateText(value, scope);
  if (Array.isArray(value)) return value.map((entry) => evaluateDeep(entry, scope));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, evaluateDeep(entry, scope)]));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What came out of YAML or JSON holds nothing that an expression cannot be. */
function asMapping(value: Readonly<Record<string, unknown>>): Value {
  const copy: Value = JSON.parse(JSON.stringify(value));
  return copy;
}
