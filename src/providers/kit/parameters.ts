/** A line of the input `parameters`. */
interface Line {
  /** Undefined in a line that is no `name=value`. */
  readonly name: string | undefined;
  readonly value: string;
  /** From 1. */
  readonly number: number;
}

/** The input `parameters`: one `name=value` a line; blanks around its parts and empty lines are nothing. */
export function parameterLines(text = ""): Line[] {
  return text.split(/\r\n|[\r\n]/).flatMap((line, index) => {
    const [, name, value = ""] = /^([\x21-\x3c\x3e-\x7e]+)\s*=\s*(.*)$/s.exec(line.trim()) ?? [];
    return line.trim() === "" ? [] : { name, value, number: index + 1 };
  });
}
