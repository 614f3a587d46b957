import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "@jest/globals";

/** The report of all tables: what a run has seen, and so what the next one has to see. */
const PAGE = "__tests__/reliability.md";

/**
 * Compares a section of the report with what this run has seen. `npm run reliability` makes it write the section
 * instead, and runs one test after the other, since they share the report.
 */
export function keepSection(name: string, lines: readonly string[]): void {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const page = readFileSync(PAGE, "utf8");
  const from = page.indexOf(start) + start.length;
  const to = page.indexOf(end);
  if (from < start.length || to < from) throw new Error(`${PAGE} has no section ${name}`);
  const section = `\n${lines.join("\n")}\n\n`;
  if (process.env.RELIABILITY === "write") writeFileSync(PAGE, page.slice(0, from) + section + page.slice(to));
  else expect(page.slice(from, to)).toBe(section);
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
