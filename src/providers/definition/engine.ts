import * as z from "zod/mini";
import { schema } from "../../text/json.ts";
import { invalidInput } from "../kit/faults.ts";
import { parameterLines } from "../kit/parameters.ts";
import { method, text } from "../method.ts";
import type { Method, Provider } from "../provider.ts";
import { DEFAULT_NAME, setsOf, takesIdToken } from "./check.ts";
import { exchange } from "./exchange.ts";
import { filledHeaders, filledTexts, type Values } from "./fill.ts";
import { namesIn } from "./places.ts";
import { probe } from "./probe.ts";
import { handleOf, revoke, revokesWith } from "./revoke.ts";
import type { Definition, MethodDefinition } from "./schema.ts";
import { missing, valuesOf, withPairs } from "./values.ts";

/** What is kept beside the values of a credential, or of a handle: nothing where the definition is compiled in. */
export type Keeping = (id: string, what: "credential" | "handle") => { readonly definition: string } | undefined;

/** A provider of the contract, made of a definition. */
export function providerOf(id: string, definition: Definition, keeping: Keeping = () => undefined): Provider {
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
  const paired = withPairs(definition);
  const { use, env = {} } = paired;
  const also = env.also ?? {};
  const wanted = namesIn(definition).flatMap((name) => /^parameters\.(.+)$/.exec(name)?.[1] ?? []);
  return method<z.ZodMiniType<Values>>({
    id,
    byNameOnly: definition["by-name-only"] === true || takesIdToken(definition),
    envName: env.name ?? DEFAULT_NAME,
    alsoNames: Object.keys(also),
    ending:
      definition.exchange === undefined ? "ready-made" : definition.revoke === undefined ? "expires" : "revocable",
    headers: (credential) => filledHeaders(use, valuesOf(paired, credential)),
    alsoExports: (credential) => filledTexts(also, valuesOf(paired, credential)),
    isWhole: (credential) => missing({ use, env }, valuesOf(paired, credential)) === undefined,
    fields: schema(() => fieldsOf(definition, wanted)),
    check({ parameters }) {
      const names = parameterLines(parameters).map(({ name }) => name);
      const lacking = wanted.find((name) => !names.includes(name));
      if (lacking === undefined && names.length <= wanted.length) return;
      // Nothing that was given is repeated: it can be a secret in the wrong place.
      const flaw = lacking === undefined ? "holds more than is asked for" : `lacks ${lacking}`;
      const lines = wanted.map((name) => `${name}=VALUE`).join(", ");
      throw invalidInput("parameters", flaw, `Give a line for each of these, and no other: ${lines}.`);
    },
    async exchange(given, http, step) {
      const handle = (values: Values) => handleOf(id, definition, values, keeping(id, "handle"));
      const { parts, ...credential } = await exchange({ method: definition, http, step, handle }, given);
      return { ...credential, parts: { ...parts, ...keeping(id, "credential") } };
    },
    probe: (credential, http, about) => probe(paired, credential, http, about),
  });
}

/** What the method takes, in one object for each set of credentials that will do. */
function fieldsOf(definition: MethodDefinition, parameters: readonly string[]): z.ZodMiniType<Values> {
  const more: Record<string, z.ZodMiniType<string | undefined>> = {
    ...(takesIdToken(definition) && { "id-token-audience": z.optional(text()) }),
    ...(parameters.length > 0 && { parameters: z.optional(text()) }),
  };
  return z.union(
    setsOf(definition).map((set) =>
      z.strictObject({ ...Object.fromEntries(set.map((field) => [field, text()])), ...more }),
    ),
  );
}
