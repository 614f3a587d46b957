import * as core from "@actions/core";
import type { Failure } from "../failure.ts";
import { clean, cleanLine, plainLine } from "./masks.ts";

/** One plain line. */
export function info(line: string): void {
  core.info(plainLine(line));
}

/** A titled annotation that does not fail the step. */
export function warning(line: string, title: string): void {
  core.warning(annotation(line), { title });
}

export function notice(line: string, title: string): void {
  core.notice(annotation(line), { title });
}

/** The one annotation of a step that failed. Its code ends it, to branch on and to look up. */
export function error(failure: Failure): void {
  core.error(`${annotation(told(failure))} (${failure.code})`, { title: failure.title });
}

/** An annotation is shown as plain text, so code stands in quotes. It is made safe first, while a secret is as it was. */
function annotation(line: string): string {
  return cleanLine(line).replace(/`([^`]+)`/g, '"$1"');
}

/** A failure as one line: what happened, what the service answered, the likely cause and what to do. */
export function told({ message, answered, answeredBy, hint, suggestion }: Failure): string {
  const snippet = clean(answered);
  const quote = snippet === "" ? "" : `${answeredBy}: “${snippet}”.`;
  return plainLine([cleanLine(message), quote, cleanLine(suggestion ?? hint)].filter(Boolean).join(" "));
}
