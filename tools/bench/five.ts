import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../sandbox/runner/runner.ts";

/** Where `oauth2`, definitions and the platforms stand, with what is put in their place. */
const OTHERS = {
  "src/providers/oauth2.ts": "export const oauth2 = undefined as never;\n",
  "src/providers/definition/custom.ts": "export const custom = undefined as never;\n",
  "src/providers/definition/platform.ts":
    "export const platform = (_id: string, _definition: string): never => undefined as never;\n",
  "src/providers/platforms/index.ts": "export const PLATFORMS: readonly string[] = [];\n",
};

/** What a build reads. */
const READ = ["src", "sandbox", "__tests__/kit", "tools", "package.json", "tsconfig.json", "tsconfig.build.json"];

/** Builds the action with the five services that have code of their own, and no other. */
export function buildFive(): { readonly dist: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "five-"));
  for (const path of READ) cpSync(join(PROJECT, path), join(folder, path), { recursive: true });
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
  for (const [path, text] of Object.entries(OTHERS)) {
    if (!existsSync(join(folder, path))) throw new Error(`${path} is not there any more, so it cannot be left out`);
    writeFileSync(join(folder, path), text);
  }
  execFileSync(process.execPath, ["tools/build.ts"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return { dist: join(folder, "dist"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
