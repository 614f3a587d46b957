import { getInput } from "@actions/core";

/** The text of an input as the workflow has it, blanks around it too; empty where it is absent. */
export function untrimmedInput(name: string): string {
  return getInput(name, { trimWhitespace: false });
}

/** The names of all inputs that the workflow gives, in lower case, also of those that the action does not have. */
export function givenInputs(): string[] {
  return Object.keys(process.env).flatMap((name) => /^INPUT_(.+)$/.exec(name.toUpperCase())?.[1]?.toLowerCase() ?? []);
}
