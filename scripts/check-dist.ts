/** Fails where the committed `dist/` is not what the sources build, or where it passes its targets in bytes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LARGEST_JAVASCRIPT = 150_000;

const fresh = join(mkdtempSync(join(tmpdir(), "dist-")), "dist");
execFileSync(process.execPath, ["scripts/build.ts", fresh], { stdio: "inherit" });

const names = new Set([...readdirSync(fresh), ...readdirSync("dist")]);
const stale = [...names].filter((name) => content(join(fresh, name)) !== content(join("dist", name)));
rmSync(fresh, { recursive: true, force: true });
if (stale.length > 0) {
  console.error(`dist/ is stale (${stale.join(", ")}): run "npm run build" and commit what it writes.`);
  process.exit(1);
}

const bytes = [...names]
  .filter((name) => name.endsWith(".js"))
  .reduce((sum, name) => sum + readFileSync(join("dist", name)).length, 0);
console.log(`dist/ is what the sources build: ${bytes} bytes of JavaScript (at most ${LARGEST_JAVASCRIPT}).`);
if (bytes > LARGEST_JAVASCRIPT) process.exit(1);

function content(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
