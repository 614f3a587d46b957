/**
 * Measures whole processes over TLS against the least that could do the same: `npm run bench`. All take turns in one run, so
 * that a slow moment of the machine meets all of them alike; what counts is the ratios. `ROUNDS=5` is a quick look.
 */
import { execFileSync } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../sandbox/runner/runner.ts";
import { DOWNLOAD, JAVASCRIPT, MEMORY, MODULES, PARTS, type Target, TIMES } from "./bounds.ts";
import { type Case, casesAt, EMPTY, type Way } from "./cases.ts";
import { buildFive } from "./five.ts";
import { countModules, type Program, run, runInside } from "./run.ts";
import { startPlace } from "./service.ts";
import { ratios, type Spread, shown, spread } from "./statistics.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 21);

/** What the rounds measured of one program, a number for each. */
interface Measured {
  readonly elapsed: number[];
  readonly processor: number[];
  readonly kilobytes: number[];
  parts: readonly string[];
}

type Measuring = ReadonlyMap<Program, Measured>;

const place = await startPlace();
const five = buildFive();
try {
  const cases = await casesAt(place);
  const casesOfFive = await casesAt(place, five.dist);
  const before = loadavg();
  const measuring = await measure([
    EMPTY,
    ...Object.values(cases).flatMap((one) => [one.floor, one]),
    casesOfFive.exchange,
    casesOfFive.idle,
  ]);
  printMachine(measuring, before);
  printTimes(measuring, cases, casesOfFive);
  printBytes();
  await printLoaded(measuring, cases, casesOfFive);
} finally {
  place.close();
  five.remove();
}

/** Lets the programs take turns. The first round warms the cache of files and does not count. */
async function measure(programs: readonly Program[]): Promise<Measuring> {
  const measuring = new Map<Program, Measured>();
  for (const program of programs) measuring.set(program, { elapsed: [], processor: [], kilobytes: [], parts: [] });
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [program, measured] of measuring) {
      const { milliseconds } = await run(program);
      const inside = await runInside(program);
      if (round === 0) continue;
      measured.elapsed.push(milliseconds);
      measured.processor.push(inside.milliseconds);
      measured.kilobytes.push(inside.kilobytes);
      measured.parts = inside.parts;
    }
  }
  return measuring;
}

function of(program: Program, measuring: Measuring): Measured {
  const found = measuring.get(program);
  if (found === undefined) throw new Error(`${program.script} was not measured`);
  return found;
}

function printMachine(measuring: Measuring, before: readonly number[]): void {
  const load = (numbers: readonly number[]) => numbers[0]?.toFixed(1);
  const empty = spread(of(EMPTY, measuring).elapsed);
  const machine = `Node ${process.version} on ${availableParallelism()} cores`;
  console.log(`${machine}, ${ROUNDS} rounds in turn: medians, and between what half of the rounds lie.`);
  const processor = spread(of(EMPTY, measuring).processor);
  console.log(`Load before ${load(before)}, after ${load(loadavg())}.`);
  console.log(`An empty Node took ${shown(empty, 0)} ms, ${shown(processor, 0)} ms of them processor time.`);
}

function printTimes(measuring: Measuring, cases: Record<Way, Case>, ofFive: Record<Way, Case>): void {
  const row = (name: string, { must, aim }: Target, program: Program, floor: Program) => {
    const [one, least] = [of(program, measuring), of(floor, measuring)];
    const times = [spread(one.elapsed).median, spread(least.elapsed).median].map((ms) => ms.toFixed(0));
    const against = [ratios(one.elapsed, least.elapsed), ratios(one.processor, least.processor)];
    print([name, ...times, ...against.map((ratio) => shown(ratio)), `${must}`, `${aim}`]);
  };
  print(["", "ms", "floor, ms", "× floor", "× floor, processor time", "must", "aim"], true);
  for (const [way, one] of entries(cases)) row(one.name, TIMES[way], one, one.floor);
  row("exchange and probe, built with five services", TIMES.exchange, ofFive.exchange, cases.exchange.floor);
  row("post with nothing to take back, built with five", TIMES.idle, ofFive.idle, EMPTY);
  const memory = ratios(of(cases.exchange, measuring).kilobytes, of(EMPTY, measuring).kilobytes);
  printAgainst("peak memory of exchange and probe, × empty Node", memory, MEMORY);
  const floor = ratios(of(cases.exchange.floor, measuring).kilobytes, of(EMPTY, measuring).kilobytes);
  console.log(`Its floor takes ${shown(floor)} × the memory of an empty Node.`);
}

function printAgainst(name: string, measured: Spread, { must, aim }: Target): void {
  print(["", "measured", "must", "aim"], true);
  print([name, shown(measured), `${must}`, `${aim}`]);
}

function printBytes(): void {
  const javascript = globSync("dist/*.js", { cwd: PROJECT }).reduce(
    (sum, path) => sum + statSync(join(PROJECT, path)).size,
    0,
  );
  const archive = ["archive", "--format=tar.gz", "-9", "HEAD"];
  const download = execFileSync("git", archive, { cwd: PROJECT, maxBuffer: 2 ** 30 }).length;
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  print(["", "measured", "must", "aim"], true);
  for (const [name, bytes, { must, aim }] of [
    ["JavaScript in `dist/`", javascript, JAVASCRIPT],
    ["download, gzipped", download, DOWNLOAD],
  ] as const) {
    print([name, kilobytes(bytes), kilobytes(must), kilobytes(aim)]);
  }
}

/** What a run loads, which is the same in every round. */
async function printLoaded(measuring: Measuring, cases: Record<Way, Case>, ofFive: Record<Way, Case>): Promise<void> {
  print(["", "parts of Node", "beyond its floor", "at most", `modules of the bundle, at most ${MODULES}`], true);
  const row = async (name: string, one: Program, floor: Program, most: string) => {
    const parts = of(one, measuring).parts;
    const { evaluated, all } = await countModules(one);
    const more = beyond(parts, of(floor, measuring).parts).length;
    print([name, `${parts.length}`, `${more}`, most, `${evaluated} of ${all}`]);
  };
  print(["empty Node", `${of(EMPTY, measuring).parts.length}`, "", "", ""]);
  for (const [way, one] of entries(cases)) await row(one.name, one, one.floor, `${PARTS[way]}`);
  const { exchange, idle } = ofFive;
  await row(`${exchange.name}, five services`, exchange, cases.exchange.floor, `${PARTS.exchange}`);
  await row(`${idle.name}, five services`, idle, EMPTY, `${PARTS.idle}`);
}

function beyond(parts: readonly string[], floor: readonly string[]): string[] {
  return parts.filter((part) => !floor.includes(part));
}

function entries(cases: Record<Way, Case>): [Way, Case][] {
  return Object.entries(cases) as [Way, Case][];
}

function print(cells: readonly string[], isHead = false): void {
  console.log(`${isHead ? "\n" : ""}| ${cells.join(" | ")} |${isHead ? `\n|${"---|".repeat(cells.length)}` : ""}`);
}
