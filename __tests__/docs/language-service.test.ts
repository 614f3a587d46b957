/** What this repository tells a reader to write, seen by the service behind GitHub's own editor. */
import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type Called, findings } from "../kit/language-service.ts";
import { packageJson } from "../kit/support.ts";

const read = (path: string): string => readFileSync(path, "utf8");
const files = (...patterns: string[]): string[] =>
  globSync(patterns)
    .map((path) => path.replaceAll("\\", "/"))
    .sort();

const REPOSITORY = `${packageJson.config.owner}/api-token-exchange`;
const TOKEN = ".github/workflows/token.yml";

interface Block {
  readonly name: string;
  readonly page: string;
  readonly text: string;
}
const BLOCKS: readonly Block[] = files("*.md", "docs/**/*.md", ".github/**/*.md").flatMap((page) =>
  [...read(page).matchAll(/^```ya?ml\n(.*?)^```$/gms)].map(([, text = ""], index) => ({
    name: `${page}, YAML block ${index + 1}`,
    page,
    text,
  })),
);
const WHOLE = BLOCKS.filter(({ text }) => /^jobs:$/m.test(text));
const LISTS = BLOCKS.filter(({ text }) => /^- /.test(text));
const FRAGMENTS = BLOCKS.filter((block) => !WHOLE.includes(block) && !LISTS.includes(block));

const CALLED: Called = {
  [`${REPOSITORY}/${TOKEN}`]: read(TOKEN),
  "octo-org/shared-workflows/.github/workflows/tests.yml": read("examples/reusable-tests.yml"),
  "your-organization/workflows/.github/workflows/upload.yml":
    WHOLE.find(({ text }) => text.includes("workflow_call:"))?.text ?? "",
};

/** A list of steps, or some jobs, at the depth that they have in a workflow. */
const indented = (text: string, depth: number) => text.replace(/^(?=.)/gm, " ".repeat(depth));
const ofSteps = (steps: string) =>
  `on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n${indented(steps, 6)}`;

describe("GitHub's own validator finds nothing in", () => {
  test("action.yml", async () => expect(await findings(read("action.yml"), {}, "action.yml")).toEqual([]));

  test.each(files(".github/workflows/*.yml", "examples/*.yml"))("%s", async (file) => {
    expect(await findings(read(file), CALLED)).toEqual([]);
  });

  test.each(WHOLE)("$name", async ({ text }) => expect(await findings(text, CALLED)).toEqual([]));

  test.each(LISTS)("$name", async ({ text }) => expect(await findings(ofSteps(text), CALLED)).toEqual([]));

  test.each(FRAGMENTS)("$name, in a workflow of its page", async ({ page, text }) => {
    const around = WHOLE.filter((block) => block.page === page).map((block) => `${block.text}${indented(text, 2)}`);
    const found = await Promise.all(around.map((whole) => findings(whole, CALLED)));
    expect(found.some((each) => each.length === 0) ? [] : found).toEqual([]);
  });

  test("there are enough of them", () => {
    expect(files("examples/*.yml").length).toBeGreaterThan(8);
    expect(Math.min(WHOLE.length, LISTS.length)).toBeGreaterThan(5);
  });
});

describe("GitHub's own validator finds", () => {
  const seal = read("examples/reusable-seal.yml");
  const qa = read("examples/qa.yml");

  test.each<[what: string, text: string, from: string | RegExp, to: string, says: string]>([
    ["an input that this action does not have", qa, "provider: qa", "provide: qa", "Invalid action input 'provide'"],
    [
      "such an input in a step that names the action by its path",
      qa,
      /uses: \S+@v1\n( +)with:\n/,
      "uses: ./\n$1with:\n$1  providers: qa\n",
      "Invalid action input 'providers'",
    ],
    [
      "an output that this action does not have",
      ofSteps(
        `- id: t\n  uses: ${REPOSITORY}@v1\n  with: { provider: qa }\n- run: echo "$A"\n  env: { A: "\${{ steps.t.outputs.token }}" }\n`,
      ),
      "outputs.token",
      "outputs.tokens",
      "Context access might be invalid: tokens",
    ],
    [
      "a step id that does not exist",
      ofSteps(`- id: t\n  uses: ./\n- run: echo "$A"\n  env: { A: "\${{ steps.t.outcome }}" }\n`),
      "steps.t.",
      "steps.u.",
      "Context access might be invalid: u",
    ],
    ["a missing input of a called workflow", seal, /^ +provider: .*\n/m, "", "Input provider is required"],
    [
      "an unknown input of a called workflow",
      seal,
      /provider: /,
      "probes: true\n      provider: ",
      "Invalid input, probes",
    ],
    ["a missing secret of a called workflow", seal, /^ +seal-key: .*\n/m, "", "Secret seal-key is required"],
    [
      "an output that a called workflow does not have",
      seal,
      /outputs\.sealed/,
      "outputs.seal",
      "Context access might be invalid: seal",
    ],
    [
      "a called workflow that does not exist",
      seal,
      "workflows/token.yml",
      "workflows/tokens.yml",
      "Unable to find reusable workflow",
    ],
    ["a context that there is not", qa, "secrets.QA", "secret.QA", "Unrecognized named-value: 'secret'"],
    ["an expression that is not closed", qa, /(\$\{\{ secrets\.\w+) \}\}/, "$1", "not closed"],
    ["a key that there is not", qa, "runs-on:", "run-on:", "Unexpected value 'run-on'"],
  ])("%s", async (_, text, from, to, says) => {
    const seeded = text.replace(from, to);
    expect(seeded).not.toBe(text);
    expect(await findings(text, CALLED)).toEqual([]);
    expect((await findings(seeded, CALLED)).join("\n")).toContain(says);
  });

  test.each([
    ["a runtime that there is not", /using: .*/, 'using: "node12345"'],
    ["an icon that there is not", /icon: .*/, 'icon: "keys"'],
    ["a key that there is not", /^runs:/m, "run:"],
  ])("%s in action.yml", async (_, from, to) => {
    const text = read("action.yml");
    const seeded = text.replace(from, to);
    expect(seeded).not.toBe(text);
    expect(await findings(seeded, {}, "action.yml")).not.toEqual([]);
  });
});
