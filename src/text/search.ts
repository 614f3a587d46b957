import { BLANK, GAP, type Label } from "./fold.ts";
import type { Budget, Reading, Step } from "./reading.ts";

/** A piece of the text, from the first UTF-16 unit up to the one after the last. */
export type Span = readonly [start: number, end: number];

/** All that is looked for at once (Aho and Corasick, 1975): a state is what of it has just been read, 0 is nothing. */
export interface Wanted {
  /** Where each state goes on, by the unit that was inserted first, and where by all others. */
  readonly unit: number[];
  readonly to: number[];
  readonly others: Map<number, number>;
  /** For each state the one to go on from where no character fits: what of its text may still begin something. */
  readonly fallback: number[];
  /** How long the text of each state is. */
  readonly depth: number[];
  /** Length of the longest thing that ends in the state; 0 for none. */
  readonly whole: number[];
  /** The last unit of its text. */
  readonly last: number[];
}

/** A UTF-16 unit is below this. */
const UNITS = 0x10000;

const BLANK_UNIT = BLANK.charCodeAt(0);

export function wanted(texts: Iterable<string>): Wanted {
  const built: Wanted = { unit: [-1], to: [0], others: new Map(), fallback: [0], depth: [0], whole: [0], last: [0] };
  let growing = [...new Set(texts)].filter((text) => text !== "").map((text) => ({ text, state: 0 }));
  // All texts grow together, so that what a state falls back to, being shorter, is there already.
  for (let length = 1; growing.length > 0; length++) {
    for (const entry of growing) {
      entry.state = grown(built, entry.state, entry.text.charCodeAt(length - 1), length);
      if (length === entry.text.length) built.whole[entry.state] = length;
    }
    growing = growing.filter(({ text }) => text.length > length);
  }
  return built;
}

function grown(built: Wanted, from: number, unit: number, length: number): number {
  const known = after(built, from, unit);
  if (known !== undefined) return known;
  const state = built.depth.push(length) - 1;
  const fallback = from === 0 ? 0 : follow(built, built.fallback[from] ?? 0, unit);
  built.unit.push(-1);
  built.to.push(0);
  built.fallback.push(fallback);
  built.whole.push(built.whole[fallback] ?? 0);
  built.last.push(unit);
  if (built.unit[from] === -1) {
    built.unit[from] = unit;
    built.to[from] = state;
  } else {
    built.others.set(from * UNITS + unit, state);
  }
  return state;
}

function after({ unit: first, to, others }: Wanted, state: number, unit: number): number | undefined {
  if (first[state] === unit) return to[state];
  return others.size === 0 ? undefined : others.get(state * UNITS + unit);
}

function follow(looked: Wanted, from: number, unit: number, budget?: Budget): number {
  for (let state = from; ; state = looked.fallback[state] ?? 0) {
    const next = after(looked, state, unit);
    if (budget !== undefined) budget.left--;
    if (next !== undefined || state === 0) return next ?? 0;
  }
}

/** The characters that were read on one path, newest first: each knows the one before, and one far before it. */
interface Trail {
  readonly state: number;
  /** Where the character begins in the text. */
  readonly from: number;
  readonly length: number;
  readonly before: Trail | undefined;
  readonly farBefore: Trail | undefined;
}

const NOTHING_YET: Trail = { state: 0, from: 0, length: 0, before: undefined, farBefore: undefined };

/** Adds a character. The far links let any earlier one be found in logarithmic time (Myers, 1983). */
function longer(before: Trail, state: number, from: number): Trail {
  const far = before.farBefore ?? before;
  const farther = far.farBefore ?? far;
  const isEven = before.length - far.length === far.length - farther.length;
  return { state, from, length: before.length + 1, before, farBefore: isEven ? farther : before };
}

/** The trail as it was when it had this length. */
function earlier(trail: Trail, length: number): Trail {
  let found = trail;
  while (found.length > length) {
    const { before = found, farBefore = before } = found;
    found = farBefore.length >= length ? farBefore : before;
  }
  return found;
}

/** Where the last characters of the trail begin. */
function startOf(trail: Trail, characters: number): number {
  return earlier(trail, trail.length - characters + 1).from;
}

/**
 * Finds each place of a reading in which something that is looked for is read, whatever path leads there.
 * @param cut where a text was cut, what begins before and may go on behind the end of the reading is found too
 */
export function search(
  reading: Reading,
  looked: Wanted,
  label: Label,
  budget: Budget,
  cut = Number.POSITIVE_INFINITY,
): Span[] {
  const spans: Span[] = [];
  const arriving: (Trail[] | undefined)[] = [];
  for (const place of reading) {
    const trails = [...distinct(arriving[place.index] ?? [NOTHING_YET], looked)];
    arriving[place.index] = undefined;
    for (const trail of place.at > cut ? trails : []) {
      if (trail === NOTHING_YET) continue;
      const start = startOf(trail, looked.depth[trail.state] ?? 0);
      if (start < cut) spans.push([start, place.at]);
    }
    for (let step = place.steps; step !== undefined; step = step.next) {
      for (const trail of trails) {
        for (const read of readStep(trail, step, looked, label, budget)) {
          if (read.state === 0) continue;
          const length = looked.whole[read.state] ?? 0;
          // What reads as nothing after a find is no part of it.
          if (length > 0 && read !== trail) spans.push([startOf(read, length), step.to.at]);
          const others = arriving[step.to.index];
          if (others === undefined) arriving[step.to.index] = [read];
          else others.push(read);
        }
      }
    }
    if (budget.left < 0) break;
  }
  return spans;
}

/** One trail of those in the same state, the one that begins first: what follows is the same for all of them. */
function distinct(trails: readonly Trail[], { depth }: Wanted): Iterable<Trail> {
  if (trails.length < 2) return trails;
  const known = new Map<number, Trail>();
  for (const trail of trails) {
    const other = known.get(trail.state);
    const length = depth[trail.state] ?? 0;
    if (other === undefined || startOf(trail, length) < startOf(other, length)) known.set(trail.state, trail);
  }
  return known.values();
}

/** The trails that come of a step: what may be a blank or nothing makes two of one. */
function readStep(trail: Trail, step: Step, looked: Wanted, label: Label, budget: Budget): readonly Trail[] {
  budget.left--;
  const text = label(step.code);
  if (text === GAP) return [trail, readText(trail, step, BLANK, looked, budget)];
  return [readText(trail, step, text, looked, budget)];
}

function readText(start: Trail, { from }: Step, text: string, looked: Wanted, budget: Budget): Trail {
  let trail = start;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A run of blanks is read as one.
    if (unit === BLANK_UNIT && looked.last[trail.state] === BLANK_UNIT) continue;
    const state = follow(looked, trail.state, unit, budget);
    trail = state === 0 ? NOTHING_YET : longer(trail, state, from);
  }
  return trail;
}
