/**
 * Lets an adversary choose secrets and answers together, and looks for a secret that is shown, a text that takes too long, or
 * a command that nobody meant. `npm run fuzz -- [seconds] [seed]`; what it finds is added to `__tests__/fuzz/corpus.json`,
 * which `npm test` plays.
 */
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { judgeFairly } from "../__tests__/fuzz/judge.ts";
import { type Attack, attacks } from "../__tests__/fuzz/model.ts";
import { judgeSinks } from "../__tests__/fuzz/sinks.ts";

const CORPUS = "__tests__/fuzz/corpus.json";
const [seconds = 60, start = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
const BATCH = 5_000;

console.log(`Seed ${start}, for ${seconds} seconds.`);
const end = process.uptime() + seconds;
let tried = 0;
for (let seed = start; process.uptime() < end; seed++) {
  const run = fc.check(
    fc.property(attacks, (attack) => judgeFairly(attack).length === 0),
    { seed, numRuns: BATCH, interruptAfterTimeLimit: Math.max(1, (end - process.uptime()) * 1_000) },
  );
  tried += run.numRuns;
  if (run.failed && run.counterexample !== null) found(run.counterexample[0], seed);
  const sample = fc.sample(attacks, { seed, numRuns: 40 });
  for (const [index, wrong] of (await judgeSinks(sample)).entries()) {
    const attack = sample[index];
    if (wrong.length > 0 && attack !== undefined) found(attack, seed, wrong);
  }
}
console.log(`${tried} texts, and nothing was found.`);

function found(attack: Attack, seed: number, wrong = judgeFairly(attack)): never {
  console.error(`Seed ${seed}: ${wrong.join("; ")}\n${JSON.stringify(attack)}`);
  const corpus: Attack[] = JSON.parse(readFileSync(CORPUS, "utf8"));
  writeFileSync(CORPUS, `${JSON.stringify([...corpus, attack], null, 1)}\n`);
  process.exit(1);
}
