/** Writes the page that writes the workflow: one file that asks nobody for anything. `node site/build/main.ts [folder]` */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundlePage } from "./bundle.ts";
import { chaptersOf } from "./chapters.ts";
import { gatherFacts } from "./facts.ts";
import { escapeHtml } from "./markdown.ts";

const target = process.argv[2] ?? "site/out";
const owner: string = JSON.parse(readFileSync("package.json", "utf8")).config.owner;
const repository = `${owner}/api-token-exchange`;

const [facts, script] = await Promise.all([gatherFacts(repository), bundlePage()]);
const style = readFileSync("site/style.css", "utf8");
const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
/** No request to anywhere is possible, were there a mistake in the page. */
const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;

const parts: Readonly<Record<string, string>> = {
  policy: escapeHtml(policy),
  repository: escapeHtml(`https://github.com/${repository}`),
  style: `<style>${style}</style>`,
  chapters: chaptersOf(facts, `https://github.com/${repository}/blob/main/docs/providers/`),
  facts: `<script type="application/json" id="facts">${JSON.stringify(facts).replaceAll("<", "\\u003c")}</script>`,
  script: `<script>${script}</script>`,
};
const template = readFileSync("site/page.html", "utf8");
const page = template.replace(/<!-- site:(\w+) -->|site:(\w+)/g, (_, element?: string, attribute?: string) => {
  const name = element ?? attribute ?? "";
  const part = parts[name];
  if (part === undefined) throw new Error(`site/page.html asks for ${name}`);
  return part;
});

mkdirSync(target, { recursive: true });
writeFileSync(join(target, "index.html"), page);
console.log(`${join(target, "index.html")}: ${(Buffer.byteLength(page) / 1000).toFixed(1)} kB`);
