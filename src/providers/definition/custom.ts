import type { Definable } from "../index.ts";
import type { Provider } from "../provider.ts";
import { type Keeping, providerOf } from "./engine.ts";
import { mistake } from "./mistake.ts";
import { readDefinition } from "./read.ts";
import type { Definition, MethodDefinition } from "./schema.ts";

/** Characters that a description may have in a seal, and in the state of a step, which is a variable of a process. */
const LARGEST = { credential: 65_536, handle: 16_384 };

/** The service that a file of the workspace describes. Seal and state hold what of it is needed there: no file is read again. */
export const custom: Definable = {
  id: "custom",
  define: (text) => described(readDefinition(text)),
  again: ({ definition }) =>
    definition === undefined ? providerOf("custom", { methods: {} }) : described(readDefinition(definition)),
};

function described(definition: Definition): Provider {
  const keeping: Keeping = (id, what) => ({ definition: written(definition, id, what) });
  for (const id of Object.keys(definition.methods)) {
    for (const what of ["credential", "handle"] as const) {
      if (written(definition, id, what).length <= LARGEST[what]) continue;
      throw mistake(what === "handle" ? "/revoke" : "", `what is kept of it has more than ${LARGEST[what]} characters`);
    }
  }
  return providerOf("custom", definition, keeping);
}

/** As much of a definition as is needed to use and prove a credential, or to revoke it, in printable ASCII. */
function written(definition: Definition, id: string, what: "credential" | "handle"): string {
  const { name, "by-hand": byHand, methods } = definition;
  const { undo: _, ...method } = methods[id] ?? {};
  const exchange = method.exchange === undefined ? undefined : { path: "/" };
  const kept: MethodDefinition = what === "credential" ? { ...method, exchange } : { ...ofHandle(method), exchange };
  return ascii({ name, "by-hand": byHand, methods: { [id]: kept } });
}

function ascii(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function ofHandle({ credentials, "id-token": idToken, answer, use, revoke }: MethodDefinition): MethodDefinition {
  return { credentials, "id-token": idToken, answer, use: revoke?.with === "use" ? use : undefined, revoke };
}
