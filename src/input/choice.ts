import { Failure } from "../failure.ts";
import { type Definable, findProvider, providerNames } from "../providers/index.ts";
import {
  FIELDS,
  type Field,
  type Given,
  type Method,
  OPTIONS,
  type Option,
  type Provider,
} from "../providers/provider.ts";
import { didYouMean, ifName } from "../text/nearest.ts";
import { invalid, WHY_EMPTY } from "./settings.ts";
import { addressOf, lacksHost } from "./site.ts";
import type { Inputs } from "./table.ts";

/**
 * The provider that the input names, by its id or an alias, in any case.
 * @param definition reads the definition file that describes a provider
 * @throws {Failure} `invalid-input`
 */
export function chooseProvider(inputs: Inputs, definition: (path: string) => string): Provider {
  const provider = findProvider(inputs.provider.toLowerCase());
  const path = inputs.definition;
  if (provider === undefined) throw noProvider(inputs);
  if (isDefinable(provider)) {
    if (path === "") throw invalid("definition", "is empty", "Give the path of the file that describes the service.");
    return provider.define(definition(path));
  }
  if (path === "") return provider;
  throw invalid("definition", `has no use at ${provider.name}`, "Leave it out, or set `provider: custom`.");
}

function isDefinable(provider: Provider | Definable): provider is Definable {
  return "define" in provider;
}

/** The provider of which a seal or a state kept this; undefined for none. */
export function keptProvider(id: string, kept: Readonly<Record<string, string>>): Provider | undefined {
  const found = findProvider(id);
  // An id is kept, never an alias.
  if (found?.id !== id) return undefined;
  return isDefinable(found) ? found.again(kept) : found;
}

/** Why the input names no provider. */
export function noProvider({ provider, "seal-key": sealKey }: Inputs): Failure {
  if (provider === "" && sealKey !== "") {
    return invalid(
      "sealed",
      'is empty, and so is "provider"',
      "The job that should have sealed a token set no such output: look at its log and its `outputs:`.",
    );
  }
  const flaw = provider === "" ? "is empty" : "names no provider";
  return noSuchName("provider", flaw, provider, providerNames(), `Set it to one of ${providerNames().join(", ")}.`);
}

/** Of a name that there is not, with the one that was probably meant. */
function noSuchName(
  input: "provider" | "method",
  flaw: string,
  given: string,
  names: readonly string[],
  then: string,
): Failure {
  const hint = didYouMean(given, names) + then;
  return invalid(input, flaw, hint, { answered: ifName(given), answeredBy: "The value is" });
}

/**
 * The method that the input names, or the one that the given credentials fit.
 * @throws {Failure} `invalid-input` or `missing-secret`
 */
export function chooseMethod(provider: Provider, given: Given, inputs: Inputs): Method {
  const name = inputs.method.toLowerCase();
  const candidates = provider.methods.filter(({ id, byNameOnly }) => (name === "" ? byNameOnly !== true : id === name));
  if (candidates.length === 0) {
    const flaw = name === "" ? "is empty" : `is no method of ${provider.name}`;
    const ids = provider.methods.map(({ id }) => id);
    throw noSuchName("method", flaw, inputs.method, ids, setMethod(provider));
  }
  const fields = FIELDS.filter((field) => given[field] !== undefined);
  const best = bestOf(
    candidates.filter(({ recognises }) => name !== "" || recognises === undefined || recognises(given)),
    fields,
  );
  if (best === undefined) throw notTogether(provider, candidates, fields, name);
  const { method, lacking } = best;
  const isEmpty = fields.length === 0;
  if (lacking.length > 0 || (isEmpty && name === "")) {
    throw missingSecret(provider, candidates, isEmpty ? [] : lacking, inputs);
  }
  const option = OPTIONS.find((one) => given[one] !== undefined && !takes(method, one));
  if (option === undefined) return method;
  throw invalid(option, `has no use at ${provider.name}, method ${method.id}`, "Leave it out.");
}

interface Fitting {
  readonly method: Method;
  readonly lacking: readonly Field[];
}

/** The first method that lacks least. What a method takes is built only until one lacks nothing. */
function bestOf(methods: readonly Method[], fields: readonly Field[]): Fitting | undefined {
  let best: Fitting | undefined;
  for (const method of methods) {
    for (const lacking of lackingSets(method, fields)) {
      if (best === undefined || lacking.length < best.lacking.length) best = { method, lacking };
    }
    if (best?.lacking.length === 0) break;
  }
  return best;
}

/** What is still lacking in each of the method's sets of fields that take all that is given. */
function lackingSets(method: Method, fields: readonly Field[]): Field[][] {
  return method
    .fieldSets()
    .filter((set) => fields.every((field) => set.takes.includes(field)))
    .map(({ needs }) => needs.filter((field) => !fields.includes(field)));
}

function takes(method: Method, name: Field | Option): boolean {
  return method.fieldSets().some((set) => set.takes.includes(name));
}

function notTogether(provider: Provider, methods: readonly Method[], fields: readonly Field[], name: string): Failure {
  const unused = fields.filter((field) => !methods.some((method) => takes(method, field)));
  const [which, together] = unused.length > 0 ? [unused, ""] : [fields, " together"];
  const subject = name === "" ? `No method of ${provider.name} takes` : `The method ${name} does not take`;
  return new Failure("invalid-input", `${subject} ${quoted(which)}${together}.`, { hint: setMethod(provider) });
}

/** What is not there, the address too: who gets no secrets gets none of the addresses that are kept as secrets either. */
function missingSecret(
  provider: Provider,
  methods: readonly Method[],
  lacking: readonly Field[],
  inputs: Inputs,
): Failure {
  const inJson = inputs.credentials !== "";
  const needs = inJson ? [] : new Set(methods.map((method) => quoted(method.fieldSets()[0]?.needs ?? [])));
  const names =
    lacking.length === 0
      ? [...needs, '"credentials"'].join(" or ")
      : quoted(lacking.map((field) => (inJson ? `credentials.${field}` : field)));
  const needsUrl = provider.placeWithoutUrl === undefined && lacksHost(addressOf(inputs, provider));
  return new Failure("missing-secret", `No value arrived in ${names}${needsUrl ? ', nor in "url"' : ""}.`, {
    hint: `${provider.name} takes ${methods.length === 1 ? "" : "one of these: "}${listMethods(methods)}. ${WHY_EMPTY}`,
  });
}

function setMethod({ methods }: Provider): string {
  const these = methods.length === 1 ? "this" : "one of these";
  return `Set "method" to ${these} and give just its inputs: ${listMethods(methods)}.`;
}

/** Each method with what it needs: `a (token); b (username, password or token)`. */
function listMethods(methods: readonly Method[]): string {
  const needsOf = (method: Method) => method.fieldSets().map(({ needs }) => needs.join(", ") || "nothing");
  return methods.map((method) => `${method.id} (${needsOf(method).join(" or ")})`).join("; ");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" and ");
}
