import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../sandbox/runner.ts";

/** What a run evaluates only when it is chosen, with what stands in its place: `oauth2`, definitions and the platforms. */
const CHOSEN = {
  "src/providers/oauth2.ts": "export const oauth2 = undefined as never;\n",
  "src/providers/definition/custom.ts": "export const custom = undefined as never;\n",
  "src/providers/definition/platform.ts":
    "export const platform = (_id: string, _definition: unknown): never => undefined as never;\n",
  "src/providers/platforms/index.ts":
    "export const platforms: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {};\n",
};

/** What a build reads. */
const READ = ["src", "stubs", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json"];

/** The action with the five services that have code of their own, and no other. */
export interface Five {
  readonly src: string;
  /** Builds it, which takes some seconds, and returns the folder of what was built. */
  build(): string;
  remove(): void;
}

export function onlyFive(): Five {
  const folder = mkdtempSync(join(tmpdir(), "five-"));
  for (const path of READ) cpSync(join(PROJECT, path), join(folder, path), { recursive: true });
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
  for (const [path, text] of Object.entries(CHOSEN)) {
    if (!existsSync(join(folder, path))) throw new Error(`${path} is not there any more: what is loaded when chosen?`);
    writeFileSync(join(folder, path), text);
  }
  return {
    src: join(folder, "src"),
    build() {
      execFileSync(process.execPath, ["scripts/build.ts"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
      return join(folder, "dist");
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
