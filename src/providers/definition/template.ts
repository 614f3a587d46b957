/** A piece of a text with placeholders: what stands there as it is, or the name of what is put there. */
type Piece = string | { readonly name: string };

/** `{{` and `}}` are braces; what else stands in braces is a placeholder. */
const PIECES = /\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g;

function pieces(text: string): Piece[] {
  return (text.match(PIECES) ?? []).map((piece) => {
    if (piece === "{{" || piece === "}}") return piece.slice(1);
    return piece.length > 1 && piece.startsWith("{") ? { name: piece.slice(1, -1) } : piece;
  });
}

/** The names of the placeholders in a text; undefined where a brace stands alone. */
export function placeholders(text: string): string[] | undefined {
  if ((text.match(PIECES) ?? []).some((piece) => piece === "{" || piece === "}")) return undefined;
  return pieces(text).flatMap((piece) => (typeof piece === "string" ? [] : [piece.name]));
}

/** The text with each placeholder replaced; what comes in its place is not read again. */
export function filled(text: string, value: (name: string) => string): string {
  return pieces(text)
    .map((piece) => (typeof piece === "string" ? piece : value(piece.name)))
    .join("");
}
