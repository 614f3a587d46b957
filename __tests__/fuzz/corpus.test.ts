import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { judgeFairly } from "./judge.ts";
import { type Attack, attacks } from "./model.ts";
import { judgeSinks } from "./sinks.ts";

const corpus: Attack[] = JSON.parse(readFileSync("__tests__/fuzz/corpus.json", "utf8"));

/** A fixed seed, so that a run is the same everywhere; `npm run fuzz` tries others. */
const SEED = 20_261_125;

describe("an adversary that chooses secrets and answers together", () => {
  test.each(corpus.map((attack) => [JSON.stringify(attack).slice(0, 80), attack] as const))(
    "no longer sees what it once saw: %s",
    async (_name, attack) => {
      expect(judgeFairly(attack).filter((wrong) => !/ ms$/.test(wrong))).toEqual([]);
      expect(await judgeSinks([attack])).toEqual([[]]);
    },
  );

  test("sees no secret in what is made safe", () => {
    fc.assert(
      fc.property(attacks, (attack) => {
        expect(judgeFairly(attack).filter((wrong) => !/ ms$/.test(wrong))).toEqual([]);
      }),
      { numRuns: 2_000, seed: SEED },
    );
  });

  test("sees none in log, annotations, summary, outputs and state either", async () => {
    const sample = fc.sample(attacks, { numRuns: 40, seed: SEED });
    expect((await judgeSinks(sample)).flat()).toEqual([]);
  });
});
