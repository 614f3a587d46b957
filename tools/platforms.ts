/** The platforms: services whose definitions stand as JSON files in the sources. */
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { platform } from "../src/providers/definition/platform.ts";
import type { Provider } from "../src/providers/provider.ts";

/** Every platform, from its file, which is as strict as a user's. */
export const platforms: readonly Provider[] = globSync("src/providers/platforms/*.json")
  .sort()
  .map((path) => platform(basename(path, ".json"), readFileSync(path, "utf8")));

/** The source of the registry, as the formatter has it. */
export function platformRegistry(): string {
  const ids = platforms.map(({ id }) => `  "${id}",\n`).join("");
  return `/** The definitions beside this file, by their names. Written by \`npm run docs\`. */
export const PLATFORMS: readonly string[] = [\n${ids}];
`;
}
