import { byteOf, references } from "./characters.ts";
import { addStep, NOTHING, type Place, type Reading, type Step, spend } from "./reading.ts";
import { branch } from "./tree.ts";

const LARGEST_CODE = 0x10ffff;

/** A way to read on: where it ends, and the code point or number that was read. */
interface Way {
  readonly to: Place;
  readonly code: number;
}

/**
 * Adds what the escapes of a reading stand for, those inside of others too: percent-encoding, forms, JSON and JavaScript,
 * HTML and XML, quoted-printable, doubled quotes, colours of a terminal, surrogate pairs, and UTF-8 that was read as Latin-1.
 */
export function addEscapes(reading: Reading): void {
  // From the end on: all that an escape may go on with is known when it is read. What it adds can begin another.
  for (const place of reading.toReversed()) {
    for (const step of place.steps) for (const { to, code } of escapes(step)) addStep(place, to, code, step.from);
  }
}

/** What the escapes that begin with a step stand for. */
function escapes({ to: after, code }: Step): readonly Way[] {
  spend();
  if (code > 0x7f) return pieces(code, after);
  switch (String.fromCharCode(code)) {
    case "%":
      return [...number(after, 16, 2), ...oneOf("uU", after).flatMap(({ to }) => number(to, 16, 4))];
    case "&":
      return maybe(";", reference(after));
    case "+":
      return [{ to: after, code: 0x20 }];
    case "=": // quoted-printable (RFC 2045, section 6.7)
      return [...number(after, 16, 2), ...maybe("\n", unseen(oneOf("\r\n", after)))];
    case '"':
    case "'":
      return oneOf(String.fromCharCode(code), after);
    case "\\":
      return backslash(after);
    case "0": // 0x before each byte in hexadecimal
      return unseen(oneOf("xX", after));
    case "\x1b": // a terminal's control sequence (ECMA-48, section 5.4)
      return unseen(oneOf("[", after).flatMap(({ to }) => control(to)));
    default:
      return [];
  }
}

/** The steps from a place; what reads as nothing is passed over. */
function follow({ steps }: Place, found: Step[] = []): readonly Step[] {
  spend(steps.length);
  for (const step of steps) {
    if (step.code === NOTHING) follow(step.to, found);
    else found.push(step);
  }
  return found;
}

/** The steps that read one of these characters of ASCII. */
function oneOf(characters: string, place: Place): readonly Way[] {
  return follow(place).filter(({ code }) => code < 0x80 && characters.includes(String.fromCharCode(code)));
}

/** The ways, and each of them with a character where that follows. */
function maybe(character: string, ways: readonly Way[]): readonly Way[] {
  return [...ways, ...followed(character, ways)];
}

function followed(character: string, ways: readonly Way[]): readonly Way[] {
  return ways.flatMap(({ to, code }) => oneOf(character, to).map((end) => ({ to: end.to, code })));
}

function unseen(ways: readonly Way[]): readonly Way[] {
  return ways.map(({ to }) => ({ to, code: NOTHING }));
}

/** Each number that the digits could end as. */
function number(place: Place, radix: number, least: number, most = least): readonly Way[] {
  const ended: Way[] = [];
  let ways: readonly Way[] = [{ to: place, code: 0 }];
  for (let count = 1; count <= most && ways.length > 0; count++) {
    ways = ways.flatMap((way) => withDigit(way, radix));
    // NUL too, but not once for each of the zeros that someone fills a text with.
    if (count >= least) ended.push(...ways.filter(({ code }) => code > 0 || count < 9));
  }
  return ended;
}

/** The number with one more digit. */
function withDigit({ to, code }: Way, radix: number): readonly Way[] {
  return follow(to).flatMap((step) => {
    // What is no digit makes it no number, which is not less than anything.
    const next = code * radix + Number.parseInt(String.fromCodePoint(step.code), radix);
    return next <= LARGEST_CODE ? { to: step.to, code: next } : [];
  });
}

/** JSON, JavaScript, Python, C and shells: a number in one of many forms, a blank, or the character itself. */
function backslash(after: Place): readonly Way[] {
  const numbers = oneOf("xXuU", after).flatMap(({ to, code }) => [
    ...number(to, 16, code === 0x75 ? 4 : code === 0x55 ? 8 : 2),
    ...followed(
      "}",
      oneOf("{", to).flatMap((inside) => number(inside.to, 16, 1, Number.POSITIVE_INFINITY)),
    ),
  ]);
  const characters = follow(after).map(({ to, code }) => {
    if (code === 0x0a || code === 0x0d) return { to, code: NOTHING };
    return { to, code: code < 0x80 && "nrtbfv".includes(String.fromCharCode(code)) ? 0x0a : code };
  });
  return [...numbers, ...number(after, 8, 1, 3), ...characters];
}

/** Parameters and the last byte of a control sequence, which shows nothing. */
function control(begin: Place): readonly Way[] {
  const ends: Way[] = [];
  const inside = new Set([begin]);
  for (const place of inside) {
    for (const step of follow(place)) {
      if (step.code >= 0x40 && step.code <= 0x7e) ends.push(step);
      else if (step.code >= 0x20 && step.code < 0x40) inside.add(step.to);
    }
  }
  return ends;
}

/** A reference of HTML or XML, which browsers read without its semicolon too. */
function reference(after: Place): readonly Way[] {
  const numbers = oneOf("#", after).flatMap(({ to }) => [
    ...number(to, 10, 1, Number.POSITIVE_INFINITY),
    ...oneOf("xX", to).flatMap((digits) => number(digits.to, 16, 1, Number.POSITIVE_INFINITY)),
  ]);
  return [...numbers, ...follow(after).flatMap((first) => named(first, first.code <= 0x5a))];
}

/** What the names that go on with a step stand for, in capitals or not. */
function named({ to, code }: Way, isUpper: boolean, before = references().names): readonly Way[] {
  const name = branch(before, code | 0x20);
  if (name === undefined) return [];
  const longer = follow(to).flatMap((step) => named(step, isUpper, name));
  const character = references().codes.get(name.texts[0]?.slice(0, name.depth) ?? "");
  if (character === undefined) return longer;
  const upper = String.fromCharCode(character).toUpperCase().charCodeAt(0);
  return [{ to, code: isUpper ? upper : character }, ...longer];
}

/** Halves of a surrogate pair, and bytes of UTF-8 that stand one by one, also as Windows-1252 shows them. */
function pieces(code: number, after: Place): readonly Way[] {
  if (code >= 0xd800 && code < 0xdc00) {
    const low = follow(after).filter((step) => step.code >= 0xdc00 && step.code < 0xe000);
    return low.map((step) => ({ to: step.to, code: 0x10000 + (code - 0xd800) * 0x400 + step.code - 0xdc00 }));
  }
  const byte = byteOf(code);
  if (byte < 0xc2 || byte > 0xf4) return [];
  const more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  let ways: readonly Way[] = [{ to: after, code: byte & (0x3f >> more) }];
  for (let read = 0; read < more; read++) ways = ways.flatMap(continued);
  return ways.filter((way) => way.code <= LARGEST_CODE);
}

/** The ways with one more byte of UTF-8. */
function continued({ to, code }: Way): readonly Way[] {
  return follow(to).flatMap((step) => {
    const byte = byteOf(step.code);
    return byte >= 0x80 && byte < 0xc0 ? { to: step.to, code: code * 64 + (byte & 0x3f) } : [];
  });
}
