/**
 * Makes the two commits of a release on top of HEAD and prints the second, which the release's tag belongs to; nothing
 * else changes, and nothing is pushed. The first holds what a runner needs and nothing else. The second adds the reusable
 * workflow, which names the first, since a commit cannot name itself. The same HEAD gives the same commits everywhere.
 * `node tools/release.ts vX.Y.Z` · `node tools/release.ts --notes vX.Y.Z` prints the chapter of the changelog.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a runner or a reader of the release needs; everything else stays in the source. */
const PAGES = ["README.md", "SECURITY.md", "docs/troubleshooting.md"];
const LEAN = ["action.yml", "action-types.yml", "dist", "package.json", "LICENSE", ...PAGES];
const WORKFLOW = ".github/workflows/token.yml";

const [first = "", second = ""] = process.argv.slice(2);
const tag = first === "--notes" ? second : first;
const manifest: { version: string; config: { owner: string } } = JSON.parse(atHead("package.json"));
if (tag !== `v${manifest.version}`)
  throw new Error(`The tag "${tag}" is not v${manifest.version}, as package.json says.`);
console.log(first === "--notes" ? notes(atHead("CHANGELOG.md")) : release());

function release(): string {
  const source = git(["rev-parse", "HEAD"]);
  const temporary = mkdtempSync(join(tmpdir(), "release-"));
  try {
    const index = { GIT_INDEX_FILE: join(temporary, "index") };
    git(["update-index", "--index-info"], { env: index, input: `${git(["ls-tree", "-r", "HEAD", "--", ...LEAN])}\n` });
    for (const page of PAGES) put(page, absoluteLinks(page, source), index);
    const lean = commit(source, `${tag}: what a runner needs\n\nBuilt from ${source}.`, index);
    put(WORKFLOW, naming(lean, atHead(WORKFLOW)), index);
    return commit(lean, `${tag}: the reusable workflow\n\nIt runs the action of ${lean}.`, index);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The pages that a link leads to are not part of the release: they are where it was built from. */
function absoluteLinks(page: string, source: string): string {
  const base = `https://github.com/${manifest.config.owner}/api-token-exchange/blob/${source}/${page}`;
  return atHead(page).replace(/(?<=\]\()(?![a-z]+:|#)[^)]*/g, (link) => new URL(link, base).href);
}

function naming(lean: string, workflow: string): string {
  const named = workflow.replace(/(?<=^[ -]*uses: *[\w.-]+\/api-token-exchange@).*$/gm, `${lean} # ${tag}`);
  if (!named.includes(lean)) throw new Error(`${WORKFLOW} uses no ${manifest.config.owner}/api-token-exchange@…`);
  return named;
}

function notes(changelog: string): string {
  const chapter = changelog.split(/^## /m).find((text) => text.startsWith(`[${manifest.version}]`));
  if (chapter === undefined) throw new Error(`CHANGELOG.md has no chapter on ${manifest.version}.`);
  return chapter
    .replace(/^.*\n/, "")
    .replace(/^\[.*\]: .*$/gm, "")
    .trim();
}

function put(path: string, content: string, index: NodeJS.ProcessEnv): void {
  const blob = git(["hash-object", "-w", "--stdin"], { input: content });
  git(["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], { env: index });
}

function commit(parent: string, message: string, index: NodeJS.ProcessEnv): string {
  const date = git(["show", "--no-patch", "--format=%cI", "HEAD"]);
  const name = "github-actions[bot]";
  const email = "41898282+github-actions[bot]@users.noreply.github.com";
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date };
  const committer = { GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: date };
  const tree = git(["write-tree"], { env: index });
  return git(["commit-tree", "--no-gpg-sign", tree, "-p", parent], {
    input: message,
    env: { ...author, ...committer },
  });
}

function atHead(path: string): string {
  return execFileSync("git", ["show", `HEAD:${path}`], { encoding: "utf8" });
}

function git(
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  return execFileSync("git", args, { input, env: { ...process.env, ...env }, encoding: "utf8" }).trim();
}
