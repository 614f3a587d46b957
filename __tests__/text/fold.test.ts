import { expect, test } from "@jest/globals";
import { oneLine, withoutGaps } from "../../src/text/fold.ts";

/** As Unicode names it, which is too slow to ask for in each run of the action. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u;

/** The code points that such a character is found by. */
function codes(isOne: (character: string) => boolean): number[] {
  return [...Array(0x110000).keys()].filter((code) => isOne(String.fromCodePoint(code)));
}

test("each code point that Unicode shows as nothing, and no other, is left out of a secret", () => {
  const found = codes((character) => withoutGaps(character) === "");
  expect(found.length).toBeGreaterThan(6_000);
  expect(found).toEqual(codes((character) => UNSEEN.test(character)));
});

test("each control, format, separator and unpaired surrogate character, and no other but blanks, is a blank in a line", () => {
  const found = codes((character) => oneLine(`a${character}b`) === "a b");
  expect(found.length).toBeGreaterThan(2_000);
  expect(found).toEqual(codes((character) => CONTROL.test(character) || /\s/u.test(character)));
});
