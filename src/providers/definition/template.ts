/** `{{` and `}}` are braces; what else stands in braces is the name of what is put there. */
const PIECES = /\{\{|\}\}|\{([^{}]*)\}/g;

/** The names of the placeholders in a text; undefined where a brace stands alone. */
export function placeholders(text: string): string[] | undefined {
  if (/[{}]/.test(text.replace(PIECES, ""))) return undefined;
  return [...text.matchAll(PIECES)].flatMap(([, name]) => name ?? []);
}

/** The text with each placeholder replaced; what comes in its place is not read again. */
export function filled(text: string, value: (name: string) => string): string {
  return text.replace(PIECES, (piece: string, name?: string) => (name === undefined ? piece.slice(1) : value(name)));
}
