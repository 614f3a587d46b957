import { readPieces } from "./escapes.ts";
import { BLANK, exactly, GAP } from "./fold.ts";
import { addStep, type Budget, NOTHING, newPlace, type Place, type Reading, type Step } from "./reading.ts";

/** An encoding of bytes in digits of a few bits each. */
export interface Grouping {
  readonly bits: number;
  /** The value of a digit; -1 for what is none. */
  digit(code: number): number;
  /** What may stand between digits, beside blanks and what looks like nothing. */
  readonly separators: string;
}

export const BASE64: Grouping = {
  bits: 6,
  digit(code) {
    if (code >= 0x41 && code <= 0x5a) return code - 0x41;
    if (code >= 0x61 && code <= 0x7a) return code - 0x47;
    if (code >= 0x30 && code <= 0x39) return code + 4;
    if (code === 0x2b || code === 0x2d) return 62;
    return code === 0x2f || code === 0x5f ? 63 : -1;
  },
  separators: "",
};

export const HEXADECIMAL: Grouping = {
  bits: 4,
  digit(code) {
    if (code >= 0x30 && code <= 0x39) return code - 0x30;
    const letter = code | 0x20;
    return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
  },
  separators: ":-,;._",
};

/** Bits that wait for more, of the digits up to a place of the reading that is decoded. */
interface Waiting {
  readonly width: number;
  readonly value: number;
  /** Where their first digit begins. */
  readonly from: number;
  /** The place after the bytes so far, once a step leads to it or from it. */
  place: Place | undefined;
}

/** What is worth keeping of decoded bytes: runs of so many characters, of bytes that mean something. */
export interface Worth {
  readonly shortest: number;
  isUsed(byte: number): boolean;
}

/** What a reading holds in base64 or hexadecimal, whichever digit the first byte begins at. */
export function regroup(reading: Reading, grouping: Grouping, worth: Worth, budget: Budget): Reading {
  const waiting: (Waiting[] | undefined)[] = [];
  const places: Place[] = [];
  for (const place of reading) {
    const groups = waiting[place.index] ?? [];
    joined(groups, { width: 0, value: 0, from: place.at, place: undefined });
    waiting[place.index] = undefined;
    for (let step = place.steps; step !== undefined; step = step.next) {
      waiting[step.to.index] ??= [];
      const targets = waiting[step.to.index] ?? [];
      if (isSeparator(step.code, grouping.separators)) wait(groups, targets, step, places, budget);
      const digit = grouping.digit(step.code);
      if (digit >= 0) take(digit, { place, groups, targets, step, places }, grouping.bits, worth, budget);
    }
    if (budget.left < 0) return [];
  }
  places.sort((a, b) => a.at - b.at);
  for (const place of places) addCharacters(place, budget);
  return withoutShort(places, worth);
}

/** The place of a group in the new reading. */
function placeOf(group: Waiting, at: number, places: Place[]): Place {
  if (group.place !== undefined) return group.place;
  group.place = newPlace(at);
  places.push(group.place);
  return group.place;
}

/** Lets what waits wait over a separator. */
function wait(
  groups: readonly Waiting[],
  targets: Waiting[],
  { to, from }: Step,
  places: Place[],
  budget: Budget,
): void {
  for (const group of groups) {
    budget.left -= targets.length + 1;
    if (group.width === 0 && group.place === undefined) continue;
    const target = joined(targets, { ...group, place: undefined });
    if (group.place !== undefined) addStep(group.place, placeOf(target, to.at, places), NOTHING, from);
  }
}

interface Taking {
  readonly place: Place;
  readonly groups: readonly Waiting[];
  readonly targets: Waiting[];
  readonly step: Step;
  readonly places: Place[];
}

/** Adds a digit to all that waits, and a step for each byte that is whole then. */
function take(digit: number, taking: Taking, bits: number, worth: Worth, budget: Budget): void {
  const { place, groups, targets, step, places } = taking;
  const { to, from } = step;
  for (const group of groups) {
    budget.left -= targets.length + 1;
    const { byte, ...rest } = withDigit(group, digit, bits);
    const target = joined(targets, { ...rest, from, place: undefined });
    const isDecoded = byte !== undefined && (byte > 0x7f || worth.isUsed(byte));
    if (!isDecoded && (byte !== undefined || group.place === undefined)) continue;
    const start = group.width === 0 ? from : group.from;
    addStep(placeOf(group, place.at, places), placeOf(target, to.at, places), isDecoded ? byte : NOTHING, start);
  }
}

/** Adds the characters that bytes are in UTF-8. */
function addCharacters(place: Place, budget: Budget): void {
  for (let step = place.steps; step !== undefined; step = step.next) {
    const { code: byte, to: after, from } = step;
    if (byte <= 0x7f) continue;
    readPieces(byte, after, budget, (to, code) => {
      addStep(place, to, code, from);
      // A soft hyphen and its like are nothing, in whatever way they are written.
      if (code <= 0xff && isSeparator(code, "")) addStep(place, to, code === 0xa0 ? 0x20 : NOTHING, from);
    });
  }
}

/** The bits with those of one more digit, and the byte that they make. */
function withDigit({ width: before, value: bits }: Waiting, digit: number, size: number) {
  const width = before + size;
  const value = bits * 2 ** size + digit;
  if (width < 8) return { width, value, byte: undefined };
  const rest = 2 ** (width - 8);
  return { width: width - 8, value: value % rest, byte: Math.floor(value / rest) };
}

/** The group with the same bits among those that wait at a place; this one where there is none. */
function joined(groups: Waiting[], group: Waiting): Waiting {
  const same = groups.find(({ width, value }) => width === group.width && value === group.value);
  if (same === undefined) groups.push(group);
  return same ?? group;
}

function isSeparator(code: number, separators: string): boolean {
  if (code > 0x20 && code < 0x7f) return separators.includes(String.fromCharCode(code));
  const label = exactly(code);
  return label === GAP || label === BLANK;
}

/** Takes out what is on no path of enough characters, and bytes that are none of UTF-8 nor of a secret. */
function withoutShort(places: Place[], { shortest, isUsed }: Worth): Reading {
  for (const [index, place] of places.entries()) place.index = index;
  const isKept = (code: number) => code < 0x80 || code > 0xff || isUsed(code);
  const before = new Uint32Array(places.length);
  const after = new Uint32Array(places.length);
  for (const place of places) {
    for (let step = place.steps; step !== undefined; step = step.next) {
      if (!isKept(step.code)) continue;
      const length = (before[place.index] ?? 0) + weight(step.code);
      before[step.to.index] = Math.max(before[step.to.index] ?? 0, length);
    }
  }
  const kept: Place[] = [];
  for (const place of places.toReversed()) {
    let steps = place.steps;
    place.steps = undefined;
    for (; steps !== undefined; steps = steps.next) {
      if (!isKept(steps.code)) continue;
      const length = (after[steps.to.index] ?? 0) + weight(steps.code);
      after[place.index] = Math.max(after[place.index] ?? 0, length);
      if ((before[place.index] ?? 0) + length >= shortest) addStep(place, steps.to, steps.code, steps.from);
    }
    if ((before[place.index] ?? 0) + (after[place.index] ?? 0) >= shortest) kept.push(place);
  }
  kept.reverse();
  for (const [index, place] of kept.entries()) place.index = index;
  return kept;
}

function weight(code: number): number {
  return code === NOTHING || code === 0 ? 0 : 1;
}
