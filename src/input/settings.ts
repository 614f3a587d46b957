import { Failure } from "../failure.ts";
import { namesOfProviders } from "../providers/index.ts";
import type { MethodFacts } from "../providers/provider.ts";
import { nameFlaw } from "../text/environment-name.ts";
import type { InputName, Inputs } from "./table.ts";

/** The reasons why a value arrives empty, for whoever has to find the right one. */
export const WHY_EMPTY =
  "A secret arrives empty where it does not exist or is named otherwise, in a pull request from a fork or from Dependabot, where the job does not name the `environment` that holds it, and where a reusable workflow is called without `secrets: inherit`.";

/** Names the misspelt inputs among those that are missing, with a blank behind it; empty where there is none. */
export function misspeltHint(inputs: Inputs, missing: readonly InputName[]): string {
  return missing
    .filter((name) => inputs[name] === "" && inputs.misspelt?.[name] !== undefined)
    .map((name) => `You wrote "${inputs.misspelt?.[name]}", the input is "${name}". `)
    .join("");
}

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
    probe: choice(inputs, "probe", ["true", "strict", "false"], "true"),
    exportEnv: parseBoolean(inputs, "export-env", true),
    envName: environmentName(inputs["env-name"]),
    revoke: choice(inputs, "revoke", ["auto", "true", "false"], "auto"),
    timeout: wholeNumber(inputs, "timeout", { from: 1, to: 3600, unset: 60 }),
    retries: wholeNumber(inputs, "retries", { from: 0, to: 10, unset: 4 }),
    caCertificate: inputs["ca-certificate"],
    allowHttp: parseAllowHttp(inputs),
    summary: choice(inputs, "summary", ["failure", "true", "false"], "failure"),
  };
}

export function parseAllowHttp(inputs: Inputs): boolean {
  return parseBoolean(inputs, "allow-http", false);
}

/** A value of `revoke` or `probe`, whose `true` and `false` are written as any boolean is. */
function choice<Value extends string>(inputs: Inputs, name: InputName, values: readonly Value[], unset: Value): Value {
  const given = inputs[name] === "" ? unset : (asBoolean(inputs[name]) ?? inputs[name]);
  const chosen = values.find((value) => value === given);
  if (chosen !== undefined) return chosen;
  throw invalid(
    name,
    `is neither ${values.map((value) => `\`${value}\``).join(" nor ")}`,
    `Leave it out for \`${unset}\`.`,
  );
}

function parseBoolean(inputs: Inputs, name: InputName, unset: boolean): boolean {
  if (inputs[name] === "") return unset;
  const value = asBoolean(inputs[name]);
  if (value !== undefined) return value === "true";
  throw invalid(name, "is no boolean", "Write `true` or `false`.");
}

/** YAML 1.2 core schema, section 10.2.1.2: the three spellings of each. */
function asBoolean(text: string): "true" | "false" | undefined {
  if (/^(?:true|True|TRUE)$/.test(text)) return "true";
  return /^(?:false|False|FALSE)$/.test(text) ? "false" : undefined;
}

function wholeNumber(inputs: Inputs, name: InputName, limits: { from: number; to: number; unset: number }): number {
  if (inputs[name] === "") return limits.unset;
  const value = /^\d{1,9}$/.test(inputs[name]) ? Number(inputs[name]) : Number.NaN;
  if (value >= limits.from && value <= limits.to) return value;
  throw invalid(name, `is no whole number from ${limits.from} to ${limits.to}`, `Leave it out for ${limits.unset}.`);
}

/**
 * A name that the token may be exported under; empty is the default's place.
 * @throws {Failure} `invalid-input`
 */
export function environmentName(name: string): string {
  const flaw = name === "" ? undefined : environmentNameFlaw(name);
  if (flaw === undefined) return name;
  throw invalid("env-name", flaw, "Choose a name of your own, or leave it out for the provider's.");
}

/** Why the token may not be exported under this name; undefined where it may. */
export function environmentNameFlaw(name: string): string | undefined {
  return nameFlaw(name, namesOfProviders());
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

/** An input that cannot be right, named in the sentence. */
export function invalid(input: InputName | `credentials.${string}`, flaw: string, hint: string): Failure {
  return new Failure("invalid-input", `The input "${input}" ${flaw}.`, { hint });
}
