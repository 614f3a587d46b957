import { BLANK, type Folding, GAP } from "./fold.ts";
import { type Place, type Reading, spend } from "./reading.ts";
import { goOn, type Tree } from "./tree.ts";

/** A piece of the text, from the first UTF-16 unit up to the one after the last. */
export type Span = readonly [start: number, end: number];

/** What was read on one path. */
interface Trail {
  /** The longest end of it that something which is looked for begins with. */
  readonly tree: Tree;
  /** Where in the text each character begins; trails that branch share a list, so it can hold more than the trail has. */
  readonly froms: number[];
  readonly length: number;
}

/** Those that end at a place, by what they are in the middle of: how it goes on is the same for all in the middle of it. */
type Trails = Map<Tree, Trail>;

const BLANK_UNIT = BLANK.charCodeAt(0);

/**
 * Finds each place of a reading in which something that is looked for is read, whatever path leads there.
 * @param cut where a text was cut, what begins before and may go on behind the end of the reading is found too
 */
export function search(reading: Reading, wanted: Tree, { label }: Folding, cut = Number.POSITIVE_INFINITY): Span[] {
  const spans: Span[] = [];
  const arrived: (Trails | undefined)[] = [];
  if (wanted.texts.length === 0) return spans;
  const nothing: Trails = new Map([[wanted, { tree: wanted, froms: [Number.POSITIVE_INFINITY], length: 0 }]]);
  for (const place of reading) {
    const trails = arrived[place.index] ?? nothing;
    arrived[place.index] = undefined;
    if (place.at > cut) {
      for (const trail of trails.values()) if (startOf(trail) < cut) spans.push([startOf(trail), place.at]);
    }
    for (const { to, code, from } of place.steps) {
      const text = label(code);
      for (const trail of trails.values()) {
        const read = longer(trail, text === GAP ? BLANK : text, from);
        if (read.tree.longest > 0 && read !== trail) spans.push([startOf(read, read.tree.longest), to.at]);
        arrive(arrived, to, read);
        // What looks like nothing is read as a blank and as nothing.
        if (text === GAP) arrive(arrived, to, trail);
      }
    }
  }
  return spans;
}

/** Where what was read of it begins, or its last characters. */
function startOf({ tree, froms, length }: Trail, characters = tree.depth): number {
  return froms[length - characters] ?? Number.POSITIVE_INFINITY;
}

function longer(before: Trail, text: string, from: number): Trail {
  let trail = before;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A run of blanks is read as one.
    if (unit === BLANK_UNIT && trail.tree.unit === BLANK_UNIT) continue;
    spend();
    const tree = goOn(trail.tree, unit);
    const { froms, length } = trail;
    const own = froms.length === length ? froms : froms.slice(length - tree.depth + 1, length);
    own.push(from);
    trail = { tree, froms: own, length: own.length };
  }
  return trail;
}

/** Of trails that are in the middle of the same the one that begins first goes on. */
function arrive(arrived: (Trails | undefined)[], { index }: Place, trail: Trail): void {
  if (trail.tree.depth === 0) return;
  const others: Trails = arrived[index] ?? new Map();
  arrived[index] = others;
  const other = others.get(trail.tree);
  if (other === undefined || startOf(trail) < startOf(other)) others.set(trail.tree, trail);
}
