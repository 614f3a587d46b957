import fc from "fast-check";
import { FORMS, oneLine } from "../kit/repeated.ts";

/** What an adversary chooses: secrets (one that a service mints is its own), and a text that repeats them. */
export interface Attack {
  readonly secrets: readonly string[];
  readonly parts: readonly Part[];
}

/** A piece of the text: noise, then a secret (by its number) in encodings inside of each other. */
export interface Part {
  readonly noise: string;
  readonly secret: number;
  readonly encodings: readonly string[];
}

const each = (text: string, form: (code: number) => string) =>
  [...text].map((character) => form(character.codePointAt(0) ?? 0)).join("");
const bytes = (text: string, form: (hex: string) => string) =>
  Array.from(Buffer.from(text), (byte) => form(byte.toString(16).padStart(2, "0"))).join("");
const between = (what: string) => (text: string) => [...text].join(what);

/** Ways to repeat a text, beside those of the properties; none is the action's own code. */
export const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  ...FORMS,
  "quoted-printable": (text) => bytes(text, (hex) => `=${hex.toUpperCase()}`),
  "\\x": (text) => bytes(text, (hex) => `\\x${hex}`),
  "\\u{}": (text) => each(text, (code) => `\\u{${code.toString(16)}}`),
  octal: (text) => bytes(text, (hex) => `\\${Number.parseInt(hex, 16).toString(8).padStart(3, "0")}`),
  "&# without ;": (text) => each(text, (code) => `&#x${code.toString(16).padStart(6, "0")}`),
  "hexadecimal with colons": (text) => bytes(text, (hex) => `${hex}:`),
  "hexadecimal with 0x": (text) => bytes(text, (hex) => `0x${hex}, `),
  "read as Latin-1": (text) => Buffer.from(text).toString("latin1"),
  "base64 in lines": (text) => Buffer.from(text).toString("base64").replace(/.{20}/g, "$&\r\n"),
  "base64 of UTF-16": (text) => Buffer.from(text, "utf16le").toString("base64"),
  "zero-width between": between("\u200b"),
  "a soft hyphen between": between("\u00ad"),
  "NUL between": between("\0"),
  "a colour between": between("\x1b[1m"),
  decomposed: (text) => text.normalize("NFD"),
};

/** Encodings that lose something of the text itself, so that no other may be inside of them. */
const ONLY_FIRST = /between|decomposed|after|SQL|shell|UTF-16|Latin-1/;

const SEEDS = [
  "S3cretValueXyz9",
  "a + + b",
  "abcabcab",
  "00001000",
  "pässwörd",
  "p%41ss&amp;w\\u0041",
  "AAAA",
  "===+",
  "it''s",
];
const HOSTILE = [
  "%",
  "%4",
  "%25",
  "\\",
  "\\u00",
  "&",
  "&#",
  "&#x",
  "=",
  "=\r\n",
  "+",
  "'",
  '"',
  "0x",
  "Y",
  "YW",
  "YWJ",
  "4",
  "\x1b[",
  "Ã",
  "##[",
  "::",
  "***",
  "\u200b",
  "\0",
];

const pieces = fc.oneof(
  fc.constantFrom(...SEEDS, ...HOSTILE),
  fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" }),
);

/** Secrets that know each other: pieces of one stand in another. */
const secrets = fc
  .array(pieces, { minLength: 1, maxLength: 6 })
  .chain((words) =>
    fc.array(
      fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 }).map((chosen) => chosen.join("")),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map((all) => all.filter((secret) => !secret.includes("\0") && [...oneLine(secret)].length >= 4))
  .filter((all) => all.length > 0);

const noise = fc.oneof(
  {
    weight: 100,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 6 })), { maxLength: 4 })
      .map((all) => all.join("")),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...HOSTILE), fc.integer({ min: 1, max: 5_000 }))
      .map(([piece, count]) => piece.repeat(count)),
  },
);

const encodings = fc
  .array(fc.constantFrom(...Object.keys(ENCODINGS)), { maxLength: 3 })
  .map((chain) => chain.filter((encoding, index) => index === 0 || !ONLY_FIRST.test(encoding)));

export const attacks: fc.Arbitrary<Attack> = secrets.chain((all) =>
  fc.record({
    secrets: fc.constant(all),
    parts: fc.array(fc.record({ noise, secret: fc.nat({ max: all.length - 1 }), encodings }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
);

/** The secret of a part as the text repeats it. */
export function repeated({ secrets }: Attack, { secret, encodings }: Part): string {
  return encodings.reduce((text, encoding) => ENCODINGS[encoding]?.(text) ?? text, secrets[secret] ?? "");
}

export function textOf(attack: Attack): string {
  return attack.parts.map((part) => part.noise + repeated(attack, part)).join("");
}

/** What of the attack a reader of the shown text gets to see, if anything. */
export function leaksOf(attack: Attack, shown: string): string[] {
  const noise =
    oneLine(attack.parts.map((part) => part.noise).join(" ")) +
    attack.parts.map((part) => oneLine(part.noise)).join("");
  const forms = attack.parts.map((part) => oneLine(repeated(attack, part).replace(/=+$/, "")));
  const plain = attack.secrets.map(oneLine);
  return [...forms, ...plain].filter(
    (form) =>
      form.length >= 4 &&
      !/^[*#[\] :]*$/.test(form) &&
      // Beside the mark of what was cut there has to be enough of a form to tell it from a coincidence.
      form.split("***").some((piece) => piece.length >= 4) &&
      shown.includes(form) &&
      !noise.includes(form) &&
      !WITHHELD.includes(form),
  );
}

const WITHHELD = "(not shown, since it may repeat a secret in disguise)";
