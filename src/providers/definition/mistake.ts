import { Failure } from "../../failure.ts";

/** Keys are from outside: what is no plain word of a reasonable length is not repeated. */
const SHOWN = /^(?:\/[\w.~$-]{0,60}){0,12}$/;

/**
 * A mistake in a definition, told with its place.
 * @param pointer JSON Pointer (RFC 6901)
 * @param flaw for a sentence
 */
export function mistake(pointer: string, flaw: string, hint = "", position = ""): Failure {
  const shown = SHOWN.test(pointer) ? pointer : pointer.replace(/[^\w.~$/-]/g, "?").slice(0, 200);
  const place = [position, pointer === "" ? "" : `"${shown}"`].filter(Boolean).join(", ") || "its top";
  return new Failure("invalid-input", `The definition is wrong at ${place}: ${flaw}.`, {
    title: "Definition not right",
    hint: `${hint}${hint === "" ? "" : " "}docs/definitions.md explains the format, and schema/definition.json lets an editor check it.`,
  });
}
