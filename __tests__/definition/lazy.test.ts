import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";

/** Every file that is evaluated when this one is, by its static imports; those of types are none. */
function evaluated(path: string, known = new Set<string>()): Set<string> {
  if (known.has(path)) return known;
  known.add(path);
  const text = readFileSync(path, "utf8").replace(/^(?:import|export) type [^;]*;$/gm, "");
  for (const [, to = ""] of text.matchAll(/^(?:import|export)\s[^;]*?from "(\.[^"]+)";$/gm)) {
    evaluated(join(dirname(path), to).replaceAll("\\", "/"), known);
  }
  return known;
}

test("a run of another provider evaluates nothing of the definitions but their names", () => {
  const files = [...evaluated("src/index.ts")];
  expect(files).toContain("src/providers/index.ts");
  expect(files).toContain("src/providers/xray.ts");
  expect(files.filter((file) => /definition|platform/.test(file))).toEqual(["src/providers/platforms/index.ts"]);
});

test("and a run of a definition evaluates the engine", () => {
  const files = [...evaluated("src/providers/definition/custom.ts")];
  expect(files).toEqual(
    expect.arrayContaining(["schema", "engine", "exchange"].map((name) => `src/providers/definition/${name}.ts`)),
  );
});
