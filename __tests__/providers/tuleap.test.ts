import { expect, test } from "@jest/globals";
import { type Answer, html, json, text } from "../../sandbox/services/answers.ts";
import type { Call } from "../../sandbox/services/serve.ts";
import { tuleap } from "../../src/providers/tuleap.ts";
import { exchanged, inShort, probed, type Script } from "../kit/scripted.ts";

/** The example of Tuleap's own documentation. */
const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const OAUTH2 = "tlp-oauth2-at1-7.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const TOKEN = "f1dd0b0ac1a1c1e1aa0eb0a3d7cd2bd5ad0b02e3b5f4a9f8f9c1b2a3d4e5f607";
const LOGIN = { username: "ci-robot", password: 'p%C3 ss:w"rd' };

const restError = (code: number, message: string): Answer => json(code, { error: { code, message } });
const created = { user_id: 115, token: TOKEN, uri: `tokens/${TOKEN}` };

/** The body of Tuleap's Jenkins plugin's own test. */
const MICK = {
  display_name: "Mick Jagger (mjagger)",
  email: "mjagger@rolling-stones.com",
  id: 102,
  is_anonymous: false,
  real_name: "Mick Jagger",
  uri: "users/102",
  username: "mjagger",
};
const ANONYMOUS = { id: null, username: null, display_name: "Anonymous user", is_anonymous: true };

const line = ({ method, path }: Pick<Call, "method" | "path">): string => `${method} ${path}`;

test.each([
  { method: "access-key", token: KEY, headers: { "X-Auth-AccessKey": KEY } },
  { method: "oauth2-access-token", token: OAUTH2, headers: { Authorization: `Bearer ${OAUTH2}` } },
])("$method takes the user's secret as it is, without a request", async ({ method, token, headers }) => {
  const { credential, requests, steps } = await exchanged(tuleap, method, { token }, () => json(200, {}));
  expect(credential).toEqual({ token });
  expect(requests).toEqual([]);
  expect(steps).toEqual([]);
  expect(tuleap.methods.find(({ id }) => id === method)?.headers({ token })).toEqual(headers);
});

test("a login goes to tokens as JSON", async () => {
  const { requests } = await exchanged(tuleap, "token", LOGIN, () => json(201, created));
  expect(requests.map(line)).toEqual(["POST /api/tokens"]);
  expect(requests[0]?.headers["content-type"]).toBe("application/json");
  expect(requests[0]?.headers.authorization).toBeUndefined();
  expect(requests[0]?.body).toBe('{"username":"ci-robot","password":"p%C3 ss:w\\"rd"}');
});

test.each<{ says: string; answer: Answer }>([
  { says: "201, as the service does", answer: json(201, created) },
  {
    says: "200 and a text for the user's id, as its documentation has it",
    answer: json(200, { ...created, user_id: "115" }),
  },
])("a token comes with $says", async ({ answer }) => {
  const { credential, steps } = await exchanged(tuleap, "token", LOGIN, () => answer);
  expect(credential?.token).toBe(TOKEN);
  expect(credential?.parts).toEqual({ "user-id": "115" });
  const left = ((credential?.expiresAt?.getTime() ?? 0) - Date.now()) / 1000;
  expect(left).toBeLessThanOrEqual(86_400);
  expect(left).toBeGreaterThan(85_800);
  expect(steps.filter(([kind]) => kind !== "note")).toEqual([
    ["secret", TOKEN],
    ["revocable", { secret: TOKEN, userId: "115" }],
  ]);
});

test("a token travels in two headers, and also exports the user's id", () => {
  const method = tuleap.methods.find(({ id }) => id === "token");
  const credential = { token: TOKEN, parts: { "user-id": "115" } };
  expect(method?.headers(credential)).toEqual({ "X-Auth-Token": TOKEN, "X-Auth-UserId": "115" });
  expect(method?.alsoExports?.(credential)).toEqual({ TULEAP_USER_ID: "115" });
});

test("basic makes the pair in UTF-8, without a request, and masks it", async () => {
  const { credential, requests, steps } = await exchanged(
    tuleap,
    "basic",
    { username: "jürgen", password: "pä:ss" },
    () => json(200, {}),
  );
  expect(credential).toEqual({ token: "asO8cmdlbjpww6Q6c3M=" });
  expect(requests).toEqual([]);
  expect(steps.filter(([kind]) => kind !== "note")).toEqual([["secret", "asO8cmdlbjpww6Q6c3M="]]);
  expect(tuleap.methods.find(({ id }) => id === "basic")?.headers({ token: "asO8cmdlbjpww6Q6c3M=" })).toEqual({
    Authorization: "Basic asO8cmdlbjpww6Q6c3M=",
  });
});

test("basic refuses a user name with a colon, which would end there", async () => {
  const { failure, requests } = await exchanged(tuleap, "basic", { username: "a:b", password: "secret" }, () =>
    json(200, {}),
  );
  expect(failure?.code).toBe("invalid-input");
  expect(failure?.message).toContain('"username"');
  expect(requests).toEqual([]);
});

test.each(["token", "basic"])(
  "%s logs one line that names access-key as the way that Tuleap prefers",
  async (method) => {
    const { steps } = await exchanged(tuleap, method, LOGIN, () => json(201, created));
    const notes = steps.filter(([kind]) => kind === "note");
    expect(notes).toHaveLength(1);
    expect(notes[0]?.[1]).toMatch(/prefers access keys.*access-key/);
  },
);

test.each<{ says: string; answer: Answer; code: string }>([
  {
    says: "a wrong password",
    answer: restError(401, "Unauthorized: Invalid Password Or User Name"),
    code: "refused",
  },
  {
    says: "a wrong password in French",
    answer: restError(401, "Unauthorized: Mauvais mot de passe ou nom d'utilisateur"),
    code: "refused",
  },
  {
    says: "an account with a passkey",
    answer: restError(401, "Password authentication is disabled, please use your passkey instead"),
    code: "refused",
  },
  { says: "a suspended account", answer: restError(403, "Forbidden: Account Suspended"), code: "forbidden" },
  {
    says: "a refusal that is a mere text",
    answer: json(403, { error: "Referer doesn't match host. CSRF tentative ?" }),
    code: "forbidden",
  },
  { says: "an empty 401", answer: { status: 401 }, code: "refused" },
  { says: "400", answer: restError(400, "Bad Request: `password` is required."), code: "bad-response" },
  { says: "404", answer: restError(404, "Not Found"), code: "wrong-url" },
  { says: "plain HTTP that is not wanted", answer: text(400, "HTTPS is mandatory"), code: "bad-response" },
  { says: "a page", answer: html(200, "Tuleap", "Log in."), code: "wrong-url" },
  { says: "a page with 403", answer: html(403, "Blocked", "Blocked."), code: "forbidden" },
  { says: "500", answer: restError(500, "Internal Server Error"), code: "unavailable" },
  { says: "a redirect", answer: { status: 302, headers: { location: "/account/login.php" } }, code: "wrong-url" },
  { says: "no token", answer: json(201, { user_id: 115 }), code: "bad-response" },
  { says: "a token of two lines", answer: json(201, { ...created, token: "12345678\n9" }), code: "bad-response" },
])("at the exchange $says is $code", async ({ answer, code }) => {
  const { failure, requests } = await exchanged(tuleap, "token", LOGIN, () => answer);
  expect(failure?.code).toBe(code);
  expect(requests).toHaveLength(1);
});

test.each([undefined, "1/../2"])(
  "a token with the user id %p is a bad response, and the password ends that token at once",
  async (user_id) => {
    const ask = (deleted: Answer) =>
      exchanged(tuleap, "token", LOGIN, ({ method }) =>
        method === "POST" ? json(201, { ...created, user_id }) : deleted,
      );
    const ended = await ask({ status: 200 });
    expect(ended.failure?.code).toBe("bad-response");
    expect(ended.requests.map(line)).toEqual(["POST /api/tokens", `DELETE /api/tokens/${TOKEN}`]);
    expect(ended.steps.filter(([kind]) => kind === "warn")).toEqual([]);
    const left = await ask(restError(403, "Forbidden"));
    expect(left.failure?.code).toBe("bad-response");
    expect(left.steps.filter(([kind]) => kind === "warn").map(([, , title]) => title)).toEqual(["A token may be left"]);
  },
);

test.each<{ method: string; token: string; title?: string }>([
  { method: "access-key", token: "tlp-k1-22.abab", title: "Access key looks cut off" },
  { method: "access-key", token: KEY.slice(0, -1), title: "Access key looks cut off" },
  { method: "access-key", token: `${KEY}ab`, title: "Access key looks cut off" },
  { method: "access-key", token: "tlp.k1.1026.not-a-key", title: "Access key looks cut off" },
  { method: "access-key", token: KEY.toUpperCase().replace("TLP-K1", "tlp-k1") },
  { method: "oauth2-access-token", token: OAUTH2.slice(0, 40), title: "Access token looks cut off" },
])("$method $token is taken with the warning $title", async ({ method, token, title }) => {
  const { credential, steps } = await exchanged(tuleap, method, { token }, () => json(200, {}));
  expect(credential?.token).toBe(token);
  expect(steps.map(([kind, , said]) => [kind, said])).toEqual(title === undefined ? [] : [["warn", title]]);
  expect(steps.map(String).join()).not.toContain(token);
});

test.each<{ method: string; says: string; hint: RegExp; not: RegExp }>([
  { method: "token", says: "Invalid Password Or User Name", hint: /"username" and "password"/, not: /pending/ },
  {
    method: "ephemeral-access-key",
    says: "Basic Authentication Required",
    hint: /suspended, pending.*passkey.*password has expired/,
    not: /expired, revoked/,
  },
])("$method is refused with a hint of its own, in two short sentences", async ({ method, says, hint, not }) => {
  const { failure } = await exchanged(tuleap, method, LOGIN, () => restError(401, `Unauthorized: ${says}`));
  expect(failure?.code).toBe("refused");
  expect(failure?.hint).toMatch(hint);
  expect(failure?.hint).not.toMatch(not);
  expect(failure?.hint.match(/[.:](?: |$)/g)?.length).toBeLessThanOrEqual(3);
  // What is said, without the JSON around it.
  expect(failure?.answered).toBe(`Unauthorized: ${says}`);
});

test.each<{ method: string; token: string; says: string; hint: RegExp; not: RegExp }>([
  { method: "access-key", token: KEY, says: "Invalid access key", hint: /write:rest/, not: /"(username|password)"/ },
  {
    method: "access-key",
    token: KEY,
    says: "Key or token incorrectly formatted",
    hint: /copy it whole/,
    not: /expired/,
  },
  {
    method: "basic",
    token: "YTpi",
    says: "Basic Authentication Required",
    hint: /suspended, pending/,
    not: /write:rest/,
  },
])("the probe of $method refuses with a hint of its own ($says)", async ({ method, token, says, hint, not }) => {
  const { verdict } = await probed(tuleap, method, { token }, () => restError(401, `Unauthorized: ${says}`));
  if (verdict?.kind !== "refused") throw new Error("not refused");
  expect(verdict.failure.hint).toMatch(hint);
  expect(verdict.failure.hint).not.toMatch(not);
});

test.each(["access-key", "token", "basic"])("a 401 to %s without a reason tells of a lost header", async (method) => {
  const { verdict } = await probed(tuleap, method, { token: KEY, parts: { "user-id": "115" } }, () =>
    restError(401, "Unauthorized"),
  );
  if (verdict?.kind !== "refused") throw new Error("not refused");
  expect(verdict.isOfTheWay).toBe(true);
  expect(verdict.failure.hint).toContain("may strip the X-Auth or Authorization headers");
});

test("a creation without a caller tells that Authorization was lost on the way", async () => {
  const { failure } = await exchanged(tuleap, "ephemeral-access-key", LOGIN, () => restError(401, "Unauthorized"));
  expect(failure?.code).toBe("refused");
  expect(failure?.hint).toContain("may strip the X-Auth or Authorization headers");
});

test("an account with a passkey is told to create an access key", async () => {
  const { failure } = await exchanged(tuleap, "token", LOGIN, () =>
    restError(401, "Password authentication is disabled, please use your passkey instead"),
  );
  expect(failure?.hint).toMatch(/access key with the scope write:rest/);
});

/** A Tuleap that says one thing of the key and another of the user. */
const says =
  (key: Answer, user: Answer = json(200, MICK)): Script =>
  ({ path }) =>
    path === "/api/access_keys/self" ? key : path === "/api/users/self" ? user : json(418, {});

const keyInfo = {
  creation_date: "2020-02-17T11:31:05+01:00",
  description: "",
  expiration_date: null,
  id: 5,
  scopes: [{ identifier: "write:git_repository" }, { identifier: "write:rest" }],
};

test.each<{ what: string; script: Script; verdict: string }>([
  { what: "a key with write:rest", script: says(json(200, keyInfo)), verdict: "accepted mjagger" },
  {
    what: "a key whose user cannot be read",
    script: says(json(200, keyInfo), { status: 500 }),
    verdict: "accepted",
  },
  {
    what: "a key without write:rest that answers all the same",
    script: says(json(200, { ...keyInfo, scopes: [{ identifier: "write:git_repository" }] })),
    verdict: "inconclusive permission",
  },
  ...[[], null, ["write:svn"], [{ identifier: "write:webdav" }, 7]].map((scopes) => ({
    what: `a key with the scopes ${JSON.stringify(scopes)}`,
    script: says(json(200, { ...keyInfo, scopes })),
    verdict: "inconclusive permission",
  })),
  {
    what: "a key with write:rest as a text",
    script: says(json(200, { ...keyInfo, scopes: ["write:rest"] })),
    verdict: "accepted mjagger",
  },
  {
    what: "a key whose scope does not suffice",
    script: says({ status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope"' } }),
    verdict: "inconclusive permission",
  },
  { what: "a wrong key", script: says(restError(401, "Unauthorized: Invalid access key")), verdict: "refused" },
  {
    what: "a malformed key",
    script: says(restError(401, "Unauthorized: Key or token incorrectly formatted")),
    verdict: "refused",
  },
  {
    what: "the key of a suspended account",
    script: says(restError(403, "Forbidden: Account Suspended")),
    verdict: "fails forbidden",
  },
  {
    what: "a key at a server of before 11.11",
    script: says(restError(404, "Not Found")),
    verdict: "accepted mjagger",
  },
  {
    what: "an old server that takes it for an anonymous caller",
    script: says(restError(404, "Not Found"), json(200, ANONYMOUS)),
    verdict: "refused",
  },
  { what: "503", script: says({ status: 503 }), verdict: "fails unavailable" },
  { what: "a page", script: says(html(200, "Tuleap", "Log in.")), verdict: "fails wrong-url" },
])("the probe of an access key, $what: $verdict", async ({ script, verdict }) => {
  expect(inShort(await probed(tuleap, "access-key", { token: KEY }, script))).toBe(verdict);
});

test("the probe of an access key learns the key's own expiry, in UTC, from the key's own place", async () => {
  const { verdict, requests } = await probed(
    tuleap,
    "access-key",
    { token: KEY },
    says(json(200, { ...keyInfo, expiration_date: "2030-08-07T10:15:57+02:00" })),
  );
  expect(verdict).toEqual({ kind: "accepted", account: "mjagger", expiresAt: new Date("2030-08-07T08:15:57Z") });
  expect(requests.map(line)).toEqual(["GET /api/access_keys/self", "GET /api/users/self"]);
  expect(requests.map(({ headers }) => headers["x-auth-accesskey"])).toEqual([KEY, KEY]);
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
});

test.each<{ what: string; answer: Answer; verdict: string }>([
  { what: "the user", answer: json(200, MICK), verdict: "accepted mjagger" },
  { what: "the anonymous user with a 200", answer: json(200, ANONYMOUS), verdict: "refused" },
  { what: "a 200 that does not say who", answer: json(200, { id: 102 }), verdict: "fails bad-response" },
  { what: "an invalid token", answer: restError(401, "Unauthorized: Invalid Token"), verdict: "refused" },
  {
    what: "a wrong password",
    answer: restError(401, "Unauthorized: Basic Authentication Required"),
    verdict: "refused",
  },
  { what: "a bare 401", answer: restError(401, "Unauthorized"), verdict: "refused" },
  { what: "a suspended account", answer: restError(403, "Forbidden: Account Suspended"), verdict: "fails forbidden" },
])("the probe of a token and of a password, $what: $verdict", async ({ answer, verdict }) => {
  const token = await probed(tuleap, "token", { token: TOKEN, parts: { "user-id": "115" } }, () => answer);
  const basic = await probed(tuleap, "basic", { token: "YTpi" }, () => answer);
  expect([inShort(token), inShort(basic)]).toEqual([verdict, verdict]);
  expect([token, basic].flatMap(({ requests }) => requests.map(line))).toEqual([
    "GET /api/users/self",
    "GET /api/users/self",
  ]);
  expect(token.requests[0]?.headers).toMatchObject({ "x-auth-token": TOKEN, "x-auth-userid": "115" });
  expect(basic.requests[0]?.headers).toMatchObject({ authorization: "Basic YTpi" });
});

const challenged = (status: number, problem: string): Answer => ({
  status,
  headers: { "www-authenticate": `Bearer realm="Tuleap OAuth2 Protected Resource" ${problem}` },
});

test.each<{ what: string; answer: Answer; verdict: string }>([
  {
    what: "a user",
    answer: json(200, { sub: "102", preferred_username: "mjagger" }),
    verdict: "accepted mjagger",
  },
  { what: "a user without a profile", answer: json(200, { sub: "102" }), verdict: "accepted" },
  {
    what: "a token without openid",
    answer: challenged(403, 'error="insufficient_scope" scope="openid"'),
    verdict: "inconclusive permission",
  },
  { what: "an invalid token", answer: challenged(401, 'error="invalid_token"'), verdict: "refused" },
  { what: "a 403 for another reason", answer: { status: 403 }, verdict: "fails forbidden" },
])("the probe of an OAuth2 access token, $what: $verdict", async ({ answer, verdict }) => {
  const result = await probed(tuleap, "oauth2-access-token", { token: OAUTH2 }, () => answer);
  expect(inShort(result)).toBe(verdict);
  expect(result.requests.map(line)).toEqual(["GET /oauth2/userinfo"]);
  expect(result.requests[0]?.headers.authorization).toBe(`Bearer ${OAUTH2}`);
});

test.each([
  { reason: "Access token is malformed", hint: /copy it whole/ },
  { reason: "Access token has expired", hint: /lives one hour/ },
  { reason: "Cannot authenticate user", hint: /suspended, or that account's password/ },
])("the reason that stands in the challenge alone is quoted: $reason", async ({ reason, hint }) => {
  for (const problem of [`error="invalid_token" error_description="${reason}"`, `error_description="${reason}`]) {
    const answer = challenged(401, problem);
    const { verdict } = await probed(tuleap, "oauth2-access-token", { token: OAUTH2 }, () => answer);
    if (verdict?.kind !== "refused") throw new Error("not refused");
    expect(verdict.failure.answered).toBe(reason);
    expect(verdict.failure.hint).toMatch(hint);
  }
});

test("a challenge without an error tells that Authorization was lost on the way", async () => {
  const { verdict } = await probed(tuleap, "oauth2-access-token", { token: OAUTH2 }, () => challenged(401, ""));
  if (verdict?.kind !== "refused") throw new Error("not refused");
  expect(verdict.isOfTheWay).toBe(true);
  expect(verdict.failure.hint).toContain("may strip the X-Auth or Authorization headers");
});

test("a server that takes the caller for anonymous is explained by a proxy that strips headers", async () => {
  const { verdict } = await probed(tuleap, "token", { token: TOKEN, parts: { "user-id": "115" } }, () =>
    json(200, ANONYMOUS),
  );
  expect(verdict?.kind === "refused" && verdict.failure.hint).toMatch(/proxy may strip/);
});

test("an ephemeral key is asked for with an expiry without milliseconds and with the REST scope alone", async () => {
  const { credential, requests, steps } = await exchanged(tuleap, "ephemeral-access-key", LOGIN, () =>
    json(201, { identifier: KEY }),
  );
  expect(requests.map(line)).toEqual(["POST /api/access_keys"]);
  expect(requests[0]?.headers.authorization).toBe("Basic Y2ktcm9ib3Q6cCVDMyBzczp3InJk");
  const body: Record<string, unknown> = JSON.parse(requests[0]?.body ?? "");
  expect(body).toEqual({
    description: expect.stringMatching(/^ate-[0-9a-f]{8}-1658821493-1-[0-9a-f]{6}$/),
    expiration_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/),
    scopes: ["write:rest"],
  });
  expect(credential?.expiresAt).toEqual(new Date(String(body.expiration_date)));
  expect(steps).toEqual([
    ["secret", "Y2ktcm9ib3Q6cCVDMyBzczp3InJk"],
    ["secret", KEY],
    ["revocable", { secret: KEY }],
  ]);
});
