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

/** Every name that the input `provider` takes. */
export function providerNames(): string[] {
  const own = providers.flatMap(({ id, aliases }) => [id, ...Object.keys(aliases ?? {})]);
  return [...own, "oauth2", ...Object.keys(platforms), "custom"];
}

/** Variables that some method exports beside its token, whatever that one is called. */
export function namesOfProviders(): string[] {
  const methods = providers.flatMap((provider) => provider.methods);
  return methods.flatMap(({ alsoExports }) => Object.keys(alsoExports?.({ token: "" }) ?? {}));
}

/** The provider of this name, an id or an alias; undefined for none. Most are evaluated only in a run that chooses them. */
export async function findProvider(name: string): Promise<Provider | Definable | undefined> {
  const found = providers.find(({ id, aliases }) => id === name || Object.hasOwn(aliases ?? {}, name));
  if (found !== undefined) return found;
  if (name === "oauth2") return (await import(/* webpackMode: "eager" */ "./oauth2.ts")).oauth2;
  if (name === "custom") return (await import(/* webpackMode: "eager" */ "./definition/custom.ts")).custom;
  const load = Object.hasOwn(platforms, name) ? platforms[name] : undefined;
  if (load === undefined) return undefined;
  const { platform } = await import(/* webpackMode: "eager" */ "./definition/platform.ts");
  return platform(name, (await load()).default);
}
