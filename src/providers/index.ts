import type { Provider } from "./provider.ts";
import { qa } from "./qa.ts";
import { reportportal } from "./reportportal.ts";
import { tuleap } from "./tuleap.ts";
import { virtuozzo } from "./virtuozzo.ts";
import { xray } from "./xray.ts";

/** Every service that the action knows, in the order of the documentation. */
export const providers: readonly Provider[] = [reportportal, xray, virtuozzo, tuleap, qa];

/** The provider with this id. */
export function providerById(id: string): Provider | undefined {
  return providers.find((provider) => provider.id === id);
}
