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

/** How to start the stand-in of each provider, by the provider's id; ReportPortal in its current generation. */
export const services = {
  reportportal: (options) => startReportPortal({ personality: "new", ...options }),
  xray: startXray,
  virtuozzo: startVirtuozzo,
  tuleap: startTuleap,
  qa: startQa,
  oauth2: startOAuth2,
} satisfies Readonly<Record<string, (options?: StartOptions) => Promise<Service>>>;
