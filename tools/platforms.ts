/** The platforms: services whose definitions stand as JSON files in the sources. */
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { providerOf } from "../src/providers/definition/engine.ts";
import { readDefinition } from "../src/providers/definition/read.ts";
import type { Provider } from "../src/providers/provider.ts";

/** Every platform, from its file, which is as strict as a user's. */
export const platforms: readonly Provider[] = globSync("src/providers/platforms/*.json")
  .sort()
  .map((path) => providerOf(basename(path, ".json"), readDefinition(readFileSync(path, "utf8"))));

/** The source of the registry, which loads each when it is chosen. */
export function platformRegistry(): string {
  const entries = platforms.map(({ id }) => {
    const key = id.includes("-") ? `"${id}"` : id;
    return `  ${key}: () => import(/* webpackMode: "eager" */ "./${id}.json", { with: { type: "json" } }),\n`;
  });
  const type = "Readonly<Record<string, () => Promise<{ readonly default: unknown }>>>";
  return `/** The definitions beside this file, each loaded when it is chosen. Written by \`npm run docs\`. */
export const platforms: ${type} = {${entries.length === 0 ? "" : "\n"}${entries.join("")}};
`;
}
