import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { startOAuth2 } from "./oauth2.ts";
import { startQa } from "./qa.ts";
import { startReportPortal } from "./reportportal.ts";
import type { Service, StartOptions } from "./service.ts";
import { startTuleap } from "./tuleap.ts";
import { startVirtuozzo } from "./virtuozzo.ts";
import { startXray } from "./xray.ts";

export * from "./oauth2.ts";
export * from "./qa.ts";
export * from "./reportportal.ts";
export { loseAnswer } from "./serve.ts";
export type * from "./service.ts";
export * from "./tuleap.ts";
export * from "./virtuozzo.ts";
export * from "./xray.ts";

type Start = (options?: StartOptions) => Promise<Service>;

/** What each file of a folder starts, by the file's name. */
async function startsIn(folder: string): Promise<Readonly<Record<string, Start>>> {
  const files = globSync(join(import.meta.dirname, folder, "*.ts")).sort();
  const starts = files.map(async (file) => {
    const { start }: { start: Start } = await import(pathToFileURL(file).href);
    return [basename(file, ".ts"), start] as const;
  });
  return Object.fromEntries(await Promise.all(starts));
}

/** How to start the stand-in of each platform: one file for each, by its name. */
export const platforms = await startsIn("platforms");

/** The same of the services that `examples/definitions/` describes. */
export const examples = await startsIn("examples");

/** How to start the stand-in of each provider with code of its own, by the provider's id; ReportPortal in its current generation. */
export const services = {
  reportportal: (options) => startReportPortal({ personality: "new", ...options }),
  xray: startXray,
  virtuozzo: startVirtuozzo,
  tuleap: startTuleap,
  qa: startQa,
  oauth2: startOAuth2,
} satisfies Readonly<Record<string, Start>>;
