import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { commandFileVariables, createCommandFiles, readPairs } from "../../sandbox/runner/files.ts";
import { PROJECT } from "../../sandbox/runner/runner.ts";

/** A program of Node, and what it is told. */
export interface Program {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Ran {
  /** From the start of the process to its end. */
  readonly milliseconds: number;
  /** What was saved for post; empty where nothing was. */
  readonly state: string;
}

/** What a process tells of itself at its end. */
export interface Inside {
  /** Every part of Node that it loaded (`process.moduleLoadList`). */
  readonly parts: readonly string[];
  /** Largest resident set. */
  readonly kilobytes: number;
  /** Processor time, of the user and of the system. */
  readonly milliseconds: number;
}

const Inside = z.object({ parts: z.array(z.string()), kilobytes: z.number(), milliseconds: z.number() });

/** Runs a program as a runner would, with nothing around it that slows its start; one that fails or warns is no measurement. */
export async function run(program: Program, more: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return inFolder(async (folder) => {
    const files = createCommandFiles(folder);
    const env = { ...commandFileVariables(files), ...program.env, ...more };
    const start = performance.now();
    const child = spawn(process.execPath, [program.script], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        log += chunk.toString();
      });
    }
    const code = await new Promise((done, failed) => child.on("error", failed).on("close", done));
    const milliseconds = performance.now() - start;
    if (code !== 0 || /::(?:warning|error)/.test(log)) throw new Error(`${program.script} failed:\n${log}`);
    const saved = new Map(readPairs(readFileSync(files.state, "utf8")));
    return { milliseconds, state: saved.get("revocation") ?? "" };
  });
}

/** Runs a program that tells of itself. */
export function runInside(program: Program): Promise<Inside> {
  return inFolder(async (folder) => {
    const target = join(folder, "inside.json");
    await run(program, { NODE_OPTIONS: `--require=${join(PROJECT, "tools/bench", "inside.cjs")}`, INSIDE: target });
    return z.parse(Inside, JSON.parse(readFileSync(target, "utf8")));
  });
}

/** How many modules the bundle has, and how many of them a run evaluated: the one around the others is the first. Without the bundle there are none. */
export interface Modules {
  readonly evaluated: number;
  readonly all: number;
}

const Range = z.object({ startOffset: z.number(), endOffset: z.number(), count: z.number() });

const Coverage = z.object({
  result: z.array(
    z.object({
      url: z.string(),
      // The first range is the whole function.
      functions: z.array(z.object({ functionName: z.string(), ranges: z.tuple([Range], Range) })),
    }),
  ),
});

/** Runs a program and counts the modules of its bundle: the functions that have a number for a name. */
export async function countModules(program: Program): Promise<Modules> {
  const modules = (await functionsOf(program)).filter(({ name }) => /^\d+$/.test(name));
  const count = (some: readonly BundleFunction[]) => (modules.length === 0 ? 0 : 1 + some.length);
  return { evaluated: count(modules.filter(({ isCalled }) => isCalled)), all: count(modules) };
}

/** A function of the bundle, and whether a run called it. */
export interface BundleFunction {
  readonly name: string;
  /** Its first character in the bundle, and the one after its last. */
  readonly start: number;
  readonly end: number;
  readonly isCalled: boolean;
}

/** Runs a program and lists the functions of its bundle; none where it loads no bundle. */
export function functionsOf(program: Program): Promise<BundleFunction[]> {
  return inFolder(async (folder) => {
    await run(program, { NODE_V8_COVERAGE: folder });
    const [file = ""] = readdirSync(folder).filter((name) => name.startsWith("coverage-"));
    const { result } = z.parse(Coverage, JSON.parse(readFileSync(join(folder, file), "utf8")));
    const functions = result.find(({ url }) => url.endsWith("/index.js"))?.functions ?? [];
    return functions.map(({ functionName: name, ranges: [{ startOffset: start, endOffset: end, count }] }) => ({
      name,
      start,
      end,
      isCalled: count > 0,
    }));
  });
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
