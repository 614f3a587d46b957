import { readFileSync } from "node:fs";
import { custom } from "./definition/custom.ts";
import { platform } from "./definition/platform.ts";
import { oauth2 } from "./oauth2.ts";
import { PLATFORMS } from "./platforms/index.ts";
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
  return [
    ...providers.flatMap(({ id, aliases }) => [id, ...Object.keys(aliases ?? {})]),
    "oauth2",
    ...PLATFORMS,
    "custom",
  ];
}

/** The provider of this name, an id or an alias; undefined for none. A platform's file is read when it is chosen. */
export function findProvider(name: string): Provider | Definable | undefined {
  if (name === "oauth2") return oauth2;
  if (name === "custom") return custom;
  // The file stands in this place beside the sources and beside the bundle.
  if (PLATFORMS.includes(name)) {
    return platform(name, readFileSync(new URL(`./platforms/${name}.json`, import.meta.url), "utf8"));
  }
  return providers.find(({ id, aliases }) => id === name || Object.hasOwn(aliases ?? {}, name));
}
