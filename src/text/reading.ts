/**
 * A text as its readers could read it. Each place has steps to places further on, and a step reads one character: the one
 * that stands there, or the one that an escape there stands for. So whatever mixture of escapes a text holds, each way of
 * reading it is a path, and nothing has to be guessed. No step leads to an earlier place of the list.
 */
export type Reading = readonly Place[];

export interface Place {
  /** Where it is in the text, in UTF-16 units. */
  readonly at: number;
  /** Its number in its reading. */
  index: number;
  readonly steps: Step[];
}

export interface Step {
  readonly to: Place;
  /** The code point that is read. */
  readonly code: number;
  /** Where in the text that which is read begins; it ends where `to` is. */
  readonly from: number;
}

/** What is read where nothing can be seen: a soft line break, a colour. */
export const NOTHING = -1;

/** Adds a way to read on, unless it is known. */
export function addStep({ steps }: Place, to: Place, code: number, from: number): void {
  spend(steps.length);
  if (!steps.some((step) => step.to === to && step.code === code)) steps.push({ to, code, from });
}

/** The text as it stands. */
export function plainReading(text: string): Reading {
  let place: Place = { at: 0, index: 0, steps: [] };
  const places = [place];
  for (const character of text) {
    const to = { at: place.at + character.length, index: places.length, steps: [] };
    place.steps.push({ to, code: character.codePointAt(0) ?? 0, from: place.at });
    places.push(to);
    place = to;
  }
  return places;
}

/** How much work may still be done for the text that is read: one at a time, since nothing here waits. */
let left = Number.POSITIVE_INFINITY;

/** What the work comes to; undefined where it takes more steps than it may. */
export function within<Result>(steps: number, work: () => Result): Result | undefined {
  left = steps;
  try {
    return work();
  } catch (error) {
    if (left >= 0) throw error;
    return undefined;
  } finally {
    left = Number.POSITIVE_INFINITY;
  }
}

/** Counts what costs time, and ends the work where it is too much. */
export function spend(steps = 1): void {
  left -= steps;
  if (left < 0) throw new RangeError("too many steps");
}
