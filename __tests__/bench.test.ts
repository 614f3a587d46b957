/** What a run loads is exact where times are not, and the floors of `npm run bench` do what they are compared with. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PARTS } from "../bench/bounds.ts";
import { type Case, casesAt, type Way } from "../bench/cases.ts";
import { type Five, onlyFive } from "../bench/five.ts";
import { countModules, evaluatedSources, run, runInside } from "../bench/run.ts";
import { type Place, startPlace } from "../bench/service.ts";
import { ratios, shown, spread } from "../bench/statistics.ts";
import { PROJECT } from "../sandbox/runner.ts";

let place: Place;
let five: Five;
let cases: Record<Way, Case>;

beforeAll(async () => {
  place = await startPlace();
  five = onlyFive();
  cases = await casesAt(place);
});
afterAll(() => {
  place.close();
  five.remove();
});

describe.each(Object.keys(PARTS) as Way[])("%s", (way) => {
  test("loads no more parts of Node beyond its floor than its bound says", async () => {
    const [one, floor] = [await runInside(cases[way]), await runInside(cases[way].floor)];
    const beyond = one.parts.filter((part) => !floor.parts.includes(part));
    // Where there are too many they are named.
    expect(beyond.length > PARTS[way] ? beyond : []).toEqual([]);
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

const src = join(PROJECT, "src");

test.each(["exchange", "idle", "revocation"] as const)(
  "%s evaluates the sources that it would with five services and no other",
  async (way) => {
    const sources = await evaluatedSources(cases[way], src);
    expect(sources).toContain("providers/qa.ts");
    expect(sources).toEqual(await evaluatedSources(cases[way], five.src));
  },
);

test("what is chosen is evaluated, in the sources and in the bundle", async () => {
  expect(await evaluatedSources(cases.oauth2, src)).toContain("providers/oauth2.ts");
  const [known, chosen] = [await countModules(cases.exchange), await countModules(cases.oauth2)];
  expect(chosen.all).toBe(known.all);
  expect(chosen.evaluated).toBeGreaterThan(known.evaluated);
});

test("a ratio is the middle of those of the rounds, with where half of them lie", () => {
  expect(spread([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4 });
  // A slow round meets both, and tells nothing.
  expect(shown(ratios([12, 120, 14], [10, 100, 10]))).toBe("1.20 (1.20–1.40)");
});
