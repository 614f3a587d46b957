import { expect, test } from "@jest/globals";
import { type Answer, html, json, text } from "../../sandbox/services/answers.ts";
import { qa } from "../../src/providers/qa.ts";
import { exchanged, inShort, probed, revoked } from "../kit/scripted.ts";

const PAIR = { "client-id": "id of the client", "client-secret": "s3cret+&=ü" };
const TOKEN = "hKTvKpOEjqmL2Fw3dP9sXcBvNzRyTq";

test("the key pair goes to the token endpoint as a form, with the slash at the end of the path", async () => {
  const { requests } = await exchanged(qa, "client-credentials", PAIR, () => json(200, { access_token: TOKEN }));
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /oauth2/token/"]);
  expect(requests[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  expect(requests[0]?.body).toBe(
    "grant_type=client_credentials&client_id=id+of+the+client&client_secret=s3cret%2B%26%3D%C3%BC",
  );
  expect(requests[0]?.headers.authorization).toBeUndefined();
});

test("the sample answer of the vendor's page becomes a credential, masked before it can be revoked", async () => {
  const { credential, steps } = await exchanged(qa, "client-credentials", PAIR, () => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: `{"access_token": "${TOKEN}", "expires_in": 36000, "token_type": "Bearer", "scope": "all"}`,
  }));
  expect(credential?.token).toBe(TOKEN);
  expect(steps).toEqual([
    ["secret", TOKEN],
    ["revocable", { secret: TOKEN }],
  ]);
});

test.each([
  { expires_in: 36_000, seconds: 36_000 },
  { expires_in: 600, seconds: 600 },
  { expires_in: "600", seconds: 600 },
  { expires_in: 600.9, seconds: 600 },
  { expires_in: undefined, seconds: 36_000 },
  { expires_in: null, seconds: 36_000 },
  { expires_in: 0, seconds: 36_000 },
  { expires_in: -5, seconds: 36_000 },
  { expires_in: "soon", seconds: 36_000 },
])("with expires_in $expires_in the token lives $seconds seconds", async ({ expires_in, seconds }) => {
  const { credential } = await exchanged(qa, "client-credentials", PAIR, () =>
    json(200, { access_token: TOKEN, expires_in }),
  );
  const left = ((credential?.expiresAt?.getTime() ?? 0) - Date.now()) / 1000;
  expect(left).toBeLessThanOrEqual(seconds);
  expect(left).toBeGreaterThan(seconds - 300);
});

test("a refresh token that comes along is masked, too", async () => {
  const { steps } = await exchanged(qa, "client-credentials", PAIR, () =>
    json(200, { access_token: TOKEN, refresh_token: "refresh-me-later" }),
  );
  expect(steps.slice(0, 2)).toEqual([
    ["secret", TOKEN],
    ["secret", "refresh-me-later"],
  ]);
});

test.each<{ says: string; answer: Answer; code: string }>([
  { says: "401 invalid_client", answer: json(401, { error: "invalid_client" }), code: "refused" },
  { says: "400 invalid_client", answer: json(400, { error: "invalid_client" }), code: "refused" },
  { says: "200 invalid_client", answer: json(200, { error: "invalid_client" }), code: "refused" },
  {
    says: "400 invalid_grant",
    answer: json(400, { error: "invalid_grant", error_description: "Invalid credentials given." }),
    code: "refused",
  },
  { says: "an empty 401", answer: { status: 401 }, code: "refused" },
  { says: "400 unauthorized_client", answer: json(400, { error: "unauthorized_client" }), code: "forbidden" },
  { says: "401 unauthorized_client", answer: json(401, { error: "unauthorized_client" }), code: "forbidden" },
  {
    says: "400 unsupported_grant_type",
    answer: json(400, { error: "unsupported_grant_type" }),
    code: "bad-response",
  },
  { says: "400 invalid_scope", answer: json(400, { error: "invalid_scope" }), code: "bad-response" },
  { says: "an empty 403", answer: { status: 403 }, code: "forbidden" },
  { says: "a page with 403", answer: html(403, "Blocked", "Blocked."), code: "forbidden" },
  { says: "a page with 401", answer: html(401, "Log in", "Log in."), code: "forbidden" },
  { says: "a page with 200", answer: html(200, "QA", "Enable JavaScript."), code: "wrong-url" },
  { says: "a page with 404", answer: html(404, "QA", "Not found."), code: "wrong-url" },
  { says: "404", answer: text(404, "not found"), code: "wrong-url" },
  { says: "405", answer: { status: 405, headers: { allow: "GET" } }, code: "wrong-url" },
  { says: "410", answer: { status: 410 }, code: "wrong-url" },
  { says: "a redirect", answer: { status: 301, headers: { location: "/oauth2/token/" } }, code: "wrong-url" },
  { says: "429", answer: { status: 429 }, code: "rate-limited" },
  { says: "408", answer: { status: 408 }, code: "timeout" },
  { says: "500 with a page", answer: html(500, "Oops", "Oops."), code: "unavailable" },
  { says: "503 invalid_client", answer: json(503, { error: "invalid_client" }), code: "unavailable" },
  { says: "no token", answer: json(200, { token_type: "Bearer" }), code: "bad-response" },
  { says: "a number for a token", answer: json(200, { access_token: 12345678 }), code: "bad-response" },
  { says: "an empty token", answer: json(200, { access_token: "" }), code: "bad-response" },
  { says: "a token of 7 characters", answer: json(200, { access_token: "1234567" }), code: "bad-response" },
  { says: "a token of two lines", answer: json(200, { access_token: "12345678\n::set" }), code: "bad-response" },
  { says: "a token that is not ASCII", answer: json(200, { access_token: "12345678é" }), code: "bad-response" },
  {
    says: "a token of 65,537 characters",
    answer: json(200, { access_token: "x".repeat(65_537) }),
    code: "bad-response",
  },
  { says: "an empty 200", answer: { status: 200 }, code: "bad-response" },
  { says: "JSON that breaks off", answer: text(200, `{"access_token": "${TOKEN}`), code: "bad-response" },
])("at the exchange $says is $code", async ({ answer, code }) => {
  const { failure, requests } = await exchanged(qa, "client-credentials", PAIR, () => answer);
  expect(failure?.code).toBe(code);
  expect(requests).toHaveLength(1);
});

test("a token of 8 characters and one of 65,536 are tokens", async () => {
  for (const token of ["12345678", "x".repeat(65_536)]) {
    const { credential } = await exchanged(qa, "client-credentials", PAIR, () => json(200, { access_token: token }));
    expect(credential?.token).toBe(token);
  }
});

test("a refused key pair names the new key pair that someone may have made", async () => {
  const { failure } = await exchanged(qa, "client-credentials", PAIR, () => json(401, { error: "invalid_client" }));
  expect(failure?.hint).toMatch(/new key pair/);
  expect(failure?.answered).toBe("invalid_client");
});

test("an answer with a token in an unknown place is not quoted, since nothing of it is masked", async () => {
  const { failure } = await exchanged(qa, "client-credentials", PAIR, () => json(200, { accessToken: TOKEN }));
  expect(failure?.code).toBe("bad-response");
  expect(failure?.answered).toBe("");
});

test("the probe asks for one team, with the brackets of the parameter encoded", async () => {
  const { requests } = await probed(qa, "client-credentials", { token: TOKEN }, () => json(200, { data: [] }));
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /restapi/v1/organizations/accounts/teams/?page%5Bsize%5D=1",
  ]);
  expect(requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  // The API is one of JSON:API, and negotiates before it looks at the token.
  expect(requests[0]?.headers.accept).toBe("application/vnd.api+json, application/json;q=0.9");
});

test("an answer of JSON:API is taken by what it holds, not by its type", async () => {
  const answer = json(200, { data: [] }, { "content-type": "application/vnd.api+json" });
  const { verdict } = await probed(qa, "client-credentials", { token: TOKEN }, () => answer);
  expect(verdict).toEqual({ kind: "accepted" });
});

const apiError = (status: number, detail: string): Answer =>
  json(status, { errors: [{ detail, source: { pointer: "/data" }, status: String(status) }] });

/** As a protected view of django-oauth-toolkit answers a token that it does not know. */
const EMPTY_403: Answer = { status: 403, headers: { "content-type": "text/html; charset=utf-8" } };

test.each<{ says: string; answer: Answer; isFresh: boolean; verdict: string }>([
  { says: "a page of teams", answer: json(200, { data: [] }), isFresh: true, verdict: "accepted" },
  {
    says: "403",
    answer: apiError(403, "You don't have the permissions to access this API."),
    isFresh: true,
    verdict: "inconclusive permission",
  },
  {
    says: "an HTML page",
    answer: html(200, "QA", "Enable JavaScript."),
    isFresh: true,
    verdict: "inconclusive answer",
  },
  { says: "an HTML 404", answer: html(404, "QA", "Not found."), isFresh: false, verdict: "inconclusive answer" },
  {
    says: "401 to a token of this step",
    answer: apiError(401, "Authentication credentials were not provided."),
    isFresh: true,
    verdict: "inconclusive answer",
  },
  {
    says: "401 to a token that another job sealed",
    answer: apiError(401, "Authentication credentials were not provided."),
    isFresh: false,
    verdict: "refused",
  },
  ...[true, false].flatMap((isFresh) =>
    [
      { says: "406", answer: apiError(406, "Could not satisfy the request Accept header.") },
      { says: "an empty 406", answer: { status: 406 } },
      { says: "a page with 406", answer: html(406, "Not Acceptable!", "An appropriate representation …") },
    ].map((row) => ({ ...row, isFresh, verdict: "inconclusive answer" })),
  ),
  // Servers that answer 403 where they do not know the token.
  ...[
    { says: "an empty 403 typed as a page", answer: EMPTY_403 },
    { says: "a 403 in the words of a 401", answer: apiError(403, "Authentication credentials were not provided.") },
    {
      says: "a 403 in those words, without JSON:API",
      answer: json(403, { detail: "Authentication credentials were not provided." }),
    },
    { says: "a 403 for an invalid token", answer: json(403, { detail: "Invalid token." }) },
    {
      says: "a 403 with a challenge that tells",
      answer: { status: 403, headers: { "www-authenticate": 'Bearer error="invalid_token"' } },
    },
  ].flatMap((row) => [
    { ...row, isFresh: true, verdict: "inconclusive answer" },
    { ...row, says: `${row.says}, to a token that another job sealed,`, isFresh: false, verdict: "refused" },
  ]),
  { says: "a page with 403", answer: html(403, "Forbidden", "No."), isFresh: false, verdict: "inconclusive answer" },
  {
    says: "another 403 to a token that another job sealed",
    answer: apiError(403, "You don't have the permissions to access this API."),
    isFresh: false,
    verdict: "inconclusive permission",
  },
  { says: "500", answer: { status: 500 }, isFresh: true, verdict: "fails unavailable" },
  { says: "429", answer: apiError(429, "Too many requests."), isFresh: true, verdict: "fails rate-limited" },
  {
    says: "a redirect",
    answer: { status: 302, headers: { location: "/login" } },
    isFresh: true,
    verdict: "fails wrong-url",
  },
])("at the probe $says is: $verdict", async ({ answer, isFresh, verdict }) => {
  const minted = isFresh ? "here" : "elsewhere";
  expect(inShort(await probed(qa, "client-credentials", { token: TOKEN }, () => answer, minted))).toBe(verdict);
});

test.each([
  { says: "401", answer: apiError(401, "Invalid token.") },
  { says: "403", answer: apiError(403, "No permission.") },
  { says: "a page", answer: html(200, "QA", "Enable JavaScript.") },
  { says: "a page with 403", answer: html(403, "QA", "No.") },
  { says: "an empty 403", answer: EMPTY_403 },
])("a probe that $says leaves open names QA's three hosts", async ({ answer }) => {
  const { verdict } = await probed(qa, "client-credentials", { token: TOKEN }, () => answer, "here");
  const hint = verdict?.kind === "inconclusive" ? verdict.failure.hint : "";
  expect(hint).toContain("https://app.qa.com");
  expect(hint).toContain("https://platform.qa.com");
  expect(hint).toContain("https://cloudacademy.com");
});

test("what an empty 401 tells in its challenge is quoted", async () => {
  const challenge = 'Bearer realm="api",error="invalid_token",error_description="The access token is invalid."';
  const answer = { status: 401, headers: { "www-authenticate": challenge } };
  const { verdict } = await probed(qa, "client-credentials", { token: TOKEN }, () => answer);
  expect(verdict).toMatchObject({ kind: "refused", failure: { answered: "The access token is invalid." } });
});

test.each([
  { says: "a page with 404", answer: html(404, "Oops", "Dead link.") },
  { says: "404", answer: text(404, "not found") },
  { says: "a page with 200", answer: html(200, "Jira", "Log in.") },
  { says: "a redirect", answer: { status: 302, headers: { location: "/login" } } },
])("at an address that is not QA's, $says at the exchange has the advice to leave `url` out", async ({ answer }) => {
  const { failure } = await exchanged(qa, "client-credentials", PAIR, () => answer);
  expect(failure?.code).toBe("wrong-url");
  expect(failure?.hint).toMatch(/leave "url" out, or set it to the one of https:\/\/app\.qa\.com/);
});

test("no text promises that a new key pair ends what the old one minted", () => {
  expect(qa.byHand).toContain("may leave its tokens");
});

test.each<{ says: string; answer: Answer; answered: string }>([
  {
    says: "401",
    answer: json(401, { error: "invalid_client" }),
    answered: "the key pair has changed since",
  },
  { says: "an empty 401", answer: { status: 401 }, answered: "the key pair has changed since" },
  {
    says: "400 invalid_client",
    answer: json(400, { error: "invalid_client" }),
    answered: "the key pair has changed since",
  },
  { says: "404", answer: { status: 404 }, answered: "there is no revocation endpoint there" },
  {
    says: "a page with 200",
    answer: html(200, "QA", "Enable JavaScript."),
    answered: "there is no revocation endpoint there",
  },
  { says: "a page with 401", answer: html(401, "Log in", "Log in."), answered: "a page with status 401" },
  { says: "a page with 403", answer: html(403, "Blocked", "No."), answered: "a page with status 403" },
])("at the revocation $says leaves the token alive: $answered", async ({ answer, answered }) => {
  expect(await revoked(qa, { secret: TOKEN }, PAIR, () => answer)).toEqual({ kind: "failed", answered });
});

test("the revocation counts with the empty answer that is typed as a page, as the real one is", async () => {
  const answer = { status: 200, headers: { "content-type": "text/html; charset=utf-8" } };
  expect(await revoked(qa, { secret: TOKEN }, PAIR, () => answer)).toEqual({ kind: "revoked" });
});
