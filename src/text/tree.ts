import { spend } from "./reading.ts";

/**
 * All that is looked for at once (Aho and Corasick, 1975): texts by their beginnings. It grows only where a text leads, so
 * thousands of secrets cost little.
 */
export interface Tree {
  /** All texts that begin like this. */
  readonly texts: readonly string[];
  /** With so many UTF-16 units. */
  readonly depth: number;
  /** The last of them. */
  readonly unit: number;
  /** Length of the longest text that ends here; 0 for none. */
  readonly longest: number;
  /** Where to go on from where none of the texts does: the longest end of this that another begins with. */
  readonly fallback: Tree | undefined;
  /** The texts that go on, by their next unit, and those of them that were read. */
  groups: Map<number, string[]> | undefined;
  readonly branches: Map<number, Tree>;
}

export function tree(texts: Iterable<string>): Tree {
  return beginning([...texts], 0, -1, undefined);
}

function beginning(texts: readonly string[], depth: number, unit: number, fallback: Tree | undefined): Tree {
  const isWhole = depth > 0 && texts.some(({ length }) => length === depth);
  const longest = isWhole ? depth : (fallback?.longest ?? 0);
  return { texts, depth, unit, longest, fallback, groups: undefined, branches: new Map() };
}

/** The texts that go on with a unit; undefined where none does. */
export function branch(from: Tree, unit: number): Tree | undefined {
  const known = from.branches.get(unit);
  if (known !== undefined) return known;
  from.groups ??= Map.groupBy(from.texts, (text) => text.charCodeAt(from.depth));
  const texts = from.groups.get(unit);
  if (texts === undefined) return undefined;
  const fallback = from.fallback === undefined ? from : goOn(from.fallback, unit);
  const grown = beginning(texts, from.depth + 1, unit, fallback);
  from.branches.set(unit, grown);
  return grown;
}

/** What is begun after one more unit. */
export function goOn(from: Tree, unit: number): Tree {
  for (let tree = from; ; tree = tree.fallback) {
    spend();
    const next = branch(tree, unit);
    if (next !== undefined || tree.fallback === undefined) return next ?? tree;
  }
}
