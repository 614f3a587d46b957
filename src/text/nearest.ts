/** Most typing errors that a name may hold and still be recognised; of a short one, a single one. */
const MOST_ERRORS = 2;

/** A piece of a name shorter than this says nothing of the whole. */
const SHORTEST_PIECE = 4;

/** A name without what people write in its place: case, hyphens, underscores, blanks, quotes. */
export function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** Asks for the name that was probably meant, as a sentence with a blank behind it; empty where none is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  const [best] = names
    .map((name) => ({ name, errors: distance(bare(given).slice(0, 40), bare(name)) }))
    .filter(({ name, errors }) => errors <= (bare(name).length > SHORTEST_PIECE ? MOST_ERRORS : 1))
    .sort((one, other) => one.errors - other.errors);
  return best === undefined ? "" : `Did you mean "${best.name}"? `;
}

/** A value may be repeated in a text only where it looks like a name: anything else could be a secret in the wrong place. */
export function ifName(value: string): string {
  return /^[a-z][a-z0-9 _-]{0,29}$/i.test(value) ? value : "";
}

/** Typing errors between two names (Levenshtein); a piece of a name counts as one, and so do the same letters in another order. */
function distance(one: string, other: string): number {
  if (one === other) return 0;
  const [shorter = "", longer = ""] = [one, other].sort((a, b) => a.length - b.length);
  if (shorter.length < SHORTEST_PIECE) return Number.POSITIVE_INFINITY;
  if (longer.includes(shorter) || [...one].sort().join() === [...other].sort().join()) return 1;
  let row = [...other, ""].map((_, index) => index);
  for (const [line, character] of [...one].entries()) {
    const above = row;
    row = [line + 1];
    for (const [column, another] of [...other].entries()) {
      const swap = (above[column] ?? 0) + (character === another ? 0 : 1);
      row.push(Math.min(swap, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}
