/** A test has to hold on a machine that is busy with other things, so none may compare times or wait for some. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const FOLDER = "__tests__";
const tests = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

/** What ties a test to the speed of a machine, and what does the same without it. */
const TIED = [
  { what: /\.milliseconds\b/, instead: "endedWithin of support.ts, beside a proof by what was sent and said" },
  { what: /\bperformance\.now\(/, instead: "the order of events, or process.cpuUsage" },
  { what: /\bcancelAfter:/, instead: "cancelWhen, with the moment when a request has come" },
  { what: /\bsleep\(|timers\/promises/, instead: "the moment when something has happened" },
  { what: /^\s*\}, [\d_]+\);$/m, instead: "the time limit of jest.config.js" },
];

/** Where the time is the test's own: how long a limit took, measured once, with a bound that is far away. */
const MEASURE = [
  "kit/support.ts",
  "step/exchange-faults.test.ts",
  "step/cancel.test.ts",
  "repository/busy-machine.test.ts",
];

/** Where something of another process has to be waited for that tells nobody of itself. */
const WAIT = ["http/several-addresses.test.ts", "repository/ci.test.ts"];

test.each(tests)("%s is not tied to the speed of a machine", (name) => {
  const text = readFileSync(join(FOLDER, name), "utf8");
  const tied = TIED.filter(
    (_, index) => !(index < 2 && MEASURE.includes(name)) && !(index === 3 && WAIT.includes(name)),
  );
  const wrong = name === "repository/busy-machine.test.ts" ? [] : tied.filter(({ what }) => what.test(text));
  expect(wrong.map(({ what, instead }) => `${what.source}: use ${instead}`)).toEqual([]);
});
