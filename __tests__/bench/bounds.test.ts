/** What a run loads is exact where times are not, and the floors of `npm run bench` do what they are compared with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PROJECT } from "../../sandbox/runner/runner.ts";
import { MODULES, PARTS } from "../../tools/bench/bounds.ts";
import { type Case, casesAt, EMPTY, type Way } from "../../tools/bench/cases.ts";
import { countModules, functionsOf, run, runInside } from "../../tools/bench/run.ts";
import { type Place, startPlace } from "../../tools/bench/service.ts";
import { ratios, shown, spread } from "../../tools/bench/statistics.ts";

let place: Place;
let cases: Record<Way, Case>;

beforeAll(async () => {
  place = await startPlace();
  cases = await casesAt(place);
});
afterAll(() => {
  place.close();
});

describe.each(Object.keys(PARTS) as Way[])("%s", (way) => {
  test("loads no more parts of Node beyond its floor than its bound says", async () => {
    const [one, floor] = [await runInside(cases[way]), await runInside(cases[way].floor)];
    const beyond = one.parts.filter((part) => !floor.parts.includes(part));
    // Where there are too many they are named.
    expect(beyond.length > PARTS[way] ? beyond : []).toEqual([]);
  });

  test("evaluates no more modules of the bundle than their bound says", async () => {
    const { evaluated, all } = await countModules(cases[way]);
    expect(evaluated).toBeLessThanOrEqual(MODULES);
    expect(evaluated).toBeLessThanOrEqual(all);
  });

  test("sends what its floor sends, on one connection", async () => {
    place.heard();
    await run(cases[way].floor);
    const floor = place.heard();
    await run(cases[way]);
    expect(place.heard()).toEqual(floor);
    expect(floor.every((line) => line.endsWith(" 1"))).toBe(true);
  });
});

test("of what loads the bundle at least one module is counted, of what does not none", async () => {
  expect((await countModules(cases.exchange)).evaluated).toBeGreaterThan(0);
  expect(await countModules(EMPTY)).toEqual({ evaluated: 0, all: 0 });
});

test("what an exchange calls is marked to be compiled while the bundle is read", async () => {
  const bundle = readFileSync(join(PROJECT, "dist/index.js"), "utf8");
  const called = (await functionsOf(cases.exchange)).filter(({ isCalled }) => isCalled);
  const unmarked = called.filter(
    ({ start, end }) => /^(?:async )?function\b/.test(bundle.slice(start, end)) && bundle[start - 1] !== "(",
  );
  expect(called.length).toBeGreaterThan(300);
  expect(unmarked.map(({ start }) => bundle.slice(start, start + 60))).toEqual([]);
});

test("a ratio is the middle of those of the rounds, with where half of them lie", () => {
  expect(spread([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4 });
  // A slow round meets both, and tells nothing.
  expect(shown(ratios([12, 120, 14], [10, 100, 10]))).toBe("1.20 (1.20–1.40)");
});
