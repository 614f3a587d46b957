import { expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import { formsOf, leaks } from "./support.ts";

test("the search for leaks finds a secret in every form", () => {
  const secret = `pä ss"w&r/d?~~~`;
  const nothing = { log: "", summary: "", annotations: [] };
  expect(formsOf(secret).length).toBeGreaterThanOrEqual(6);
  for (const form of formsOf(secret)) {
    expect(leaks({ ...nothing, log: `before ${form} after` } as unknown as StageResult, [secret])).toContain(form);
  }
  expect(leaks({ ...nothing, log: "nothing" } as unknown as StageResult, [secret])).toEqual([]);
});
