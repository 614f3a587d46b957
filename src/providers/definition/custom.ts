import type { Definable } from "../index.ts";
import type { Provider } from "../provider.ts";
import { type Keeping, providerOf } from "./engine.ts";
import { mistake } from "./mistake.ts";
import { definitionOf, readDefinition } from "./read.ts";
import type { Definition } from "./schema.ts";

/** Characters that a value in a seal, and in the state of a step, may have. */
const LARGEST = 65_536;

/** The service that a file of the workspace describes. Seal and state hold what of it is needed there: no file is read again. */
export const custom: Definable = {
  id: "custom",
  define: (text) => described(readDefinition(text)),
  again: ({ definition }) =>
    definition === undefined ? providerOf("custom", { methods: {} }) : described(readDefinition(definition)),
};

/** A provider whose definition is compiled in. */
export function platform(id: string, document: unknown): Provider {
  return providerOf(id, definitionOf(document));
}

function described(definition: Definition): Provider {
  const { name, "by-hand": byHand, methods } = definition;
  const keeping: Keeping = (id, what) => {
    const { exchange, undo: _, env, probe, refusals, ...method } = methods[id] ?? {};
    const more = what === "credential" ? { env, probe, refusals } : {};
    const kept = { ...method, ...more, exchange: exchange && { path: "/" } };
    return { definition: ascii({ name, "by-hand": byHand, methods: { [id]: kept } }) };
  };
  for (const id of Object.keys(methods)) {
    if ((keeping(id, "credential")?.definition ?? "").length > LARGEST)
      throw mistake("", "too much of it has to be kept");
  }
  const about = { definition: ascii({ name, "by-hand": byHand, credentials: ["token"] }) };
  return { ...providerOf("custom", definition, keeping), about };
}

function ascii(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, escaped);
}
