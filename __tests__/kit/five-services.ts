import {
  type Qa,
  type ReportPortal,
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
  startXray,
  type Tuleap,
  type Virtuozzo,
  type Xray,
} from "../../sandbox/services/index.ts";
import { runMain } from "./support.ts";

/** The five services, some of them in several kinds. */
export interface Services {
  readonly legacy: ReportPortal;
  readonly current: ReportPortal;
  readonly next: ReportPortal;
  readonly xray: Xray;
  readonly virtuozzo: Virtuozzo;
  readonly tuleap: Tuleap;
  readonly openTuleap: Tuleap;
  readonly qa: Qa;
}

/** All of them, from `startServices` on. */
export let services: Services;

/** For `beforeAll`: starts them once for a file of tests. */
export async function startServices(): Promise<void> {
  services = {
    legacy: await startReportPortal({ personality: "legacy" }),
    current: await startReportPortal({ personality: "new", basePath: "/rp" }),
    next: await startReportPortal({ personality: "6.0" }),
    xray: await startXray({}),
    virtuozzo: await startVirtuozzo({}),
    tuleap: await startTuleap({}),
    openTuleap: await startTuleap({ anonymous: true }),
    qa: await startQa({}),
  };
}

/** For `afterAll`: closes what was started. */
export async function closeServices(): Promise<void> {
  await Promise.all(Object.values(services).map((service: Service) => service.close()));
}

/** Runs main with one account of a service, and tells the requests that it sent. */
export async function step(service: Service, provider: string, inputs: Readonly<Record<string, string>>) {
  const first = service.requests.length;
  const main = await runMain({ provider, url: service.url, ...inputs });
  return { main, requests: service.requests.slice(first) };
}

/** The secrets among the inputs. */
export function secretsOf(inputs: Readonly<Record<string, string>>): string[] {
  return ["token", "password", "client-secret"].flatMap((name) => inputs[name] ?? []);
}

/** The inputs of the right account. */
export const own = (service: Service, method: string) => service.accounts[method]?.inputs ?? {};
