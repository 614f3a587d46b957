/** The page that writes the workflow, built once for a file of tests. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Facts } from "../../site/page/facts.ts";

export interface Page {
  /** The text of the one file. */
  readonly html: string;
  readonly facts: Facts;
}

/** Builds the page into a folder, as `npm run site` does. */
export function buildPage(folder: string): Page {
  const { status, stderr } = spawnSync(process.execPath, ["site/build/main.ts", folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The page was not built: ${stderr}`);
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const [, facts = ""] = /<script type="application\/json" id="facts">(.*?)<\/script>/s.exec(html) ?? [];
  return { html, facts: JSON.parse(facts) };
}
