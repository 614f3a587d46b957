import type { Provider } from "../provider.ts";
import { providerOf } from "./engine.ts";
import { definitionOf } from "./read.ts";

/** A provider whose definition is compiled in. */
export function platform(id: string, document: unknown): Provider {
  return providerOf(id, definitionOf(document));
}
