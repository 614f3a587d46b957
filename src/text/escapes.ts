import { byteOf, ENTITIES, LONGEST_NAME } from "./characters.ts";
import { addStep, type Budget, NOTHING, type Place, type Reading, type Step } from "./reading.ts";

/** So many layers of escapes are read. */
const LAYERS = 8;

/** Longest number in an escape, with leading zeros. */
const MOST_DIGITS = 1024;

const LARGEST_CODE = 0x10ffff;

/** What came of an escape: the place after it, and the code point that it stands for. */
type Found = (to: Place, code: number) => void;

/**
 * Adds what the escapes of a reading stand for, layer by layer: percent-encoding, forms, JSON and JavaScript, HTML and XML,
 * quoted-printable, doubled quotes, colours of a terminal, surrogate pairs, and UTF-8 that was read as Latin-1.
 */
export function addEscapes(reading: Reading, budget: Budget): void {
  for (let layer = 0; layer < LAYERS; layer++) {
    let isNew = false;
    for (const place of reading) {
      for (let step = place.steps; step !== undefined; step = step.next) {
        const { from } = step;
        readEscape(step, budget, (to, code) => {
          if (has(place, to, code, budget)) return;
          addStep(place, to, code, from);
          isNew = true;
        });
        if (budget.left < 0) return;
      }
    }
    if (!isNew) return;
  }
}

function has(place: Place, to: Place, code: number, budget: Budget): boolean {
  for (let step = place.steps; step !== undefined; step = step.next) {
    budget.left--;
    if (step.to === to && step.code === code) return true;
  }
  return false;
}

/** Follows each step from a place; what reads as nothing is passed over. */
function follow(place: Place, budget: Budget, then: (step: Step) => void): void {
  for (let step = place.steps; step !== undefined && budget.left > 0; step = step.next) {
    budget.left--;
    if (step.code === NOTHING) follow(step.to, budget, then);
    else then(step);
  }
}

/** Follows the steps that read one of these characters of ASCII. */
function expect(place: Place, characters: string, budget: Budget, then: Found): void {
  follow(place, budget, ({ to, code }) => {
    if (isOneOf(characters, code)) then(to, code);
  });
}

function isOneOf(characters: string, code: number): boolean {
  return code < 0x80 && characters.includes(String.fromCharCode(code));
}

function readEscape({ to: after, code }: Step, budget: Budget, found: Found): void {
  budget.left--;
  const nothing = (place: Place) => found(place, NOTHING);
  switch (code) {
    case 0x25: // %
      number(after, 16, 2, 2, budget, found);
      expect(after, "uU", budget, (place) => number(place, 16, 4, 4, budget, found));
      return;
    case 0x26: // &
      readReference(after, budget, (place, code) => {
        found(place, code);
        expect(place, ";", budget, (end) => found(end, code));
      });
      return;
    case 0x2b: // +
      found(after, 0x20);
      return;
    case 0x30: // 0x between bytes in hexadecimal
      expect(after, "xX", budget, nothing);
      return;
    case 0x3d: // = of quoted-printable (RFC 2045, section 6.7)
      number(after, 16, 2, 2, budget, found);
      expect(after, "\n\r", budget, (place) => {
        nothing(place);
        expect(place, "\n", budget, nothing);
      });
      return;
    case 0x22: // doubled quotes
    case 0x27:
      expect(after, String.fromCharCode(code), budget, found);
      return;
    case 0x5c: // \
      readBackslash(after, budget, found);
      return;
    case 0x1b: // a terminal's control sequence (ECMA-48, section 5.4)
      expect(after, "[", budget, (place) => readControl(place, budget, nothing));
      return;
    default:
      if (code > 0x7f) readPieces(code, after, budget, found);
  }
}

/** Follows digits, and tells each number that they could end as. */
function number(
  place: Place,
  radix: number,
  least: number,
  most: number,
  budget: Budget,
  found: Found,
  value = 0,
): void {
  // NUL too, but not once for each of the zeros that someone fills a text with.
  if (least <= 0 && (value > 0 || least > -8)) found(place, value);
  if (most === 0) return;
  follow(place, budget, ({ to, code }) => {
    const next = value * radix + digitOf(code, radix);
    if (next <= LARGEST_CODE) number(to, radix, least - 1, most - 1, budget, found, next);
  });
}

/** The value of a digit; infinite for what is none. */
function digitOf(code: number, radix: number): number {
  const letter = code | 0x20;
  const value = code <= 0x39 ? code - 0x30 : letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
  return value >= 0 && value < radix ? value : Number.POSITIVE_INFINITY;
}

/** JSON, JavaScript, Python, C and shells: a number in one of many forms, a blank, or the character itself. */
function readBackslash(after: Place, budget: Budget, found: Found): void {
  expect(after, "xXuU", budget, (place, letter) => {
    const digits = [0x58, 0x78].includes(letter) ? 2 : letter === 0x55 ? 8 : 4;
    number(place, 16, digits, digits, budget, found);
    expect(place, "{", budget, (inside) =>
      number(inside, 16, 1, MOST_DIGITS, budget, (end, code) =>
        expect(end, "}", budget, (closed) => found(closed, code)),
      ),
    );
  });
  number(after, 8, 1, 3, budget, found);
  follow(after, budget, ({ to, code }) => {
    const isLineEnd = code === 0x0a || code === 0x0d;
    found(to, isLineEnd ? NOTHING : isOneOf("nrtbfv", code) ? 0x0a : code);
  });
}

/** Parameters and the last byte of a control sequence, which shows nothing. */
function readControl(place: Place, budget: Budget, nothing: (end: Place) => void): void {
  follow(place, budget, ({ to, code }) => {
    if (code >= 0x40 && code <= 0x7e) nothing(to);
    else if (code >= 0x20 && code < 0x40) readControl(to, budget, nothing);
  });
}

/** A reference of HTML or XML, which browsers read without its semicolon too. */
function readReference(after: Place, budget: Budget, found: Found): void {
  expect(after, "#", budget, (place) => {
    number(place, 10, 1, MOST_DIGITS, budget, found);
    expect(place, "xX", budget, (digits) => number(digits, 16, 1, MOST_DIGITS, budget, found));
  });
  readName(after, "", budget, found);
}

function readName(place: Place, name: string, budget: Budget, found: Found): void {
  const code = ENTITIES.get(name.toLowerCase());
  if (code !== undefined) found(place, /^[A-Z]/.test(name) ? upperCase(code) : code);
  if (name.length === LONGEST_NAME) return;
  follow(place, budget, ({ to, code }) => {
    const character = code < 0x80 ? String.fromCharCode(code) : "";
    if (/[a-z\d]/i.test(character)) readName(to, name + character, budget, found);
  });
}

function upperCase(code: number): number {
  const upper = String.fromCharCode(code).toUpperCase();
  return upper.length === 1 ? upper.charCodeAt(0) : code;
}

/** Halves of a surrogate pair, and bytes of UTF-8 that stand one by one, also as Windows-1252 shows them. */
export function readPieces(code: number, after: Place, budget: Budget, found: Found): void {
  if (code >= 0xd800 && code < 0xdc00) {
    follow(after, budget, ({ to, code: low }) => {
      if (low >= 0xdc00 && low < 0xe000) found(to, 0x10000 + (code - 0xd800) * 0x400 + low - 0xdc00);
    });
    return;
  }
  const byte = byteOf(code);
  if (byte >= 0xf0 && byte < 0xf5) continued(after, byte & 7, 3, budget, found);
  else if (byte >= 0xe0 && byte < 0xf0) continued(after, byte & 15, 2, budget, found);
  else if (byte >= 0xc2 && byte < 0xe0) continued(after, byte & 31, 1, budget, found);
}

function continued(place: Place, value: number, count: number, budget: Budget, found: Found): void {
  if (count === 0 && value <= LARGEST_CODE) found(place, value);
  if (count === 0) return;
  follow(place, budget, ({ to, code }) => {
    const byte = byteOf(code);
    if (byte >= 0x80 && byte < 0xc0) continued(to, value * 64 + (byte & 63), count - 1, budget, found);
  });
}
