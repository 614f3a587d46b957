import type { Provider } from "../provider.ts";
import { providerOf } from "./engine.ts";
import { readDefinition } from "./read.ts";

/** A provider whose definition comes with the action. */
export function platform(id: string, definition: string): Provider {
  return providerOf(id, readDefinition(definition));
}
