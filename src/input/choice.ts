import { Failure } from "../failure.ts";
import { providers } from "../providers/index.ts";
import { type Credentials, FIELDS, type Field, type Method, type Provider } from "../providers/provider.ts";
import { didYouMean, ifName } from "../text/nearest.ts";
import { type Inputs, invalid, misspeltHint, WHY_EMPTY } from "./settings.ts";
import { addressOf, lacksHost } from "./site.ts";

/**
 * The provider that the input names, by its id or an alias, in any case.
 * @throws {Failure} `invalid-input`
 */
export function chooseProvider(inputs: Inputs): Provider {
  const name = inputs.provider.toLowerCase();
  const provider = providers.find(({ id, aliases }) => id === name || Object.hasOwn(aliases ?? {}, name));
  if (provider !== undefined) return provider;
  const names = providers.flatMap(({ id, aliases }) => [id, ...Object.keys(aliases ?? {})]);
  const list = `Set it to one of ${names.join(", ")}.`;
  if (name !== "") {
    throw new Failure("invalid-input", 'The input "provider" names no provider.', {
      hint: didYouMean(name, names) + list,
      answered: ifName(inputs.provider),
      answeredBy: "The value is",
    });
  }
  const misspelt = misspeltHint(inputs, ["provider", "sealed"]);
  if (inputs["seal-key"] === "") throw invalid("provider", "is empty", misspelt + list);
  throw invalid(
    "sealed",
    "is empty, and no provider is given either",
    `${misspelt}The job that should have sealed a token set no such output: look at its log, and at its \`outputs:\`. (To seal here, give a provider.)`,
  );
}

/**
 * The method that the input names, or the one that the given credentials fit.
 * @throws {Failure} `invalid-input` or `missing-secret`
 */
export function chooseMethod(provider: Provider, given: Credentials, inputs: Inputs): Method {
  const name = inputs.method.toLowerCase();
  if (name === "") return inferMethod(provider, given, inputs);
  const method = provider.methods.find(({ id }) => id === name);
  if (method === undefined) throw noSuchMethod(provider, inputs.method);
  const unused = fieldsOf(given).filter((field) => !takes(method, field));
  if (unused.length > 0) {
    throw invalid("method", `names ${method.id}, which does not use ${quoted(unused)}`, setMethod(provider));
  }
  const lacking = missing(method, given);
  if (lacking.length > 0) throw missingSecret(provider, [method], lacking, given, inputs);
  return method;
}

function inferMethod(provider: Provider, given: Credentials, inputs: Inputs): Method {
  const inferable = provider.methods.filter(({ byNameOnly }) => byNameOnly !== true);
  const fields = fieldsOf(given);
  if (fields.length === 0) throw missingSecret(provider, inferable, [], given, inputs);
  const fitting = inferable.filter(
    (method) => fields.every((field) => takes(method, field)) && (method.recognises?.(given) ?? true),
  );
  const complete = fitting.find((method) => missing(method, given).length === 0);
  if (complete !== undefined) return complete;
  const [nearest] = fitting.sort((a, b) => missing(a, given).length - missing(b, given).length);
  if (nearest !== undefined) throw missingSecret(provider, [nearest], missing(nearest, given), given, inputs);
  const together = fields.length === 1 ? "" : " together";
  throw new Failure("invalid-input", `No method of ${provider.name} takes ${quoted(fields)}${together}.`, {
    hint: setMethod(provider),
  });
}

function fieldsOf(given: Credentials): Field[] {
  return FIELDS.filter((field) => given[field] !== undefined);
}

function takes(method: Method, field: Field): boolean {
  return method.needs.includes(field) || (method.optional?.includes(field) ?? false);
}

/** What the method still lacks; its optional fields count all together as soon as one of them is given. */
function missing(method: Method, given: Credentials): Field[] {
  const optional = method.optional ?? [];
  const wanted = optional.some((field) => given[field] !== undefined) ? [...method.needs, ...optional] : method.needs;
  return wanted.filter((field) => given[field] === undefined);
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
  const needsUrl = lacksHost(addressOf(inputs, provider));
  const names = [...lacking.map((field) => (inJson ? `credentials.${field}` : field)), ...(needsUrl ? ["url"] : [])];
  const sentence =
    lacking.length === 0 || fieldsOf(given).length === 0
      ? `No credential arrived: ${inJson ? 'the JSON of "credentials" is empty' : `neither ${alternatives(methods)} nor "credentials" holds anything`}${needsUrl ? ', and "url" is empty too' : ""}.`
      : `The input${names.length === 1 ? "" : "s"} ${quoted(names)} ${names.length === 1 ? "is" : "are"} empty.`;
  const wanted = lacking.length > 0 ? lacking : methods.flatMap(({ needs }) => needs);
  return new Failure("missing-secret", sentence, {
    hint: `${misspeltHint(inputs, [...new Set(wanted), "credentials", "url"])}${provider.name} takes ${methods.length === 1 ? "" : "one of these: "}${listMethods(methods)}. ${WHY_EMPTY}`,
  });
}

function alternatives(methods: readonly Method[]): string {
  return [...new Set(methods.map(({ needs }) => quoted(needs)))].join(" nor ");
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
    : `Set "method" to ${only.id}, or leave it out, and give just its inputs: ${listMethods(methods)}.`;
}

/** Each method with what it needs, for a text. */
function listMethods(methods: readonly Method[]): string {
  return methods
    .map(
      ({ id, needs, optional }) =>
        `${id} (${needs.join(", ")}${optional === undefined ? "" : `, optionally ${optional.join(" with ")}`})`,
    )
    .join("; ");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(" and ");
}
