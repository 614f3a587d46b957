import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "@babel/parser";
import { isFunction, traverseFast } from "@babel/types";
import { describe, expect, test } from "@jest/globals";

/** Each room with those that it may look into, from the top of the house to its ground floor. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  index: ["main", "post"],
  main: ["step", "input", "http", "runner", "failure"],
  post: ["step", "input", "runner"],
  step: ["seal", "input", "providers", "http", "runner", "text", "failure"],
  input: ["seal", "providers", "http", "runner", "text", "failure"],
  seal: ["providers", "text", "failure"],
  providers: ["http", "text", "failure"],
  http: ["text", "failure"],
  runner: ["text", "failure"],
  text: [],
  failure: [],
};

const FILES = globSync("src/**/*.ts").map((path) => path.replaceAll("\\", "/"));

/** The room that a file stands in: a folder of `src/`, or a file that stands there by itself. */
function roomOf(path: string): string {
  return (
    path
      .replace(/^src\//, "")
      .replace(/\.ts$/, "")
      .split("/")[0] ?? ""
  );
}

/** The files of the sources that a file looks into. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(/(?:\bfrom|\bimport\()\s*(?:\/\*.*?\*\/\s*)?"(\.[^"]+)"/g);
  return [...found].map(([, to = ""]) => join(dirname(path), to).replaceAll("\\", "/"));
}

/** The arrows that go where no arrow may, as `from -> to`. */
function forbidden(arrows: readonly (readonly [from: string, to: string])[]): string[] {
  return arrows
    .filter(([from, to]) => roomOf(from) !== roomOf(to) && !ROOMS[roomOf(from)]?.includes(roomOf(to)))
    .map(([from, to]) => `${from} -> ${to}`);
}

/** A way from a file back to itself; undefined where there is none. */
function circle(arrows: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of arrows.get(file) ?? []) {
      const found = visit(next, [...way, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of arrows.keys()) {
    const found = visit(file, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Functions that are too long to be read at a glance, each with where it begins and its lines. */
function longFunctions(text: string): string[] {
  const found: string[] = [];
  traverseFast(parse(text, { sourceType: "module", plugins: ["typescript"] }), (node) => {
    if (!isFunction(node) || !node.loc) return;
    const lines = node.loc.end.line - node.loc.start.line + 1;
    if (lines > 40) found.push(`line ${node.loc.start.line}: ${lines} lines`);
  });
  return found;
}

/** The services, their products and what only they have. */
const SERVICES =
  /report ?portal|x-?ray|virtuozzo|jelastic|tuleap|cloud.academy|\bqa\b|jira|keycloak|\bentra|auth0|okta|qtest|jama\b|allure|zebrunner|\btosca|black ?duck|artifactory|jfrog|dependency.track|sonar|fortify|octane|defectdojo/i;

describe("the house", () => {
  test("has the rooms that are known, and no other", () => {
    expect([...new Set(FILES.map(roomOf))].sort()).toEqual(Object.keys(ROOMS).sort());
  });

  test("has arrows that go down only", () => {
    const arrows = FILES.flatMap((file) => importsOf(file).map((to) => [file, to] as const));
    expect(arrows.length).toBeGreaterThan(100);
    expect(forbidden(arrows)).toEqual([]);
  });

  test("has no way from a file back to itself, but between types", () => {
    const values = new Map(FILES.map((file) => [file, importsOf(file)]));
    for (const [file, imports] of values) {
      const types = [...readFileSync(file, "utf8").matchAll(/import type [^;]*?from "(\.[^"]+)"/g)].map(([, to = ""]) =>
        join(dirname(file), to).replaceAll("\\", "/"),
      );
      values.set(
        file,
        imports.filter((to) => !types.includes(to)),
      );
    }
    expect(circle(values)).toBeUndefined();
  });

  test.each(FILES)("%s has at most 300 lines, and no function of more than 40", (file) => {
    const text = readFileSync(file, "utf8");
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(300);
    expect(longFunctions(text)).toEqual([]);
  });

  test.each(FILES.filter((file) => roomOf(file) !== "providers"))("%s names no service", (file) => {
    const lines = readFileSync(file, "utf8").split("\n");
    expect(lines.filter((line) => SERVICES.test(line))).toEqual([]);
  });

  test.each(FILES.filter((file) => !/^src\/(?:runner)\//.test(file)))(
    "%s does not speak to the runner itself",
    (file) => {
      expect(readFileSync(file, "utf8")).not.toMatch(
        /"@actions\/core"|process\.env\.(?:GITHUB|ACTIONS|INPUT|STATE|RUNNER)/,
      );
    },
  );

  test.each(FILES.filter((file) => roomOf(file) !== "http"))("%s opens no socket", (file) => {
    expect(readFileSync(file, "utf8")).not.toMatch(
      /"node:(?:https?|net|tls|dns|dgram)"|"@actions\/http-client"|\bfetch\(/,
    );
  });
});

/** Rooms of the tests that `src/` does not have. */
const OF_TESTS = [...["bench", "docs", "kit", "repository", "sandbox", "site"], ...["fuzz", "servers", "transcripts"]];

test("the tests stand in rooms of the same names, and none stands loose", () => {
  const paths = globSync("__tests__/**/*.ts").map((path) => path.replaceAll("\\", "/").split("/"));
  const rooms = new Set(paths.map(([, room = ""]) => room));
  expect([...rooms].filter((room) => ROOMS[room] === undefined && !OF_TESTS.includes(room))).toEqual([]);
});

describe("the test sees", () => {
  test("an arrow that goes up, or past a floor", () => {
    const arrows = [
      ["src/http/client.ts", "src/providers/index.ts"],
      ["src/runner/log.ts", "src/step/report.ts"],
      ["src/seal/seal.ts", "src/runner/run.ts"],
      ["src/step/probe.ts", "src/http/http.ts"],
    ] as const;
    expect(forbidden(arrows)).toHaveLength(3);
  });

  test("a way back", () => {
    expect(
      circle(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", ["b"]],
        ]),
      ),
    ).toEqual(["b", "c", "b"]);
  });

  test("a function that is too long", () => {
    const body = "  n++;\n";
    expect(longFunctions(`export const a = (n: number) => {\n${body.repeat(38)}};\n`)).toEqual([]);
    expect(longFunctions(`\nfunction a(n: number) {\n${body.repeat(39)}}\n`)).toEqual(["line 2: 41 lines"]);
  });

  test("a service in a line", () => {
    expect(SERVICES.test("TULEAP_USER_ID")).toBe(true);
    expect(SERVICES.test("const answer = await http.send(request);")).toBe(false);
  });
});
