import { appendFileSync, mkdirSync } from "node:fs";

/** Where `npm run reliability` collects what its tests have seen; CI keeps it with each run. */
const REPORT = "coverage/reliability.md";

/** Adds a section to the report of this run; nothing is written unless it was asked for. */
export function report(name: string, lines: readonly string[]): void {
  if (process.env.RELIABILITY !== "write") return;
  mkdirSync("coverage", { recursive: true });
  appendFileSync(REPORT, `## ${name}\n\n${lines.join("\n")}\n\n`);
}

/** A Markdown table; a cell holds plain text. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)];
}

/** One text where all are the same, else each with whose it is. */
export function together(cells: readonly (readonly [whose: string, text: string])[]): string {
  const texts = new Map<string, string[]>();
  for (const [whose, text] of cells) texts.set(text, [...(texts.get(text) ?? []), whose]);
  if (texts.size === 1) return cells[0]?.[1] ?? "";
  return [...texts].map(([text, whose]) => `${text} (${whose.join(", ")})`).join("; ");
}
