import { readFileSync } from "node:fs";
import { runStep, type StageResult, type StepOptions, type StepResult } from "../sandbox/runner.ts";

/** Runs the built action as the runner does, main then post. */
export function runAction(
  inputs: Readonly<Record<string, string>>,
  more: Partial<StepOptions> = {},
): Promise<StepResult> {
  return runStep({ ...more, inputs });
}

/** Runs main alone. */
export async function runMain(
  inputs: Readonly<Record<string, string>>,
  more: Partial<StepOptions> = {},
): Promise<StageResult> {
  return (await runStep({ ...more, inputs, post: false })).main;
}

/** All that a reader of the run can see of a stage: the log as shown, the summary, the annotations. */
export function shown({ log, summary, annotations }: StageResult): string {
  return [log, summary, ...annotations.flatMap(({ title, message }) => [title, message])].join("\n");
}

export const packageJson: { version: string } = JSON.parse(readFileSync("package.json", "utf8"));
