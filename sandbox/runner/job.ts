import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { FileResults } from "./files.ts";
import type { IdTokens } from "./id-token.ts";
import { Masker } from "./masker.ts";

/**
 * What all steps of a job share, their posts among them: one masker, one set of variables and one list of folders for
 * `PATH`, whichever step adds to them.
 */
export interface Job {
  readonly temp: string;
  readonly workspace: string;
  readonly masker: Masker;
  /** Variables of the workflow and of the job, then those that steps exported. */
  readonly env: Map<string, string>;
  /** Folders that steps added to `PATH`, the newest last. */
  readonly path: string[];
  /** The `github` context. */
  readonly github: Readonly<Record<string, string>>;
  /** Variables that no step can change, beside those of the contexts. */
  readonly fixed: Readonly<Record<string, string>>;
}

/** What a job starts with. */
export interface JobOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Masks that the job has already (its secrets), registered as the real runner registers them. */
  readonly secrets?: readonly string[];
  /** Values of the `github` context that differ from the sandbox's own, such as `run_id`. */
  readonly github?: Readonly<Record<string, string>>;
  /** Folder that the steps start in (default: an empty one). */
  readonly workspace?: string;
  /** Who gives the job its ID tokens; the job has the permission `id-token: write` where there is one. */
  readonly idTokens?: Pick<IdTokens, "variables">;
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

/** The `github` context with what differs in this run; the folders of a job come later. */
export function githubContext(differing: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...GITHUB, ...differing };
}

/** Gives a job its folders, and removes them when it has ended. */
export async function withJob<Result>(options: JobOptions, run: (job: Job) => Promise<Result>): Promise<Result> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "runner-")));
  const workspace = options.workspace ?? join(folder, "workspace");
  const github = { ...GITHUB, workspace, ...options.github };
  const job: Job = {
    temp: join(folder, "_temp"),
    workspace,
    masker: new Masker(),
    env: new Map(Object.entries(options.env ?? {})),
    path: [],
    github,
    fixed: options.idTokens?.variables(github) ?? {},
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

/** The job's variables with the step's own over them, as the `env` context shows them (actions/runner, StepsRunner.cs). */
export function stepVariables(job: Job, own: Readonly<Record<string, string>>): Record<string, string> {
  return { ...Object.fromEntries(job.env), ...own };
}

/** What a process of the job finds as `PATH`: what steps put before it, then the job's own. */
export function searchPath(job: Job, env: Readonly<Record<string, string>>): string {
  return [...job.path.toReversed(), env.PATH ?? process.env.PATH ?? ""].join(delimiter);
}

/** What no variable of the job can change. */
export function contextVariables(job: Job): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(job.github).map(([name, value]) => [`GITHUB_${name.toUpperCase()}`, value])),
    ...job.fixed,
    GITHUB_ACTIONS: "true",
    RUNNER_ARCH: process.arch.toUpperCase(),
    RUNNER_ENVIRONMENT: "github-hosted",
    RUNNER_NAME: "Sandbox",
    RUNNER_OS: "Linux",
    RUNNER_TEMP: job.temp,
  };
}

/** Gives the job what a process left in the command files for all that come after it. */
export function passOn({ env, path }: FileResults, job: Job): void {
  for (const [name, value] of env) job.env.set(name, value);
  job.path.push(...path);
}

/** What the end of a job makes of its outputs: those that hold a masked value in any form never leave it. */
export function leavingOutputs(
  outputs: Readonly<Record<string, string>>,
  masker: Masker,
): { readonly outputs: Record<string, string>; readonly warnings: string[] } {
  const kept: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (masker.mask(value) !== value) warnings.push(`Skip output '${name}' since it may contain secret.`);
    else if (value !== "") kept[name] = value;
  }
  return { outputs: kept, warnings };
}
