import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { commandFileVariables, createCommandFiles } from "../../sandbox/runner/files.ts";
import { runAction } from "../kit/support.ts";
import { at, closeIdTokens, inputsOf } from "../providers/platforms/ways.ts";

afterAll(closeIdTokens);

/** What Node loads of itself and reads of `dist/` until the bundle is evaluated. */
function loaded(): { parts: string[]; files: string[] } {
  const script = `
    const fs = require("node:fs");
    const read = fs.readFileSync;
    const files = [];
    fs.readFileSync = (path, ...more) => {
      if (!String(path).endsWith("package.json")) files.push(require("node:path").relative("dist", path));
      return read(path, ...more);
    };
    require("./dist/index.js");
    console.log(JSON.stringify({ parts: process.moduleLoadList, files }));
  `;
  return JSON.parse(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }));
}

test("before it knows what is asked of it, the action reads no platform and loads nothing that sends requests", () => {
  const { parts, files } = loaded();
  expect(files).toEqual(["index.js"]);
  expect(parts.filter((part) => /^NativeModule (?:https?|tls|zlib)$/.test(part))).toEqual([]);
});

test.each([
  [
    "an exchange reads the roots of Node ahead, before it knows whether its inputs will do",
    { INPUT_PROVIDER: "none" },
    ["tls"],
  ],
  ["a step that opens a seal does not: it may need no connection", { INPUT_SEALED: "none" }, []],
])("%s", (_, inputs, expected) => {
  const script = `process.on("exit", () => console.log(JSON.stringify(process.moduleLoadList))); require("./dist/main.js");`;
  const folder = mkdtempSync(join(tmpdir(), "ahead-"));
  const env = { ...commandFileVariables(createCommandFiles(folder)), ...inputs };
  const { stdout } = spawnSync(process.execPath, ["-e", script], { env, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  const parts: string[] = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  const loaded = parts.flatMap((part) => /^NativeModule (https?|tls|zlib)$/.exec(part)?.[1] ?? []);
  expect(loaded).toEqual(expected);
});

test("each platform is a file of its own beside the bundle, as it is in the sources", () => {
  const sources = "src/providers/platforms";
  const names = readdirSync(sources).filter((name) => name.endsWith(".json"));
  expect(readdirSync("dist/platforms").sort()).toEqual(names.sort());
  const read = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  for (const name of names) expect(read("dist/platforms", name)).toEqual(read(sources, name));
});

// In a text the backslash is written twice.
test("no pattern of the bundle asks for a property of Unicode: Node looks each up at every start, used or not", () => {
  expect(readFileSync("dist/index.js", "utf8").match(/.{0,40}(?<!\\)\\p\{.{0,40}/gi)).toBeNull();
});

test("a step that left nothing ends its job without the bundle", () => {
  const alone = mkdtempSync(join(tmpdir(), "post-"));
  cpSync("dist/post.js", join(alone, "post.cjs"));
  const post = (state: string) =>
    spawnSync(process.execPath, ["post.cjs"], { cwd: alone, env: { STATE_revocation: state }, encoding: "utf8" });
  expect(post("none")).toMatchObject({ status: 0, stdout: "Nothing to take back.\n", stderr: "" });
  expect(post("{}").stderr).toContain("index.js");
  rmSync(alone, { recursive: true });
});

test("what a runner downloads is enough to run, and holds no page", async () => {
  const kept = [...readFileSync(".gitattributes", "utf8").matchAll(/^\/(\S+) -export-ignore$/gm)].map(
    ([, name]) => name,
  );
  expect(kept).toEqual(["action.yml", "dist", "LICENSE"]);
  const downloaded = mkdtempSync(join(tmpdir(), "downloaded-"));
  for (const name of kept) cpSync(name ?? "", join(downloaded, name ?? ""), { recursive: true });
  const { main, post } = await at("qtest", (service) =>
    runAction(inputsOf({ provider: "qtest", method: "api-token" }, service), { action: downloaded }),
  );
  expect(main).toMatchObject({ exitCode: 0, outputs: { probe: "accepted" } });
  expect(post).toMatchObject({ exitCode: 0 });
  rmSync(downloaded, { recursive: true });
});
