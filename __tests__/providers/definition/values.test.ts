import { describe, expect, test } from "@jest/globals";
import { Failure } from "../../../src/failure.ts";
import type { Answer, Http } from "../../../src/http/http.ts";
import { filledHeaders, filledRequest, type Values } from "../../../src/providers/definition/fill.ts";
import { asText, expiryAt, found, isThere, pointedAt } from "../../../src/providers/definition/pick.ts";
import { filled, placeholders } from "../../../src/providers/definition/template.ts";

const http: Http = {
  baseUrl: "https://host.example/base",
  host: "host.example",
  send: () => Promise.reject(new Error("nothing is sent here")),
} as unknown as Http;

/** How a value fares in a request: the code of the failure, or what became of it. */
function request(definition: Parameters<typeof filledRequest>[0], values: Values) {
  try {
    return filledRequest(definition, values, http);
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.code;
    throw thrown;
  }
}

describe("a text with placeholders", () => {
  test.each<[string, string]>([
    ["a {token} b", "a <token> b"],
    ["{token}{token}", "<token><token>"],
    ["{{token}}", "{token}"],
    ["{{{token}}}", "{<token>}"],
    ["{{{{", "{{"],
    ["", ""],
    ["$& $1 \\{{", "$& $1 \\{"],
  ])("%j becomes %j", (text, expected) => {
    expect(filled(text, (name) => `<${name}>`)).toBe(expected);
  });

  test("does not read again what was put in", () => {
    expect(filled("{a}", () => "{b}}}{{ {a}")).toBe("{b}}}{{ {a}");
  });

  test.each(["{", "}", "{a", "a}", "{{a}", "{a}}", "{a{b}}", "}{"])("%j has a brace alone", (text) => {
    expect(placeholders(text)).toBeUndefined();
  });
});

describe("a value is encoded for its place", () => {
  const odd = `a/b?c#d&e=f+g h%i"j\\k{l}:m;ü`;

  test("in a path as a piece of one segment", () => {
    const path = "/a%2Fb%3Fc%23d%26e%3Df%2Bg%20h%25i%22j%5Ck%7Bl%7D%3Am%3B%C3%BC";
    expect(request({ path: "/{x}" }, { x: odd })).toEqual({ path, headers: {} });
  });

  test("in the query and the form", () => {
    const { path, form } = filledRequest({ path: "/a", query: { q: "{x}" }, form: { f: "{x}" } }, { x: odd }, http);
    expect(new URL(`https://h${path}`).searchParams.get("q")).toBe(odd);
    expect(form).toEqual({ f: odd });
  });

  test("in JSON as a text, however deep, and never as JSON", () => {
    const json = { a: ["{x}", { b: "<{x}>" }], n: 1, t: true, z: null };
    expect(filledRequest({ path: "/a", json }, { x: '","admin":"1' }, http).json).toEqual({
      a: ['","admin":"1', { b: '<","admin":"1>' }],
      n: 1,
      t: true,
      z: null,
    });
  });

  test("in Basic, plain or with both parts encoded first", () => {
    const decoded = (headers: Record<string, string>) =>
      Buffer.from(headers.Authorization?.slice("Basic ".length) ?? "", "base64").toString();
    const basic = { username: "{u}", password: "{p}" };
    const values = { u: "a b", p: "c:d&ü" };
    expect(decoded(filledHeaders({ basic }, values))).toBe("a b:c:d&ü");
    expect(decoded(filledHeaders({ basic: { ...basic, encode: true } }, values))).toBe("a+b:c%3Ad%26%C3%BC");
  });

  test.each<[string, string, string | object]>([
    ["a line break", "a\r\nX-Other: b", "invalid-input"],
    ["a line feed", "a\nb", "invalid-input"],
    ["what is no ASCII", "ü", "invalid-input"],
    ["a NUL", "a\0", "invalid-input"],
    ["a plain text", "a b", { path: "/a", headers: { "X-A": "<a b>" } }],
  ])("in a header with %s", (_, value, expected) => {
    expect(request({ path: "/a", headers: { "X-A": "<{password}>" } }, { password: value })).toEqual(expected);
  });

  test("in a header is the service's fault where the service gave it", () => {
    expect(request({ path: "/a", headers: { "X-A": "{answer.csrf}" } }, { "answer.csrf": "a\rb" })).toBe(
      "bad-response",
    );
  });

  test.each(["a; b=c", "a b", "a;"])("%j is no value of a cookie", (value) => {
    expect(() => filledHeaders({ headers: { cookie: "SID={answer.token}" } }, { "answer.token": value })).toThrow(
      Failure,
    );
  });

  test.each(["", ".", ".."])("%j is no segment of a path", (value) => {
    expect(request({ path: "/a/{username}/b" }, { username: value })).toBe("invalid-input");
    expect(request({ path: "/a/{answer.id}" }, { "answer.id": value })).toBe("bad-response");
  });

  test("a piece of a segment cannot complete one of dots", () => {
    expect(request({ path: "/a/.{username}" }, { username: "." })).toBe("invalid-input");
    expect(request({ path: "/a/{username}{password}/b" }, { username: ".", password: "." })).toBe("invalid-input");
  });

  test("a user name with a colon does not fit Basic", () => {
    expect(request({ path: "/a", basic: { username: "{username}", password: "" } }, { username: "a:b" })).toBe(
      "invalid-input",
    );
  });

  test("one that is not there is the answer's fault", () => {
    expect(request({ path: "/{answer.id}" }, {})).toBe("bad-response");
  });
});

describe("a value is read", () => {
  const answer: Answer = {
    status: 200,
    headers: { "x-csrf-token": "abc", "set-cookie": ["SID=one; Path=/", "OTHER=x", "SID=two; HttpOnly", "SIDE=three"] },
    body: " plain \n",
    json: { "a/b": { "~": ["x", { y: 1 }] }, "": "empty", s: "text", n: 7, f: false, z: null, e: "", o: {}, l: [] },
    isHtml: false,
  };

  test.each<[string, unknown]>([
    ["/s", "text"],
    ["/a~1b/~0/0", "x"],
    ["/a~1b/~0/1/y", 1],
    ["/", "empty"],
    ["", answer.json],
    ["/a~1b/~0/00", undefined],
    ["/a~1b/~0/-", undefined],
    ["/a~1b/~0/length", undefined],
    ["/s/length", undefined],
    ["/s/0", undefined],
    ["/nothing/at/all", undefined],
    ["/constructor", undefined],
    ["/__proto__", undefined],
    ["/toString", undefined],
  ])("by the pointer %j", (pointer, expected) => {
    expect(pointedAt(answer.json, pointer)).toEqual(expected);
  });

  test("from a header in whatever case, and from the last cookie of that name", () => {
    expect(found({ header: "X-CSRF-Token" }, answer)).toBe("abc");
    expect(found({ header: "constructor" }, answer)).toBeUndefined();
    expect(found({ cookie: "SID" }, answer)).toBe("two");
    expect(found({ cookie: "sid" }, answer)).toBeUndefined();
  });

  test("from a text, plain or of JSON", () => {
    expect(found({ text: true }, answer)).toBe("plain");
    expect(found({ text: true }, { ...answer, json: "quoted" })).toBe("quoted");
  });

  test("as a text or a whole number alone", () => {
    expect(["x", 7, "", 1.5, 2 ** 60, true, null, {}, []].map(asText)).toEqual(["x", "7", ...Array(7).fill(undefined)]);
  });

  test("as being there, or not", () => {
    expect(["x", 0, [1], { a: 1 }, true].map(isThere)).toEqual(Array(5).fill(true));
    expect(["", null, undefined, [], {}].map(isThere)).toEqual(Array(5).fill(false));
  });
});

describe("an expiry is read", () => {
  const now = Date.parse("2026-11-26T10:00:00Z");
  const at = (value: unknown, as?: "seconds" | "milliseconds" | "date" | "epoch" | "epoch-milliseconds") => {
    const answer: Answer = { status: 200, headers: {}, body: "", json: { v: value }, isHtml: false };
    return expiryAt({ json: "/v", ...(as === undefined ? {} : { as }) }, answer, now)?.toISOString();
  };

  test.each<[unknown, Parameters<typeof at>[1], string | undefined]>([
    [3600, undefined, "2026-11-26T11:00:00.000Z"],
    ["3600", "seconds", "2026-11-26T11:00:00.000Z"],
    [3_600_000, "milliseconds", "2026-11-26T11:00:00.000Z"],
    ["2026-11-27T12:00:00Z", "date", "2026-11-27T12:00:00.000Z"],
    ["2026-11-27T12:00:00.000+0100", "date", "2026-11-27T11:00:00.000Z"],
    ["2026-11-27T12:00:00", "date", "2026-11-27T12:00:00.000Z"],
    ["2026-11-27", "date", "2026-11-27T00:00:00.000Z"],
    ["Fri, 27 Nov 2026 12:00:00 GMT", "date", "2026-11-27T12:00:00.000Z"],
    ["room 7", "date", undefined],
    [7, "date", undefined],
    [1_795_000_000, "epoch", "2026-11-18T11:06:40.000Z"],
    ["1795000000", "epoch", "2026-11-18T11:06:40.000Z"],
    [1_795_000_000_000, "epoch-milliseconds", "2026-11-18T11:06:40.000Z"],
    [1_795_000_000_000, "epoch", undefined],
    [-5, "seconds", undefined],
    ["soon", "seconds", undefined],
    [Number.MAX_VALUE, "epoch", undefined],
    [null, "seconds", undefined],
    [{}, "epoch", undefined],
  ])("%j as %s", (value, as, expected) => {
    expect(at(value, as)).toBe(expected);
  });

  test("that is a constant counts from now", () => {
    const answer: Answer = { status: 200, headers: {}, body: "", json: undefined, isHtml: false };
    expect(expiryAt({ after: 60 }, answer, now)?.toISOString()).toBe("2026-11-26T10:01:00.000Z");
  });
});
