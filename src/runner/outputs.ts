import { exportVariable, setOutput } from "@actions/core";

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

/** Sets an output of the step. */
export function output(name: OutputName, value: string): void {
  setOutput(name, value);
}

/** Exports a variable for the later steps of the job. */
export function exportToJob(name: string, value: string): void {
  exportVariable(name, value);
}
