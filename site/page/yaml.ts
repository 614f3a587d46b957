/** Values as YAML writes them. */

/** Nothing in it means something to YAML, and it is read as a text. */
const PLAIN = /^(?!null$)[A-Za-z/.][\w./:@+=?&%-]*(?<!:)$/i;
const EXPRESSION = /^\$\{\{ [^{}]+ \}\}$/;

/** What GitHub fills in when the workflow runs. */
export function expression(text: string): string {
  return `\${{ ${text} }}`;
}

/** A value of one line. */
export function scalar(value: string): string {
  return PLAIN.test(value) || EXPRESSION.test(value) ? value : JSON.stringify(value);
}

/** `name: value`, as a block where the value has several lines. */
export function entry(name: string, value: string): string[] {
  const lines = value.split("\n").map((line) => line.trimEnd());
  const kept = lines.filter((line) => line !== "");
  return kept.length > 1 ? [`${name}: |`, ...kept.map((line) => `  ${line}`)] : [`${name}: ${scalar(kept[0] ?? "")}`];
}

/** Lines moved to the right, by two blanks each time. */
export function indent(lines: readonly string[], depth = 1): string[] {
  return lines.map((line) => (line === "" ? "" : "  ".repeat(depth) + line));
}

/** The lines as one entry of a list. */
export function item(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`));
}
