/** Draws what a log and a summary look like, from real runs: `docs/pictures/`, in the light and in the dark. Needs Chromium. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { runStep, type StepResult } from "../../sandbox/runner/runner.ts";
import { startQa } from "../../sandbox/services/index.ts";
import { asSeenAt } from "./lines.ts";
import { escapeHtml } from "./markdown.ts";

const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FOLDER = "docs/pictures";
const HOST = "app.qa.com";
const owner: string = JSON.parse(readFileSync("package.json", "utf8")).config.owner;
const COMMANDS: readonly (readonly [start: string, shown: string, name: string])[] = [
  ["##[error]", "Error: ", "error"],
  ["##[warning]", "Warning: ", "warning"],
];

const service = await startQa();
const given = { ...service.accounts["client-credentials"]?.inputs, provider: "qa", url: service.url };
const right = await runStep({ inputs: given });
const wrong = await runStep({ inputs: { ...given, "client-secret": "no-such-secret" } });
const seen = (text: string) => asSeenAt(text, service.url, HOST);
const pictures: Readonly<Record<string, string>> = {
  success: logHtml(right),
  failure: logHtml(wrong),
  summary: `<div class="summary">${seen(wrong.main.summary)}</div>`,
};
await service.close();

const style = readFileSync("site/pictures.css", "utf8");
const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
try {
  mkdirSync(FOLDER, { recursive: true });
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 880, height: 600 }, deviceScaleFactor: 1.5 });
    for (const [name, html] of Object.entries(pictures)) {
      await page.setContent(`<!doctype html><style>${style}</style><main>${html}</main>`);
      await page.locator("main").screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`) });
    }
  }
} finally {
  await browser.close();
}
console.log(`${FOLDER}: ${Object.keys(pictures).join(", ")}`);

/** A step's log as a reader sees it, with that of its last part. */
function logHtml({ main, post }: StepResult): string {
  const parts = [
    [`Run ${owner}/api-token-exchange@v1`, main.log],
    [`Post Run ${owner}/api-token-exchange@v1`, post?.log ?? ""],
  ];
  return parts.map(([title = "", log = ""]) => `<h2>${title}</h2><ol>${linesOf(seen(log))}</ol>`).join("");
}

function linesOf(log: string): string {
  const lines = log.split("\n").filter((line) => line !== "");
  return lines
    .map((line) => {
      const [start = "", shown = "", name = ""] = COMMANDS.find(([command]) => line.startsWith(command)) ?? [];
      return `<li class="${name}"><b>${shown}</b>${escapeHtml(line.slice(start.length))}</li>`;
    })
    .join("");
}
