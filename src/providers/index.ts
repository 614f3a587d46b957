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

/** What is evaluated only in a run that chooses it, by its id. */
const LAZY: Readonly<Record<string, () => Promise<Provider | Definable>>> = {
  oauth2: async () => (await import(/* webpackMode: "eager" */ "./oauth2.ts")).oauth2,
  ...Object.fromEntries(
    platforms.map((id) => [
      id,
      async () => (await import(/* webpackMode: "eager" */ "./definition/custom.ts")).platform(id),
    ]),
  ),
  custom: async () => (await import(/* webpackMode: "eager" */ "./definition/custom.ts")).custom,
};

/** Every name that the input `provider` takes. */
export function providerNames(): string[] {
  return [...providers.flatMap(({ id, aliases }) => [id, ...Object.keys(aliases ?? {})]), ...Object.keys(LAZY)];
}

/** Variables that some method exports beside its token, whatever that one is called. */
export function namesOfProviders(): string[] {
  const methods = providers.flatMap((provider) => provider.methods);
  return methods.flatMap(({ alsoExports }) => Object.keys(alsoExports?.({ token: "" }) ?? {}));
}

/** The provider of this name, an id or an alias; undefined for none. */
export async function findProvider(name: string): Promise<Provider | Definable | undefined> {
  const found = providers.find(({ id, aliases }) => id === name || Object.hasOwn(aliases ?? {}, name));
  return found ?? (Object.hasOwn(LAZY, name) ? await LAZY[name]?.() : undefined);
}
