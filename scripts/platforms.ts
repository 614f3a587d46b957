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

const WRITTEN = "Written by `npm run docs`.";

/** The source of the list of the platforms, which every run loads. */
export function platformNames(): string {
  const names = platforms.map(({ id }) => `  "${id}",\n`).join("");
  return `/** The names of the definitions beside this file. ${WRITTEN} */\nexport const platforms: readonly string[] = [\n${names}];\n`;
}

/** The source of their definitions, which only a run that chooses one of them loads. */
export function platformDefinitions(): string {
  const named = platforms.map(({ id }) => ({ id, name: id.replace(/-(.)/g, (_, letter) => letter.toUpperCase()) }));
  const imports = named.map(({ id, name }) => `import ${name} from "./${id}.json" with { type: "json" };\n`).join("");
  const entries = named.map(({ id, name }) => (id === name ? `  ${id},\n` : `  "${id}": ${name},\n`)).join("");
  return `${imports}\n/** The definitions beside this file. ${WRITTEN} */\nexport const definitions: Readonly<Record<string, unknown>> = {\n${entries}};\n`;
}
