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

const Coverage = z.object({
  result: z.array(
    z.object({
      url: z.string(),
      functions: z.array(z.object({ functionName: z.string(), ranges: z.array(z.object({ count: z.number() })) })),
    }),
  ),
});

/** Runs a program and counts the modules of its bundle: the functions that have a number for a name. */
export function countModules(program: Program): Promise<Modules> {
  return inFolder(async (folder) => {
    await run(program, { NODE_V8_COVERAGE: folder });
    const [name = ""] = readdirSync(folder).filter((file) => file.startsWith("coverage-"));
    const { result } = z.parse(Coverage, JSON.parse(readFileSync(join(folder, name), "utf8")));
    const bundle = result.find(({ url }) => url.endsWith("/index.js"));
    if (bundle === undefined) return { evaluated: 0, all: 0 };
    const modules = bundle.functions.filter(({ functionName }) => /^\d+$/.test(functionName));
    const evaluated = modules.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
    return { evaluated: 1 + evaluated.length, all: 1 + modules.length };
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
