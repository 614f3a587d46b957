/**
 * Builds `dist/`: tsc emits, ncc bundles, terser drops what nothing calls, and what an exchange calls is written so that V8 reads it once.
 * `node tools/build.ts [folder]`
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import ncc from "@vercel/ncc";
import { minify } from "terser";
import { NOTHING_LEFT } from "../src/post.ts";
import { KEY, NONE } from "../src/runner/state.ts";
import { casesAt } from "./bench/cases.ts";
import { functionsOf } from "./bench/run.ts";
import { startPlace } from "./bench/service.ts";
import { forV8 } from "./for-v8.ts";

/** By this name it stands near `LICENSE` in the archive, which has the same words: 0.6 kB less to download. */
const LICENSES = "LICENSES.txt";
const target = process.argv[2] ?? "dist";

rmSync("lib", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
// Without a type of its own, ncc takes the folder for CommonJS, which starts faster than ES modules do.
writeFileSync("lib/package.json", "{}\n");

const { code, assets } = await ncc(join(process.cwd(), "lib/index.js"), {
  cache: false,
  quiet: true,
  target: "es2022",
  license: LICENSES,
});
// Neither to require a part of Node, nor to read a property of it, nor a `new` whose value nobody uses has an effect: so the
// summary that the toolkit makes at its start, for which it loads a part of Node, is left out too. The same goes for a module
// of which nothing is used: the toolkit names its HTTP client at its start, and only a run that sends requests needs it.
const effectless = { pure_funcs: ["require", "__nccwpck_require__"], pure_getters: true, pure_new: true };
const bundle = await minify(code, {
  ecma: 2020,
  toplevel: true,
  compress: { passes: 3, unsafe_arrows: true, ...effectless },
  // What begins with an underscore is a package's own.
  mangle: { properties: { regex: /^_[a-z]/i } },
  // Node holds and reads a source of nothing but ASCII in one byte a character, else in two.
  format: { ascii_only: true },
});
if (bundle.code === undefined) throw new Error("terser gave no code");

rmSync(target, { recursive: true, force: true });
mkdirSync(join(target, "platforms"), { recursive: true });
const write = (name: string, text: string | Buffer) => writeFileSync(join(target, name), text);
write("index.js", `${bundle.code}\n`);
write("main.js", 'require("./index.js").main();\n');
// Most steps leave nothing to take back. To say so takes neither the bundle nor a secret.
const isIdle = `process.env.STATE_${KEY} === "${NONE}"`;
write("post.js", `if (${isIdle}) console.log("${NOTHING_LEFT}"); else require("./index.js").post();\n`);
for (const path of globSync("src/providers/platforms/*.json")) {
  write(`platforms/${basename(path)}`, `${JSON.stringify(JSON.parse(readFileSync(path, "utf8")))}\n`);
}
write("package.json", '{ "type": "commonjs" }\n');
const licenses = assets[LICENSES]?.source;
if (licenses === undefined) throw new Error("ncc gave no list of licences");
write(LICENSES, licenses);
// Once more, now that it is known which functions an exchange calls.
const place = await startPlace();
const functions = await functionsOf((await casesAt(place, target)).exchange).finally(place.close);
const called = functions.filter(({ isCalled }) => isCalled);
write("index.js", `${forV8(bundle.code, called)}\n`);
const kilobytes = (readFileSync(join(target, "index.js")).length / 1000).toFixed(1);
console.log(`${target}/index.js: ${kilobytes} kB`);
