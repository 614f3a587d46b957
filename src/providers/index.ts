import { custom } from "./definition/custom.ts";
import { platform } from "./definition/platform.ts";
import { oauth2 } from "./oauth2.ts";
import { platforms } from "./platforms/index.ts";
import type { Provider } from "./provider.ts";
import { qa } from "./qa.ts";
import { reportportal } from "./reportportal.ts";
import { tuleap } from "./tuleap.ts";
import { virtuozzo } from "./virtuozzo.ts";
import { xray } from "./xray.ts";

/** A provider that a file of the user describes. */
export interface Definable {
  readonly id: string;
  /**
   * What the text of a definition file describes.
   * @throws {Failure} `invalid-input` with the place of the mistake
   */
  define(text: string): Provider;
  /** The same provider from what it kept: the parts of a credential out of a seal, or the handle or `about` of a state. */
  again(kept: Readonly<Record<string, string>>): Provider;
}

/** Services with code of their own, in the order of the documentation. */
export const providers: readonly Provider[] = [reportportal, xray, virtuozzo, tuleap, qa];

/** The others, by their ids: a platform's file is read when it is chosen. */
const OTHERS: Readonly<Record<string, () => Provider | Definable | Promise<Provider>>> = {
  oauth2: () => oauth2,
  ...Object.fromEntries(
    Object.entries(platforms).map(([id, load]) => [id, async () => platform(id, (await load()).default)]),
  ),
  custom: () => custom,
};

/** Every name that the input `provider` takes. */
export function providerNames(): string[] {
  return [...providers.flatMap(({ id, aliases }) => [id, ...Object.keys(aliases ?? {})]), ...Object.keys(OTHERS)];
}

/** Variables that some method exports beside its token, whatever that one is called. */
export function namesOfProviders(): string[] {
  const methods = providers.flatMap((provider) => provider.methods);
  return methods.flatMap(({ alsoExports }) => Object.keys(alsoExports?.({ token: "" }) ?? {}));
}

/** The provider of this name, an id or an alias; undefined for none. */
export async function findProvider(name: string): Promise<Provider | Definable | undefined> {
  const found = providers.find(({ id, aliases }) => id === name || Object.hasOwn(aliases ?? {}, name));
  return found ?? (Object.hasOwn(OTHERS, name) ? await OTHERS[name]?.() : undefined);
}
