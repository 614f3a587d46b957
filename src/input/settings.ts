import type { Failure, FailureDetails } from "../failure.ts";
import { invalidInput } from "../providers/kit/faults.ts";
import { ALSO_EXPORTED, type MethodFacts } from "../providers/provider.ts";
import { nameFlaw } from "../text/environment-name.ts";
import type { InputName, Inputs } from "./table.ts";

/** The reasons why a value arrives empty, for whoever has to find the right one. */
export const WHY_EMPTY =
  "A secret is empty where it does not exist, in a pull request from a fork or Dependabot, in a job that does not name its `environment`, and in a reusable workflow called without `secrets: inherit`.";

/** How to go about it: all that is neither a credential nor a place. */
export interface Settings {
  readonly probe: "true" | "strict" | "false";
  readonly exportEnv: boolean;
  /** Empty for the method's own default. */
  readonly envName: string;
  readonly revoke: "auto" | "true" | "false";
  /** Seconds for all requests of one stage. */
  readonly timeout: number;
  readonly retries: number;
  readonly caCertificate: string;
  readonly allowHttp: boolean;
  readonly summary: "failure" | "true" | "false";
}

/**
 * Reads the settings; an empty input takes its default.
 * @throws {Failure} `invalid-input`, which names the input
 */
export function parseSettings(inputs: Inputs): Settings {
  return {
    probe: oneOf(inputs, "probe", ["true", "strict", "false"]),
    exportEnv: oneOf(inputs, "export-env", ["true", "false"]) === "true",
    envName: environmentName(inputs["env-name"]),
    revoke: oneOf(inputs, "revoke", ["auto", "true", "false"]),
    timeout: wholeNumber(inputs, "timeout", 1, 3600, 60),
    retries: wholeNumber(inputs, "retries", 0, 10, 4),
    caCertificate: inputs["ca-certificate"],
    allowHttp: oneOf(inputs, "allow-http", ["false", "true"]) === "true",
    summary: oneOf(inputs, "summary", ["failure", "true", "false"]),
  };
}

/** One of these values, the first where none is given; `true` and `false` as the YAML 1.2 core schema (section 10.2.1.2) has them. */
function oneOf<Value extends string>(inputs: Inputs, name: InputName, values: readonly [Value, ...Value[]]): Value {
  const given = inputs[name].replace(/^(?:True|TRUE|False|FALSE)$/, (text) => text.toLowerCase());
  const chosen = values.find((value) => value === (given || values[0]));
  if (chosen !== undefined) return chosen;
  throw invalid(name, `is none of \`${values.join("`, `")}\``, `Leave it out for \`${values[0]}\`.`);
}

function wholeNumber(inputs: Inputs, name: InputName, from: number, to: number, unset: number): number {
  const value = /^\d{0,9}$/.test(inputs[name]) ? Number(inputs[name] || unset) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw invalid(name, `is no whole number from ${from} to ${to}`, `Leave it out for ${unset}.`);
}

/**
 * A name that the token may be exported under; empty is the default's place.
 * @throws {Failure} `invalid-input`
 */
export function environmentName(name: string): string {
  const flaw = name === "" ? undefined : environmentNameFlaw(name);
  if (flaw === undefined) return name;
  throw invalid("env-name", flaw, "Choose another name, or leave it out.");
}

/** Why the token may not be exported under this name; undefined where it may. */
export function environmentNameFlaw(name: string): string | undefined {
  return nameFlaw(name, ALSO_EXPORTED);
}

/**
 * The name that the token of a method is exported under.
 * @throws {Failure} `invalid-input` where the method exports something else so
 */
export function variableOf({ envName, alsoNames = [] }: MethodFacts, wanted: string): string {
  const name = wanted || envName;
  if (!alsoNames.some((other) => other.toUpperCase() === name.toUpperCase())) return name;
  throw invalid("env-name", `is ${name}, which the definition exports already`, "Choose another name.");
}

/** An input that cannot be right. */
export const invalid: (
  input: InputName | `credentials.${string}`,
  flaw: string,
  hint: string,
  more?: Partial<FailureDetails>,
) => Failure = invalidInput;
