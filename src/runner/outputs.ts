import { exportVariable, setOutput } from "@actions/core";
import { Failure, type FailureCode } from "../failure.ts";
import { cutOff, writeTo } from "./files.ts";

/** Every output of `action.yml`, in its order. */
export type OutputName =
  | "token"
  | "authorization"
  | "headers"
  | "expires-at"
  | "expires-in"
  | "account"
  | "user-id"
  | "probe"
  | "provider"
  | "method"
  | "url"
  | "env-name"
  | "sealed"
  | "failure";

/** What a step that fails tells all the same. */
const KEPT: readonly string[] = ["provider", "method", "url", "probe", "failure"] satisfies OutputName[];

/** What has been handed over so far, with the size of the file before, in bytes: a step that fails takes it back. */
const outputs = new Map<string, number>();
const variables = new Map<string, number>();

/**
 * Sets outputs of the step, but for those that are undefined.
 * @throws {Failure} `runner`
 */
export function output(values: Partial<Record<OutputName, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const size = writeTo("GITHUB_OUTPUT", () => setOutput(name, value));
    if (!KEPT.includes(name)) outputs.set(name, size);
  }
}

/**
 * Exports a variable for the later steps of the job.
 * @throws {Failure} `runner`
 */
export function exportToJob(name: string, value: string): void {
  variables.set(
    name,
    writeTo("GITHUB_ENV", () => exportVariable(name, value)),
  );
}

/** Sets the output `failure`, and leaves empty what was handed over before, as far as the runner's files can be written. */
export function withdraw(failure: FailureCode): void {
  const [firstOutput] = outputs.values();
  const [firstVariable] = variables.values();
  if (firstOutput !== undefined) cutOff("GITHUB_OUTPUT", firstOutput);
  if (firstVariable !== undefined) cutOff("GITHUB_ENV", firstVariable);
  unlessBroken(() => output({ failure }));
  for (const name of outputs.keys()) unlessBroken(() => output({ [name]: "" }));
  for (const name of variables.keys()) unlessBroken(() => exportToJob(name, ""));
}

/** The fault that the step fails with has been told; one of the same files is not worth another word. */
function unlessBroken(write: () => void): void {
  try {
    write();
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault;
  }
}
