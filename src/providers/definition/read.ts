import * as z from "zod/mini";
import { didYouMean, ifName } from "../../text/nearest.ts";
import { pointerStep, strictJson } from "../../text/strict-json.ts";
import { checkMethod } from "./check.ts";
import { mistake } from "./mistake.ts";
import { type Definition, type MethodDefinition, OneMethod, SeveralMethods } from "./schema.ts";

/** Bytes that a definition may have. */
export const LARGEST = 65_536;

/**
 * The definition that a text holds.
 * @throws {Failure} `invalid-input`, with the place of the first mistake
 */
export function readDefinition(text: string): Definition {
  if (Buffer.byteLength(text) > LARGEST) throw mistake("", `it has more than ${LARGEST / 1024} KiB`);
  const document = strictJson(text.replace(/^\ufeff/, ""), (flaw, { line, column, pointer }) => {
    throw mistake(pointer, flaw, "", `line ${line}, column ${column}`);
  });
  return definitionOf(document);
}

/**
 * The definition that a JSON document holds.
 * @throws {Failure} `invalid-input`, with the place of the first mistake
 */
export function definitionOf(document: unknown): Definition {
  const hasSeveral = typeof document === "object" && document !== null && "methods" in document;
  if (!hasSeveral) {
    const { name, "by-hand": byHand, pasted, $schema: _, ...custom } = fitting(OneMethod(), document);
    checkMethod(custom, "");
    return { name, "by-hand": byHand, pasted, methods: { custom } };
  }
  const definition = fitting(SeveralMethods(), document);
  const methods = Object.entries(definition.methods);
  if (methods.length === 0) throw mistake("/methods", "it holds no method");
  for (const [id, method] of methods) checkMethod(method, `/methods/${id}`);
  return definition;
}

export type { Definition, MethodDefinition };

/** @throws {Failure} `invalid-input`, with the first thing that does not fit */
function fitting<Type extends z.ZodMiniType>(format: Type, document: unknown): z.output<Type> {
  const result = z.safeParse(format, document, { error: flawOf });
  if (result.success) return result.data;
  const { issues } = result.error;
  // What is missing is often there under a wrong name.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const key = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const pointer = [...(issue?.path ?? []), ...key].map(pointerStep).join("");
  // The first sentence is the flaw, what follows it the hint.
  const [flaw = "", ...hint] = (issue?.message ?? "").split("\n");
  throw mistake(pointer, flaw, hint.join(" "));
}

/** What is wrong, where the schema itself has no words for it. */
function flawOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKey(issue.keys[0] ?? "", issue.inst);
    case "invalid_type":
      return issue.input === undefined ? "it is missing" : `it is no ${issue.expected}`;
    case "invalid_value":
      return noneOf(issue.input, issue.values.map(String));
    case "invalid_key":
      return issue.issues[0]?.message ?? "";
    case "invalid_union":
      return noneOf(
        issue.input,
        issue.errors.flat().flatMap((one) => (one.code === "invalid_value" ? one.values.map(String) : [])),
      );
    default:
      return "its value cannot be";
  }
}

function unknownKey(key: string, inst: unknown): string {
  const keys = inst instanceof z.ZodMiniObject ? Object.keys(inst.shape) : [];
  return `the key is unknown\n${didYouMean(key, keys)}There may stand ${keys.join(", ")}.`;
}

function noneOf(given: unknown, values: readonly string[]): string {
  const meant = typeof given === "string" ? didYouMean(ifName(given), values) : "";
  return `it is none of ${values.join(", ")}\n${meant}`.trimEnd();
}
