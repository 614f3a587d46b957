/** What the pages promise beside a block of YAML, played: the block is copied as it stands, the world around it changes. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { Server } from "proxy-chain";
import {
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
  startXray,
} from "../../sandbox/services/index.ts";
import { createAuthority } from "../kit/certificates.ts";
import { answer, listen } from "../kit/faults.ts";
import { closeServices, line, started } from "../kit/support.ts";
import { type RunOptions, runWorkflow, type StepRun, type WorkflowRun } from "../kit/workflow.ts";

afterEach(closeServices);

/** The YAML blocks of the chapter with this heading. */
function blocksOf(page: string, heading: string): string[] {
  const [, after = ""] = readFileSync(page, "utf8").split(new RegExp(`^#+ ${heading}$`, "m"));
  const [chapter = ""] = after.split(/^#+ (?=[A-Z])/m);
  const blocks = [...chapter.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  if (blocks.length === 0) throw new Error(`${page} has no YAML under "${heading}"`);
  return blocks;
}

function blockOf(page: string, heading: string): string {
  return blocksOf(page, heading)[0] ?? "";
}

/** A list of steps as the only job of a workflow. */
function inJob(steps: string): string {
  return `on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n${steps.replace(/^(?=.)/gm, "      ")}`;
}

/** The text with something in it changed, which has to be there. */
function replaced(text: string, what: string | RegExp, by: string): string {
  const changed = text.replaceAll(typeof what === "string" ? what : new RegExp(what.source, "gm"), by);
  if (changed === text) throw new Error(`There is no ${what} in:\n${text}`);
  return changed;
}

/** A program that tells the names of the variables that it got, and of how many arguments. */
const TOOL = "#!/bin/sh\nenv | cut -d= -f1 | sed 's/^/has /'\n";
const COMMANDS = { pytest: "cat > /dev/null", curl: "cat > /dev/null; echo '{}'" };

function play(text: string, options: RunOptions): Promise<WorkflowRun> {
  return runWorkflow(text, { commands: COMMANDS, ...options });
}

function stepsOf({ jobs }: WorkflowRun): StepRun[] {
  return jobs.flatMap(({ steps, called }) => [...steps, ...(called === undefined ? [] : stepsOf(called))]);
}

/** The commands that ran, in order. */
function ran(run: WorkflowRun): string[] {
  const steps = stepsOf(run).filter(({ outcome, action }) => outcome !== "skipped" && action === undefined);
  return steps.map(({ name }) => name);
}

/** What the steps of this action set as `failure`. */
function failures(run: WorkflowRun): (string | undefined)[] {
  return stepsOf(run).flatMap(({ action, outputs }) => (action === undefined ? [] : [outputs.failure]));
}

function given(service: Service, method: string, field: string): string {
  return service.accounts[method]?.inputs[field] ?? "";
}

/** Longer than a name may be, so no resolver knows it. */
const NOWHERE = `${"x".repeat(64)}.example`;

describe('"Going on without the service"', () => {
  const recipe = inJob(blockOf("docs/recipes.md", "Going on without the service"));
  const at = (url: string) => replaced(recipe, "https://reportportal.example.com", url);

  async function playAt(url: string, key: string): Promise<WorkflowRun> {
    return play(at(url), { secrets: { REPORTPORTAL_API_KEY: key } });
  }

  test("reports where the service is there", async () => {
    const portal = await started(startReportPortal({ personality: "new" }));
    const run = await playAt(portal.url, given(portal, "api-key", "token"));
    expect([run.conclusion, failures(run), ran(run)]).toEqual(["success", [""], ["pytest --reportportal"]]);
  });

  test.each([
    ["answers 503", 503, "unavailable"],
    ["answers 502", 502, "unavailable"],
    ["takes no more requests", 429, "rate-limited"],
  ])("runs the tests without it where the service %s", async (_, status, failure) => {
    const portal = await started(startReportPortal({ personality: "new" }));
    portal.fault(answer(status, { "retry-after": "3600" }));
    const run = await playAt(portal.url, given(portal, "api-key", "token"));
    expect([run.conclusion, failures(run), ran(run)]).toEqual(["success", [failure], ["pytest"]]);
  });

  test("runs the tests without it where nothing listens, where nothing answers, and where nobody knows the name", async () => {
    const closed = await listen(() => {});
    await closed.close();
    const silent = await listen(() => {});
    try {
      const key = "ci_0123456789abcdefghijklmnop";
      const nobody = await playAt(`http://127.0.0.1:${closed.port}`, key);
      expect([nobody.conclusion, failures(nobody), ran(nobody)]).toEqual(["success", ["unavailable"], ["pytest"]]);
      const limited = replaced(
        at(`http://127.0.0.1:${silent.port}`),
        "probe: strict",
        "probe: strict\n          timeout: 5",
      );
      const nothing = await play(limited, { secrets: { REPORTPORTAL_API_KEY: key } });
      expect([nothing.conclusion, failures(nothing), ran(nothing)]).toEqual(["success", ["timeout"], ["pytest"]]);
      const unknown = await playAt(`https://${NOWHERE}`, key);
      expect([unknown.conclusion, failures(unknown), ran(unknown)]).toEqual(["success", ["unavailable"], ["pytest"]]);
    } finally {
      await silent.close();
    }
  });

  test("makes the job red where the key is wrong", async () => {
    const portal = await started(startReportPortal({ personality: "new" }));
    const run = await playAt(portal.url, `${given(portal, "api-key", "token").slice(0, -4)}AAAA`);
    expect([run.conclusion, failures(run), ran(run)]).toEqual(["failure", ["refused"], ["exit 1"]]);
  });
});

describe('"The shortest workflow"', () => {
  const recipe = blockOf("README.md", "The shortest workflow");

  async function playAfterFailedTests(text: string): Promise<[conclusion: string, uploads: boolean]> {
    const xray = await started(startXray());
    const run = await play(replaced(text, "provider: xray", `provider: xray\n          url: ${xray.url}`), {
      files: { "run-tests": "#!/bin/sh\nexit 1\n", "report.xml": "<testsuite/>" },
      secrets: {
        XRAY_CLIENT_ID: given(xray, "client-credentials", "client-id"),
        XRAY_CLIENT_SECRET: given(xray, "client-credentials", "client-secret"),
      },
    });
    return [run.conclusion, ran(run).some((name) => name.startsWith("curl"))];
  }

  test("logs what the page shows", async () => {
    const xray = await started(startXray());
    const run = await play(replaced(recipe, "provider: xray", `provider: xray\n          url: ${xray.url}`), {
      files: { "run-tests": "#!/bin/sh\n", "report.xml": "<testsuite/>" },
      secrets: {
        XRAY_CLIENT_ID: given(xray, "client-credentials", "client-id"),
        XRAY_CLIENT_SECRET: given(xray, "client-credentials", "client-secret"),
      },
    });
    const [, shown = ""] = /\n```\n(Service: [^`]*)```\n/.exec(readFileSync("README.md", "utf8")) ?? [];
    const alike = (log: string) =>
      log.replace(/ at [\w.:]+$/m, " at HOST").replace(/at \d{4}-[\d-]+T[\d:]+Z/, "at TIME");
    const log = stepsOf(run).find(({ action }) => action !== undefined)?.log ?? "";
    expect(shown.split("\n").length).toBeGreaterThan(5);
    expect(alike(log)).toContain(alike(shown));
  });

  test("uploads nothing where the tests fail, and does with the condition that the page names", async () => {
    expect(await playAfterFailedTests(recipe)).toEqual(["failure", false]);
    const [, condition = ""] = /With `(if: .*)` on the last two steps/.exec(readFileSync("README.md", "utf8")) ?? [];
    expect(condition).toContain("cancelled()");
    const both = replaced(recipe, /^( +)- (uses: .*api-token-exchange.*|run: \|)$/, `$1- ${condition}\n$1  $2`);
    expect(await playAfterFailedTests(both)).toEqual(["failure", true]);
  });
});

describe('"A reusable workflow across repositories"', () => {
  const [called = "", caller = ""] = blocksOf("docs/recipes.md", "A reusable workflow across repositories");
  const withoutSecrets = replaced(caller, /^ {4}secrets:\n.*\n/, "");
  const folder = mkdtempSync(join(tmpdir(), "recipes-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function call(text: string): Promise<WorkflowRun> {
    const file = join(folder, "upload.yml");
    writeFileSync(file, text);
    return play(withoutSecrets, {
      workflows: { "your-organization/workflows/.github/workflows/upload.yml": file },
      secrets: { XRAY_CREDENTIALS: "{}" },
    });
  }

  test("does not start without the secret that it requires", async () => {
    await expect(call(called)).rejects.toThrow("XRAY_CREDENTIALS is required, but not provided");
  });

  test("says so where the secret is not required and does not come", async () => {
    const lax = replaced(called, /(XRAY_CREDENTIALS:\n +required:) true/, "$1 false");
    const run = await call(lax);
    expect([run.conclusion, failures(run)]).toEqual(["failure", ["missing-secret"]]);
    expect(stepsOf(run)[0]?.log).toContain("a reusable workflow called without");
  });
});

test('"One exchange for many jobs" exchanges once, and revokes whatever came of the jobs', async () => {
  const qa = await started(startQa());
  const recipe = replaced(
    blockOf("docs/recipes.md", "One exchange for many jobs"),
    "provider: qa",
    `provider: qa\n          url: ${qa.url}`,
  );
  const run = await play(recipe, {
    files: { report: `${TOOL}test "$2" != 2\n` },
    secrets: {
      QA_CLIENT_ID: given(qa, "client-credentials", "client-id"),
      QA_CLIENT_SECRET: given(qa, "client-credentials", "client-secret"),
      SEAL_KEY: randomBytes(32).toString("base64"),
    },
  });
  expect(run.jobs.map(({ id, result }) => `${id} ${result}`)).toEqual([
    "token success",
    "use success",
    "use failure",
    "use success",
    "close success",
  ]);
  const lines = qa.requests.map(line);
  expect(lines.filter((request) => request === "POST /oauth2/token/")).toHaveLength(1);
  expect(lines.at(-1)).toBe("POST /oauth2/revoke_token/");
  expect(qa.live()).toEqual([]);
});

test('"Several steps, several services" shows a token to the steps that name it, and to no other', async () => {
  const qa = await started(startQa());
  const tuleap = await started(startTuleap());
  const recipe = blockOf("docs/recipes.md", "Several steps, several services");
  const here = replaced(
    replaced(recipe, "https://tuleap.example.com", tuleap.url),
    "provider: qa",
    `provider: qa\n    url: ${qa.url}`,
  );
  const run = await play(inJob(`${here}- run: ./other\n`), {
    files: { compare: TOOL, other: TOOL },
    secrets: {
      QA_CLIENT_ID: given(qa, "client-credentials", "client-id"),
      QA_CLIENT_SECRET: given(qa, "client-credentials", "client-secret"),
      TULEAP_ACCESS_KEY: given(tuleap, "access-key", "token"),
    },
  });
  const has = (name: string) =>
    [...(stepsOf(run).find((step) => step.name === name)?.log ?? "").matchAll(/^has (.*(?:QA|KEY|TULEAP).*)$/gm)]
      .map(([, variable]) => variable)
      .toSorted();
  expect([run.conclusion, has("./compare"), has("./other")]).toEqual([
    "success",
    ["PROJECT_KEY", "QA_AUTHORIZATION"],
    ["PROJECT_KEY"],
  ]);
});

test('"A certificate authority of your own" trusts what that authority issued, and nothing more', async () => {
  const company = createAuthority("Company Root");
  const tuleap = await started(startTuleap({ tls: company.issue(["127.0.0.1"]) }));
  const recipe = inJob(
    replaced(
      blockOf("docs/recipes.md", "A certificate authority of your own"),
      "https://tuleap.example.com",
      tuleap.url,
    ),
  );
  const secrets = { TULEAP_ACCESS_KEY: given(tuleap, "access-key", "token") };
  const withRoot = (pem: string) => play(recipe, { secrets, files: { ".github/company-root.pem": pem } });
  expect(failures(await withRoot(company.cert))).toEqual([""]);
  expect(failures(await withRoot(createAuthority("Another Root").cert))).toEqual(["tls"]);
});

test('"Inside a company network" reaches the service through the proxy alone', async () => {
  const company = createAuthority("Company Root");
  const virtuozzo = await started(startVirtuozzo({ tls: company.issue([NOWHERE]) }));
  const asked: string[] = [];
  const proxy = new Server({
    port: 0,
    host: "127.0.0.1",
    prepareRequestFunction: ({ hostname, port }) => {
      asked.push(`${hostname}:${port}`);
      return {
        dnsLookup: ((_name: string, wanted: { all?: boolean }, done: (...result: unknown[]) => void) =>
          wanted.all === true
            ? done(null, [{ address: "127.0.0.1", family: 4 }])
            : done(null, "127.0.0.1", 4)) as never,
      };
    },
  });
  await proxy.listen();
  try {
    const recipe = blockOf("docs/recipes.md", "Inside a company network");
    const url = replaced(recipe, "https://app.platform.example.com", `https://${NOWHERE}:${virtuozzo.port}`);
    const options = {
      secrets: { VIRTUOZZO_TOKEN: given(virtuozzo, "personal-access-token", "token") },
      files: { ".github/company-root.pem": company.cert, report: TOOL },
    };
    const through = await play(replaced(url, "proxy.example.com:3128", `127.0.0.1:${proxy.port}`), options);
    expect([through.conclusion, failures(through)]).toEqual(["success", [""]]);
    expect(asked).toEqual([`${NOWHERE}:${virtuozzo.port}`]);
    const past = replaced(
      url,
      "no_proxy: .internal.example.com",
      `no_proxy: .${NOWHERE.slice(NOWHERE.indexOf(".") + 1)}`,
    );
    const around = await play(replaced(past, "proxy.example.com:3128", `127.0.0.1:${proxy.port}`), options);
    expect(stepsOf(around)[1]?.log).toContain("the host name is unknown");
    expect(asked).toHaveLength(1);
  } finally {
    await proxy.close(true);
  }
});

test('"Keys that live for one run" makes a key and deletes it when the job ends, for both services', async () => {
  const portal = await started(startReportPortal({ personality: "new" }));
  const tuleap = await started(startTuleap());
  const recipe = `${blockOf("docs/recipes.md", "Keys that live for one run")}- run: pytest\n`;
  const atPortal = inJob(replaced(recipe, "https://reportportal.example.com", portal.url));
  const atTuleap = [
    ["provider: reportportal", "provider: tuleap"],
    ["ephemeral-api-key", "ephemeral-access-key"],
    ["https://reportportal.example.com", tuleap.url],
  ].reduce((text, [what = "", by = ""]) => replaced(text, what, by), inJob(recipe));
  for (const [service, text, method, creation] of [
    [portal, atPortal, "ephemeral-api-key", /^POST .*\/api-keys$/],
    [tuleap, atTuleap, "ephemeral-access-key", /^POST .*\/access_keys$/],
  ] as const) {
    const run = await play(text, {
      secrets: {
        REPORTPORTAL_USERNAME: given(service, method, "username"),
        REPORTPORTAL_PASSWORD: given(service, method, "password"),
      },
    });
    expect([run.conclusion, failures(run)]).toEqual(["success", [""]]);
    expect(service.requests.map(line).filter((request) => creation.test(request))).toHaveLength(1);
    expect(service.live()).toEqual([]);
  }
});

test('"The closing job" of the hand-off takes back what the first workflow of the page sealed', async () => {
  const portal = await started(startReportPortal({ personality: "new" }));
  const workflow = blockOf("docs/handoff.md", "How to seal and open");
  const closing = blockOf("docs/handoff.md", "The closing job").replace(/^(?=.)/gm, "  ");
  const key = `provider: reportportal\n          method: ephemeral-api-key\n          url: ${portal.url}`;
  const secrets = {
    XRAY_CREDENTIALS: JSON.stringify(portal.accounts["ephemeral-api-key"]?.inputs),
    SEAL_KEY: randomBytes(32).toString("base64"),
  };
  const files = { upload: "#!/bin/sh\nexit 1\n" };
  const open = await play(replaced(workflow, "provider: xray", key), { secrets, files });
  expect(open.jobs.map(({ id, result }) => `${id} ${result}`)).toEqual(["token success", "upload failure"]);
  expect(portal.live()).toHaveLength(1);
  const before = portal.live();
  const closed = await play(`${replaced(workflow, "provider: xray", key)}${closing}`, { secrets, files });
  expect(closed.jobs.map(({ id, result }) => `${id} ${result}`)).toEqual([
    "token success",
    "upload failure",
    "close success",
  ]);
  expect(portal.live()).toEqual(before);
});
