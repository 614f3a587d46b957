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

/** What has been handed over so far, and how large the file was before: a step that fails takes it back. */
interface HandedOver {
  readonly names: Set<string>;
  from?: number;
}
const outputs: HandedOver = { names: new Set() };
const variables: HandedOver = { names: new Set() };

/**
 * Sets outputs of the step, but for those that are undefined.
 * @throws {Failure} `runner`
 */
export function output(values: Partial<Record<OutputName, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const size = writeTo("GITHUB_OUTPUT", () => setOutput(name, value));
    if (!KEPT.includes(name)) remember(outputs, name, size);
  }
}

/**
 * Exports a variable for the later steps of the job.
 * @throws {Failure} `runner`
 */
export function exportToJob(name: string, value: string): void {
  const size = writeTo("GITHUB_ENV", () => exportVariable(name, value));
  remember(variables, name, size);
}

function remember(handedOver: HandedOver, name: string, size: number): void {
  handedOver.names.add(name);
  handedOver.from ??= size;
}

/** Sets the output `failure`, and leaves empty what was handed over before, as far as the runner's files can be written. */
export function withdraw(failure: FailureCode): void {
  if (outputs.from !== undefined) cutOff("GITHUB_OUTPUT", outputs.from);
  if (variables.from !== undefined) cutOff("GITHUB_ENV", variables.from);
  unlessBroken(() => output({ failure }));
  for (const name of outputs.names) unlessBroken(() => output({ [name]: "" }));
  for (const name of variables.names) unlessBroken(() => exportToJob(name, ""));
}

/** The fault that the step fails with has been told; one of the same files is not worth another word. */
function unlessBroken(write: () => void): void {
  try {
    write();
  } catch (fault) {
    if (!(fault instanceof Failure)) throw fault;
  }
}
