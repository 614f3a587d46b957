import { type Limit, type Measurement, measureClients, measureProcesses, type Way } from "./matrix.ts";

/** Xray's rate of requests, scaled down in time: what it allows in a minute comes in two seconds. */
const LIMIT: Limit = { requests: 60, windowMs: 2000 };
/** `npm run bench:matrix -- 256` measures that width alone. */
const WIDTHS = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 16, 64, 256];
const WAYS: readonly Way[] = ["exchange", "seal", "seal, no probe"];

const HEADINGS = ["each job", "width", "requests", "refused", "per job", "early", "no proof", "no token", "slowest"];
const NAMES: Readonly<Record<Way, string>> = {
  exchange: "exchanges, probes",
  seal: "opens a seal, probes",
  "seal, no probe": "opens a seal",
};

/** Prints how a service with a narrow rate limit bears matrices of growing width. */
async function main(): Promise<void> {
  const window = `${LIMIT.requests} requests per ${LIMIT.windowMs / 1000} s`;
  console.log(
    `A stand-in for Xray takes ${window}. All jobs start at once, with the default \`retries\` and \`timeout\`.`,
  );
  console.log("refused: answered with 429. early: waited less than told. no proof: the probe was inconclusive.");
  await print("As processes, like jobs on a runner (the machine's start-up spreads them)", measureProcesses);
  await print("In one process, so that the first requests come at the same moment", measureClients);
}

async function print(title: string, run: typeof measureProcesses): Promise<void> {
  console.log(`\n${title}\n\n${line(HEADINGS)}`);
  for (const way of WAYS) {
    for (const width of WIDTHS) console.log(line(row(way, width, await run(width, way, LIMIT))));
  }
}

function row(way: Way, width: number, { jobs, requests, refusals, tooEarly }: Measurement): string[] {
  const slowest = Math.max(...jobs.map(({ milliseconds }) => milliseconds));
  return [
    NAMES[way],
    `${width}`,
    `${requests}`,
    `${refusals}`,
    (refusals / width).toFixed(2),
    `${tooEarly}`,
    `${jobs.filter(({ probe }) => probe === "inconclusive").length}`,
    `${jobs.filter(({ failure }) => failure !== "").length}`,
    `${(slowest / 1000).toFixed(1)} s`,
  ];
}

/** Numbers stand to the right. */
function line(cells: readonly string[]): string {
  return cells.map((cell, column) => (column === 0 ? cell.padEnd(20) : cell.padStart(8))).join("  ");
}

await main();
