import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { examples } from "../../sandbox/services/index.ts";
import { leaks, runAction } from "../support.ts";

const FILES = globSync("examples/definitions/*.json").sort();

/** What each worked example comes to. */
const EXPECTED: Readonly<Record<string, { env: string; probe: string; post: string }>> = {
  "alm-octane": { env: "OCTANE_SESSION", probe: "skipped", post: "ALM Octane: the credential is revoked at" },
  defectdojo: { env: "DEFECTDOJO_TOKEN", probe: "accepted", post: "DefectDojo offers no revocation" },
  "home-login": { env: "HOME_TOKEN", probe: "accepted", post: "Home Login: the credential is revoked at" },
};

test("every worked example has a stand-in, and is explained in the page", () => {
  const page = readFileSync("docs/definitions.md", "utf8");
  expect(FILES.map((file) => basename(file, ".json"))).toEqual(Object.keys(EXPECTED));
  expect(Object.keys(examples)).toEqual(Object.keys(EXPECTED));
  for (const file of FILES) expect(page).toContain(`(../${file})`);
});

describe.each(FILES)("%s", (definition) => {
  const id = basename(definition, ".json");

  test.each(["right", "wrong"])("with the %s secret", async (which) => {
    const service = await examples[id]?.();
    try {
      const account = service?.accounts.custom?.inputs ?? {};
      const name = account.password === undefined ? "client-secret" : "password";
      const secret = `${account[name] ?? ""}${which === "wrong" ? "x" : ""}`;
      const inputs = { ...account, [name]: secret, provider: "custom", definition, url: service?.url ?? "" };
      const { main, post } = await runAction(inputs, { workspace: process.cwd() });
      if (which === "wrong") {
        expect(main.outputs).toMatchObject({ failure: "refused", provider: "custom", method: "custom" });
        expect(main.env).toEqual({});
      } else {
        const { env, probe, post: says } = EXPECTED[id] ?? { env: "", probe: "", post: "" };
        expect(main).toMatchObject({ outcome: "success", annotations: [], outputs: { probe, "env-name": env } });
        expect(Object.keys(main.env)).toEqual([env]);
        expect(post?.log).toContain(says);
        expect(service?.live()).toEqual([]);
      }
      expect(leaks(main, [secret, main.outputs.token ?? ""])).toEqual([]);
    } finally {
      await service?.close();
    }
  });
});

/** The page shows each example without what is only of use in a file of its own. */
test("what the page shows is what the files say", () => {
  const page = readFileSync("docs/definitions.md", "utf8");
  const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = ""]) => JSON.parse(text));
  const named = shown.filter(({ name }) => name !== undefined);
  expect(named).toHaveLength(FILES.length);
  const files = FILES.map((file) => JSON.parse(readFileSync(file, "utf8")));
  for (const one of named) expect(files.find(({ name }) => name === one.name)).toMatchObject(one);
});
