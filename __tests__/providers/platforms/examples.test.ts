/** The example workflow of each platform, played: what comes after the step gets in with what the step gave it. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "@jest/globals";
import type { RecordedRequest, Service } from "../../../sandbox/services/index.ts";
import { type RunOptions, runWorkflow, type WorkflowRun } from "../../kit/workflow.ts";
import { at, closeIdTokens, idTokens } from "./ways.ts";

afterAll(closeIdTokens);

/** For each platform: what its example asks the service for at last, and the variables of the repository beside the address. */
const USES: Readonly<Record<string, { asks: string; vars?: Readonly<Record<string, string>> }>> = {
  qtest: { asks: "GET /api/v3/projects/7/test-cycles", vars: { QTEST_PROJECT: "7" } },
  jama: { asks: "GET /rest/v1/items?project=20", vars: { JAMA_PROJECT: "20" } },
  "allure-testops": { asks: "GET /api/rs/project?page=0&size=100" },
  zebrunner: { asks: "POST /api/reporting/v1/test-runs?projectKey=DEF", vars: { ZEBRUNNER_PROJECT: "DEF" } },
  tosca: {
    asks: "POST /automationobjectservice/api/Execution/enqueue",
    vars: { TOSCA_PROJECT: "Shop", TOSCA_EVENT: "Nightly" },
  },
  blackduck: { asks: "GET /api/projects?limit=100" },
  artifactory: {
    asks: "PUT /artifactory/generic-local/app-1.tgz",
    vars: {
      ARTIFACTORY_PROVIDER: "github",
      ARTIFACTORY_AUDIENCE: "jfrog-github",
      ARTIFACTORY_REPOSITORY: "generic-local",
    },
  },
  "dependency-track": { asks: "POST /api/v1/bom" },
  sonarqube: { asks: "GET /api/scanned" },
  "fortify-ssc": { asks: "POST /api/v1/projectVersions/10001/artifacts", vars: { FORTIFY_SSC_VERSION: "10001" } },
};

/** The programs of the repository that an example is copied to: what they build, and a scanner that reads its variables. */
const COMMANDS = {
  npm: `
    case "$1 \${2:-}" in
      "pack "*) echo built > app-1.0.0.tgz ;;
      "sbom "*) echo '{"bomFormat":"CycloneDX"}' ;;
      "run scan")
        echo scanned > scan.fpr
        if [ -n "\${SONAR_HOST_URL:-}" ]; then
          printf 'user = "%s:"' "$SONAR_TOKEN" | curl --fail --silent --config - "$SONAR_HOST_URL/api/scanned"
        fi
        ;;
    esac`,
};

/** What a repository that copies the example stores for it. */
function settings(id: string, service: Service): RunOptions {
  const name = (field: string) => `${id}-${field}`.toUpperCase().replaceAll("-", "_");
  // A token of the method `api-key` is called an API key.
  const inputs = Object.entries(service.accounts).flatMap(([method, account]) =>
    Object.entries(account.inputs).map(
      ([field, value]) => [field === "token" && method === "api-key" ? method : field, value] as const,
    ),
  );
  return {
    vars: { [name("url")]: service.url, ...USES[id]?.vars },
    secrets: Object.fromEntries(inputs.map(([field, value]) => [name(field), value])),
  };
}

/** Lets the service answer what no stand-in has, and returns the requests for it. */
function answering(service: Service, asks: string): RecordedRequest[] {
  const came: RecordedRequest[] = [];
  service.fault((request, _req, res) => {
    if (`${request.method} ${request.path}` !== asks) return false;
    came.push(request);
    res.writeHead(200, { "content-type": "application/json" }).end("{}");
    return true;
  });
  return came;
}

function failures({ jobs }: WorkflowRun): string[] {
  return jobs.flatMap(({ steps }) => steps.filter(({ outcome }) => outcome === "failure").map(({ log }) => log));
}

test.each(Object.entries(USES))(
  "examples/%s.yml sends what the step gave it, and shows none of it",
  async (id, { asks }) => {
    await at(id, async (service) => {
      const came = answering(service, asks);
      const text = readFileSync(`examples/${id}.yml`, "utf8");
      const options = settings(id, service);
      const run = await runWorkflow(text, { ...options, idTokens: await idTokens(), commands: COMMANDS });
      expect({ conclusion: run.conclusion, failed: failures(run) }).toEqual({ conclusion: "success", failed: [] });
      const steps = run.jobs.flatMap((job) => job.steps);
      const outputs = steps.find(({ outputs: set }) => set.headers !== undefined)?.outputs ?? {};
      const headers: Record<string, string> = JSON.parse(outputs.headers ?? "{}");
      expect(Object.keys(headers).length).toBeGreaterThan(0);
      const wanted = Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]);
      expect(came).toHaveLength(1);
      expect(came[0]?.headers).toMatchObject(Object.fromEntries(wanted));
      const log = steps.map((step) => step.log).join("\n");
      const secrets = [...Object.values(options.secrets ?? {}), outputs.token ?? ""].filter(
        (value) => value !== "ci-robot",
      );
      for (const secret of secrets) expect(log).not.toContain(secret);
      expect(service.live()).toEqual([]);
    });
  },
);
