import { afterEach, expect, test } from "@jest/globals";
import { proxyFor } from "../../src/http/proxy.ts";

const before = process.env.https_proxy;
afterEach(() => {
  if (before === undefined) delete process.env.https_proxy;
  else process.env.https_proxy = before;
});

function isTaken(password: string): boolean {
  process.env.https_proxy = `http://user:${password}@proxy.test:3128`;
  try {
    return proxyFor("https://api.test")?.password === password;
  } catch {
    return false;
  }
}

test("a password for a proxy may hold any character but those that end it, blanks and controls", () => {
  // Node takes NUL for the end of a variable, and half of a surrogate pair for a character that cannot be shown.
  const characters = Array.from({ length: 0xffff }, (_, index) => String.fromCharCode(index + 1));
  const whole = characters.filter((character) => character.isWellFormed());
  const refused = whole.filter((character) => !isTaken(`a${character}b`));
  // A colon after the first stands in the password, and a lone percent sign is no encoding.
  expect(refused).toEqual(whole.filter((character) => /[%/?#[\]@\\\s\p{Cc}]/u.test(character)));
});
