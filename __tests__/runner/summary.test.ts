import { describe, expect, test } from "@jest/globals";
import { writeSummary } from "../../src/runner/summary.ts";

describe("a summary that cannot be written", () => {
  test("is a line in the log, and no fault of the step", () => {
    const file = process.env.GITHUB_STEP_SUMMARY;
    process.env.GITHUB_STEP_SUMMARY = "/nonexistent/summary";
    try {
      expect(() => writeSummary("API token", [["Service", "QA"]])).not.toThrow();
    } finally {
      if (file === undefined) delete process.env.GITHUB_STEP_SUMMARY;
      else process.env.GITHUB_STEP_SUMMARY = file;
    }
  });
});
