/** Fails where the committed `dist/` is not what the sources build, or where the action passes its targets in bytes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LARGEST_JAVASCRIPT = 185_000;
/** What a runner downloads: the committed tree without what `.gitattributes` keeps out, gzipped. */
const LARGEST_ARCHIVE = 75_000;

const fresh = join(mkdtempSync(join(tmpdir(), "dist-")), "dist");
execFileSync(process.execPath, ["tools/build.ts", fresh], { stdio: "inherit" });

const names = new Set([fresh, "dist"].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" })));
const stale = [...names].filter((name) => content(join(fresh, name)) !== content(join("dist", name)));
rmSync(fresh, { recursive: true, force: true });
if (stale.length > 0) {
  console.error(`dist/ is stale (${stale.join(", ")}): run "npm run build" and commit what it writes.`);
  process.exit(1);
}

const bytes = [...names]
  .filter((name) => name.endsWith(".js"))
  .reduce((sum, name) => sum + readFileSync(join("dist", name)).length, 0);
const archive = execFileSync("git", ["archive", "--format=tar.gz", "-9", "HEAD"], { maxBuffer: 2 ** 30 }).length;
console.log(
  `dist/ is what the sources build: ${bytes} bytes of JavaScript (at most ${LARGEST_JAVASCRIPT}), ${archive} bytes to download (at most ${LARGEST_ARCHIVE}).`,
);
if (bytes > LARGEST_JAVASCRIPT || archive > LARGEST_ARCHIVE) process.exit(1);

function content(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
