import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { fromOutside, ownLine } from "../../src/text/redact.ts";
import { bodies, bodyOf, FORMS, hidden, MASKING_RUNS, oneLine } from "../kit/repeated.ts";

const SEED = 20_261_123;

/** Encodings that keep the whole secret whatever stands around it. */
const LAYERS = Object.keys(FORMS).filter((form) => !/after|SQL|shell/.test(form));

describe("a secret", () => {
  test("of any kind is in no text from outside, in whatever form", () => {
    fc.assert(
      fc.property(bodies, ([secret, parts, end]) => {
        const without = parts.map(([before]) => before).join("") + end;
        const text = fromOutside(bodyOf(secret, parts, end), [secret], 100_000);
        // A piece of the surroundings may look like a short secret by chance.
        for (const form of hidden(secret)) if (!oneLine(without).includes(form)) expect(text).not.toContain(form);
      }),
      { numRuns: MASKING_RUNS, seed: SEED },
    );
  });

  test("of each form by itself is replaced whole", () => {
    for (const secret of [
      `p%C3 ss"w&rd+1='ü#%`,
      "abcd",
      "\\\\server\\share",
      "it''s",
      "tab\there",
      "日本語のパスワード",
      "a\u200db\u00adcd",
    ]) {
      for (const [form, encode] of Object.entries(FORMS)) {
        expect([form, fromOutside(`(${encode(secret)})`, [secret])]).toEqual([
          form,
          expect.stringMatching(/^\(.{0,9}\*\*\*.{0,9}\)$/),
        ]);
      }
    }
  });

  test("hides nothing of a long text that does not repeat it", () => {
    const text = "it says no ".repeat(1_000);
    expect(fromOutside(text, ["S3cretValueXyz9"], 3_000)).toBe(`${text.slice(0, 2_999)}…`);
  });

  test("that the cut of a long text went through shows no part", () => {
    const secret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(5).slice(0, 300);
    for (let length = 16_000; length < 16_400; length += 7) {
      const whole = secret.repeat(Math.floor(length / 300));
      const text = fromOutside(whole + "-".repeat(length - whole.length) + secret.repeat(3), [secret]);
      expect(text).not.toMatch(/[0-9a-zA-Z]/);
    }
    const long = Buffer.from(secret.repeat(200)).toString("base64");
    expect(fromOutside(`token ${long}`, [secret.repeat(200)])).not.toContain(long.slice(0, 20));
  });
});

const A = "S3cretValueXyz9";
const N = "pässwörd-Xyz9";
const E = "pässw€rd-Xyz9";

const each = (text: string | Buffer, form: (code: number) => string) =>
  Array.from(typeof text === "string" ? [...text].map((character) => character.codePointAt(0) ?? 0) : text, form).join(
    "",
  );
const onlyHigh = (form: (code: number) => string) => (code: number) =>
  code > 0x7f ? form(code) : String.fromCharCode(code);
const hex = (code: number) => code.toString(16).padStart(2, "0");
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const latin1 = (text: string) => Buffer.from(text, "latin1");

/** What each name of a disguise stands for: the secret, and how an answer repeats it. */
const DISGUISES: readonly (readonly [name: string, secret: string, repeated: string])[] = [
  ["UTF-8 read as Latin-1", N, Buffer.from(N).toString("latin1")],
  ["UTF-8 read as Windows-1252", E, new TextDecoder("windows-1252").decode(Buffer.from(E))],
  ["UTF-8 read as Latin-1 twice", N, Buffer.from(Buffer.from(N).toString("latin1")).toString("latin1")],
  [
    "percent-encoded Latin-1",
    N,
    each(
      latin1(N),
      onlyHigh((code) => `%${hex(code).toUpperCase()}`),
    ),
  ],
  [
    "%uXXXX",
    E,
    each(
      E,
      onlyHigh((code) => `%u${code.toString(16).padStart(4, "0")}`),
    ),
  ],
  [
    "octal Latin-1",
    N,
    each(
      latin1(N),
      onlyHigh((code) => `\\${code.toString(8)}`),
    ),
  ],
  [
    "octal UTF-8",
    N,
    each(
      Buffer.from(N),
      onlyHigh((code) => `\\${code.toString(8)}`),
    ),
  ],
  ["octal", A, each(A, (code) => `\\${code.toString(8)}`)],
  [
    "quoted-printable",
    N,
    each(
      Buffer.from(N),
      onlyHigh((code) => `=${hex(code).toUpperCase()}`),
    ).replace("ss", "s=\r\ns"),
  ],
  ["named references", N, N.replace("ä", "&auml;").replace("ö", "&ouml;")],
  ["named references without a semicolon", N, N.replace("ä", "&auml").replace("ö", "&ouml")],
  ["named references of HTML5", "a$b{c}def!", "a&dollar;b&lcub;c&rcub;def&excl;"],
  ["numeric references without a semicolon", A, each(A, (code) => `&#${code}`)],
  ["numeric references with zeros", A, each(A, (code) => `&#x0000000${hex(code)};`)],
  ["decomposed", N, N.normalize("NFD")],
  ["fullwidth", A, each(A, (code) => String.fromCodePoint(code + 0xfee0))],
  ["upper case", A, A.toUpperCase()],
  ["lower case", A, A.toLowerCase()],
  ["\\u{…}", A, each(A, (code) => `\\u{${hex(code)}}`)],
  ["\\x…", A, each(A, (code) => `\\x${hex(code)}`)],
  ["hexadecimal with colons", A, each(A, (code) => `${hex(code)}:`)],
  ["hexadecimal with blanks", A, each(A, (code) => `${hex(code)} `)],
  ["hexadecimal with 0x", A, each(A, (code) => `0x${hex(code)}, `)],
  ["hexadecimal of base64", A, Buffer.from(base64(A)).toString("hex")],
  ["base64 of hexadecimal", A, base64(Buffer.from(A).toString("hex"))],
  ["base64 of base64 of base64", A, base64(base64(base64(A)))],
  ["base64 in lines", A.repeat(6), base64(A.repeat(6)).replace(/.{76}/g, "$&\r\n")],
  ["base64 in escaped lines", A.repeat(6), base64(A.repeat(6)).replace(/.{16}/g, "$&\\r\\n")],
  ["base64 of Latin-1", N, base64(latin1(N))],
  ["UTF-16", A, Buffer.from(A, "utf16le").toString("latin1")],
  ["UTF-16 beyond Latin-1", E, Buffer.from(E, "utf16le").toString("latin1")],
  ["base64 of UTF-16", E, base64(Buffer.from(E, "utf16le"))],
  ["hexadecimal of UTF-16", A, Buffer.from(A, "utf16le").swap16().toString("hex")],
  ...[
    "\u200b",
    "\u00ad",
    "\0",
    "\x1b[31m",
    "\x1b[0;1m",
    "\n",
    "\r\n",
    "\u034f",
    "\ufe0f",
    "\u{e0100}",
    "\u115f",
    "\u3164",
  ].map((between): [string, string, string] => [`${JSON.stringify(between)} between`, A, [...A].join(between)]),
  ...["&#8203;", "%C2%AD", "\\u0000", "=\n", "\\u001b[31m"].map((between): [string, string, string] => [
    `${JSON.stringify(between)} between`,
    A,
    [...A].join(between),
  ]),
];

describe("a secret in disguise", () => {
  test.each(DISGUISES)("is replaced: %s", (_name, secret, repeated) => {
    expect(fromOutside(`(${repeated})`, [secret])).toMatch(/^\(.{0,4}\*\*\*.{0,4}\)$/);
  });

  test.each([
    ['pa"ssword1', "pa\\&quot;ssword1"],
    ['pa"ssword1', "pa%5C%22ssword1"],
    ["pa/ssword1", "pa%5C%2Fssword1"],
    ["päßword1", "p%5Cu00e4%5Cu00dfword1"],
    ["pa&ssword1", "pa%26amp%3Bssword1"],
    ["pa ssword1", "pa%2Bssword1"],
    ["password1", "Y0dGemMzZHZjbVF4"],
    ["password1", "p\\x61ssword1"],
    ["password1", `p%${"25".repeat(20)}61ssword1`],
    ["pass&word1", `pass&${"amp;".repeat(12)}word1`],
    ['pa=41ss"word1', "pa=41ss%22word1"],
    ['1abc"defg', '%41abc\\"defg'],
  ])("%j as %j is replaced, and nothing else", (secret, escaped) => {
    expect(fromOutside(`it says ${escaped} here`, [secret])).toMatch(/^it says .{0,2}\*\*\* here$/);
  });

  test("of any kind is found under several layers of any encodings", () => {
    const layers = fc.array(fc.constantFrom(...LAYERS), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ -~]{4,16}$/).filter((text) => oneLine(text).length >= 4),
        layers,
        fc.string({ maxLength: 10 }),
        (secret, forms, around) => {
          const repeated = forms.reduce((text, form) => FORMS[form]?.(text) ?? text, secret);
          fc.pre(repeated.length < 3_000);
          expect(fromOutside(`${around} ${repeated} ${around}`, [secret], 10_000)).toMatch(/\*\*\*|^\(not shown/);
        },
      ),
      { numRuns: MASKING_RUNS, seed: SEED },
    );
  });

  test("leaves other escapes as they are", () => {
    const text = '{"error":"\\u00e4 %41 &amp; YWJjZGVmZ2g="}';
    expect(fromOutside(text, ["password1"])).toBe(text);
  });

  test("is not seen in a word that is alike, where it is short", () => {
    expect(fromOutside("This is a TEST of the Testing", ["test"])).toBe("This is a TEST of the Testing");
    expect(fromOutside("This is a te%73t of the Testing", ["test"])).toBe("This is a *** of the Testing");
    expect(fromOutside("a%62c YWJj ABC abc", ["abc"])).toBe("a%62c YWJj ABC ***");
  });
});

describe("secrets that overlap", () => {
  test("themselves or each other leave no piece", () => {
    const long = `${"0".repeat(600)}1${"0".repeat(600)}`;
    expect(fromOutside(long, [long])).toBe("***");
    expect(fromOutside(`x${"0".repeat(600)}1${"0".repeat(600)}1${"0".repeat(600)}y`, [long])).toBe("x***y");
    expect(fromOutside("(abc)", ["ab", "bc"])).toBe("(***)");
    expect(fromOutside("(passwordsecretkeys)", ["passwordsecret", "secretkeys"])).toBe("(***)");
    expect(ownLine("(abcabcab)", ["abcab"])).toBe("(***)");
    expect(ownLine("(abcdefgh)", ["abcde", "defgh"])).toBe("(***)");
  });

  test("with what is put in the place of something are not shown either", () => {
    expect(fromOutside("abcd##[efgh", ["abcd## [efgh"])).not.toContain("efgh");
    expect(fromOutside("secret01ab", ["secret01", "*ab*", "***ab"])).not.toContain("***ab");
  });
});

/** Processor time of a call in milliseconds, the least of a few. */
function cost(work: () => void): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    }),
  );
}

/** Texts that were made to be costly, and the secret that makes them so. */
const COSTLY: readonly (readonly [piece: string, secret: string])[] = [
  ["+", "a + + b"],
  [" +", "+ + + + + + + b"],
  ["\\", "\\\\\\server"],
  ["\\u", "\\u\\u\\u\\ux"],
  ["%", "%%%%%%%x"],
  ["%25", "%25%25%25x"],
  ["&", "&&&&&&x"],
  ["&amp;", "&amp;&amp;x"],
  ["&#0", "&#0&#0&#0x"],
  ["'", "''x"],
  ['"', '""""""""x'],
  ["a", "aaaaaaaaaaaaaaaaab"],
  ["0", "0000000000000001"],
  ["3", "3333333333333335"],
  ["V", "UUUUUUUUUUUUUUUX"],
  ["=", "======x="],
  ["\x1b[", "\x1b[\x1b[abcdefgh"],
  ["Ã", "ÃÃÃÃÃÃÃÃÃx"],
  ["\u200b", "abcdefghi"],
  ["\ud835", "𝐀𝐀𝐀𝐀𝐀𝐀𝐀𝐀b"],
  ["ﷺ", "صلى الله عليه وسلم"],
];

describe("the time that a text takes", () => {
  test.each(COSTLY)("does not grow with it, however many %j it has", (piece, secret) => {
    const text = (length: number) => `a ${piece.repeat(Math.ceil(length / piece.length))}c`;
    for (const long of [
      secret,
      secret.repeat(Math.ceil(65_536 / secret.length)),
      `${piece.repeat(65_536 / piece.length)}x`,
    ]) {
      const least = cost(() => fromOutside(text(1_000), [long]));
      const most = cost(() => fromOutside(text(1_048_576), [long]));
      // 1,048 times as much text; what is looked at is 4 times as much. A slow machine is as slow for both.
      expect(most).toBeLessThan(Math.max(20, least) * 40);
    }
  });

  test("is short for many secrets too, once they are known", () => {
    const secrets = new Set(Array.from({ length: 13_000 }, (_, index) => (index * 7_919 + 100_000).toString(36)));
    fromOutside("", secrets);
    const one = cost(() => fromOutside("it says no ".repeat(100_000), new Set(["password1"])));
    expect(cost(() => fromOutside("it says no ".repeat(100_000), secrets))).toBeLessThan(Math.max(20, one) * 20);
  });
});
