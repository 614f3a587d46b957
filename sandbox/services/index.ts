import { globSync } from "node:fs";
import { basename, join } from "node:path";
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

/** How to start the stand-in of each platform, by the provider's id. */
export const platforms = await startsIn("platforms");

/** How to start the stand-in of each service that a definition in `examples/definitions` describes, by the name of that file. */
export const definitions = await startsIn("definitions");

/** How to start the stand-in of each provider with code of its own, by the provider's id; ReportPortal in its current generation. */
export const services = {
  reportportal: (options) => startReportPortal({ personality: "new", ...options }),
  xray: startXray,
  virtuozzo: startVirtuozzo,
  tuleap: startTuleap,
  qa: startQa,
  oauth2: startOAuth2,
} satisfies Readonly<Record<string, Start>>;

/** One stand-in for each file of a folder, by the file's name. */
async function startsIn(folder: string): Promise<Readonly<Record<string, Start>>> {
  const files = globSync(join(import.meta.dirname, folder, "*.ts")).sort();
  const starts = files.map(async (file) => {
    const { start }: { start: Start } = await import(file);
    return [basename(file, ".ts"), start] as const;
  });
  return Object.fromEntries(await Promise.all(starts));
}
