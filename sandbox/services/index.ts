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

/** How to start the stand-in of each platform: one file for each, by its name. */
export const platforms: Readonly<Record<string, Start>> = Object.fromEntries(
  await Promise.all(
    globSync(join(import.meta.dirname, "platforms", "*.ts"))
      .sort()
      .map(async (file) => {
        const { start }: { start: Start } = await import(file);
        return [basename(file, ".ts"), start] as const;
      }),
  ),
);

/** How to start the stand-in of each provider with code of its own, by the provider's id; ReportPortal in its current generation. */
export const services = {
  reportportal: (options) => startReportPortal({ personality: "new", ...options }),
  xray: startXray,
  virtuozzo: startVirtuozzo,
  tuleap: startTuleap,
  qa: startQa,
  oauth2: startOAuth2,
} satisfies Readonly<Record<string, Start>>;
