import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { Failure } from "../../src/failure.ts";
import { redirected } from "../../src/http/redirect.ts";
import * as log from "../../src/runner/log.ts";
import { clean, mask } from "../../src/runner/masks.ts";
import { writeSummary } from "../../src/runner/summary.ts";
import { withProof } from "../../src/step/probe.ts";

const SECRET = "S3cretValueXyz9";

/** A secret in its own form and in two that take some reading. */
const HOSTILE = [
  `a ${SECRET} b`,
  `a ${SECRET.toLowerCase()} b`,
  `a ${Buffer.from(Buffer.from(SECRET).toString("base64")).toString("hex")} b`,
  `a ${encodeURIComponent([...SECRET].map((character) => `%${character.charCodeAt(0).toString(16)}`).join(""))} b`,
];

/** Sources that may call what prints or writes, and the calls that each may make. */
const SINKS: Readonly<Record<string, readonly string[]>> = {
  "runner/log.ts": ["core.info", "core.warning", "core.notice", "core.error"],
  "runner/summary.ts": ["appendFileSync"],
  "runner/outputs.ts": ["setOutput", "exportVariable"],
  "runner/state.ts": ["saveState"],
  "runner/masks.ts": ["setSecret"],
  "runner/process.ts": ["stdout.write"],
};

const CALLS =
  /\bcore\.\w+(?=\()|\b(?:setOutput|exportVariable|saveState|setSecret|setFailed|addPath|issueCommand|(?:append|write)File(?:Sync)?|createWriteStream)(?=\()|\b(?:stdout|stderr)\.write(?=\()|\bconsole\.\w+(?=\()/g;

let folder = "";
let before: string | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sinks-"));
  before = process.env.GITHUB_STEP_SUMMARY;
  process.env.GITHUB_STEP_SUMMARY = join(folder, "summary");
  silently(() => mask(SECRET));
});
afterAll(() => {
  if (before === undefined) delete process.env.GITHUB_STEP_SUMMARY;
  else process.env.GITHUB_STEP_SUMMARY = before;
  rmSync(folder, { recursive: true, force: true });
});

function silently(work: () => void): string {
  let printed = "";
  const write = jest.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  try {
    work();
  } finally {
    write.mockRestore();
  }
  return printed;
}

describe("what prints or writes", () => {
  test("is called in the files that clean what they are given, and nowhere else", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const found = sources.flatMap((name) => {
      const calls = [...new Set(readFileSync(join("src", name), "utf8").match(CALLS) ?? [])].sort();
      return calls.length === 0 ? [] : [[name.replaceAll("\\", "/"), calls]];
    });
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(SINKS).map(([name, calls]) => [name, [...calls].sort()])),
    );
  });

  test("has no pattern that is made at run time, of a secret or of a text from outside", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    // One that is written out in a constant is made only where it is used: its classes of Unicode take long.
    const made = /\bRegExp\s*\((?![A-Z]+, "g?u"\))/;
    expect(sources.filter((name) => made.test(readFileSync(join("src", name), "utf8")))).toEqual([]);
  });

  test("cleans each text from outside, whichever of the log's functions it goes through", () => {
    const failure = (text: string) =>
      new Failure("refused", text, { hint: text, suggestion: text, answered: text, answeredBy: "It says" });
    const ways: Record<keyof typeof log, (text: string) => string> = {
      // A plain line holds the action's own words; of what comes from outside, only what was made safe before.
      info: (text) => silently(() => log.info(clean(text))),
      warning: (text) => silently(() => log.warning(text, "Title")),
      notice: (text) => silently(() => log.notice(text, "Title")),
      error: (text) => silently(() => log.error(failure(text))),
      told: (text) => log.told(failure(text)),
    };
    expect(Object.keys(ways).sort()).toEqual(Object.keys(log).sort());
    for (const text of HOSTILE) {
      for (const [name, way] of Object.entries(ways)) {
        expect([name, way(text)]).toEqual([name, expect.stringContaining("a *** b")]);
        expect(way(text)).not.toContain(text);
      }
    }
  });

  test("cleans each heading and text of the summary", () => {
    for (const text of HOSTILE) {
      writeFileSync(join(folder, "summary"), "");
      writeSummary(text, [[text, text]]);
      const summary = readFileSync(join(folder, "summary"), "utf8");
      expect(summary.match(/a \*\*\* b/g)).toHaveLength(3);
    }
  });

  test("cleans the account that a probe tells", () => {
    for (const account of HOSTILE) {
      expect(withProof({ token: "" }, { kind: "accepted", account }).account).toBe("a *** b");
    }
  });
});

describe("a redirect", () => {
  const request = { method: "POST" as const, path: "/api/tokens" };

  test.each([
    `https://${SECRET}.evil.example/`,
    `http://127.0.0.1:9/${SECRET}/api/tokens`,
    `http://127.0.0.1:9/${encodeURIComponent(encodeURIComponent(`"${SECRET}"`))}/api/tokens`,
    `http://127.0.0.1:9/${Buffer.from(Buffer.from(SECRET).toString("base64")).toString("hex")}/api/tokens`,
    `http://127.0.0.1:9/login/${SECRET.toUpperCase()}`,
  ])("to %s is told without the secret", (location) => {
    const told = log.told(redirected(request, location, "http://127.0.0.1:9", []));
    expect(told).toContain("***");
    expect(told.toLowerCase()).not.toContain(SECRET.toLowerCase());
  });

  test("to a host that holds a secret with an umlaut is told as people read the host, so the secret is found", () => {
    silently(() => mask("pässwörd-geheim"));
    const told = log.told(redirected(request, "https://pässwörd-geheim.example/", "http://127.0.0.1:9", []));
    expect(told).toContain("redirects to ***.example");
  });
});
