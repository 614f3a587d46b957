import * as z from "zod/mini";
import { flawless, schema } from "../../text/json.ts";
import { method, text } from "../method.ts";
import type { Credential, Method, MethodFacts, Provider } from "../provider.ts";
import { DEFAULT_NAME, setsOf, takesIdToken } from "./check.ts";
import { exchange } from "./exchange.ts";
import { filledHeaders, filledText } from "./fill.ts";
import { parametersFlaw } from "./parameters.ts";
import { probe } from "./probe.ts";
import { useOf } from "./request.ts";
import { handleOf, revoke, revokesWith } from "./revoke.ts";
import type { Definition, MethodDefinition } from "./schema.ts";
import { type GivenTexts, namesIn, parametersOf, valuesOf, withPairs } from "./values.ts";

/** What is kept beside the values of a credential, or of a handle: nothing where the definition is compiled in. */
export type Keeping = (id: string, what: "credential" | "handle") => Readonly<Record<string, string>>;

/** A provider of the contract, made of a definition. */
export function providerOf(id: string, definition: Definition, keeping: Keeping = () => ({})): Provider {
  const { methods, name = "The service", pasted = [] } = definition;
  return {
    id,
    name,
    byHand: definition["by-hand"] ?? "the account's own page at the service",
    pastedTail: pasted,
    methods: Object.entries(methods).map(([methodId, one]) => methodOf(methodId, one, keeping)),
    revokesWith: (handle) => revokesWith(methods, handle),
    ownsHandle: ({ method: of = "" }) => methods[of]?.revoke !== undefined,
    revoke: (handle, http, revoking) => revoke(methods, handle, http, revoking),
  };
}

function methodOf(id: string, definition: MethodDefinition, keeping: Keeping): Method {
  return method<z.ZodMiniType<GivenTexts>>({
    ...factsOf(id, definition),
    fields: schema(() => fieldsOf(definition)),
    async exchange(given, http, step) {
      const audience = given["id-token-audience"] ?? definition["id-token"]?.audience;
      const { parts, ...credential } = await exchange({
        method: definition,
        given,
        audience,
        http,
        step,
        handle: (values) =>
          handleOf(id, definition, values, {
            ...keeping(id, "handle"),
            ...(audience === undefined ? {} : { audience }),
          }),
      });
      return { ...credential, parts: { ...parts, ...keeping(id, "credential") } };
    },
    probe: (credential, http, about) => probe(definition, credential, http, about),
  });
}

function factsOf(id: string, definition: MethodDefinition): MethodFacts {
  const paired = withPairs(definition);
  const { env = {}, revoke: revocation, exchange: exchanges } = definition;
  const needed = namesIn(paired, ["use", "env"]).filter(
    (name) => name.startsWith("answer.") || name.endsWith(".basic"),
  );
  return {
    id,
    ...(definition["by-name-only"] === true || takesIdToken(definition) ? { byNameOnly: true } : {}),
    envName: env.name ?? DEFAULT_NAME,
    alsoNames: Object.keys(env.also ?? {}),
    ending: exchanges === undefined ? "ready-made" : revocation === undefined ? "expires" : "revocable",
    headers: (credential: Credential) => filledHeaders(useOf(paired.use), valuesOf(paired, credential)),
    alsoExports: (credential: Credential) => {
      const values = valuesOf(paired, credential);
      return Object.fromEntries(Object.entries(env.also ?? {}).map(([name, one]) => [name, filledText(one, values)]));
    },
    isWhole: (credential) => {
      const values = valuesOf(paired, credential);
      return needed.every((name) => values[name] !== undefined);
    },
  };
}

/** What the method takes, in one object for each set of credentials that will do. */
function fieldsOf(definition: MethodDefinition): z.ZodMiniType<GivenTexts> {
  const wanted = parametersOf(definition);
  const lacking = `is empty, but the definition names ${wanted.join(" and ")}`;
  const options: Record<string, z.ZodMiniType<string | undefined>> = {};
  if (takesIdToken(definition)) options["id-token-audience"] = z.optional(text());
  if (wanted.length > 0) {
    options.parameters = text({ error: lacking }).check(flawless((given) => parametersFlaw(given, wanted)));
  }
  const [first, ...others] = setsOf(definition).map((set) =>
    z.strictObject({ ...Object.fromEntries(set.map((field) => [field, text()])), ...options }),
  );
  if (first === undefined) throw new Error("A method without a set of credentials");
  return others.length === 0 ? first : z.union([first, ...others]);
}
