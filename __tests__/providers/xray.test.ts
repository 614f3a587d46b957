import { expect, test } from "@jest/globals";
import { type Answer, html, json, text } from "../../sandbox/services/answers.ts";
import { Failure } from "../../src/failure.ts";
import type { Http } from "../../src/http/http.ts";
import { xray } from "../../src/providers/xray.ts";
import { parseJson } from "../../src/text/json.ts";
import { exchanged, inShort, probed, RUN } from "../kit/scripted.ts";

const PAIR = { "client-id": "5F2A", "client-secret": 'q"u\\ote' };

/** Its claims are `{"exp":1893456000}` (2030-01-01), or none at all; the signature is the service's business. */
const EXP_2030 = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJl";
const NO_EXP = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";

test("the key pair goes to version 2 of authenticate as JSON, with the names of the vendor's page", async () => {
  const { requests } = await exchanged(xray, "client-credentials", PAIR, () => json(200, EXP_2030));
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /api/v2/authenticate"]);
  expect(requests[0]?.headers["content-type"]).toBe("application/json");
  expect(requests[0]?.body).toBe('{"client_id":"5F2A","client_secret":"q\\"u\\\\ote"}');
});

test("the quotes of the answer come off, the token is masked, and its own exp counts", async () => {
  const { credential, steps } = await exchanged(xray, "client-credentials", PAIR, () => ({
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `"${EXP_2030}"`,
  }));
  expect(credential).toEqual({ token: EXP_2030, expiresAt: new Date("2030-01-01T00:00:00Z") });
  expect(steps).toEqual([["secret", EXP_2030]]);
});

test("a token without exp lives the 24 hours of the documentation", async () => {
  const { credential } = await exchanged(xray, "client-credentials", PAIR, () => json(200, NO_EXP));
  const left = ((credential?.expiresAt?.getTime() ?? 0) - Date.now()) / 1000;
  expect(left).toBeLessThanOrEqual(86_400);
  expect(left).toBeGreaterThan(85_800);
});

test("a token in two layers of JSON is none, and is masked all the same", async () => {
  const twice = JSON.stringify(EXP_2030);
  const { failure, steps } = await exchanged(xray, "client-credentials", PAIR, () => json(200, twice));
  expect(failure?.code).toBe("bad-response");
  expect(steps).toEqual([["secret", twice]]);
});

test.each<{ says: string; answer: Answer; code: string }>([
  {
    says: "wrong client credentials",
    answer: json(401, { error: "Authentication failed. Invalid client credentials!" }),
    code: "refused",
  },
  {
    says: "the same with status 400",
    answer: json(400, { error: "Authentication failed. Invalid client credentials!" }),
    code: "refused",
  },
  {
    says: "a malformed JWT",
    answer: json(401, { error: "Invalid JWT: JsonWebTokenError: jwt malformed" }),
    code: "refused",
  },
  { says: "a licence that is not valid", answer: text(401, "The Xray license is not valid."), code: "forbidden" },
  { says: "the same with status 403", answer: text(403, "The Xray license is not valid."), code: "forbidden" },
  {
    says: "another region",
    answer: json(401, {
      error: "Xray data is in another region. Contact support to migrate Xray data to current region.",
    }),
    code: "wrong-url",
  },
  { says: "bad syntax", answer: text(400, "Bad Request"), code: "bad-response" },
  { says: "an empty 401", answer: { status: 401 }, code: "refused" },
  { says: "404 with JSON", answer: json(404, { error: "job not found." }), code: "wrong-url" },
  {
    says: "the refusal of the CDN",
    answer: html(403, "ERROR: The request could not be satisfied", "Request blocked."),
    code: "forbidden",
  },
  { says: "the page of another site", answer: html(200, "Jira", "Log in."), code: "wrong-url" },
  { says: "a redirect", answer: { status: 308, headers: { location: "https://example.org/" } }, code: "wrong-url" },
  { says: "500 with text", answer: text(500, "Internal Server Error"), code: "unavailable" },
  { says: "429", answer: { status: 429 }, code: "rate-limited" },
  { says: "an object in place of the string", answer: json(200, { token: EXP_2030 }), code: "bad-response" },
  { says: "a token without quotes", answer: text(200, EXP_2030), code: "bad-response" },
  { says: "a string that is no JWT", answer: json(200, "please try again later"), code: "bad-response" },
  { says: "a JWT with a line break", answer: json(200, `${EXP_2030}\n`), code: "bad-response" },
  { says: "an empty string", answer: json(200, ""), code: "bad-response" },
])("at the exchange $says is $code", async ({ answer, code }) => {
  const { failure, requests } = await exchanged(xray, "client-credentials", PAIR, () => answer);
  expect(failure?.code).toBe(code);
  expect(requests).toHaveLength(1);
});

test.each<{ says: string; answer: Answer }>([
  { says: "without its quotes", answer: text(200, EXP_2030) },
  { says: "in an object", answer: json(200, { token: EXP_2030 }) },
])("a token that comes $says is not quoted, since nothing of it is masked", async ({ answer }) => {
  const { failure } = await exchanged(xray, "client-credentials", PAIR, () => answer);
  expect(failure?.answered).toBe("");
});

test("a refusal says that an API key of Xray Cloud is wanted, not one of Jira or Data Center", async () => {
  const { failure } = await exchanged(xray, "client-credentials", PAIR, () =>
    json(401, { error: "Authentication failed. Invalid client credentials!" }),
  );
  expect(failure?.hint).toMatch(/Xray Cloud/);
  expect(failure?.hint).toMatch(/Data Center/);
});

test("data in another region lists the three regional URLs", async () => {
  const { failure } = await probed(xray, "client-credentials", { token: EXP_2030 }, () =>
    json(401, { error: "Xray data is in another region. Contact support to migrate Xray data to current region." }),
  );
  expect(failure?.code).toBe("wrong-url");
  expect(failure?.hint).toContain("https://us.xray.cloud.getxray.app");
  expect(failure?.hint).toContain("https://eu.xray.cloud.getxray.app");
  expect(failure?.hint).toContain("https://au.xray.cloud.getxray.app");
});

test("the probe counts tests by GraphQL, with the limit that every connection needs", async () => {
  const { requests } = await probed(xray, "client-credentials", { token: EXP_2030 }, () =>
    json(200, { data: { getTests: { total: 0 } } }),
  );
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /api/v2/graphql"]);
  expect(requests[0]?.headers.authorization).toBe(`Bearer ${EXP_2030}`);
  expect(requests[0]?.body).toBe('{"query":"{ getTests(limit: 1) { total } }"}');
});

test.each<{ says: string; answer: Answer; verdict: string }>([
  { says: "a number of tests", answer: json(200, { data: { getTests: { total: 0 } } }), verdict: "accepted" },
  {
    says: "200 with errors",
    answer: json(200, {
      errors: [{ message: "User doesn't have permissions to view tests" }],
      data: { getTests: null },
    }),
    verdict: "inconclusive permission",
  },
  {
    says: "an expired token",
    answer: json(401, { error: "Invalid JWT: TokenExpiredError: jwt expired" }),
    verdict: "refused",
  },
  { says: "an unknown 401", answer: json(401, { message: "Unauthorized" }), verdict: "refused" },
  { says: "an empty 401", answer: { status: 401 }, verdict: "refused" },
  { says: "503", answer: html(503, "Maintenance", "Back soon."), verdict: "fails unavailable" },
  { says: "429", answer: text(429, "Too many requests"), verdict: "fails rate-limited" },
  { says: "a redirect", answer: { status: 302, headers: { location: "/" } }, verdict: "fails wrong-url" },
  { says: "a page with 200", answer: html(200, "Jira", "Log in."), verdict: "fails wrong-url" },
])("at the probe $says is: $verdict", async ({ answer, verdict }) => {
  expect(inShort(await probed(xray, "client-credentials", { token: EXP_2030 }, () => answer))).toBe(verdict);
});

const REGION = "Xray data is in another region. Contact support to migrate Xray data to current region.";
const URLS =
  /https:\/\/us\.xray\.cloud\.getxray\.app.*https:\/\/eu\..*https:\/\/au\..*https:\/\/xray\.cloud\.getxray\.app/;

const REGION_ANSWERS: readonly { says: string; answer: Answer }[] = [
  { says: "`error`", answer: json(401, { error: REGION }) },
  { says: "`message`", answer: json(401, { message: REGION }) },
  { says: "`error.message`", answer: json(401, { error: { message: REGION } }) },
  { says: "`errors` with messages", answer: json(401, { errors: [{ message: REGION }] }) },
  { says: "`errors` of texts", answer: json(403, { errors: ["Unauthorized", REGION] }) },
  { says: "plain text", answer: text(401, REGION) },
  { says: "a bare JSON string", answer: json(400, REGION) },
  { says: "200 with `errors`", answer: json(200, { errors: [{ message: REGION }], data: null }) },
  { says: "200 with `error`", answer: json(200, { error: REGION }) },
  ...[301, 403, 404, 406, 408, 421, 429, 500, 503].map((status) => ({
    says: `status ${status}`,
    answer: json(status, { error: REGION }),
  })),
  { says: "a page with 503", answer: html(503, "Error", REGION) },
];

test.each(REGION_ANSWERS)("at the probe another region is told in $says, at once", async ({ answer }) => {
  const { failure, requests } = await probed(xray, "client-credentials", { token: EXP_2030 }, () => answer);
  expect(failure).toMatchObject({ code: "wrong-url", title: "Xray data in another region" });
  expect(failure?.hint).toMatch(URLS);
  expect(requests).toHaveLength(1);
});

test.each(REGION_ANSWERS)("at the exchange another region is told in $says, at once", async ({ answer }) => {
  const { failure, requests } = await exchanged(xray, "client-credentials", PAIR, () => answer);
  expect(failure).toMatchObject({ code: "wrong-url", title: "Xray data in another region" });
  expect(requests).toHaveLength(1);
});

test.each([
  { status: 503, code: "unavailable" },
  { status: 502, code: "unavailable" },
  { status: 501, code: "unavailable" },
  { status: 429, code: "rate-limited" },
  { status: 403, code: "forbidden" },
  { status: 404, code: "wrong-url" },
  { status: 200, code: "wrong-url" },
])("at the probe a page with $status is $code and names the regions, since the data may be in another", async (row) => {
  const page = html(row.status, "ERROR: The request could not be satisfied", "Generated by cloudfront (CloudFront)");
  const { failure } = await probed(xray, "client-credentials", { token: EXP_2030 }, () => page);
  expect(failure?.code).toBe(row.code);
  expect(failure?.hint).toMatch(/may be in another region/);
  expect(failure?.hint).toMatch(URLS);
  expect(failure?.hint).toMatch(/may come from a web application firewall/);
  expect(failure?.answered).toBe("ERROR: The request could not be satisfied");
});

test("an outage that Xray tells itself is not put down to the region", async () => {
  const { failure } = await probed(xray, "client-credentials", { token: EXP_2030 }, () => json(503, { error: "busy" }));
  expect(failure?.code).toBe("unavailable");
  expect(failure?.hint).not.toMatch(/region/);
});

test.each([
  { says: "a page with 404", answer: html(404, "Oops, you&#39;ve found a dead link.", "Jira") },
  { says: "404 with JSON", answer: json(404, { message: "null for uri" }) },
  { says: "405", answer: { status: 405 } },
  { says: "a page with 200", answer: html(200, "Log in - Jira", "Log in.") },
  { says: "a redirect", answer: { status: 302, headers: { location: "/login.jsp" } } },
])("at the exchange $says, as Jira's address gives it, has the advice to leave `url` out", async ({ answer }) => {
  const { failure } = await exchanged(xray, "client-credentials", PAIR, () => answer);
  expect(failure?.code).toBe("wrong-url");
  expect(failure?.hint).toMatch(/Xray Cloud has its own address, which is not that of Jira: leave "url" out\./);
});

test.each([
  {
    says: "a licence in `errors`",
    answer: json(401, { errors: [{ message: "The Xray license is not valid." }] }),
    code: "forbidden",
  },
  {
    says: "a licence in `message`",
    answer: json(403, { message: "The Xray licence is not valid." }),
    code: "forbidden",
  },
  { says: "a licence in a bare string", answer: json(401, "The Xray license is not valid."), code: "forbidden" },
  {
    says: "a refusal in plain text",
    answer: text(400, "Authentication failed. Invalid client credentials!"),
    code: "refused",
  },
  { says: "a refusal in `errors`", answer: json(400, { errors: ["Invalid client credentials!"] }), code: "refused" },
])("at the exchange $says is $code", async ({ answer, code }) => {
  const { failure } = await exchanged(xray, "client-credentials", PAIR, () => answer);
  expect(failure?.code).toBe(code);
});

test.each([
  { says: "two parts", token: "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9" },
  { says: "four parts", token: `${EXP_2030}.more` },
  { says: "an empty part", token: "eyJhbGciOiJIUzI1NiJ9..c2lnbmF0dXJl" },
  { says: "blanks", token: `Bearer ${EXP_2030}` },
  { says: "quotes inside", token: `"${EXP_2030}"` },
  { says: "signs outside of base64url", token: EXP_2030.replace("e", "+") },
])("a JWT with $says is a bad response, masked and not quoted", async ({ token }) => {
  const { failure, steps } = await exchanged(xray, "client-credentials", PAIR, () => json(200, token));
  expect(failure).toMatchObject({ code: "bad-response", answered: "" });
  expect(steps).toEqual([["secret", token]]);
});

test("406 at the probe is inconclusive", async () => {
  expect(
    inShort(await probed(xray, "client-credentials", { token: EXP_2030 }, () => text(406, "Not Acceptable"))),
  ).toBe("inconclusive answer");
});

/** The answer at an address of Xray's own, which no stand-in can have. */
function at(host: string, answer: Answer): Http {
  const body = answer.body ?? "";
  return {
    baseUrl: `https://${host}`,
    host,
    send: async () => ({
      status: answer.status,
      headers: {},
      body,
      json: parseJson(body),
      isHtml: /^<!doctype html/i.test(body),
    }),
    at: () => at(host, answer),
  };
}

const ABOUT = {
  minted: "elsewhere",
  given: undefined,
  step: { secret() {}, note() {}, idToken: () => Promise.reject(new Error("no ID token is asked for")) },
} as const;

test.each(["xray", "us.xray", "eu.xray", "au.xray"])(
  "the regions to try from %s.cloud.getxray.app are the others, and `url` is not to be left out",
  async (name) => {
    const host = `${name}.cloud.getxray.app`;
    const [method] = xray.methods;
    const probe = method?.probe({ token: EXP_2030 }, at(host, json(401, { error: REGION })), ABOUT);
    const thrown = await probe?.catch((failure: unknown) => failure);
    const named = (thrown instanceof Failure ? thrown.hint : "").match(/https:\/\/[\w.]+\w/g) ?? [];
    expect([...named, `https://${host}`].sort()).toEqual([
      "https://au.xray.cloud.getxray.app",
      "https://eu.xray.cloud.getxray.app",
      "https://us.xray.cloud.getxray.app",
      "https://xray.cloud.getxray.app",
    ]);
    const step = { ...ABOUT.step, revocable() {}, mayExist() {}, settled() {}, warn() {}, run: RUN };
    const exchange = method?.prepare(PAIR).exchange(at(host, html(404, "Error", "Cannot POST")), step);
    await expect(exchange).rejects.toMatchObject({ code: "wrong-url", hint: expect.not.stringContaining("Leave") });
  },
);
