/** The jobs of `ci.yml` that use the action, played in an engine that ends a step's background processes with the step. */
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import { startIdTokens } from "../../sandbox/runner/id-token.ts";
import { type RunOptions, runWorkflow, type WorkflowRun } from "../kit/workflow.ts";

const ci: { jobs: Record<string, unknown> } = parse(readFileSync(".github/workflows/ci.yml", "utf8"));

/** What a checkout brings, as far as these jobs read it: no package is installed. */
const CHECKOUT = Object.fromEntries(
  ["package.json", "tools/stand-in.ts", ...globSync("sandbox/**/*.ts")].map((path) => [
    path,
    readFileSync(path, "utf8"),
  ]),
);

function play(names: readonly string[], more: RunOptions = {}): Promise<WorkflowRun> {
  const jobs = Object.fromEntries(names.map((name) => [name, ci.jobs[name]]));
  return runWorkflow(stringify({ ...ci, jobs }), { files: CHECKOUT, endsBackground: true, ...more });
}

/** What failed, with its log. */
function failures({ jobs }: WorkflowRun): string[] {
  return jobs
    .filter(({ result }) => result !== "success")
    .map(
      ({ id, steps }) => `${id}: ${steps.map(({ name, outcome, log }) => `${name}: ${outcome}\n${log}`).join("\n")}`,
    );
}

function standIns({ jobs }: WorkflowRun): string[] {
  return jobs.flatMap(({ steps }) =>
    steps.flatMap(({ name, outputs }) => (name === "stand-in" ? [outputs.url ?? ""] : [])),
  );
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Those that still listen after half a minute. */
async function left(urls: readonly string[]): Promise<string[]> {
  let listening: string[] = [...urls];
  for (let tries = 0; tries < 150 && listening.length > 0; tries++) {
    const answers = await Promise.all(listening.map(isListening));
    listening = listening.filter((_, index) => answers[index]);
    if (listening.length > 0) await wait(200);
  }
  return listening;
}

test("the token is used and taken back, a wrong secret gives nothing, and the stand-in ends by itself", async () => {
  const run = await play(["use"]);
  expect(failures(run)).toEqual([]);
  const urls = standIns(run);
  expect(urls).toHaveLength(3);
  for (const { steps } of run.jobs) {
    const log = steps.map((step) => step.log).join("");
    expect(log).toContain("the credential is revoked");
    expect(log).toContain("refuses the client credentials");
  }
  expect(await left(urls)).toEqual([]);
});

test("GitHub's ID token gets a token without any secret, and one for another audience gets none", async () => {
  const idTokens = await startIdTokens();
  try {
    const run = await play(["id-token"], { idTokens, vars: { ID_TOKEN_ISSUER: idTokens.issuer } });
    expect(failures(run)).toEqual([]);
    const log = run.jobs.flatMap(({ steps }) => steps.map((step) => step.log)).join("");
    expect(log).toContain("the credential is revoked");
    const urls = standIns(run);
    expect(urls).toHaveLength(1);
    expect(await left(urls)).toEqual([]);
  } finally {
    await idTokens.close();
  }
});

test("a seal opens in the jobs after it, and with no other key; no stand-in is left", async () => {
  const run = await play(["seal", "open"]);
  expect(failures(run)).toEqual([]);
  expect(run.jobs.map(({ id, warnings }) => [id, warnings])).toEqual([
    ["seal", []],
    ["open", []],
    ["open", []],
    ["open", []],
  ]);
  const urls = standIns(run);
  expect(urls).toHaveLength(1);
  expect(await left(urls)).toEqual([]);
});

test("what is left in the background of a step ends with it here, save on Windows, which has no signal for a group", async () => {
  const steps = `
on: push
jobs:
  one:
    runs-on: x
    steps:
      - run: (sleep 1; touch late) &
      - run: sleep 4; test ! -e late`;
  const [ended, lasting] = await Promise.all([runWorkflow(steps, { endsBackground: true }), runWorkflow(steps)]);
  const wanted = process.platform === "win32" ? "failure" : "success";
  expect([ended?.conclusion, lasting?.conclusion]).toEqual([wanted, "failure"]);
});
