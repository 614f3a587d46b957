import * as z from "zod/mini";
import { pointerStep, strictJson } from "../../text/strict-json.ts";
import { checkMethod } from "./check.ts";
import { mayStand, mistake } from "./mistake.ts";
import { type Definition, OneMethod, SeveralMethods } from "./schema.ts";

/**
 * The definition that a text holds.
 * @throws {Failure} `invalid-input`, with the place of the first mistake
 */
export function readDefinition(text: string): Definition {
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
  if (typeof document !== "object" || document === null || !("methods" in document)) {
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

/** @throws {Failure} `invalid-input`, with the first thing that does not fit */
function fitting<Type extends z.ZodMiniType>(format: Type, document: unknown): z.output<Type> {
  const result = z.safeParse(format, document, { error: flawOf });
  if (result.success) return result.data;
  const { issues } = result.error;
  // What is missing is often there under a wrong name.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const key = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const pointer = [...(issue?.path ?? []), ...key].map(pointerStep).join("");
  // The first line is the flaw, what follows it the hint.
  const [flaw = "", hint] = (issue?.message ?? "").split("\n");
  throw mistake(pointer, flaw, hint);
}

/** What is wrong, where the schema itself has no words for it. */
function flawOf(issue: z.core.$ZodRawIssue): string | undefined {
  const keys = issue.inst instanceof z.ZodMiniObject ? Object.keys(issue.inst.shape) : [];
  switch (issue.code) {
    case "unrecognized_keys":
      return `the key is unknown\n${mayStand(issue.keys[0] ?? "", keys)}`;
    case "invalid_type":
      if (issue.input === undefined) return "it is missing";
      return `it is no ${issue.expected}${keys.length === 0 ? "" : `\n${mayStand("", keys)}`}`;
    case "invalid_value":
      return `it is none of what may stand there\n${mayStand(String(issue.input), issue.values.map(String))}`;
    case "invalid_key":
      return issue.issues[0]?.message;
    case "invalid_union":
      return issue.errors[0]?.[0]?.message;
    default:
      return "its value cannot be";
  }
}
