/** Builds `dist/`: tsc emits, ncc bundles, terser drops what nothing calls. `node scripts/build.ts [folder]` */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ncc from "@vercel/ncc";
import { minify } from "terser";

const target = process.argv[2] ?? "dist";

rmSync("lib", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
// Without a type of its own, ncc takes the folder for CommonJS, which starts faster than ES modules do.
writeFileSync("lib/package.json", "{}\n");

const { code, assets } = await ncc(join(process.cwd(), "lib/index.js"), {
  cache: false,
  quiet: true,
  target: "es2022",
  license: "licenses.txt",
});
const bundle = await minify(code, { ecma: 2020, toplevel: true, compress: { passes: 3 }, mangle: true });
if (bundle.code === undefined) throw new Error("terser gave no code");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const write = (name: string, text: string | Buffer) => writeFileSync(join(target, name), text);
write("index.js", `${bundle.code}\n`);
write("main.js", 'require("./index.js").main();\n');
write("post.js", 'require("./index.js").post();\n');
write("package.json", '{ "type": "commonjs" }\n');
write("licenses.txt", assets["licenses.txt"]?.source ?? "");
const kilobytes = (readFileSync(join(target, "index.js")).length / 1000).toFixed(1);
console.log(`${target}/index.js: ${kilobytes} kB`);
