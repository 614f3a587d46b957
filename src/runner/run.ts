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

/** What started the workflow. */
export function eventName(): string {
  return process.env.GITHUB_EVENT_NAME ?? "";
}

/** The folder that relative paths in inputs start from. */
export function workspace(): string {
  return process.env.GITHUB_WORKSPACE || process.cwd();
}

/** Where GitHub gives ID tokens to this job, and the token to ask with; undefined without the permission `id-token: write`. */
export function idTokenService(): { readonly url: string; readonly token: string } | undefined {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url = "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: token = "" } = process.env;
  return url === "" || token === "" || !URL.canParse(url) ? undefined : { url, token };
}
