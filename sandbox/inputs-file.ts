import { parse } from "yaml";

/** What could not be read in an inputs file. The text never quotes a value, which may be a secret. */
export class InputsFileError extends Error {}

/** Values that may hold quotes at both ends. */
const AS_THEY_ARE = ["password", "credentials"];

/**
 * Reads the inputs of a step, in any of three forms: `input=value` with the value as it is after the first `=`;
 * `input<<EOF`, the lines of the value, and `EOF`; or `input: value` as it stands under `with:`, in YAML, also with a block of
 * indented lines. Empty lines, lines that start with `#` and `with:` itself are skipped.
 */
export function parseInputs(text: string, known: readonly string[]): Record<string, string> {
  const inputs: Record<string, string> = {};
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  let next = 0;
  while (next < lines.length) {
    const number = next + 1;
    const line = lines[next++] ?? "";
    if (/^\s*(?:#.*|with:\s*)?$/.test(line)) continue;
    const [, written = "", sign, value = ""] = /^([^=<:]*)(=|<<|:(?=\s|$))(.*)$/s.exec(line) ?? [];
    if (sign === undefined) {
      throw new InputsFileError(`line ${number} is neither input=value nor input: value nor input<<EOF`);
    }
    const name = knownInput(written.trim(), known, number);
    if (Object.hasOwn(inputs, name)) throw new InputsFileError(`line ${number}: ${name} is given twice`);
    if (sign === "=") {
      inputs[name] = value;
    } else if (sign === "<<") {
      const end = lines.indexOf(value, next);
      if (value === "" || end < 0) throw new InputsFileError(`line ${number}: no line ends the value of ${name}`);
      inputs[name] = lines.slice(next, end).join("\n");
      next = end + 1;
    } else {
      const end = endOfBlock(lines, next, line.search(/\S/));
      inputs[name] = yamlValue([value, ...lines.slice(next, end)], name, number);
      next = end;
    }
    checkValue(inputs[name], sign, name, number);
  }
  return inputs;
}

/** The line behind the lines that are indented deeper, blank ones between them too. */
function endOfBlock(lines: readonly string[], start: number, indent: number): number {
  const after = lines.slice(start).findIndex((line) => line.trim() !== "" && line.search(/\S/) <= indent);
  return after < 0 ? lines.length : start + after;
}

/** All scalars are texts, as GitHub passes them on. */
function yamlValue(lines: readonly string[], name: string, line: number): string {
  const value = yamlOrUndefined(`value: ${lines.join("\n")}\n`);
  if (typeof value === "string") return value;
  throw new InputsFileError(`line ${line}: what follows "${name}:" is no text in YAML; put it in quotes`);
}

function yamlOrUndefined(text: string): unknown {
  try {
    const whole: unknown = parse(text, { schema: "failsafe", logLevel: "error" });
    return typeof whole === "object" && whole !== null && "value" in whole ? (whole.value ?? "") : undefined;
  } catch {
    return undefined;
  }
}

function checkValue(value: string, sign: string, name: string, line: number): void {
  if (value.includes("${{")) {
    throw new InputsFileError(
      `line ${line}: ${name} holds an expression, which only a workflow fills in: write the value`,
    );
  }
  if (sign === "=" && !AS_THEY_ARE.includes(name) && /^\s*(["']).*\1\s*$/.test(value)) {
    throw new InputsFileError(`line ${line}: after = a value is taken as it is: write ${name} without quotes`);
  }
}

/** Input names know no case. What does not look like a name is not repeated: it may be a piece of a secret. */
function knownInput(name: string, known: readonly string[], line: number): string {
  const input = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (input !== undefined) return input;
  const wrong = /^[a-z][a-z_-]{0,29}$/i.test(name) ? `there is no input ${name}` : "no input is named so";
  throw new InputsFileError(`line ${line}: ${wrong}. The inputs are: ${known.join(", ")}`);
}
