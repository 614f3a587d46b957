/** How the files of the sandbox hang together. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, test } from "@jest/globals";

type Imports = Readonly<Record<string, readonly string[]>>;

/** What each file of a folder takes from which other file, be it a type alone. */
function importsOf(folder: string): Imports {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts"));
  return Object.fromEntries(files.map((path) => [path, relativeImports(path, readFileSync(path, "utf8"))]));
}

function relativeImports(path: string, text: string): string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport\(?)\s*(?:\/\*.*?\*\/\s*)?"(\.[^"]+)"/g);
  return [...found].map(([, target = ""]) => join(dirname(path), target));
}

/** The first circle of files that ask for each other; nothing where there is none. */
function circle(imports: Imports): readonly string[] {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): readonly string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    done.add(path);
    for (const next of imports[path] ?? []) {
      const found = visit(next, [...way, path]);
      if (found.length > 0) return found;
    }
    return [];
  };
  return (
    Object.keys(imports)
      .map((path) => visit(path, []))
      .find((found) => found.length > 0) ?? []
  );
}

const imports = importsOf("sandbox");

test("its files ask for each other in no circle", () => {
  expect(Object.values(imports).flat().length).toBeGreaterThan(30);
  expect(circle(imports)).toEqual([]);
});

test("a circle would be found, of types too", () => {
  const log = relativeImports("sandbox/runner/log.ts", 'import type { Annotation } from "./runner.ts";\n');
  expect(circle({ ...imports, "sandbox/runner/log.ts": log })).toEqual(
    expect.arrayContaining(["sandbox/runner/runner.ts", "sandbox/runner/log.ts"]),
  );
  expect(circle({ a: ["a"] })).toEqual(["a", "a"]);
});

test("it holds nothing that neither `npm start` nor a stand-in needs", () => {
  const needed = new Set(["sandbox/start.ts", "sandbox/watch.ts", "sandbox/services/index.ts"]);
  for (const path of Object.keys(imports)) {
    if (/^sandbox\/services\/(?:platforms|definitions)\//.test(path)) needed.add(path);
  }
  for (const path of needed) for (const next of imports[path] ?? []) needed.add(next);
  expect(Object.keys(imports).filter((path) => !needed.has(path))).toEqual([]);
});

test("it shares no code with the action", () => {
  expect(
    Object.values(imports)
      .flat()
      .filter((path) => !path.startsWith("sandbox/")),
  ).toEqual([]);
});

test("the stand-ins start where nothing is installed", () => {
  const files = new Set(["sandbox/services/index.ts"]);
  for (const path of files) for (const next of imports[path] ?? []) files.add(next);
  expect(files.size).toBeGreaterThan(8);
  const packages = [...files].flatMap((path) => {
    const found = readFileSync(path, "utf8").matchAll(/\bfrom "([^."][^"]*)"/g);
    return [...found].map(([, target = ""]) => target).filter((target) => !target.startsWith("node:"));
  });
  expect(packages).toEqual([]);
});
