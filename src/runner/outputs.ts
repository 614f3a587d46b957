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
const KEPT: readonly OutputName[] = ["provider", "method", "url", "probe", "failure"];

/** What has been handed over so far, and how large the file was before: a step that fails takes it back. */
interface HandedOver<Name> {
  readonly names: Set<Name>;
  from?: number;
}
const outputs: HandedOver<OutputName> = { names: new Set() };
const variables: HandedOver<string> = { names: new Set() };

/**
 * Sets an output of the step.
 * @throws {Failure} `runner`
 */
export function output(name: OutputName, value: string): void {
  const size = writeTo("GITHUB_OUTPUT", () => setOutput(name, value));
  if (!KEPT.includes(name)) remember(outputs, name, size);
}

/**
 * Exports a variable for the later steps of the job.
 * @throws {Failure} `runner`
 */
export function exportToJob(name: string, value: string): void {
  remember(
    variables,
    name,
    writeTo("GITHUB_ENV", () => exportVariable(name, value)),
  );
}

function remember<Name>(handedOver: HandedOver<Name>, name: Name, size: number): void {
  handedOver.names.add(name);
  handedOver.from ??= size;
}

/** Sets the output `failure`, and leaves empty what was handed over before, as far as the runner's files can be written. */
export function withdraw(failure: FailureCode): void {
  if (outputs.from !== undefined) cutOff("GITHUB_OUTPUT", outputs.from);
  if (variables.from !== undefined) cutOff("GITHUB_ENV", variables.from);
  unlessBroken(() => output("failure", failure));
  for (const name of outputs.names) unlessBroken(() => output(name, ""));
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
