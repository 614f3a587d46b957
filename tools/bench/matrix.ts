import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFileVariables, createCommandFiles, readPairs } from "../../sandbox/runner/files.ts";
import { PROJECT } from "../../sandbox/runner/runner.ts";
import { startXray, type Xray } from "../../sandbox/services/index.ts";
import { openClient } from "../../src/http/client.ts";
import { parseSettings, type Settings } from "../../src/input/settings.ts";
import { INPUTS, type InputName } from "../../src/input/table.ts";
import type { Credential, Method } from "../../src/providers/provider.ts";
import { xray as provider } from "../../src/providers/xray.ts";
import { prove } from "../../src/step/probe.ts";

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

/**
 * Runs the jobs in this process, so that their first requests come at the same moment, whatever the machine.
 * @param retries of each job; the action's default unless told
 */
export function measureClients(
  width: number,
  way: Way,
  limit: Limit,
  retries: number = defaults().retries,
): Promise<Measurement> {
  const prepare = async (xray: Xray): Promise<Job[]> => {
    const [method] = provider.methods;
    if (method === undefined) throw new Error("Xray has no method");
    const credentials = xray.accounts["client-credentials"]?.inputs ?? {};
    const settings = { ...defaults(), retries, ...(way === "seal, no probe" && { probe: "false" as const }) };
    const bring = way === "exchange" ? credentials : await exchange(xray, method, credentials, settings);
    return Array.from({ length: width }, () => () => runClient(xray, method, bring, settings));
  };
  return measure(limit, prepare, startingGate());
}

/** Makes the first requests come at the same moment, however slow the machine. */
interface Gate {
  /** The clock of the service; it stands still while the gate is shut. */
  now(): number;
  /** Shuts the gate until so many answers wait behind it. */
  shut(width: number): void;
  /** Sends an answer, or lets it wait until the gate opens. */
  pass(send: () => void): void;
}

function startingGate(): Gate {
  let [waiting, width, stopped, lost]: [(() => void)[], number, number, number] = [[], 0, 0, 0];
  return {
    now: () => (width > 0 ? stopped : Date.now() - lost),
    shut(count) {
      [stopped, width] = [Date.now(), count];
    },
    pass(send) {
      if (width === 0) return send();
      waiting.push(send);
      if (waiting.length < width) return;
      lost = Date.now() - stopped;
      width = 0;
      for (const each of waiting) each();
      waiting = [];
    },
  };
}

/** Lets all jobs start at once, and counts at the service what came of it. */
async function measure(limit: Limit, prepare: (xray: Xray) => Promise<Job[]>, gate?: Gate): Promise<Measurement> {
  const xray = await startXray(gate === undefined ? {} : { now: gate.now });
  xray.behaviour.rateLimit = { ...limit };
  const told = recordWaits(xray, gate);
  try {
    const jobs = await prepare(xray);
    gate?.shut(jobs.length);
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

/** What a refused request was told: the wait in milliseconds, and when. */
interface Told {
  readonly wait: number;
  readonly at: number;
}

/** Notes what each refused request was told, by its index among all requests. */
function recordWaits(xray: Xray, gate?: Gate): Map<number, Told> {
  const told = new Map<number, Told>();
  xray.fault((request, _incoming, response) => {
    const index = xray.requests.length - 1;
    const writeHead = response.writeHead.bind(response);
    const end = response.end.bind(response);
    let wait = 0;
    Object.assign(response, {
      writeHead(status: number, headers: Readonly<Record<string, string>>) {
        // The service notes it only where the answer is out at once.
        request.status = status;
        if (status === 429) wait = Number(headers["retry-after"]) * 1000;
        return writeHead(status, headers);
      },
      end(body: string) {
        const send = () => {
          if (request.status === 429) told.set(index, { wait, at: Date.now() });
          end(body);
        };
        if (gate === undefined) send();
        else gate.pass(send);
        return response;
      },
    });
    return false;
  });
  return told;
}

/** A client keeps its connection, so the next request on it is the one that the wait was for. */
function countTooEarly(xray: Xray, told: ReadonlyMap<number, Told>): number {
  return [...told].filter(([index, { wait, at }]) => {
    const refused = xray.requests[index];
    const next = xray.requests.find(({ connection }, other) => other > index && connection === refused?.connection);
    return refused !== undefined && next !== undefined && next.at - at < wait - CLOCK_MS;
  }).length;
}

async function runClient(
  xray: Xray,
  method: Method,
  bring: Credential | Readonly<Record<string, string>>,
  settings: Settings,
): ReturnType<Job> {
  const client = openClient({ baseUrl: xray.url, onRetry: () => {} });
  try {
    const credential = isCredential(bring) ? bring : await exchange(xray, method, bring, settings, client);
    const target = { provider, method, url: xray.url, place: xray.url, envName: "" };
    const plan = { kind: "open", target, credential, handle: undefined } as const;
    return { failure: "", probe: (await prove(plan, credential, client, settings, () => {})).proof.kind };
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
  { timeout: seconds, retries }: Settings,
  client = openClient({ baseUrl: xray.url, onRetry: () => {} }),
): Promise<Credential> {
  const run = { server: "", repository: "", workflow: "", job: "", id: "", attempt: "", selfHosted: false };
  const idToken = () => Promise.reject(new Error("none is asked for"));
  const step = { secret() {}, mayExist() {}, settled() {}, revocable() {}, note() {}, warn() {}, idToken, run };
  return method.prepare(credentials).exchange(client.stage({ seconds, retries }), step);
}

/** What the action does where a workflow says nothing. */
function defaults(): Settings {
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
        timeout: 600_000,
      });
      child.on("error", reject);
      child.on("close", resolve);
    });
    return Object.fromEntries(readPairs(readFileSync(files.output, "utf8")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
