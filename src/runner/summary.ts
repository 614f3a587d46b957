import { appendFileSync } from "node:fs";
import { info } from "./log.ts";
import { cleanLine } from "./masks.ts";

/** Rows of the table: a heading and its text, both plain. */
export type Rows = readonly (readonly [heading: string, text: string])[];

/** Adds a small table to the job's summary; where the runner offers none, nothing is lost. */
export function writeSummary(heading: string, rows: Rows): void {
  const file = process.env.GITHUB_STEP_SUMMARY ?? "";
  if (file === "") return;
  const body = rows.map(([name, text]) => `<tr><th align="left">${escaped(name)}</th><td>${escaped(text)}</td></tr>`);
  // The toolkit's summary loads `fs.promises` in every run, for three milliseconds; a line of text needs no more than this.
  try {
    appendFileSync(file, `<h3>${escaped(heading)}</h3>\n\n<table>${body.join("")}</table>\n\n`);
  } catch {
    info("The job summary could not be written.");
  }
}

/** Inside of an HTML block Markdown means nothing, so these characters are all that could become markup. */
function escaped(text: string): string {
  return cleanLine(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
