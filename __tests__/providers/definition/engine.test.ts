import { describe, expect, test } from "@jest/globals";
import { type Answer, html, json, text } from "../../../sandbox/services/answers.ts";
import type { Call } from "../../../sandbox/services/serve.ts";
import { line } from "../../kit/support.ts";
import { type Outcome, play } from "./playing.ts";

const TOKEN = "minted-token-0123456789";
const given = { token: "long-lived-0123456789" };
const pair = { username: "jürgen", password: "pass:wörd" };

const smallest = { credentials: ["token"], exchange: { path: "/token", form: { key: "{token}" } } };
const login = {
  credentials: ["username", "password"],
  exchange: { path: "/login", json: { u: "{username}", p: "{password}" } },
};
const probing = { path: "/me", accepted: { json: "/name" }, account: { json: "/name" } };

/** A service that mints at every POST, and answers all else as told. */
const minting =
  (
    answer: Answer = json(200, { access_token: TOKEN }),
    other: (call: Call) => Answer = () => json(200, { name: "robot" }),
  ) =>
  (call: Call): Answer =>
    call.method === "POST" && /\/(?:token|login|keys)$/.test(call.route) ? answer : other(call);

/** An outcome in a word or two. */
function inShort({ failure, verdict }: Outcome): string {
  if (failure !== undefined) return `fails ${failure.code}`;
  switch (verdict?.kind) {
    case "accepted":
      return verdict.account === undefined ? "accepted" : `accepted ${verdict.account}`;
    case "inconclusive":
      return `inconclusive ${verdict.lacks} ${verdict.failure.code}`;
    default:
      return verdict?.kind ?? "nothing";
  }
}

describe("the exchange", () => {
  test("of the smallest definition is a POST, and its token a bearer token", async () => {
    const { requests, credential, headers, verdict } = await play(smallest, { given, script: minting() });
    expect(requests.map(line)).toEqual(["POST /token"]);
    expect(requests[0]?.body).toBe("key=long-lived-0123456789");
    expect(credential).toMatchObject({ token: TOKEN, expiresAt: undefined });
    expect(headers).toEqual({ Authorization: `Bearer ${TOKEN}` });
    expect(verdict).toEqual({ kind: "skipped", why: "the definition has no probe" });
  });

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE"])(
    "by %s sends its body so that no server takes it for another request",
    async (method) => {
      const definition = {
        ...smallest,
        exchange: { ...smallest.exchange, method },
        probe: { ...probing, method, json: { a: 1 } },
      };
      const script = (call: Call): Answer =>
        call.route === "/token" ? json(200, { access_token: TOKEN }) : json(200, { name: "robot" });
      const { requests, verdict } = await play(definition, { given, script });
      expect(requests.map(({ body }) => body)).toEqual(["key=long-lived-0123456789", '{"a":1}']);
      expect(verdict?.kind).toBe("accepted");
    },
  );

  test("stays below the sub-path of the base URL", async () => {
    const { requests } = await play(smallest, { given, script: minting(), basePath: "/sub/path" });
    expect(requests.map(line)).toEqual(["POST /sub/path/token"]);
  });

  test("sends parameters, which are not secret, as they stand in their lines", async () => {
    const definition = {
      ...smallest,
      exchange: { path: "/token", query: { site: "{parameters.site}", q: "{parameters.q}" } },
    };
    const parameters = "  site = a \n\n q=b=c d\r\n";
    const { requests } = await play(definition, { given: { ...given, parameters }, script: minting() });
    expect(requests.map(line)).toEqual(["POST /token?site=a&q=b%3Dc+d"]);
  });

  test.each<[string, string | undefined, RegExp]>([
    ["is empty", undefined, /The input "parameters" lacks site\./],
    ["lacks one", "other=x", /The input "parameters" lacks site\./],
    ["gives one too many", "site=a\ns3cret=x", /The input "parameters" holds more than is asked for\./],
    ["gives one twice", "site=a\nsite=b", /The input "parameters" holds more than is asked for\./],
    ["holds no pair", "site=a\nnonsense", /The input "parameters" holds more than is asked for\./],
  ])("is not begun where the input parameters %s", async (_, parameters, sentence) => {
    const definition = { ...smallest, exchange: { path: "/token", query: { site: "{parameters.site}" } } };
    const all = parameters === undefined ? given : { ...given, parameters };
    const { failure, requests } = await play(definition, { given: all, script: minting() });
    expect(failure?.code).toBe("invalid-input");
    expect(failure?.message).toMatch(sentence);
    expect(failure?.hint).toBe("Give a line for each of these, and no other: site=VALUE.");
    expect(requests).toEqual([]);
  });

  test("takes one of several sets of credentials; what is not given is empty", async () => {
    const definition = {
      credentials: [["token"], ["username", "password"]],
      exchange: { path: "/token", basic: { username: "{token}{username}", password: "{password}" } },
    };
    const sent = async (all: object) => {
      const { requests } = await play(definition, { given: all, script: minting() });
      return Buffer.from(requests[0]?.headers.authorization?.slice(6) ?? "", "base64").toString();
    };
    expect(await sent(given)).toBe("long-lived-0123456789:");
    expect(await sent(pair)).toBe("jürgen:pass:wörd");
  });

  test("gives {run}, {expiry} and {expiry-date} values that a service takes", async () => {
    const exchange = { path: "/token", form: { run: "{run}", expiry: "{expiry}", date: "{expiry-date}" } };
    const before = Date.now();
    const { requests } = await play({ ...smallest, exchange }, { given, script: minting() });
    const form = new URLSearchParams(requests[0]?.body);
    expect(form.get("run")).toMatch(/^[a-z0-9-]{1,40}$/);
    expect(form.get("expiry")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const hours = (Date.parse(form.get("expiry") ?? "") - before) / 3_600_000;
    expect(hours).toBeGreaterThan(24.9);
    expect(hours).toBeLessThan(26);
    const day = (Date.parse(form.get("date") ?? "") - Date.parse((form.get("expiry") ?? "").slice(0, 10))) / 86_400_000;
    expect(day).toBe(1);
  });

  test("takes a new ID token for each attempt, for the audience of the definition or the input", async () => {
    const definition = {
      "id-token": { audience: "from-file" },
      exchange: { path: "/token", json: { jwt: "{id-token}" } },
    };
    let calls = 0;
    const script = (): Answer => (++calls === 1 ? text(503, "") : json(200, { access_token: TOKEN }));
    const first = await play(definition, { script, retries: 2 });
    expect(first.requests.map(({ body }) => body)).toEqual(['{"jwt":"id-token-1"}', '{"jwt":"id-token-2"}']);
    expect(first.audiences).toEqual(["from-file", "from-file"]);
    const other = await play(definition, { given: { "id-token-audience": "from-input" }, script: minting() });
    expect(other.audiences).toEqual(["from-input"]);
    const none = await play({ ...definition, "id-token": {} }, { script: minting() });
    expect(none.audiences).toEqual([undefined]);
  });

  test("is sent again at most once when the service may have read the secret", async () => {
    const { requests, failure } = await play(smallest, { given, script: () => text(500, ""), retries: 4 });
    expect(failure?.code).toBe("unavailable");
    expect(requests).toHaveLength(2);
  });

  test("masks each secret before it judges, and more that the answer brings", async () => {
    const definition = { ...smallest, answer: { secrets: { csrf: { header: "X-CSRF" } } } };
    const body = { access_token: TOKEN, refresh_token: "refresh-1", refreshToken: "refresh-2", id_token: "id-3" };
    const success = await play(definition, { given, script: minting(json(200, body, { "x-csrf": "csrf-4" })) });
    expect(success.masked).toEqual(expect.arrayContaining([TOKEN, "csrf-4", "refresh-1", "refresh-2", "id-3"]));
    const failing = await play(definition, { given, script: minting(json(400, body, { "x-csrf": "csrf-4" })) });
    expect(failing.failure?.code).toBe("bad-response");
    expect(failing.masked).toEqual(expect.arrayContaining([TOKEN, "csrf-4", "refresh-1", "refresh-2", "id-3"]));
  });

  test("masks the pair of Basic that it sends", async () => {
    const exchange = { path: "/token", basic: { username: "{username}", password: "{password}" } };
    const { masked } = await play({ ...login, exchange }, { given: pair, script: minting() });
    expect(masked).toContain(Buffer.from("jürgen:pass:wörd").toString("base64"));
  });

  test("refuses a value that does not fit a header before a request", async () => {
    const exchange = { path: "/token", headers: { "X-Key": "{password}" } };
    const { failure, requests } = await play(
      { ...login, exchange },
      { given: { ...pair, password: "a\rX-Evil: b" }, script: minting() },
    );
    expect(failure?.code).toBe("invalid-input");
    expect(failure?.message).toContain('"password"');
    expect(failure?.message).not.toContain("X-Evil");
    expect(requests).toEqual([]);
  });
});

describe("the answer to the exchange", () => {
  test.each<[string, object, Answer, string]>([
    ["JSON at another place", { token: { json: "/data/token" } }, json(201, { data: { token: TOKEN } }), TOKEN],
    ["a header", { token: { header: "X-Token" } }, json(200, {}, { "x-token": TOKEN }), TOKEN],
    [
      "a cookie",
      { token: { cookie: "SID" } },
      { status: 204, headers: { "set-cookie": `SID=${TOKEN}; Path=/` } },
      TOKEN,
    ],
    ["a plain text", { token: { text: true } }, text(200, `${TOKEN}\n`), TOKEN],
    ["a text of JSON", { token: { text: true } }, json(200, TOKEN), TOKEN],
  ])("holds the token as %s", async (_, answer, said, expected) => {
    const { credential } = await play({ ...smallest, answer }, { given, script: minting(said) });
    expect(credential?.token).toBe(expected);
  });

  test.each<[string, Answer, string]>([
    ["no token", json(200, {}), "bad-response"],
    ["a token that is a number", json(200, { access_token: 123456789012 }), "bad-response"],
    ["a token of two lines", json(200, { access_token: "abcdefgh\nijklmnop" }), "bad-response"],
    ["a token that is too short", json(200, { access_token: "abc" }), "bad-response"],
    ["a page", html(200, "Welcome", "Hello"), "wrong-url"],
    ["a page with 401", html(401, "Login", "Who are you?"), "forbidden"],
    ["401", json(401, {}), "refused"],
    ["403", json(403, {}), "forbidden"],
    ["404", json(404, {}), "wrong-url"],
    ["400", json(400, {}), "bad-response"],
    ["422", json(422, {}), "bad-response"],
    ["429", json(429, {}), "rate-limited"],
    ["503", json(503, {}), "unavailable"],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example/" } }, "wrong-url"],
  ])("of %s", async (_, said, code) => {
    const { failure } = await play(smallest, { given, script: minting(said) });
    expect(failure?.code).toBe(code);
  });

  test("with a status of success that the definition does not name is none", async () => {
    const definition = { ...smallest, exchange: { ...smallest.exchange, success: [201] } };
    const { failure } = await play(definition, { given, script: minting() });
    expect(failure?.code).toBe("bad-response");
    const fine = await play(definition, { given, script: minting(json(201, { access_token: TOKEN })) });
    expect(fine.credential?.token).toBe(TOKEN);
  });

  test.each<[string, object, Answer, string]>([
    ["by its status", { status: [400], failure: "refused" }, json(400, {}), "refused"],
    [
      "at any status from 400",
      { json: "/error", values: ["locked"], failure: "locked" },
      json(422, { error: "Account LOCKED" }),
      "locked",
    ],
    [
      "where something is there",
      { status: [400], json: "/non_field_errors", failure: "refused" },
      json(400, { non_field_errors: ["no"] }),
      "refused",
    ],
    [
      "in a success",
      { status: [200], json: "/result", values: ["denied"], failure: "forbidden" },
      json(200, { result: "denied" }),
      "forbidden",
    ],
    ["but not with a page", { status: [401], failure: "refused" }, html(401, "Login", "no"), "forbidden"],
    [
      "but not with another text",
      { json: "/error", values: ["locked"], failure: "locked" },
      json(400, { error: "x" }),
      "bad-response",
    ],
    ["but not with another status", { status: [400], failure: "locked" }, json(401, {}), "refused"],
    [
      "but not where nothing is there",
      { status: [400], json: "/e", failure: "locked" },
      json(400, { e: null }),
      "bad-response",
    ],
    ["but not before a fault of the service", { status: [503], failure: "refused" }, json(503, {}), "unavailable"],
  ])("says no in its own words %s", async (_, refusal, said, code) => {
    const { failure } = await play({ ...smallest, refusals: [refusal] }, { given, script: minting(said) });
    expect(failure?.code).toBe(code);
  });

  test.each(['{"error":"no such user"}', '["a","b","c"]'])(
    "of plain text is none where it is JSON: %s",
    async (said) => {
      const definition = { ...smallest, answer: { token: { text: true } } };
      const { failure } = await play(definition, { given, script: minting(text(200, said)) });
      expect(failure?.code).toBe("bad-response");
    },
  );

  test("of plain text that says no is told, not masked", async () => {
    const definition = { ...smallest, answer: { token: { text: true } } };
    const { failure, masked } = await play(definition, { given, script: minting(text(401, "INVALID_CREDENTIALS")) });
    expect(failure).toMatchObject({ code: "refused", answered: "INVALID_CREDENTIALS" });
    expect(masked).toEqual([]);
  });

  test.each<[string, object, object, number | undefined]>([
    ["where the definition says", { expires: { json: "/ms", as: "milliseconds" } }, { ms: 60_000, expires_in: 5 }, 60],
    ["a constant of the definition", { expires: { after: 90 } }, { expires_in: 5 }, 90],
    ["else /expires_in", {}, { expires_in: 120 }, 120],
    ["else /expires_in where the place says nothing", { expires: { json: "/nothing" } }, { expires_in: 120 }, 120],
    ["nowhere", {}, {}, undefined],
  ])("tells the expiry %s", async (_, answer, more, seconds) => {
    const before = Date.now();
    const { credential } = await play(
      { ...smallest, answer },
      { given, script: minting(json(200, { access_token: TOKEN, ...more })) },
    );
    const told = credential?.expiresAt?.getTime();
    if (seconds === undefined) expect(told).toBeUndefined();
    else expect(Math.abs((told ?? 0) - before - seconds * 1000)).toBeLessThan(30_000);
  });

  test("tells the expiry by a JWT before /expires_in", async () => {
    const exp = Math.floor(Date.now() / 1000) + 1000;
    const jwt = `e30.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.c2ln`;
    const { credential } = await play(smallest, {
      given,
      script: minting(json(200, { access_token: jwt, expires_in: 5 })),
    });
    expect(credential?.expiresAt?.getTime()).toBe(exp * 1000);
  });
});

describe("the use of the credential", () => {
  test("sends every header that the definition names, with Authorization as it is always written", async () => {
    const definition = {
      ...smallest,
      answer: { secrets: { csrf: { header: "X-CSRF" } }, values: { type: { json: "/type" } } },
      use: { headers: { authorization: "{answer.type} {answer.token}", "X-CSRF": "{answer.csrf}" } },
      env: { name: "HOME_TOKEN", also: { HOME_CSRF: "<{answer.csrf}>", HOME_URL: "plain" } },
      probe: probing,
    };
    const script = minting(json(200, { access_token: TOKEN, type: "Token" }, { "x-csrf": "csrf-value" }));
    const { headers, variables, requests, verdict } = await play(definition, { given, script });
    expect(headers).toEqual({ Authorization: `Token ${TOKEN}`, "X-CSRF": "csrf-value" });
    expect(variables).toEqual({ HOME_CSRF: "<csrf-value>", HOME_URL: "plain" });
    expect(requests[1]?.headers).toMatchObject({ authorization: `Token ${TOKEN}`, "x-csrf": "csrf-value" });
    expect(verdict).toMatchObject({ kind: "accepted", account: "robot" });
  });

  test("sends cookies", async () => {
    const definition = {
      ...smallest,
      answer: { token: { cookie: "LWSSO" }, secrets: { user: { cookie: "USER" } } },
      use: { headers: { Cookie: "LWSSO={answer.token}; USER={answer.user}" } },
      probe: probing,
    };
    const said = { status: 200, headers: { "set-cookie": `LWSSO=${TOKEN}; Path=/` } };
    const missing = await play(definition, { given, script: minting(said) });
    expect(missing.failure).toMatchObject({ code: "bad-response" });
    const one = {
      ...definition,
      answer: { token: { cookie: "LWSSO" } },
      use: { headers: { Cookie: "LWSSO={answer.token}" } },
    };
    const { requests } = await play(one, { given, script: minting(said) });
    expect(requests[1]?.headers.cookie).toBe(`LWSSO=${TOKEN}`);
  });

  test.each<[string, object]>([
    ["use", { use: { headers: { "X-A": "{answer.a}" } } }],
    ["env", { env: { also: { A_B: "{answer.a}" } } }],
  ])("is a bad answer where %s names what the answer lacks", async (_, more) => {
    const definition = { ...smallest, answer: { values: { a: { json: "/a" } } }, ...more };
    const { failure } = await play(definition, { given, script: minting() });
    expect(failure?.code).toBe("bad-response");
    expect(failure?.message).toContain("holds no a,");
  });

  test("is a bad answer where a value of the service does not fit a header", async () => {
    const definition = {
      ...smallest,
      answer: { values: { a: { json: "/a" } } },
      use: { headers: { "X-A": "{answer.a}" } },
    };
    const { failure } = await play(definition, {
      given,
      script: minting(json(200, { access_token: TOKEN, a: "x\r\nX-Evil: y" })),
    });
    expect(failure?.code).toBe("bad-response");
    expect(failure?.message).not.toContain("Evil");
  });
});

describe("a method without an exchange", () => {
  test("sends the user's token as it is", async () => {
    const { requests, credential, headers } = await play(
      { credentials: ["token"], probe: probing },
      { given, script: minting() },
    );
    expect(requests.map(line)).toEqual(["GET /me"]);
    expect(credential?.token).toBe(given.token);
    expect(headers).toEqual({ Authorization: `Bearer ${given.token}` });
  });

  test("sends a pair, which is then the token", async () => {
    const use = { basic: { username: "{username}", password: "{password}" } };
    const { credential, headers, masked } = await play(
      { credentials: ["username", "password"], use, probe: probing },
      { given: pair, script: minting() },
    );
    const basic = Buffer.from("jürgen:pass:wörd").toString("base64");
    expect(credential?.token).toBe(basic);
    expect(headers).toEqual({ Authorization: `Basic ${basic}` });
    expect(masked).toContain(basic);
  });

  test("goes the same way where a seal is opened", async () => {
    const use = {
      basic: { username: "{username}", password: "{password}" },
      headers: { "X-User": "{parameters.user}" },
    };
    const definition = { credentials: ["username", "password"], use, probe: probing };
    const trial = { given: { ...pair, parameters: "user=me" }, script: minting() };
    const [minted, opened] = [await play(definition, trial), await play(definition, { ...trial, opens: true })];
    expect(opened.headers).toEqual(minted.headers);
    expect(opened.verdict).toMatchObject({ kind: "accepted", account: "robot" });
    expect(opened.requests[0]?.headers).toMatchObject({ authorization: minted.headers?.Authorization, "x-user": "me" });
    expect(JSON.stringify(opened.credential)).not.toMatch(/wörd|w\\u00f6rd/);
  });

  test("takes a token in Basic, or in a header of its own", async () => {
    const use = { basic: { username: "{answer.token}", password: "" } };
    const { credential, headers } = await play({ credentials: ["token"], use }, { given, script: minting() });
    expect(credential?.token).toBe(given.token);
    expect(headers).toEqual({ Authorization: `Basic ${Buffer.from(`${given.token}:`).toString("base64")}` });
    const key = await play(
      { credentials: ["token"], use: { headers: { "X-Api-Key": "{token}" } } },
      { given, script: minting() },
    );
    expect(key.headers).toEqual({ "X-Api-Key": given.token });
  });

  test("is the user's, who is told what is wrong with it", async () => {
    const { verdict } = await play({ credentials: ["token"], probe: probing }, { given, script: () => json(401, {}) });
    expect(verdict).toMatchObject({ kind: "refused", failure: { hint: "It is wrong, expired or revoked." } });
  });
});

describe("the probe", () => {
  const asked = async (said: Answer, more: object = {}, probe: object = {}, opens?: true) =>
    inShort(
      await play(
        { ...smallest, probe: { ...probing, ...probe }, ...more },
        { given, script: minting(undefined, () => said), ...(opens && { opens }) },
      ),
    );

  test.each<[string, Answer, string]>([
    ["the value is there", json(200, { name: "robot" }), "accepted robot"],
    ["the value is an object", json(200, { name: { a: 1 } }), "accepted"],
    ["the value is a number", json(200, { name: 0 }), "accepted 0"],
    ["the value is absent", json(200, {}), "inconclusive answer bad-response"],
    ["the value is null", json(200, { name: null }), "inconclusive answer bad-response"],
    ["the value is empty", json(200, { name: "" }), "inconclusive answer bad-response"],
    ["the value is false", json(200, { name: false }), "refused"],
    ["401", json(401, {}), "refused"],
    ["403", json(403, {}), "inconclusive permission forbidden"],
    ["404", json(404, {}), "inconclusive answer wrong-url"],
    ["405", json(405, {}), "inconclusive answer wrong-url"],
    ["406", json(406, {}), "inconclusive answer bad-response"],
    ["400", json(400, {}), "inconclusive answer bad-response"],
    ["a page", html(200, "Welcome", "Hello"), "inconclusive answer wrong-url"],
    ["a page with 403", html(403, "Blocked", "no"), "inconclusive answer forbidden"],
    ["no JSON", text(200, "ok"), "inconclusive answer bad-response"],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example/" } }, "fails wrong-url"],
  ])("says that where %s: %s", async (_, said, expected) => {
    expect(await asked(said)).toBe(expected);
  });

  test.each<[object, Answer, string]>([
    [{ status: [400], failure: "refused" }, json(400, {}), "refused"],
    [
      { status: [200], json: "/valid", values: ["no"], failure: "refused" },
      json(200, { name: "x", valid: "no" }),
      "refused",
    ],
    [
      { status: [401], json: "/e", values: ["scope"], failure: "forbidden" },
      json(401, { e: "scope" }),
      "inconclusive permission forbidden",
    ],
    [{ status: [400], failure: "locked" }, json(400, {}), "inconclusive answer locked"],
    [{ status: [404], failure: "wrong-url" }, json(404, {}), "fails wrong-url"],
  ])("heeds the service's own words: %j", async (refusal, said, expected) => {
    expect(await asked(said, { refusals: [refusal] })).toBe(expected);
  });

  test("takes no 401 for a refusal where the place may not know what was minted a moment ago", async () => {
    expect(await asked(json(401, {}), {}, { "may-not-know": true })).toBe("inconclusive answer refused");
    expect(await asked(json(401, {}), {}, { "may-not-know": true }, true)).toBe("refused");
  });

  test("may be a POST with a body and headers of its own, and may tell the expiry", async () => {
    const probe = {
      ...probing,
      method: "POST",
      path: "/check",
      headers: { authorization: "Probe {answer.token}", "X-B": "b" },
      json: { token: "{answer.token}" },
      expires: { json: "/until", as: "date" },
    };
    const script = minting(undefined, () => json(200, { name: "robot", until: "2027-01-01T00:00:00Z" }));
    const { requests, verdict } = await play(
      { ...smallest, use: { headers: { Authorization: "x", "X-A": "a" } }, probe },
      { given, script },
    );
    expect(requests[1]).toMatchObject({ method: "POST", path: "/check", body: `{"token":"${TOKEN}"}` });
    expect(requests[1]?.headers).toMatchObject({ authorization: `Probe ${TOKEN}`, "x-a": "a", "x-b": "b" });
    expect(verdict).toMatchObject({ kind: "accepted", expiresAt: new Date("2027-01-01T00:00:00Z") });
  });

  test("is inconclusive where it names what the answer lacks", async () => {
    const definition = {
      ...smallest,
      answer: { values: { id: { json: "/id" } } },
      probe: { ...probing, path: "/users/{answer.id}" },
    };
    const outcome = await play(definition, { given, script: minting() });
    expect(inShort(outcome)).toBe("inconclusive answer bad-response");
    expect(outcome.requests).toHaveLength(1);
  });

  test("goes the same way where a seal is opened, with no file and no credential at hand", async () => {
    const definition = {
      ...login,
      answer: { secrets: { csrf: { header: "X-CSRF" } }, values: { id: { json: "/id" } } },
      use: { basic: { username: "{username}", password: "{answer.token}" }, headers: { "X-CSRF": "{answer.csrf}" } },
      env: { also: { WHO_AM_I: "{username}/{answer.id}" } },
      probe: { ...probing, path: "/users/{answer.id}/{username}" },
    };
    const script = minting(json(200, { access_token: TOKEN, id: 42 }, { "x-csrf": "csrf-value" }));
    const opened = await play(definition, { given: pair, script, opens: true });
    expect(opened.verdict).toMatchObject({ kind: "accepted", account: "robot" });
    expect(opened.requests.map(line)).toEqual(["POST /login", "GET /users/42/j%C3%BCrgen"]);
    expect(opened.headers).toEqual({
      Authorization: `Basic ${Buffer.from(`jürgen:${TOKEN}`).toString("base64")}`,
      "X-CSRF": "csrf-value",
    });
    expect(opened.variables).toEqual({ WHO_AM_I: "jürgen/42" });
    expect(JSON.stringify(opened.credential)).not.toContain("wörd");
    expect(Object.values(opened.credential?.secrets ?? {})).toEqual(
      expect.arrayContaining(["csrf-value", Buffer.from(`jürgen:${TOKEN}`).toString("base64")]),
    );
    for (const value of Object.values({ ...opened.credential?.parts, ...opened.credential?.secrets })) {
      expect(value).toMatch(/^[\x20-\x7e]+$/);
    }
  });
});

describe("the revocation", () => {
  const revoke = { method: "DELETE", path: "/tokens/{answer.id}" };
  const answer = { values: { id: { json: "/id" } } };
  const said = json(200, { access_token: TOKEN, id: "a/b" });

  test("is resolved at the exchange; the file is not read again", async () => {
    const definition = {
      name: "Home",
      "by-hand": "Settings > Keys",
      ...smallest,
      answer,
      revoke: { ...revoke, with: "use" },
      use: { headers: { "X-Key": "{answer.token}" } },
    };
    const { requests, revocation, handle } = await play(definition, {
      given,
      script: minting(said, () => ({ status: 204 })),
    });
    expect(revocation).toEqual({ kind: "revoked" });
    expect(requests.map(line)).toEqual(["POST /token", "DELETE /tokens/a%2Fb"]);
    expect(requests[1]?.headers["x-key"]).toBe(TOKEN);
    expect(JSON.stringify(handle)).not.toContain(given.token);
  });

  test("reads a credential again, and keeps none", async () => {
    const definition = {
      ...login,
      answer,
      revoke: { ...revoke, basic: { username: "{username}", password: "{password}" } },
    };
    const { requests, handle, masked } = await play(definition, {
      given: pair,
      script: minting(said, () => ({ status: 204 })),
    });
    const basic = Buffer.from("jürgen:pass:wörd").toString("base64");
    expect(requests[1]?.headers.authorization).toBe(`Basic ${basic}`);
    expect(JSON.stringify(handle)).not.toMatch(/wörd|jürgen|\\u00/);
    expect(JSON.stringify(handle)).not.toContain(basic);
    expect(handle?.given).toBe("username password");
    expect(masked).toContain(basic);
  });

  test("reads again only what main was given", async () => {
    const definition = {
      credentials: [["token"], ["username", "password"]],
      exchange: smallest.exchange,
      revoke: {
        path: "/revoke",
        basic: { username: "{token}{username}", password: "{password}" },
        form: { name: "{run}" },
      },
    };
    const { requests, handle } = await play(definition, { given, script: minting(said, () => ({ status: 204 })) });
    expect(handle?.given).toBe("token");
    expect(requests[1]?.headers.authorization).toBe(`Basic ${Buffer.from(`${given.token}:`).toString("base64")}`);
    expect(requests[1]?.body).toMatch(/^name=ate-[\w-]+$/);
  });

  test("takes a new ID token", async () => {
    const definition = {
      "id-token": { audience: "a" },
      exchange: { path: "/token", json: { jwt: "{id-token}" } },
      revoke: { path: "/revoke", json: { jwt: "{id-token}", token: "{answer.token}" } },
    };
    const { requests, handle, audiences } = await play(definition, {
      script: minting(undefined, () => ({ status: 200 })),
    });
    expect(requests[1]?.body).toBe(`{"jwt":"id-token-2","token":"${TOKEN}"}`);
    expect(audiences).toEqual(["a", "a"]);
    expect(JSON.stringify(handle)).not.toContain("id-token-1");
  });

  test("masks again each secret that it sends", async () => {
    const definition = {
      ...smallest,
      answer: { secrets: { csrf: { json: "/csrf" } } },
      revoke: { path: "/out", headers: { "X-CSRF": "{answer.csrf}" } },
    };
    const script = minting(json(200, { access_token: TOKEN, csrf: "csrf-value" }), () => ({ status: 200 }));
    const { masked } = await play(definition, { given, script });
    expect(masked.filter((value) => value === "csrf-value")).toHaveLength(2);
  });

  test("sends a parameter that is empty, and a secret that is no ASCII", async () => {
    const definition = {
      ...smallest,
      exchange: { path: "/token", query: { site: "{parameters.site}" } },
      answer: { secrets: { csrf: { json: "/csrf" } } },
      revoke: { path: "/out", form: { site: "{parameters.site}", csrf: "{answer.csrf}" } },
    };
    const script = minting(json(200, { access_token: TOKEN, csrf: "ü%1" }), () => ({ status: 200 }));
    const { requests, revocation } = await play(definition, { given: { ...given, parameters: "site=" }, script });
    expect(requests[1]?.body).toBe("site=&csrf=%C3%BC%251");
    expect(revocation).toEqual({ kind: "revoked" });
  });

  test("is left out where the answer lacks what only it names", async () => {
    const { handle, notes, credential } = await play({ ...smallest, answer, revoke }, { given, script: minting() });
    expect(credential?.token).toBe(TOKEN);
    expect(handle).toBeUndefined();
    expect(notes).toEqual(["The answer lacks what the revocation needs, so nothing is revoked."]);
  });

  test.each<[object, Answer, string]>([
    [{}, { status: 200 }, "revoked"],
    [{}, { status: 204 }, "revoked"],
    [{}, { status: 202 }, "failed status 202"],
    [{}, { status: 404 }, "failed status 404"],
    [{ revoked: [202] }, { status: 202 }, "revoked"],
    [{ revoked: [202] }, { status: 200 }, "failed status 200"],
    [{ gone: [401, 404] }, { status: 404 }, "gone"],
    [{ gone: [404] }, html(404, "Lost", "no"), "failed a page with status 404"],
    [{}, html(200, "Welcome", "Hello"), "failed a page with status 200"],
  ])("with %j understands %j as %s", async (more, said, expected) => {
    const definition = { ...smallest, revoke: { path: "/out", ...more } };
    const { revocation } = await play(definition, { given, script: minting(undefined, () => said) });
    expect([revocation?.kind, revocation?.kind === "failed" ? revocation.answered : ""].filter(Boolean).join(" ")).toBe(
      expected,
    );
  });
});

describe("a creation", () => {
  const creating = {
    credentials: ["token"],
    exchange: { path: "/keys", creates: true, form: { name: "{run}", key: "{token}" } },
    answer: { token: { json: "/key" } },
  };
  const undo = { method: "DELETE", path: "/keys/{run}" };
  const key = json(201, { key: TOKEN });

  /** A service that answers its requests one after the other. */
  const inTurn = (...answers: Answer[]) => {
    let turn = 0;
    return (): Answer => answers[turn++] ?? text(418, "");
  };
  const nameOf = (body = "") => new URLSearchParams(body).get("name") ?? "";

  test("is made once more under another name, after what it may have left was deleted by its name", async () => {
    const { requests, credential, unsettled } = await play(
      { ...creating, undo },
      { given, script: inTurn(text(500, ""), { status: 204 }, key), retries: 4 },
    );
    const [first, deleted, second] = requests;
    expect(credential?.token).toBe(TOKEN);
    expect(deleted && line(deleted)).toBe(`DELETE /keys/${nameOf(first?.body)}`);
    expect(nameOf(second?.body)).toMatch(/^[a-z0-9-]{1,40}$/);
    expect(nameOf(second?.body)).not.toBe(nameOf(first?.body));
    expect(unsettled).toEqual([]);
  });

  test("has an ID token of its own for each request that takes one", async () => {
    const form = { name: "{run}", jwt: "{id-token}" };
    const definition = { "id-token": {}, exchange: { ...creating.exchange, form }, undo: { path: "/undo", form } };
    const script = inTurn(text(500, ""), { status: 204 }, json(201, { access_token: TOKEN }));
    const { requests, credential } = await play(definition, { script, retries: 1 });
    expect(credential?.token).toBe(TOKEN);
    expect(requests.map(({ body }) => new URLSearchParams(body).get("jwt"))).toEqual([
      "id-token-1",
      "id-token-2",
      "id-token-3",
    ]);
  });

  test("counts a 404 as deleted", async () => {
    const { requests } = await play(
      { ...creating, undo },
      { given, script: inTurn(text(502, ""), json(404, {}), key), retries: 4 },
    );
    expect(requests).toHaveLength(3);
  });

  test.each<[string, Answer]>([
    ["another status", json(403, {})],
    ["a page", html(200, "Welcome", "Hello")],
  ])("is not made again where its undoing is answered by %s, and stays unsettled", async (_, said) => {
    const { requests, failure, unsettled } = await play(
      { ...creating, undo },
      { given, script: inTurn(text(500, ""), said), retries: 4 },
    );
    expect(failure?.code).toBe("unavailable");
    expect(requests).toHaveLength(2);
    expect(unsettled).toEqual([nameOf(requests[0]?.body)]);
  });

  test("that cannot be undone is never made again", async () => {
    for (const said of [text(500, ""), text(429, "")]) {
      const { requests, failure, unsettled } = await play(creating, { given, script: inTurn(said, key), retries: 4 });
      expect(failure).toBeDefined();
      expect(requests).toHaveLength(1);
      expect(unsettled).toEqual(said.status === 500 ? [nameOf(requests[0]?.body)] : []);
    }
  });

  test("that tells no usable key is undone by its name", async () => {
    const { requests, failure, unsettled } = await play(
      { ...creating, undo },
      { given, script: inTurn(json(201, {}), { status: 204 }) },
    );
    expect(failure?.code).toBe("bad-response");
    expect(requests.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
    expect(unsettled).toEqual([]);
  });

  test("without a name says nothing of a name", async () => {
    const nameless = { ...creating, exchange: { ...creating.exchange, form: { key: "{token}" } } };
    const { unsettled, failure } = await play(nameless, { given, script: () => text(500, "") });
    expect(failure?.code).toBe("unavailable");
    expect(unsettled).toEqual([]);
  });

  test("is settled when its key is in hand, whether or not it can be revoked", async () => {
    expect((await play(creating, { given, script: () => key })).unsettled).toEqual([]);
    const revoke = { path: "/keys/revoke", form: { name: "{run}" } };
    const { unsettled, requests } = await play(
      { ...creating, revoke },
      { given, script: (call) => (call.route === "/keys" ? key : { status: 204 }) },
    );
    expect(unsettled).toEqual([]);
    expect(nameOf(requests[1]?.body)).toBe(nameOf(requests[0]?.body));
  });
});

describe("what several methods have in common", () => {
  test("is chosen by the method", async () => {
    const methods = { static: { credentials: ["token"] }, minted: smallest };
    expect((await play({ methods }, { given, script: minting(), method: "static" })).requests).toEqual([]);
    expect((await play({ methods }, { given, script: minting(), method: "minted" })).requests.map(line)).toEqual([
      "POST /token",
    ]);
  });
});
