import { Failure } from "../failure.ts";
import { type Definable, findProvider, providerNames } from "../providers/index.ts";
import {
  type Credentials,
  FIELDS,
  type Field,
  type FieldSet,
  type Given,
  type Method,
  OPTIONS,
  type Option,
  type Provider,
} from "../providers/provider.ts";
import { didYouMean, ifName } from "../text/nearest.ts";
import { invalid, misspeltHint, WHY_EMPTY } from "./settings.ts";
import { addressOf, lacksHost } from "./site.ts";
import type { Inputs } from "./table.ts";

/**
 * The provider that the input names, by its id or an alias, in any case.
 * @param definition reads the definition file that describes a provider
 * @throws {Failure} `invalid-input`
 */
export async function chooseProvider(inputs: Inputs, definition: (path: string) => string): Promise<Provider> {
  const name = inputs.provider.toLowerCase();
  const provider = name === "" ? undefined : await findProvider(name);
  if (provider === undefined) throw noProvider(name, inputs);
  if (isDefinable(provider)) {
    const path = inputs.definition;
    if (path === "") throw invalid("definition", "is empty, but describes the service", "Give the path of its file.");
    return provider.define(definition(path));
  }
  if (inputs.definition === "") return provider;
  throw invalid("definition", `has no use at ${provider.name}`, "Leave it out, or set `provider: custom`.");
}

export function isDefinable(provider: Provider | Definable): provider is Definable {
  return "define" in provider;
}

/** Why a name is none of a provider. */
export function noProvider(name: string, inputs: Inputs): Failure {
  const names = providerNames();
  const list = `Set it to one of ${names.join(", ")}.`;
  if (name !== "") {
    return new Failure("invalid-input", 'The input "provider" names no provider.', {
      hint: didYouMean(name, names) + list,
      answered: ifName(inputs.provider),
      answeredBy: "The value is",
    });
  }
  const misspelt = misspeltHint(inputs, ["provider", "sealed"]);
  if (inputs["seal-key"] === "") return invalid("provider", "is empty", misspelt + list);
  return invalid(
    "sealed",
    "is empty, and no provider is given either",
    `${misspelt}The job that should have sealed a token set no such output: look at its log, and at its \`outputs:\`. (To seal here, give a provider.)`,
  );
}

/**
 * The method that the input names, or the one that the given credentials fit.
 * @throws {Failure} `invalid-input` or `missing-secret`
 */
export function chooseMethod(provider: Provider, given: Given, inputs: Inputs): Method {
  const name = inputs.method.toLowerCase();
  const method = name === "" ? inferMethod(provider, given, inputs) : namedMethod(provider, name, given, inputs);
  const option = OPTIONS.find((one) => given[one] !== undefined && !takes(method, one));
  if (option === undefined) return method;
  throw invalid(option, `has no use at ${provider.name}, method ${method.id}`, "Leave it out.");
}

function namedMethod(provider: Provider, name: string, given: Credentials, inputs: Inputs): Method {
  const method = provider.methods.find(({ id }) => id === name);
  if (method === undefined) throw noSuchMethod(provider, inputs.method);
  const unused = fieldsOf(given).filter((field) => !takes(method, field));
  if (unused.length > 0) {
    throw invalid("method", `names ${method.id}, which does not use ${quoted(unused)}`, setMethod(provider));
  }
  const lacking = missing(method, given);
  if (lacking === undefined) throw notTogether(provider, given);
  if (lacking.length > 0) throw missingSecret(provider, [method], lacking, given, inputs);
  return method;
}

function inferMethod(provider: Provider, given: Credentials, inputs: Inputs): Method {
  const inferable = provider.methods.filter(({ byNameOnly }) => byNameOnly !== true);
  if (inferable.length === 0) throw invalid("method", "is empty", setMethod(provider));
  if (fieldsOf(given).length === 0) throw missingSecret(provider, inferable, [], given, inputs);
  const fitting = inferable
    .filter((method) => method.recognises?.(given) ?? true)
    .map((method) => ({ method, lacking: missing(method, given) }))
    .filter(({ lacking }) => lacking !== undefined)
    .sort((one, other) => (one.lacking?.length ?? 0) - (other.lacking?.length ?? 0));
  const [best] = fitting;
  if (best?.lacking === undefined) throw notTogether(provider, given);
  if (best.lacking.length > 0) throw missingSecret(provider, [best.method], best.lacking, given, inputs);
  return best.method;
}

function notTogether(provider: Provider, given: Credentials): Failure {
  const fields = fieldsOf(given);
  const together = fields.length === 1 ? "" : " together";
  return new Failure("invalid-input", `No method of ${provider.name} takes ${quoted(fields)}${together}.`, {
    hint: setMethod(provider),
  });
}

function fieldsOf(given: Credentials): Field[] {
  return FIELDS.filter((field) => given[field] !== undefined);
}

function takes(method: Method, name: Field | Option): boolean {
  return method.fieldSets().some((set) => set.takes.includes(name));
}

/** What the method still lacks in the set of fields that comes nearest; undefined where no set takes all that is given. */
function missing(method: Method, given: Credentials): Field[] | undefined {
  const [nearest] = method
    .fieldSets()
    .filter((set) => fieldsOf(given).every((field) => set.takes.includes(field)))
    .map(({ needs }) => needs.filter((field) => given[field] === undefined))
    .sort((one, other) => one.length - other.length);
  return nearest;
}

/** What is not there, the address too: who gets no secrets gets none of the addresses that are kept as secrets either. */
function missingSecret(
  provider: Provider,
  methods: readonly Method[],
  lacking: readonly Field[],
  given: Credentials,
  inputs: Inputs,
): Failure {
  const inJson = inputs.credentials !== "";
  const needsUrl = provider.placeWithoutUrl === undefined && lacksHost(addressOf(inputs, provider));
  const names = [...lacking.map((field) => (inJson ? `credentials.${field}` : field)), ...(needsUrl ? ["url"] : [])];
  const sentence =
    lacking.length === 0 || fieldsOf(given).length === 0
      ? `No credential arrived: ${inJson ? 'the JSON of "credentials" is empty' : `neither ${alternatives(methods)} nor "credentials" holds anything`}${needsUrl ? ', and "url" is empty too' : ""}.`
      : `The input${names.length === 1 ? "" : "s"} ${quoted(names)} ${names.length === 1 ? "is" : "are"} empty.`;
  return new Failure("missing-secret", sentence, {
    hint: `${misspeltHint(inputs, [...FIELDS, "credentials", "url"])}${provider.name} takes ${methods.length === 1 ? "" : "one of these: "}${listMethods(methods)}. ${WHY_EMPTY}`,
  });
}

function alternatives(methods: readonly Method[]): string {
  return [...new Set(methods.map((method) => quoted(smallest(method).needs)))].join(" nor ");
}

function noSuchMethod(provider: Provider, given: string): Failure {
  const ids = provider.methods.map(({ id }) => id);
  return new Failure("invalid-input", `The input "method" is no method of ${provider.name}.`, {
    hint: didYouMean(given, ids) + setMethod(provider),
    answered: ifName(given),
    answeredBy: "The value is",
  });
}

function setMethod({ methods }: Provider): string {
  const [only] = methods.length === 1 ? methods : [];
  return only === undefined
    ? `Set "method" to one of these and give just its inputs: ${listMethods(methods)}.`
    : `Set "method" to ${only.id}${only.byNameOnly === true ? "" : ", or leave it out"}, and give just its inputs: ${listMethods(methods)}.`;
}

/** Each method with what it needs, for a text. */
function listMethods(methods: readonly Method[]): string {
  return methods.map((method) => `${method.id}${inBrackets(fieldsText(method))}`).join("; ");
}

function inBrackets(text: string): string {
  return text === "" ? "" : ` (${text})`;
}

/** What a method needs: `username, password, optionally client-id with client-secret`, or `token, or username, password`. */
export function fieldsText(method: Method): string {
  const { needs } = smallest(method);
  const optional = new Set<string>();
  const others: string[] = [];
  for (const set of method.fieldSets()) {
    const isMore = needs.every((field) => set.needs.includes(field));
    const more = isMore ? set.needs.filter((field) => !needs.includes(field)).join(" with ") : "";
    if (!isMore) others.push(`or ${set.needs.join(", ")}`);
    else if (more !== "") optional.add(more);
    for (const field of FIELDS) if (set.takes.includes(field) && !set.needs.includes(field)) optional.add(field);
  }
  const optionally = optional.size === 0 ? [] : [`optionally ${[...optional].join(" or ")}`];
  return [...needs, ...others, ...optionally].join(", ");
}

function smallest(method: Method): FieldSet {
  return method.fieldSets()[0] ?? { needs: [], takes: [] };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" and ");
}
