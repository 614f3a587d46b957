import { expect, test } from "@jest/globals";
import { startXray } from "../../sandbox/services/index.ts";
import { type Measurement, measureClients, measureProcesses } from "../../tools/bench/matrix.ts";
import { runAction } from "../kit/support.ts";

/** Xray's rate, scaled down in time: what it allows in a minute comes in a second, in which a slow machine sends most. */
const LIMIT = { requests: 60, windowMs: 1_000 };
/** More than the test needs, however slowly its processes start. */
const WIDE = { requests: 60, windowMs: 60_000 };

function failures({ jobs }: Measurement): string[] {
  return jobs.map(({ failure }) => failure).filter((failure) => failure !== "");
}

test("256 jobs that start at the same moment all get a token, and none of them presses the service", async () => {
  // With the default of 4 retries chance leaves one job in some thousand without; this is no test of luck.
  const measured = await measureClients(256, "exchange", LIMIT, 10);
  expect(failures(measured)).toEqual([]);
  expect(measured.refusals / measured.jobs.length).toBeLessThan(3);
  // Enough of them, so that a wait cut short would have been seen.
  expect(measured.refusals).toBeGreaterThan(100);
  expect(measured.tooEarly).toBe(0);
});

test("the default of retries is enough for all of them but for a rare one", async () => {
  const measured = await measureClients(256, "exchange", LIMIT);
  expect(new Set([...failures(measured), "rate-limited"])).toEqual(new Set(["rate-limited"]));
  expect(failures(measured).length).toBeLessThan(256 / 20);
});

test("a matrix of processes meets the same", async () => {
  const measured = await measureProcesses(16, "exchange", { requests: 8, windowMs: 500 });
  expect(failures(measured)).toEqual([]);
  expect(measured.refusals / measured.jobs.length).toBeLessThan(3);
  expect(measured.tooEarly).toBe(0);
});

test("with the seal there is one exchange, whatever the width", async () => {
  const opened = await measureProcesses(16, "seal", WIDE);
  expect(failures(opened)).toEqual([]);
  // One exchange, its probe, and a probe in each job that opens the seal.
  expect(opened).toMatchObject({ requests: 1 + 1 + 16, refusals: 0 });
  const unproven = await measureProcesses(16, "seal, no probe", WIDE);
  expect(failures(unproven)).toEqual([]);
  expect(unproven).toMatchObject({ requests: 1 + 1, refusals: 0 });
});

test("a window longer than the timeout fails at once, and the text names both ways out", async () => {
  const xray = await startXray();
  try {
    xray.behaviour.rateLimit = { requests: 0, windowMs: 300_000 };
    const { main } = await runAction({
      provider: "xray",
      url: xray.url,
      ...xray.accounts["client-credentials"]?.inputs,
    });
    expect(main.outputs.failure).toBe("rate-limited");
    expect(xray.requests).toHaveLength(1);
    const [error] = main.annotations;
    expect(error?.message).toMatch(/wait (?:299|300) seconds.*"timeout" of 60 seconds/);
    expect(error?.message).toMatch(/"timeout" above (?:299|300)/);
    expect(error?.message).toContain('"seal-key"');
  } finally {
    await xray.close();
  }
});
