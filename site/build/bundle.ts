/** The page's program as one script, by the way of `dist/`: tsc emits, ncc bundles, terser drops what nothing calls. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ncc from "@vercel/ncc";
import { minify } from "terser";

/** What the bundle of a Node program expects around it; of Node itself the page uses the size of a text. */
const AROUND = [
  '(function(module,__dirname){"use strict";var Buffer={byteLength:function(text){return new TextEncoder().encode(text).length}};',
  '})({exports:{}},"");',
] as const;

export async function bundlePage(): Promise<string> {
  mkdirSync("coverage", { recursive: true });
  const folder = mkdtempSync("coverage/site-");
  try {
    const emitted = ["--noEmit", "false", "--allowImportingTsExtensions", "false", "--outDir", folder];
    const tsc = ["node_modules/typescript/bin/tsc", "-p", "site/page/tsconfig.json", ...emitted];
    execFileSync(process.execPath, tsc, { stdio: "inherit" });
    // Without a type of its own, ncc takes the folder for CommonJS, which a script can hold.
    writeFileSync(join(folder, "package.json"), "{}\n");
    const { code } = await ncc(join(process.cwd(), folder, "site/page/page.js"), {
      cache: false,
      quiet: true,
      license: "licenses.txt",
      target: "es2022",
    });
    const { code: small } = await minify(AROUND.join(code), {
      ecma: 2020,
      compress: { passes: 3, pure_getters: true },
      format: { ascii_only: true },
    });
    if (small === undefined) throw new Error("terser gave no code");
    // What ends a script in HTML stands in no text of it.
    return small.replaceAll("</", "<\\/");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
