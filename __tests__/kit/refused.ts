import { expect } from "@jest/globals";
import { runMain, trapped } from "./support.ts";

/** Of the file of tests that imports it. */
export const trap = trapped();

/** A step that sends nothing, and what its one error says. */
export async function refused(inputs: Readonly<Record<string, string>>, failure = "invalid-input") {
  const before = trap.connections();
  const main = await runMain(inputs, { env: trap.env });
  const errors = main.annotations.filter(({ type }) => type === "error");
  expect(errors).toHaveLength(1);
  expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure } });
  expect(trap.connections()).toBe(before);
  return { main, message: errors[0]?.message ?? "" };
}
