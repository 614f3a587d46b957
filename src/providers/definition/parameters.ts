/** The input `parameters`: one `name=value` a line; blanks around its parts are nothing. A name is undefined in any other line. */
export function readParameters(text = ""): [name: string | undefined, value: string][] {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return lines.filter(Boolean).map((line) => {
    const [, name, value = ""] = /^([\w.-]{1,60})\s*=\s*(.*)$/.exec(line) ?? [];
    return [name, value];
  });
}

/**
 * Why a text does not give just these parameters, for a sentence that begins with the name of the input. Nothing of the text
 * is repeated but a name that is wanted: it can be a secret in the wrong place.
 */
export function parametersFlaw(text: string | undefined, wanted: readonly string[]): string | undefined {
  const names = readParameters(text).map(([name]) => name);
  const missing = wanted.find((name) => !names.includes(name));
  if (missing !== undefined) return `lacks ${missing}`;
  return names.length > wanted.length ? "holds more than is asked for" : undefined;
}
