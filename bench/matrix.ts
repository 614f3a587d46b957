import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFileVariables, createCommandFiles, readPairs } from "../sandbox/files.ts";
import { PROJECT } from "../sandbox/runner.ts";
import { startXray, type Xray } from "../sandbox/services/index.ts";
import { openClient } from "../src/http/client.ts";
import { INPUTS, type InputName, parseSettings } from "../src/inputs.ts";
import { prove } from "../src/probe.ts";
import type { Credential, Method } from "../src/providers/provider.ts";
import { xray as provider } from "../src/providers/xray.ts";

/** What the stand-in allows: so many requests per window. */
export interface Limit {
  readonly requests: number;
  readonly windowMs: number;
}

/**
 * How the jobs of a matrix come by their token: each exchanges for itself and proves what it got, or one exchanges and
 * seals, and the others open the seal, with or without proving the token again.
 */
export type Way = "exchange" | "seal" | "seal, no probe";

/** What became of a matrix whose jobs all started at once. */
export interface Measurement {
  readonly jobs: readonly JobMeasurement[];
  /** Requests that reached the service, and those of them that it refused with 429. */
  readonly requests: number;
  readonly refusals: number;
  /** Waits that ended before the time that the service had told was over. */
  readonly tooEarly: number;
}

export interface JobMeasurement {
  /** Empty on success, else the failure's code. */
  readonly failure: string;
  readonly probe: string;
  readonly milliseconds: number;
}

type Job = () => Promise<Omit<JobMeasurement, "milliseconds">>;

/** The clocks of two processes are read in whole milliseconds. */
const CLOCK_MS = 2;

/** Runs the jobs as a runner does: the built action, a process for each. */
export function measureProcesses(width: number, way: Way, limit: Limit): Promise<Measurement> {
  return measure(limit, async (xray) => {
    const inputs = { provider: "xray", url: xray.url, ...xray.accounts["client-credentials"]?.inputs };
    if (way === "exchange") return Array.from({ length: width }, () => () => runProcess(inputs));
    const key = randomBytes(32).toString("base64");
    const { sealed = "" } = await runAction({ ...inputs, "seal-key": key });
    const probe = way === "seal" ? "true" : "false";
    return Array.from({ length: width }, () => () => runProcess({ sealed, "seal-key": key, probe }));
  });
}

/** Runs the jobs in this process, so that their first requests come at the same moment, whatever the machine. */
export function measureClients(width: number, way: Way, limit: Limit): Promise<Measurement> {
  return measure(limit, async (xray) => {
    const [method] = provider.methods;
    if (method === undefined) throw new Error("Xray has no method");
    const credentials = xray.accounts["client-credentials"]?.inputs ?? {};
    if (way === "exchange") return Array.from({ length: width }, () => () => runClient(xray, method, credentials));
    const credential = await exchange(xray, method, credentials);
    return Array.from({ length: width }, () => () => runClient(xray, method, credential, way !== "seal"));
  });
}

/** Lets all jobs start at once, and counts at the service what came of it. */
async function measure(limit: Limit, prepare: (xray: Xray) => Promise<Job[]>): Promise<Measurement> {
  const xray = await startXray();
  xray.behaviour.rateLimit = { ...limit };
  const told = recordWaits(xray);
  try {
    const jobs = await prepare(xray);
    const measured = await Promise.all(
      jobs.map(async (job) => {
        const start = performance.now();
        return { ...(await job()), milliseconds: performance.now() - start };
      }),
    );
    const refusals = xray.requests.filter(({ status }) => status === 429).length;
    return { jobs: measured, requests: xray.requests.length, refusals, tooEarly: countTooEarly(xray, told) };
  } finally {
    await xray.close();
  }
}

/** Notes what each refused request was told to wait, in milliseconds, by its index among all requests. */
function recordWaits(xray: Xray): Map<number, number> {
  const told = new Map<number, number>();
  xray.fault((_request, _incoming, response) => {
    const index = xray.requests.length - 1;
    const writeHead = response.writeHead.bind(response);
    Object.assign(response, {
      writeHead(status: number, headers: Readonly<Record<string, string>>) {
        if (status === 429) told.set(index, Number(headers["retry-after"]) * 1000);
        return writeHead(status, headers);
      },
    });
    return false;
  });
  return told;
}

/** A client keeps its connection, so the next request on it is the one that the wait was for. */
function countTooEarly(xray: Xray, told: ReadonlyMap<number, number>): number {
  return [...told].filter(([index, wait]) => {
    const refused = xray.requests[index];
    const next = xray.requests.find(({ connection }, other) => other > index && connection === refused?.connection);
    return refused !== undefined && next !== undefined && next.at - refused.at < wait - CLOCK_MS;
  }).length;
}

async function runClient(
  xray: Xray,
  method: Method,
  bring: Credential | Readonly<Record<string, string>>,
  skipProbe = false,
): ReturnType<Job> {
  const client = openClient({ baseUrl: xray.url, onRetry: () => {} });
  const settings = { ...defaults(), ...(skipProbe && { probe: "false" as const }) };
  try {
    const credential = isCredential(bring) ? bring : await exchange(xray, method, bring, client);
    return {
      failure: "",
      probe: (await prove({ kind: "exchange", target: { provider, method } }, credential, client, settings, () => {}))
        .kind,
    };
  } catch (error) {
    return { failure: codeOf(error), probe: "" };
  } finally {
    client.close();
  }
}

function isCredential(bring: Credential | Readonly<Record<string, string>>): bring is Credential {
  return "token" in bring;
}

function exchange(
  xray: Xray,
  method: Method,
  credentials: Readonly<Record<string, string>>,
  client = openClient({ baseUrl: xray.url, onRetry: () => {} }),
): Promise<Credential> {
  const { timeout: seconds, retries } = defaults();
  const run = { server: "", repository: "", workflow: "", job: "", id: "", attempt: "", selfHosted: false };
  const hands = { secret() {}, mayExist() {}, settled() {}, revocable() {}, note() {}, warn() {}, run };
  return method.exchange(credentials, client.stage({ seconds, retries }), hands);
}

/** What the action does where a workflow says nothing. */
function defaults(): ReturnType<typeof parseSettings> {
  const nothing: Record<string, string> = Object.fromEntries(INPUTS.map((name) => [name, ""]));
  return parseSettings(nothing as Record<InputName, string>);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unexpected";
}

async function runProcess(inputs: Readonly<Record<string, string>>): ReturnType<Job> {
  const { failure = "unexpected", probe = "" } = await runAction(inputs);
  return { failure, probe };
}

/** Runs `dist/main.js` with nothing around it that would slow its start, and returns its outputs. */
async function runAction(inputs: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "matrix-"));
  try {
    const files = createCommandFiles(folder);
    const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value] as const);
    const run = { GITHUB_REPOSITORY: "octo-org/octo-repo", GITHUB_RUN_ID: "1658821493" };
    const env = { ...Object.fromEntries(given), ...commandFileVariables(files), ...run };
    await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(PROJECT, "dist", "main.js")], {
        env,
        stdio: "ignore",
        timeout: 180_000,
      });
      child.on("error", reject);
      child.on("close", resolve);
    });
    return Object.fromEntries(readPairs(readFileSync(files.output, "utf8")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
