import { getInput } from "@actions/core";

/** The text of an input as the workflow has it, blanks around it too; empty where it is absent. */
export function untrimmedInput(name: string): string {
  return getInput(name, { trimWhitespace: false });
}

/** The names of all inputs that the workflow gives, in lower case, also of those that the action does not have. */
export function givenInputs(): string[] {
  const names = Object.keys(process.env).map((name) => name.toLowerCase());
  return names.filter((name) => name.startsWith("input_")).map((name) => name.slice("input_".length));
}
