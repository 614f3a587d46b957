import { styleText } from "node:util";
import type { StepResult } from "./runner/runner.ts";

/** GitHub's colours, where there are any. */
const COLOURS = [
  ["##[error]", "red"],
  ["##[warning]", "yellow"],
  ["##[notice]", "cyan"],
  ["##[debug]", "magenta"],
  ["##[group]", "bold"],
] as const;

/** How one method fared. */
export interface Row {
  readonly provider: string;
  readonly method: string;
  /** The verdict, or in a failed row what failed. */
  readonly probe: string;
  readonly expiry: string;
  readonly requests: number;
  readonly milliseconds: number;
  readonly failed: boolean;
}

/** A line that parts one run from the next. */
export function printHeading(text: string): void {
  console.log(`\n${styleText("bold", `── ${text} ${"─".repeat(Math.max(4, 74 - text.length))}`)}`);
}

/** The logs of a step, as a reader sees them. */
export function printLogs({ main, post }: StepResult): void {
  printLog(main.log);
  if (post) printLog(`Post job cleanup.\n${post.log}`);
}

function printLog(log: string): void {
  for (const line of log.split("\n").slice(0, -1)) {
    const colour = COLOURS.find(([tag]) => line.startsWith(tag))?.[1];
    console.log(colour ? styleText(colour, line) : line);
  }
}

/** The rows as a table. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ["provider", "method", "probe", "expiry", "requests", "ms"],
    ...rows.map((row) => [row.provider, row.method, row.probe, row.expiry, `${row.requests}`, `${row.milliseconds}`]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row
      .map((cell, column) => align(cell, column, widths))
      .join("  ")
      .trimEnd(),
  );
  return lines
    .map((line, index) =>
      index === 0 ? styleText("bold", line) : rows[index - 1]?.failed ? styleText("red", line) : line,
    )
    .join("\n");
}

/** Numbers stand to the right. */
function align(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column < 4 ? cell.padEnd(width) : cell.padStart(width);
}
