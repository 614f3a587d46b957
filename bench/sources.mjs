// Runs a stage from the sources, `node sources.mjs SRC STAGE`, and writes at its end which of them were evaluated.
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , src, stage] = process.argv;
const root = pathToFileURL(join(src, "/")).href;
const loaded = [];

registerHooks({
  load(url, context, next) {
    if (url.startsWith(root)) loaded.push(url.slice(root.length));
    return next(url, context);
  },
});
process.on("exit", () => writeFileSync(process.env.SOURCES, JSON.stringify(loaded)));

const stages = await import(new URL("index.ts", root).href);
stages[stage]();
