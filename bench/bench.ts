/**
 * Measures whole processes against an empty Node and against the least that could do the same: `npm run bench`.
 * The runs take turns, so that a slow moment of the machine meets all of them alike; what counts is the ratios.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROUNDS = Number(process.env.ROUNDS ?? 21);

interface Case {
  readonly name: string;
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** The case that its time is compared with, and the ratios that it must and should keep. */
  readonly against?: { readonly name: string; readonly must: number; readonly aim: number };
}

interface Measured {
  readonly milliseconds: number[];
  kilobytes: number;
}

const folder = mkdtempSync(join(tmpdir(), "bench-"));
const server = await startService();
const { port } = server.address() as { port: number };
const url = `http://127.0.0.1:${port}`;

const inputs = {
  INPUT_PROVIDER: "qa",
  INPUT_URL: url,
  "INPUT_CLIENT-ID": "the-client-id",
  "INPUT_CLIENT-SECRET": "the-client-secret-of-the-bench",
};
/** What main saves for post: nobody else can sign it. */
const revocable = await stateOf({ name: "main", script: resolve("dist/main.js"), env: inputs });

const EMPTY = "empty Node";
const RAW = "raw POST, mask and output";
const cases: readonly Case[] = [
  { name: EMPTY, script: write("empty.cjs", ""), env: {} },
  { name: RAW, script: write("raw.cjs", rawPost()), env: { URL: `${url}/oauth2/token/` } },
  {
    name: "exchange without probe",
    script: resolve("dist/main.js"),
    env: { ...inputs, INPUT_PROBE: "false" },
    against: { name: RAW, must: 1.6, aim: 1.3 },
  },
  {
    name: "exchange and probe",
    script: resolve("dist/main.js"),
    env: inputs,
    against: { name: EMPTY, must: 2.6, aim: 2.2 },
  },
  {
    name: "post with a revocation",
    script: resolve("dist/post.js"),
    env: { ...inputs, STATE_revocation: revocable },
    against: { name: EMPTY, must: 2.4, aim: 2.0 },
  },
  {
    name: "post with nothing to revoke",
    script: resolve("dist/post.js"),
    env: { STATE_revocation: "none" },
    against: { name: EMPTY, must: 1.9, aim: 1.4 },
  },
];

const measured = new Map<string, Measured>(cases.map(({ name }) => [name, { milliseconds: [], kilobytes: 0 }]));
try {
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of cases) {
      const milliseconds = await run(one, {});
      // The first round warms the file cache and does not count.
      if (round > 0) of(one.name).milliseconds.push(milliseconds);
    }
  }
  for (const one of cases) of(one.name).kilobytes = await peakMemory(one);
  print();
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

function of(name: string): Measured {
  const found = measured.get(name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
}

/** The smallest honest way to do the main job: one request, one mask, one output. */
function rawPost(): string {
  return `
const http = require("node:http"), fs = require("node:fs"), os = require("node:os");
const body = new URLSearchParams({ grant_type: "client_credentials", client_id: "a", client_secret: "b" }).toString();
const request = http.request(process.env.URL, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } }, (answer) => {
  let text = "";
  answer.on("data", (chunk) => { text += chunk; });
  answer.on("end", () => {
    const token = JSON.parse(text).access_token;
    process.stdout.write("::add-mask::" + token + os.EOL);
    fs.appendFileSync(process.env.GITHUB_OUTPUT, "token=" + token + os.EOL);
  });
});
request.end(body);
`;
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Answers as QA does, with as little work as can be. */
function startService(): Promise<Server> {
  const token = {
    access_token: "kJ8sT2vWq9XzR4mNbP7cLd3FgH6yEa",
    expires_in: 36_000,
    token_type: "Bearer",
    scope: "all",
  };
  const answers: Readonly<Record<string, string>> = {
    "/oauth2/token/": JSON.stringify(token),
    "/oauth2/revoke_token/": "",
  };
  const service = createServer((request, response) => {
    request.resume().on("end", () => response.end(answers[request.url ?? ""] ?? '{"data":[]}'));
  });
  return new Promise((done) => service.listen(0, "127.0.0.1", () => done(service)));
}

async function run({ name, script, env }: Case, more: Readonly<Record<string, string>>): Promise<number> {
  const files = commandFiles();
  const begin = performance.now();
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env.PATH ?? "", ...files, ...env, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const code = await new Promise((done) => child.on("close", done));
  const milliseconds = performance.now() - begin;
  if (code !== 0 || log.includes("::warning")) throw new Error(`${name} failed:\n${log}`);
  return milliseconds;
}

/** The state that a run of main left last. */
async function stateOf(main: Case): Promise<string> {
  await run(main, {});
  const lines = readFileSync(join(folder, "GITHUB_STATE"), "utf8").split(/\r?\n/);
  return lines.findLast((line) => line.startsWith("{")) ?? "";
}

function commandFiles(): Record<string, string> {
  const files = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];
  mkdirSync(folder, { recursive: true });
  return Object.fromEntries(files.map((name) => [name, write(name, "")]));
}

/** Largest resident set in kilobytes, as the process itself tells at its end; the least of five runs. */
async function peakMemory(one: Case): Promise<number> {
  const target = join(folder, "memory");
  const hook = write(
    "memory.cjs",
    `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(target)}, String(process.resourceUsage().maxRSS)));`,
  );
  const peaks: number[] = [];
  for (let round = 0; round < 5; round++) {
    await run(one, { NODE_OPTIONS: `--require ${hook}` });
    peaks.push(Number(readFileSync(target, "utf8")));
  }
  return Math.min(...peaks);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function print(): void {
  const empty = of(EMPTY);
  console.log(`Node ${process.version}, ${ROUNDS} runs each, in turn.\n`);
  console.log("| | ms (median) | × empty Node | × raw POST | must | aim | peak memory × empty Node |");
  console.log("|---|---|---|---|---|---|---|");
  for (const { name, against } of cases) {
    const { milliseconds, kilobytes } = of(name);
    const time = median(milliseconds);
    const ratio = (other: string) => (time / median(of(other).milliseconds)).toFixed(2);
    const target = against === undefined ? ["", ""] : [`${against.must} × ${against.name}`, `${against.aim} ×`];
    const memory = (kilobytes / empty.kilobytes).toFixed(2);
    console.log(`| ${[name, time.toFixed(1), ratio(EMPTY), ratio(RAW), ...target, memory].join(" | ")} |`);
  }
}
