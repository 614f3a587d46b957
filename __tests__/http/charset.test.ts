import { describe, expect, test } from "@jest/globals";
import { decodeBody } from "../../src/http/charset.ts";
import { fromOutside } from "../../src/text/redact.ts";

const SECRET = "pässwörd-geheim";

describe("a body", () => {
  test.each([
    ["its charset", Buffer.from(SECRET, "latin1"), "text/plain; charset=ISO-8859-1"],
    ["its charset in quotes", Buffer.from(SECRET, "latin1"), 'text/plain; charset="latin1"'],
    ["UTF-8 where it names none", Buffer.from(`\ufeff${SECRET}`), "application/json"],
    ["UTF-8 where its charset is unknown", Buffer.from(SECRET), "text/plain; charset=klingon"],
    ["Windows-1252 where it is no UTF-8", Buffer.from(SECRET, "latin1"), "application/json; charset=utf-8"],
  ])("is decoded by %s", (_what, bytes, type) => {
    expect(decodeBody(bytes, type)).toBe(SECRET);
  });

  test.each(["utf-16", "utf-16le", "UTF-16BE", "iso-2022-jp", "csiso2022jp", "unicode", "ucs-2"])(
    "that says %s and is ASCII keeps no secret from being found",
    (charset) => {
      const bytes = Buffer.from('{"error":"S3cretValueXyz9 is wrong"}');
      expect(fromOutside(decodeBody(bytes, `text/plain; charset=${charset}`), ["S3cretValueXyz9"])).toContain("***");
    },
  );

  test("in UTF-8 with one byte that is none keeps no secret from being found", () => {
    const bytes = Buffer.concat([Buffer.from(SECRET), Buffer.from([0xff])]);
    expect(fromOutside(decodeBody(bytes, ""), [SECRET])).toBe("***ÿ");
  });
});
