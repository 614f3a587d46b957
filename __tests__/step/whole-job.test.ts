/** Post as the runner runs it: with all that the steps after main left to the job. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Service, startTuleap } from "../../sandbox/services/index.ts";
import { closeServices, mishap, preload, started } from "../kit/support.ts";
import { type JobRun, runWorkflow } from "../kit/workflow.ts";

const folder = mkdtempSync(join(tmpdir(), "whole-job-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let tuleap: Service;
beforeEach(async () => {
  tuleap = await started(startTuleap());
});
afterEach(closeServices);

type Variables = Readonly<Record<string, string | undefined>>;
interface Played extends JobRun {
  /** What the process of each stage found as its environment, in the order of their start. */
  readonly stages: readonly { readonly stage: string; readonly env: Variables }[];
  /** The log of the first step, its post included. */
  readonly log: string;
}

/** Plays a job: a step that gets a token, with these lines added to it, then the steps that come later. */
async function play(step: string, later: string, env: Readonly<Record<string, string>> = {}): Promise<Played> {
  const seen = join(mkdtempSync(join(folder, "job-")), "seen");
  const { NODE_OPTIONS } = preload(`
    import fs from "node:fs";
    const stage = /(main|post)\\.js$/.exec(process.argv[1] ?? "")?.[1];
    if (stage !== undefined) fs.appendFileSync(process.env.SEEN, JSON.stringify({ stage, env: process.env }) + "\\n");
  `);
  const variables = {
    PASSWORD: tuleap.accounts.token?.inputs.password ?? "",
    ...env,
    SEEN: seen,
    NODE_OPTIONS: `${NODE_OPTIONS} ${env.NODE_OPTIONS ?? ""}`.trim(),
  };
  const run = await runWorkflow(`
on: push
jobs:
  one:
    runs-on: x
    env: ${JSON.stringify(variables)}
    steps:
      - uses: ./
        id: token
        with:
          provider: tuleap
          method: token
          url: ${tuleap.url}
          username: ${tuleap.accounts.token?.inputs.username}
          password: \${{ env.PASSWORD }}
${indented(step)}
${indented(later)}
`);
  const [job] = run.jobs;
  if (job === undefined) throw new Error("There is no job");
  const stages: Played["stages"] = readFileSync(seen, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  return { ...job, stages, log: job.steps[0]?.log ?? "" };
}

/** At the depth of a step. */
function indented(lines: string): string {
  return lines.replace(/^(?=.)/gm, "      ");
}

function env({ stages }: Played, stage: "main" | "post"): Variables {
  return stages.find((each) => each.stage === stage)?.env ?? {};
}

test("a variable that a later step exports reaches post", async () => {
  const run = await play("", `- run: echo "https_proxy=http://127.0.0.1:9" >> "$GITHUB_ENV"`);
  expect([env(run, "main").https_proxy, env(run, "post").https_proxy]).toEqual([undefined, "http://127.0.0.1:9"]);
  expect([run.result, tuleap.live()]).toEqual(["success", []]);
});

describe("a STATE_ variable that a later step exports", () => {
  const later = `
- if: always()
  run: |
    echo "STATE_revocation=forged" >> "$GITHUB_ENV"
    echo "STATE_other=forged" >> "$GITHUB_ENV"`;

  test("reaches post for a key that main did not save, and not for one that it did", async () => {
    const run = await play("", later);
    expect(env(run, "post").STATE_other).toBe("forged");
    expect(env(run, "post").STATE_revocation).toContain(tuleap.url);
    expect([run.result, tuleap.live()]).toEqual(["success", []]);
  });

  test("reaches post where main was killed before it had saved anything", async () => {
    const run = await play("", later, mishap("killed before", ""));
    expect(run.stages.map(({ stage }) => stage)).toEqual(["main", "post"]);
    expect(env(run, "post").STATE_revocation).toBe("forged");
  });
});

describe("what `with:` holds", () => {
  test("is evaluated again for post", async () => {
    const step = `
    ca-certificate: \${{ steps.later.outputs.certificate }}`;
    const later = `
- id: later
  run: |
    echo "PASSWORD=another" >> "$GITHUB_ENV"
    echo "certificate=later.pem" >> "$GITHUB_OUTPUT"`;
    const run = await play(step, later);
    expect(env(run, "main")).toMatchObject({
      "INPUT_CA-CERTIFICATE": "",
      INPUT_PASSWORD: tuleap.accounts.token?.inputs.password,
    });
    expect(env(run, "post")).toMatchObject({ "INPUT_CA-CERTIFICATE": "later.pem", INPUT_PASSWORD: "another" });
  });

  test("fails post where it can no longer be evaluated, and nothing starts", async () => {
    const step = `
    env-name: \${{ fromJSON(env.NAMES).token }}`;
    const run = await play(step, `- run: echo "NAMES={" >> "$GITHUB_ENV"`, { NAMES: '{"token":"TULEAP"}' });
    expect(run.stages.map(({ stage }) => stage)).toEqual(["main"]);
    expect(run.log).toMatch(/Post job cleanup\.\n##\[error\]/);
    expect(run.result).toBe("failure");
  });
});

test("the step's own variables win over exported ones, and are evaluated again", async () => {
  const step = `
  env:
    OWN: step
    NEXT: \${{ env.NEXT }} again`;
  const later = `
- run: |
    echo "OWN=exported" >> "$GITHUB_ENV"
    echo "NEXT=second" >> "$GITHUB_ENV"
- id: script
  run: echo "$OWN $NEXT"`;
  const run = await play(step, later, { NEXT: "first" });
  expect(env(run, "main")).toMatchObject({ OWN: "step", NEXT: "first again" });
  expect(env(run, "post")).toMatchObject({ OWN: "step", NEXT: "second again" });
  expect(run.steps[2]?.log).toBe("exported second\n");
});

test("a mask of a later step holds in post's log", async () => {
  const unmasked = await play("", "- run: echo");
  expect(unmasked.log).toContain("the credential is revoked");
  const run = await play("", `- run: echo "::add-mask::credential is"`);
  expect(run.log).toContain("the *** revoked");
  expect(run.log).not.toContain("credential is revoked");
});

test("a folder that a later step puts before PATH is before it in post and in the steps after it", async () => {
  const later = `
- run: |
    mkdir tools later
    printf '#!/bin/sh\\necho from tools\\n' > tools/tool
    printf '#!/bin/sh\\necho from later\\n' > later/tool
    chmod +x tools/tool later/tool
    echo "$PWD/tools" >> "$GITHUB_PATH"
    echo "$PWD/later" >> "$GITHUB_PATH"
- run: tool`;
  const run = await play("", later);
  expect(run.steps[2]?.log).toBe("from later\n");
  const added = (env(run, "post").PATH ?? "").split(delimiter).slice(0, 2);
  expect(added.map((path) => path.split(/[\\/]/).at(-1))).toEqual(["later", "tools"]);
  expect((env(run, "post").PATH ?? "").endsWith(env(run, "main").PATH ?? "?")).toBe(true);
});

describe("a post that fails", () => {
  const failing = preload('if (process.argv[1]?.endsWith("post.js")) { console.log("post fails"); process.exit(3); }');

  test.each([
    ["fails the job", "", "failure"],
    ["is forgiven where the step may fail", "\n  continue-on-error: true", "success"],
    ["is judged by what a later step says", `\n  continue-on-error: \${{ env.MAY_FAIL == 'yes' }}`, "success"],
  ])("%s", async (_, step, result) => {
    const run = await play(step, `- run: echo "MAY_FAIL=yes" >> "$GITHUB_ENV"`, failing);
    expect(run.log).toContain("post fails");
    expect(run.result).toBe(result);
  });
});

test("posts run at the end of the job, the last step's first", async () => {
  const later = `
- uses: ./
  env: { WHICH: second }
  with: { provider: tuleap, method: token, url: "${tuleap.url}", username: "${tuleap.accounts.token?.inputs.username}", password: "\${{ env.PASSWORD }}" }
- run: test "$(wc -l < "$SEEN")" -eq 2`;
  const run = await play("\n  env: { WHICH: first }", later);
  expect(run.stages.map(({ stage, env: { WHICH } }) => `${stage} ${WHICH}`)).toEqual([
    "main first",
    "main second",
    "post second",
    "post first",
  ]);
  expect([run.result, tuleap.live()]).toEqual(["success", []]);
});
