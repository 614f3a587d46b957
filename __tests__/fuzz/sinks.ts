import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { parseCommand } from "../../sandbox/runner/commands.ts";
import { readPairs } from "../../sandbox/runner/files.ts";
import { type Attack, leaksOf, textOf } from "./model.ts";

/** What is wrong with each attack after it went through every function that prints or writes; in a thread of its own. */
export function judgeSinks(attacks: readonly Attack[]): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: attacks, env: { ...process.env } });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

if (!isMainThread) {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  for (const name of ["OUTPUT", "STATE", "STEP_SUMMARY"]) process.env[`GITHUB_${name}`] = join(folder, name);
  const judged: string[][] = [];
  for (const attack of workerData as Attack[]) judged.push(await throughSinks(attack, folder));
  rmSync(folder, { recursive: true });
  parentPort?.postMessage(judged);
}

async function throughSinks(attack: Attack, folder: string): Promise<string[]> {
  const [{ clean, maskMinted, mask }, log, { writeSummary }, { output }, { saveForPost }, { Failure }] =
    await Promise.all([
      import("../../src/runner/masks.ts"),
      import("../../src/runner/log.ts"),
      import("../../src/runner/summary.ts"),
      import("../../src/runner/outputs.ts"),
      import("../../src/runner/state.ts"),
      import("../../src/failure.ts"),
    ]);
  for (const name of ["OUTPUT", "STATE", "STEP_SUMMARY"]) writeFileSync(join(folder, name), "");
  const masks = printed(() => {
    for (const [index, secret] of attack.secrets.entries()) (index % 2 === 0 ? mask : maskMinted)(secret);
  });
  const text = textOf(attack);
  const failure = new Failure("refused", "It says no.", { hint: text, suggestion: text, answered: text });
  const log1 = printed(() => {
    log.error(failure);
    log.warning(text, "Title");
    log.notice(text, "Title");
    log.info(clean(text));
  });
  writeSummary("Heading", [["What happened", text]]);
  output({ account: clean(text) });
  saveForPost({ kind: "told", text: clean(text) });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const maskLines = masks.split("\n").filter(Boolean);
  // A minted value that is no token is known by its lines alone.
  const known = attack.secrets.filter((secret, index) => index % 2 === 0 || /^[ -~]{8,}$/.test(secret));
  if (known.length !== attack.secrets.length) return [];
  const shown = [unescaped(log1), html(read("STEP_SUMMARY")), ...[...readPairs(read("OUTPUT"))].flat()];
  return [
    ...shown.flatMap((line) => leaksOf(attack, line)).map((leak) => `leak from a sink: ${leak}`),
    ...(maskLines.every((line) => parseCommand(line, () => true)?.name === "add-mask") ? [] : ["a mask is no command"]),
    ...(log1.split("\n").length === 5 ? [] : ["more lines than were meant"]),
    ...([...readPairs(read("OUTPUT"))].length === 1 ? [] : ["more outputs than were meant"]),
    ...([...readPairs(read("STATE"))].length === 1 ? [] : ["more state than was meant"]),
    ...(/<(?!\/?(?:h3|table|tr|th|td|code)(?: align="left")?>)/.test(read("STEP_SUMMARY"))
      ? ["markup in the summary"]
      : []),
  ];
}

/** What the runner makes of the escapes of a command. */
function unescaped(text: string): string {
  return text
    .replaceAll("%0D", "\r")
    .replaceAll("%0A", "\n")
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%25", "%");
}

function html(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

function printed(work: () => void): string {
  let text = "";
  const { write } = process.stdout;
  process.stdout.write = ((chunk: unknown) => {
    text += String(chunk);
    return true;
  }) as typeof write;
  try {
    work();
  } finally {
    process.stdout.write = write;
  }
  return text;
}
