import { BLANK, exactly, GAP } from "./fold.ts";
import { addStep, type Place, type Reading, type Step, spend } from "./reading.ts";

/** An encoding of bytes in digits of a few bits each. */
interface Encoding {
  readonly bits: number;
  /** By their values; those behind the last value are other ways to write the last ones. */
  readonly digits: string;
  /** What may stand between digits, beside blanks and what looks like nothing. */
  readonly separators: string;
}

/** What of the first 256 characters looks like a blank or like nothing in a text, other controls aside. */
const BLANKS = "\0\t\n\v\f\r \xa0\xad";

const ENCODINGS: readonly Encoding[] = [
  { bits: 6, digits: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", separators: "" },
  { bits: 4, digits: "0123456789abcdefABCDEF", separators: ":-,;._" },
];

/** Bits that wait for the digits that make a byte of them. */
interface Waiting {
  /** Where the byte before has ended, in the reading of the bytes. */
  readonly place: Place;
  readonly width: number;
  readonly value: number;
  /** Where their first digit begins. */
  readonly from: number;
}

/** The bytes that a reading holds in base64 or hexadecimal, whichever digit the first of so many begins at. */
export function bytesIn(reading: Reading, shortest: number): Reading {
  const places: Place[] = [];
  for (const encoding of ENCODINGS) decode(reading, encoding, shortest, places);
  for (const [index, place] of places.entries()) place.index = index;
  return places;
}

function decode(reading: Reading, encoding: Encoding, shortest: number, places: Place[]): void {
  const waiting: (Waiting[] | undefined)[] = [];
  const ahead = digitsAhead(reading, encoding);
  for (const place of reading) {
    const arrived = waiting[place.index] ?? [];
    waiting[place.index] = undefined;
    const ready = [...arrived];
    if ((ahead[place.index] ?? 0) * encoding.bits >= shortest * 8) ended(ready, place, 0, 0, 0);
    if (ready.length === 0) continue;
    for (const one of ready) if (one.place.at === place.at) places.push(one.place);
    for (const step of place.steps) {
      const value = digitOf(step.code, encoding);
      const isBetween = separates(step.code, encoding);
      if (value < 0 && !isBetween) continue;
      waiting[step.to.index] ??= [];
      const targets = waiting[step.to.index] ?? [];
      if (value >= 0) for (const one of ready) take(one, step, encoding.bits, value, targets);
      if (isBetween) for (const one of arrived) wait(one, targets);
    }
  }
}

/** How many digits can be read on from each place. */
function digitsAhead(reading: Reading, encoding: Encoding): Uint32Array {
  const ahead = new Uint32Array(reading.length);
  for (const { index, steps } of reading.toReversed()) {
    for (const { to, code } of steps) {
      const isDigit = digitOf(code, encoding) >= 0;
      const count = (ahead[to.index] ?? 0) + Number(isDigit);
      if (isDigit || separates(code, encoding)) ahead[index] = Math.max(ahead[index] ?? 0, count);
    }
  }
  return ahead;
}

/** The value of a digit; -1 for what is none. */
function digitOf(code: number, { bits, digits }: Encoding): number {
  const index = code < 0x80 ? digits.indexOf(String.fromCharCode(code)) : -1;
  return index < 2 ** bits ? index : index + 2 ** bits - digits.length;
}

function separates(code: number, { separators }: Encoding): boolean {
  if (code >= 0 && code <= 0xff) return (BLANKS + separators).includes(String.fromCharCode(code));
  const label = exactly.label(code);
  return label === GAP || label === BLANK;
}

/** Adds a digit to what waits, and a step where a byte is whole then. */
function take(one: Waiting, { to, from }: Step, bits: number, digit: number, targets: Waiting[]): void {
  const rest = one.width + bits - 8;
  const value = (one.value << bits) | digit;
  const start = one.width === 0 ? from : one.from;
  if (rest < 0) {
    wait({ place: one.place, width: one.width + bits, value, from: start }, targets);
  } else {
    const { place } = ended(targets, to, rest, value % 2 ** rest, from);
    addStep(one.place, place, value >> rest, start);
  }
}

/** What waits for more after a byte that ends here. */
function ended(targets: Waiting[], { at }: Place, width: number, value: number, from: number): Waiting {
  const known = targets.find((one) => one.place.at === at && one.width === width && one.value === value);
  return known ?? wait({ place: { at, index: 0, steps: [] }, width, value, from }, targets);
}

/** Lets something wait, unless its like does. */
function wait(one: Waiting, targets: Waiting[]): Waiting {
  spend(targets.length + 1);
  const isLike = ({ place, width, value }: Waiting) =>
    place === one.place && width === one.width && value === one.value;
  if (!targets.some(isLike)) targets.push(one);
  return one;
}
