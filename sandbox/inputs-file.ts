/** What could not be read in an inputs file. The text never quotes a value, which may be a secret. */
export class InputsFileError extends Error {}

/**
 * Reads the inputs of a step: lines `input=value` with the value as it is after the first `=`, or `input<<EOF`, the
 * lines of the value, and `EOF`. Empty lines and lines that start with `#` are skipped.
 */
export function parseInputs(text: string, known: readonly string[]): Record<string, string> {
  const inputs: Record<string, string> = {};
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  let next = 0;
  while (next < lines.length) {
    const number = next + 1;
    const line = lines[next++] ?? "";
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const [, written = "", sign, value = ""] = /^([^=<]*)(=|<<)(.*)$/s.exec(line) ?? [];
    if (sign === undefined) throw new InputsFileError(`line ${number} is neither input=value nor input<<EOF`);
    const name = knownInput(written.trim(), known, number);
    if (Object.hasOwn(inputs, name)) throw new InputsFileError(`line ${number}: ${name} is given twice`);
    if (sign === "=") {
      inputs[name] = value;
    } else {
      const end = lines.indexOf(value, next);
      if (value === "" || end < 0) throw new InputsFileError(`line ${number}: no line ends the value of ${name}`);
      inputs[name] = lines.slice(next, end).join("\n");
      next = end + 1;
    }
  }
  return inputs;
}

/** Input names know no case. What does not look like a name is not repeated: it may be a piece of a secret. */
function knownInput(name: string, known: readonly string[], line: number): string {
  const input = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (input !== undefined) return input;
  const wrong = /^[a-z][a-z_-]{0,29}$/i.test(name) ? `there is no input ${name}` : "no input is named so";
  throw new InputsFileError(`line ${line}: ${wrong}. The inputs are: ${known.join(", ")}`);
}
