/**
 * A text as its readers could read it. Each place has steps to places further on, and a step reads one character: the one
 * that stands there, or the one that an escape there stands for. So whatever mixture of escapes a text holds, each way of
 * reading it is a path, and nothing has to be guessed.
 */
export type Reading = readonly Place[];

export interface Place {
  /** Where it is in the text, in UTF-16 units. A step always leads further on. */
  readonly at: number;
  /** Its number in its reading. */
  index: number;
  steps: Step | undefined;
}

export interface Step {
  readonly to: Place;
  /** The code point that is read. */
  readonly code: number;
  /** Where in the text that which is read begins; it ends where `to` is. */
  readonly from: number;
  readonly next: Step | undefined;
}

/** How much work may still be done for a text; below zero all stop. */
export interface Budget {
  left: number;
}

/** What is read where nothing can be seen: a soft line break, a colour, the bits between two bytes. */
export const NOTHING = -1;

export function newPlace(at: number): Place {
  return { at, index: 0, steps: undefined };
}

export function addStep(place: Place, to: Place, code: number, from: number): void {
  place.steps = { to, code, from, next: place.steps };
}

/** The text as it stands. */
export function plainReading(text: string): Reading {
  const places = [newPlace(0)];
  for (let place = places[0]; place !== undefined && place.at < text.length; ) {
    const code = text.codePointAt(place.at) ?? 0;
    const to = newPlace(place.at + (code > 0xffff ? 2 : 1));
    addStep(place, to, code, place.at);
    to.index = places.push(to) - 1;
    place = to;
  }
  return places;
}
