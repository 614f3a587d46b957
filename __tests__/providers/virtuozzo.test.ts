import { expect, test } from "@jest/globals";
import { type Answer, html, json } from "../../sandbox/services/answers.ts";
import { virtuozzo } from "../../src/providers/virtuozzo.ts";
import { exchanged, inShort, probed, revoked } from "../kit/scripted.ts";

const LOGIN = { username: "ci.robot@example.org", password: 'p%26 ss"w&rd+1= ' };
const SESSION = "48bxf3c1d2e4a5968778695a4b3c2d1e0f";
const TOKEN = "0123456789abcdef0123456789abcdef01234567";

const signedIn = { uid: 1163, result: 0, session: SESSION, email: "ci.robot@example.org", name: "ci.robot" };

test("a personal access token is taken as it is, without a request", async () => {
  const { credential, requests, steps } = await exchanged(virtuozzo, "personal-access-token", { token: TOKEN }, () =>
    json(200, { result: 0 }),
  );
  expect(credential).toEqual({ token: TOKEN });
  expect(requests).toEqual([]);
  // What the user brought is never signed out.
  expect(steps).toEqual([]);
});

test("a login goes to signin as a form, and never in the URL", async () => {
  const { requests } = await exchanged(virtuozzo, "session", LOGIN, () => json(200, signedIn));
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "POST /1.0/users/authentication/rest/signin",
  ]);
  expect(requests[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  expect(requests[0]?.body).toBe("login=ci.robot%40example.org&password=p%2526+ss%22w%26rd%2B1%3D+");
});

test("the session is masked before it can be signed out, and has no expiry", async () => {
  const { credential, steps } = await exchanged(virtuozzo, "session", LOGIN, () => json(200, signedIn));
  expect(credential).toEqual({ token: SESSION });
  expect(steps).toEqual([
    ["secret", SESSION],
    ["revocable", { secret: SESSION }],
  ]);
});

test("neither method sends a header: the secret goes into the field session", () => {
  expect(virtuozzo.methods.map((method) => [method.id, method.headers({ token: TOKEN })])).toEqual([
    ["personal-access-token", {}],
    ["session", {}],
  ]);
});

const error = (result: number, message: string) => ({ result, source: "JEL", error: message });

test.each<{ says: string; answer: Answer; code: string }>([
  { says: "701 with HTTP 200", answer: json(200, error(701, "authentication failed")), code: "refused" },
  { says: "701 with HTTP 500", answer: json(500, error(701, "authentication failed")), code: "refused" },
  { says: "701 with HTTP 429", answer: json(429, error(701, "authentication failed")), code: "refused" },
  { says: "701 with HTTP 404", answer: json(404, error(701, "authentication failed")), code: "refused" },
  {
    says: "701 below an outer 0",
    answer: json(200, { result: 0, response: error(701, "authentication failed") }),
    code: "refused",
  },
  { says: "result 3", answer: json(200, error(3, "invalid parameter [password]")), code: "refused" },
  { says: "result 8202", answer: json(200, error(8202, "access token has no permission")), code: "forbidden" },
  { says: "result 99", answer: json(200, error(99, "unknown error")), code: "unavailable" },
  { says: "an unknown method", answer: html(404, "404 Not Found", "Not available."), code: "wrong-url" },
  { says: "a page", answer: html(200, "Dashboard", "Loading."), code: "wrong-url" },
  { says: "a page with 403", answer: html(403, "Blocked", "Blocked."), code: "forbidden" },
  { says: "502 with a page", answer: html(502, "Bad Gateway", "nginx"), code: "unavailable" },
  { says: "a redirect", answer: { status: 301, headers: { location: "https://www.example.org/" } }, code: "wrong-url" },
  { says: "JSON without a result", answer: json(200, { session: SESSION }), code: "bad-response" },
  { says: "429 without a result", answer: { status: 429 }, code: "rate-limited" },
  { says: "401 without a result", answer: { status: 401 }, code: "refused" },
])("at the exchange $says is $code", async ({ answer, code }) => {
  const { failure, requests } = await exchanged(virtuozzo, "session", LOGIN, () => answer);
  expect(failure?.code).toBe(code);
  expect(requests).toHaveLength(1);
});

const check = { id: 7, type: "GOOGLE_AUTHENTICATOR", isActive: true, isConfigured: true };

/** The platform sends the object to accounts without a second factor, too. */
const OFF = { id: 7, type: "GOOGLE_AUTHENTICATOR", isActive: false, isConfigured: false, useObjectHash: false };

test.each([
  { says: "a factor that is off", requiredAuthCheck: OFF },
  { says: "an empty object", requiredAuthCheck: {} },
  { says: "an object of something else", requiredAuthCheck: { id: 7 } },
  { says: "null", requiredAuthCheck: null },
  { says: "false", requiredAuthCheck: false },
  { says: "an empty text", requiredAuthCheck: "" },
])("a whole session counts where requiredAuthCheck is $says", async ({ requiredAuthCheck }) => {
  const { credential } = await exchanged(virtuozzo, "session", LOGIN, () =>
    json(200, { ...signedIn, requiredAuthCheck }),
  );
  expect(credential).toEqual({ token: SESSION });
});

test.each<{ says: string; answer: Answer }>([
  { says: "an empty session", answer: json(200, { ...signedIn, session: "", requiredAuthCheck: check }) },
  { says: "no session", answer: json(200, { uid: 1163, result: 0 }) },
  { says: "null for a session", answer: json(200, { ...signedIn, session: null }) },
  { says: "a session that is not whole yet", answer: json(200, { ...signedIn, requiredAuthCheck: check }) },
  {
    says: "a factor that is active alone",
    answer: json(200, { ...signedIn, requiredAuthCheck: { ...check, isConfigured: false } }),
  },
  {
    says: "a factor that is configured alone",
    answer: json(200, { ...signedIn, requiredAuthCheck: { ...check, isActive: false } }),
  },
  { says: "a name for the factor", answer: json(200, { ...signedIn, requiredAuthCheck: "GOOGLE_AUTHENTICATOR" }) },
  { says: "true for the factor", answer: json(200, { ...signedIn, requiredAuthCheck: true }) },
  { says: "a list of factors", answer: json(200, { ...signedIn, requiredAuthCheck: [] }) },
  { says: "a factor that is off, but no session", answer: json(200, { uid: 1163, result: 0, requiredAuthCheck: OFF }) },
  {
    says: "a factor that is off, and a result",
    answer: json(200, { ...signedIn, ...error(4110, "code required"), requiredAuthCheck: OFF }),
  },
])(
  "an account with a second factor ($says) is forbidden, and told to use a personal access token",
  async ({ answer }) => {
    const { failure } = await exchanged(virtuozzo, "session", LOGIN, () => answer);
    expect(failure?.code).toBe("forbidden");
    expect(failure?.hint).toMatch(/personal access token/);
  },
);

test("a session that comes along with a required check is masked and signed out all the same", async () => {
  const { steps } = await exchanged(virtuozzo, "session", LOGIN, () =>
    json(200, { ...signedIn, requiredAuthCheck: check }),
  );
  expect(steps).toEqual([
    ["secret", SESSION],
    ["revocable", { secret: SESSION }],
  ]);
});

test("what a refusal quotes is the service's sentence, never the account's e-mail", async () => {
  const { failure } = await exchanged(virtuozzo, "session", LOGIN, () =>
    json(200, { ...error(701, "authentication failed"), email: "ci.robot@example.org" }),
  );
  expect(failure?.answered).toBe("result 701: authentication failed");
});

test("the probe asks for the user, as a form", async () => {
  const { requests } = await probed(virtuozzo, "session", { token: SESSION }, () => json(200, { result: 0 }));
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /1.0/users/account/rest/getuserinfo"]);
  expect(requests[0]?.body).toBe("session=48bxf3c1d2e4a5968778695a4b3c2d1e0f");
});

test.each<{ says: string; answer: Answer; verdict: string }>([
  {
    says: "a user",
    answer: json(200, { result: 0, uid: 1163, email: "ci.robot@example.org", name: "ci.robot", status: 1 }),
    verdict: "accepted ci.robot",
  },
  { says: "a user without a name", answer: json(200, { result: 0, uid: 1163 }), verdict: "accepted" },
  {
    says: "8202",
    answer: json(200, error(8202, "access token has no permission [users.account.GetUserInfo]")),
    verdict: "inconclusive permission",
  },
  {
    says: "8202 below an outer 0",
    answer: json(200, { result: 0, response: error(8202, "no permission") }),
    verdict: "inconclusive permission",
  },
  { says: "result 3", answer: json(200, error(3, "invalid parameter [session]")), verdict: "refused" },
  {
    says: "result 3 below an outer 0",
    answer: json(200, { result: 0, response: error(3, "invalid parameter [session]") }),
    verdict: "refused",
  },
  { says: "result 3 with HTTP 500", answer: json(500, error(3, "invalid parameter [session]")), verdict: "refused" },
  { says: "an unknown result", answer: json(200, error(702, "session expired")), verdict: "refused" },
  {
    says: "a dead session at the result of an internal error",
    answer: json(200, error(99, "session [48bxxxx] is not authenticated")),
    verdict: "refused",
  },
  {
    says: "8202 that names a session",
    answer: json(200, error(8202, "session [48bxxxx] has no permission")),
    verdict: "inconclusive permission",
  },
  { says: "406", answer: { status: 406 }, verdict: "inconclusive answer" },
  { says: "result 3 with HTTP 406", answer: json(406, error(3, "invalid parameter [session]")), verdict: "refused" },
  { says: "503 with a page", answer: html(503, "Maintenance", "Back soon."), verdict: "fails unavailable" },
  { says: "401 without a result", answer: { status: 401 }, verdict: "refused" },
  { says: "a page", answer: html(200, "Dashboard", "Loading."), verdict: "fails wrong-url" },
  { says: "a redirect", answer: { status: 302, headers: { location: "/login" } }, verdict: "fails wrong-url" },
])("at the probe $says is: $verdict", async ({ answer, verdict }) => {
  expect(inShort(await probed(virtuozzo, "personal-access-token", { token: TOKEN }, () => answer))).toBe(verdict);
});

test.each([
  error(3, "invalid parameter [session]"),
  error(701, "authentication failed"),
  error(702, "session [48bxxx] has expired"),
  error(1, "USER_NOT_AUTHENTICATED"),
  error(702, "token not found"),
])("a refusal at the probe speaks of the token, not of a password that nobody gave: $error", async (answer) => {
  const { verdict } = await probed(virtuozzo, "personal-access-token", { token: TOKEN }, () => json(200, answer));
  const hint = verdict?.kind === "refused" ? verdict.failure.hint : "";
  expect(hint).toContain("expired or was removed");
  expect(hint).not.toMatch(/username|password/);
});

test.each<{ says: string; answer: Answer }>([
  { says: "result 3", answer: json(200, error(3, "invalid parameter [session]")) },
  { says: "a masked session at an unknown result", answer: json(200, error(702, "session [48bxxx] has expired")) },
  { says: "the vendor's constant", answer: json(200, error(1, "USER_NOT_AUTHENTICATED")) },
  { says: "its words", answer: json(200, error(1702, "User not authenticated")) },
  { says: "the same at the result of an internal error", answer: json(200, error(99, "Session [48bxxx] not found")) },
  {
    says: "the same below an outer 0",
    answer: json(200, { result: 0, response: error(702, "session [48bxxx] is not authenticated") }),
  },
  { says: "the same with HTTP 500", answer: json(500, error(702, "session [48bxxx] is not authenticated")) },
])("at the revocation $says tells that the session is already gone", async ({ answer }) => {
  expect(await revoked(virtuozzo, { secret: SESSION }, {}, () => answer)).toEqual({ kind: "gone" });
});

test.each<{ answer: Answer; answered: string }>([
  { answer: json(200, error(99, "unknown error")), answered: "result 99" },
  {
    answer: json(200, { result: 0, response: error(8202, "no permission") }),
    answered: "result 8202",
  },
  { answer: json(200, error(4099, `you gave ${SESSION}`)), answered: "result 4099" },
  { answer: html(200, "Dashboard", "Loading."), answered: "a page with status 200" },
  { answer: json(401, {}), answered: "status 401" },
])("why a session is not revoked is told in words of this action: $answered", async ({ answer, answered }) => {
  expect(await revoked(virtuozzo, { secret: SESSION }, {}, () => answer)).toEqual({ kind: "failed", answered });
});
