import { appendFileSync, statSync } from "node:fs";
import { info } from "./log.ts";
import { cleanLine } from "./masks.ts";

/** Rows of the table: a heading, its text, both plain but for code in backticks, and where the text leads. */
export type Rows = readonly (readonly [heading: string, text: string, link?: string | undefined])[];

/** Adds a small table of the rows with a text to the job's summary; where the runner offers none, nothing is lost. */
export function writeSummary(heading: string, rows: Rows): void {
  const file = process.env.GITHUB_STEP_SUMMARY ?? "";
  if (file === "") return;
  const body = rows.filter(([, text]) => text !== "").map(row);
  // The toolkit's summary loads `fs.promises` in every run, for three milliseconds; a line of text needs no more than this.
  try {
    // To write to a pipe that nobody reads would never end.
    if (statSync(file).isFIFO()) throw new Error("a pipe");
    appendFileSync(file, `<h3>${html(heading)}</h3>\n\n<table>${body.join("")}</table>\n\n`);
  } catch {
    info("The job summary could not be written.");
  }
}

function row([heading, text, link]: Rows[number]): string {
  const cell = link === undefined ? html(text) : `<a href="${escaped(link)}">${html(text)}</a>`;
  return `<tr><th align="left">${html(heading)}</th><td>${cell}</td></tr>`;
}

/** Markdown means nothing inside of an HTML block, so code is marked as HTML marks it. */
function html(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** Inside of an HTML block these characters are all that could become markup. */
function escaped(text: string): string {
  return cleanLine(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
