/** The run of the workflow, from the runner's default variables. */
export function readRun() {
  const variable = (name: string, unset = "") => process.env[name] || unset;
  return {
    server: variable("GITHUB_SERVER_URL"),
    repository: variable("GITHUB_REPOSITORY"),
    workflow: variable("GITHUB_WORKFLOW"),
    job: variable("GITHUB_JOB"),
    id: variable("GITHUB_RUN_ID", "0"),
    attempt: variable("GITHUB_RUN_ATTEMPT", "1"),
    selfHosted: variable("RUNNER_ENVIRONMENT") === "self-hosted",
  };
}

/** The place where this version of the action explains a failure; undefined where the runner tells no repository. */
export function chapterOn(failure: string): string | undefined {
  const { GITHUB_ACTION_REPOSITORY: repository = "", GITHUB_ACTION_REF: ref = "" } = process.env;
  if (!/^[\w.-]+\/[\w.-]+ [\w.@/+-]+$/.test(`${repository} ${ref}`)) return undefined;
  return `https://github.com/${repository}/blob/${ref}/docs/troubleshooting.md#${failure}`;
}

/** The folder that relative paths in inputs start from. */
export function workspace(): string {
  return process.env.GITHUB_WORKSPACE || process.cwd();
}

/** Where GitHub gives ID tokens to this job, and the token to ask with; undefined without the permission `id-token: write`. */
export function idTokenService(): { readonly url: URL; readonly token: string } | undefined {
  const url = URL.parse(process.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? "");
  const token = process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN;
  return url && token ? { url, token } : undefined;
}
