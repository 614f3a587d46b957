import type { Definable } from "../index.ts";
import type { Provider } from "../provider.ts";
import { type Keeping, providerOf } from "./engine.ts";
import { readDefinition } from "./read.ts";
import type { Definition } from "./schema.ts";

/** The service that a file of the workspace describes. Seal and state hold what of it is needed there: no file is read again. */
export const custom: Definable = {
  id: "custom",
  define: (text) => described(readDefinition(text)),
  again: ({ definition = "" }) => described(readDefinition(definition)),
};

function described(definition: Definition): Provider {
  const { name, "by-hand": byHand, methods } = definition;
  const keeping: Keeping = (id, what) => {
    const { exchange, undo: _, env, probe, refusals, ...method } = methods[id] ?? {};
    const more = what === "credential" ? { env, probe, refusals } : {};
    const kept = { ...method, ...more, exchange: exchange && { path: "/" } };
    return { definition: ascii({ name, "by-hand": byHand, methods: { [id]: kept } }) };
  };
  return providerOf("custom", definition, keeping);
}

function ascii(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, escaped);
}
