import { Failure } from "../../failure.ts";
import { didYouMean } from "../../text/nearest.ts";

/**
 * A mistake in a definition, told with its place.
 * @param pointer JSON Pointer (RFC 6901)
 * @param flaw for a sentence
 */
export function mistake(pointer: string, flaw: string, hint = "", position = ""): Failure {
  // Keys are from outside.
  const shown = pointer && `"${pointer.replace(/[^\x20-\x7e]/g, "?").slice(0, 200)}"`;
  const place = [position, shown].filter(Boolean).join(", ") || "its top";
  return new Failure("invalid-input", `The definition is wrong at ${place}: ${flaw}.`, {
    title: "Definition not right",
    hint: `${hint} docs/definitions.md explains the format.`.trim(),
  });
}

/** What can stand in the place of something else, and which of it was probably meant. */
export function mayStand(given: string, names: readonly string[]): string {
  return `${didYouMean(given, names)}There may stand ${names.join(", ")}.`;
}
