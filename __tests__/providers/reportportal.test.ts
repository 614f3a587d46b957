import { expect, test } from "@jest/globals";
import { type Answer, html, json, text } from "../../sandbox/services/answers.ts";
import type { Call } from "../../sandbox/services/serve.ts";
import { reportportal } from "../../src/providers/reportportal.ts";
import { exchanged, inShort, probed, type Script } from "../kit/scripted.ts";

const LOGIN = { username: "ci-robot", password: `p%C3 ss"w&rd+1='ü` };
/** Its claims are `{"exp":1893456000}`, which is 2030-01-01. */
const EXP_2030 = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJl";
/** The keys of ReportPortal's own ApiKeyUtilsTest. */
const WHOLE_KEY = "test2_bCV0dcQfRuCo0Eq1Uv2_hizk4pHnssmV6qMLCEHGcyabsGAQxTQ1_gWJaX0kVHPM";
const CUT_KEY = "test2_bCV0dcQfRuCo0Eq1Uv2_hizk4pHnssbsGAQxTQ1_gWJaX0kVHPM";

const OLD_PLACE = "/uat/sso/oauth/token";
const NEW_PLACE = "/api/sso/oauth/token";

const line = ({ method, path }: Pick<Call, "method" | "path">): string => `${method} ${path}`;
const apiError = (status: number, errorCode: number, message: string): Answer => json(status, { errorCode, message });
const badCredentials = apiError(400, 4003, "You do not have enough permissions. Bad credentials");
const granted = json(200, { access_token: EXP_2030, token_type: "Bearer", expires_in: 86_399 });
const gone = text(404, "404 page not found\n");

/** A service that says one thing at the old place of the token endpoint, and another at the new one. */
const places =
  (old: Answer, current: Answer): Script =>
  ({ route }) =>
    route === OLD_PLACE ? old : route === NEW_PLACE ? current : gone;

test("the password grant goes to the authorization service, with the client in the Basic header alone", async () => {
  const { requests } = await exchanged(reportportal, "password", LOGIN, () => granted);
  expect(requests.map(line)).toEqual(["POST /uat/sso/oauth/token"]);
  expect(requests[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  expect(requests[0]?.headers.authorization).toBe("Basic dWk6dWltYW4=");
  expect(requests[0]?.body).toBe("grant_type=password&username=ci-robot&password=p%25C3+ss%22w%26rd%2B1%3D%27%C3%BC");
});

test("another client takes the place of ui", async () => {
  const client = { "client-id": "fork", "client-secret": "s3cret" };
  const { requests } = await exchanged(reportportal, "password", { ...LOGIN, ...client }, () => granted);
  expect(requests[0]?.headers.authorization).toBe("Basic Zm9yazpzM2NyZXQ=");
});

test("an access token and its refresh token are masked, and nothing is there to revoke", async () => {
  const { credential, steps } = await exchanged(reportportal, "password", LOGIN, () =>
    json(200, { access_token: EXP_2030, token_type: "bearer", refresh_token: "eyJ.refresh.me", expires_in: 3600 }),
  );
  expect(credential?.token).toBe(EXP_2030);
  expect(steps).toEqual([
    ["secret", EXP_2030],
    ["secret", "eyJ.refresh.me"],
  ]);
});

test("the token's own exp counts before expires_in", async () => {
  const { credential } = await exchanged(reportportal, "password", LOGIN, () => granted);
  expect(credential?.expiresAt).toEqual(new Date("2030-01-01T00:00:00Z"));
});

test("expires_in is seconds, whatever the vendor's page says", async () => {
  const { credential } = await exchanged(reportportal, "password", LOGIN, () =>
    json(200, { access_token: "an-opaque-token", expires_in: 3600 }),
  );
  const left = ((credential?.expiresAt?.getTime() ?? 0) - Date.now()) / 1000;
  expect(left).toBeLessThanOrEqual(3600);
  expect(left).toBeGreaterThan(3000);
});

test("a token of no known lifetime has no expiry", async () => {
  const { credential } = await exchanged(reportportal, "password", LOGIN, () =>
    json(200, { access_token: "an-opaque-token" }),
  );
  expect(credential?.expiresAt).toBeUndefined();
});

test.each<{ says: string; old: Answer }>([
  { says: "404", old: gone },
  { says: "404 with JSON", old: json(404, { status: 404, error: "Not Found", path: "/sso/oauth/token" }) },
  { says: "a page", old: html(200, "ReportPortal", "Enable JavaScript.") },
  { says: "a page with 404", old: html(404, "Not Found", "nginx") },
  { says: "a redirect", old: { status: 302, headers: { location: "/ui/" } } },
])(
  "where the old place says $says, the new one is asked, and the probe begins where 26.1 has its users",
  async ({ old }) => {
    const { credential, requests } = await exchanged(reportportal, "password", LOGIN, places(old, granted));
    expect(requests.map(line)).toEqual(["POST /uat/sso/oauth/token", "POST /api/sso/oauth/token"]);
    expect(requests[1]?.body).toBe(requests[0]?.body);
    expect(credential?.token).toBe(EXP_2030);
    expect(credential?.parts).toEqual({ place: "/api/v1/users" });
  },
);

test.each<{ says: string; current: Answer }>([
  {
    says: "401 as an API that wants a token",
    current: json(401, {
      error: "invalid_token",
      error_description: "Full authentication is required to access this resource",
    }),
  },
  {
    says: "401 as an old API",
    current: json(401, {
      error: "unauthorized",
      error_description: "Full authentication is required to access this resource",
    }),
  },
  { says: "401 as Spring", current: json(401, { status: 401, error: "Unauthorized", path: "/sso/oauth/token" }) },
  { says: "401 with a list", current: json(401, []) },
  { says: "404", current: gone },
  { says: "a page", current: html(200, "ReportPortal", "Enable JavaScript.") },
  { says: "a redirect", current: { status: 302, headers: { location: "/ui/" } } },
])(
  "$says at the new place is no refusal of the password: the old place's wrong-url is reported",
  async ({ current }) => {
    const { failure, requests } = await exchanged(reportportal, "password", LOGIN, places(gone, current));
    expect(failure?.code).toBe("wrong-url");
    expect(failure?.answered).toBe("404 page not found\n");
    expect(requests).toHaveLength(2);
  },
);

test.each<{ says: string; current: Answer; code: string }>([
  { says: "400 with 4003", current: badCredentials, code: "refused" },
  { says: "401 with 4003", current: { ...badCredentials, status: 401 }, code: "refused" },
  { says: "401 invalid_client", current: json(401, { error: "invalid_client" }), code: "refused" },
  { says: "403 with 4004", current: apiError(403, 4004, "Address is locked"), code: "locked" },
  { says: "401 with a code and no message", current: json(401, { errorCode: 40101 }), code: "refused" },
  { says: "an empty 401", current: { status: 401, headers: { "www-authenticate": "Bearer" } }, code: "locked" },
  { says: "a text with 401", current: text(401, "Unauthorized"), code: "refused" },
  {
    says: "a deactivated user",
    current: apiError(400, 4003, "You do not have enough permissions. User account is locked"),
    code: "forbidden",
  },
  { says: "503", current: { status: 503 }, code: "unavailable" },
  { says: "429", current: { status: 429 }, code: "rate-limited" },
])("$says at the new place is $code", async ({ current, code }) => {
  const { failure } = await exchanged(reportportal, "password", LOGIN, places(gone, current));
  expect(failure?.code).toBe(code);
});

test.each<{ says: string; answer: Answer; code: string }>([
  { says: "a wrong password", answer: badCredentials, code: "refused" },
  { says: "the same with 401", answer: { ...badCredentials, status: 401 }, code: "refused" },
  { says: "the same with 403", answer: { ...badCredentials, status: 403 }, code: "refused" },
  { says: "the same with 200", answer: { ...badCredentials, status: 200 }, code: "refused" },
  {
    says: "a locked address",
    answer: apiError(403, 4004, "Address is locked due to several incorrect login attempts"),
    code: "locked",
  },
  {
    says: "the same with 400",
    answer: apiError(400, 4004, "Address is locked due to several incorrect login attempts"),
    code: "locked",
  },
  {
    says: "a disabled user",
    answer: apiError(400, 4003, "You do not have enough permissions. User is disabled"),
    code: "forbidden",
  },
  {
    says: "a missing permission",
    answer: apiError(403, 4003, "You do not have enough permissions. Access is denied"),
    code: "forbidden",
  },
  {
    says: "no client, as a new server says it",
    answer: apiError(
      400,
      4003,
      "You do not have enough permissions. Full authentication is required to access this resource",
    ),
    code: "refused",
  },
  {
    says: "a wrong client, as an old server says it",
    answer: json(401, {
      timestamp: "2020-09-18T06:47:26.082+0000",
      status: 401,
      error: "Unauthorized",
      message: "Unauthorized",
      path: "/sso/oauth/token",
    }),
    code: "refused",
  },
  { says: "a wrong client, as a new server says it", answer: json(401, { error: "invalid_client" }), code: "refused" },
  { says: "invalid_grant", answer: json(400, { error: "invalid_grant" }), code: "refused" },
  { says: "an empty 401", answer: { status: 401, headers: { "www-authenticate": "Bearer" } }, code: "locked" },
  { says: "an empty 401 without a challenge", answer: { status: 401 }, code: "locked" },
  { says: "a blank 401", answer: text(401, "\n"), code: "locked" },
  {
    says: "a deactivated user from 5.13 on",
    answer: apiError(400, 4003, "You do not have enough permissions. User account is locked"),
    code: "forbidden",
  },
  {
    says: "a user whose account has expired",
    answer: apiError(400, 4003, "You do not have enough permissions. User account has expired"),
    code: "forbidden",
  },
  ...[
    "localhost:389; nested exception is javax.naming.CommunicationException: localhost:389",
    "Could not open JPA EntityManager for transaction",
    "Unable to acquire JDBC Connection",
    "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    "Read timed out",
    "java.lang.NullPointerException",
    "FATAL: the database account is locked; nested exception is org.postgresql.util.PSQLException",
  ].map((reason) => ({
    says: `an outage at login (${reason})`,
    answer: apiError(400, 4003, `You do not have enough permissions. ${reason}`),
    code: "unavailable",
  })),
  { says: "an outage as OAuth2 tells it", answer: json(400, { error: "server_error" }), code: "unavailable" },
  {
    says: "no header, as an old server says it",
    answer: json(401, {
      error: "unauthorized",
      error_description: "Full authentication is required to access this resource",
    }),
    code: "refused",
  },
  {
    says: "an unknown grant, as an old server says it",
    answer: apiError(400, 4003, "You do not have enough permissions. Unsupported grant type: password"),
    code: "bad-response",
  },
  {
    says: "an unknown grant, as a new server says it",
    answer: json(400, {
      error: "unsupported_grant_type",
      error_description: "OAuth 2.0 Parameter: grant_type",
      error_uri: "https://datatracker.ietf.org/doc/html/rfc6749#section-5.2",
    }),
    code: "bad-response",
  },
  { says: "500", answer: json(500, { status: 500, error: "Internal Server Error" }), code: "unavailable" },
  { says: "502 with a page", answer: html(502, "Bad Gateway", "nginx"), code: "unavailable" },
  { says: "429", answer: { status: 429 }, code: "rate-limited" },
  { says: "JSON without a token", answer: json(200, { token_type: "bearer" }), code: "bad-response" },
  { says: "a token of two lines", answer: json(200, { access_token: "12345678\n9" }), code: "bad-response" },
])("at the first place $says is $code, after one request", async ({ answer, code }) => {
  const { failure, requests } = await exchanged(reportportal, "password", LOGIN, () => answer);
  expect(failure?.code).toBe(code);
  expect(requests).toHaveLength(1);
});

test("a page with 403 at both places is something in front that forbids", async () => {
  const { failure, requests } = await exchanged(reportportal, "password", LOGIN, () =>
    html(403, "Blocked", "Blocked."),
  );
  expect(failure?.code).toBe("forbidden");
  expect(requests).toHaveLength(2);
});

const full = "Full authentication is required to access this resource";
const spring = (status: number, path: string): Answer =>
  json(status, {
    timestamp: "2020-09-18T06:47:26.082+0000",
    status,
    error: status === 401 ? "Unauthorized" : "",
    path,
  });

test.each<{ says: string; answer: Answer; clientToo: boolean }>([
  { says: "unauthorized", answer: json(401, { error: "unauthorized", error_description: full }), clientToo: true },
  { says: "Spring's own 401", answer: spring(401, "/sso/oauth/token"), clientToo: true },
  { says: "4003", answer: apiError(400, 4003, `You do not have enough permissions. ${full}`), clientToo: false },
])("$says at the exchange names a lost header, and on old servers another client", async ({ answer, clientToo }) => {
  for (const client of [{}, { "client-id": "fork", "client-secret": "s3cret" }]) {
    const { failure } = await exchanged(reportportal, "password", { ...LOGIN, ...client }, () => answer);
    expect(failure?.code).toBe("refused");
    expect(failure?.hint).toMatch(/on the way may drop the Authorization header/);
    expect(failure?.hint).not.toMatch(/"password"/);
    expect(/another client secret/.test(failure?.hint ?? "")).toBe(clientToo);
    // "give" where none is given, "check" where it is.
    if (clientToo) expect(failure?.hint).toContain("client-id" in client ? "check" : "give");
  }
});

test.each([
  { given: {}, says: /ask who runs it/ },
  { given: { "client-id": "fork", "client-secret": "s3cret" }, says: /Leave out "client-id"/ },
])("invalid_client advises what can be done with $given", async ({ given, says }) => {
  const { failure } = await exchanged(reportportal, "password", { ...LOGIN, ...given }, () =>
    json(401, { error: "invalid_client" }),
  );
  expect(failure?.hint).toMatch(says);
});

test.each([
  { status: 403, path: "/uat/sso/oauth/token", code: "forbidden", requests: 1 },
  { status: 403, path: "/rp/uat/sso/oauth/token", code: "forbidden", requests: 1 },
  { status: 401, path: "/uat/sso/oauth/token", code: "refused", requests: 1 },
  { status: 404, path: "/uat/sso/oauth/token", code: "wrong-url", requests: 2 },
])("$status for $path names the ingress that does not cut the prefix", async ({ status, path, code, requests }) => {
  const result = await exchanged(reportportal, "password", LOGIN, places(spring(status, path), gone));
  expect(result.failure?.code).toBe(code);
  expect(result.failure?.hint).toMatch(/ingress .* \/uat /);
  expect(result.requests).toHaveLength(requests);
});

test("a path that was cut as it should be is no matter of the ingress", async () => {
  const { failure } = await exchanged(reportportal, "password", LOGIN, () => spring(403, "/sso/oauth/token"));
  expect(failure?.code).toBe("forbidden");
  expect(failure?.hint).not.toMatch(/ingress/);
});

test.each<{ says: string; answer: Answer; quotes: string }>([
  { says: "its own JSON", answer: badCredentials, quotes: "You do not have enough permissions. Bad credentials" },
  { says: "OAuth2's JSON", answer: json(401, { error: "invalid_client" }), quotes: "invalid_client" },
  {
    says: "OAuth2's JSON with a reason",
    answer: json(400, { error: "unsupported_grant_type", error_description: "OAuth 2.0 Parameter: grant_type" }),
    quotes: "OAuth 2.0 Parameter: grant_type",
  },
  { says: "another JSON", answer: json(400, { code: 7 }), quotes: '{"code":7}' },
  { says: "a text", answer: text(400, "nope"), quotes: "nope" },
])("of $says only what is said is quoted", async ({ answer, quotes }) => {
  const { failure } = await exchanged(reportportal, "password", LOGIN, () => answer);
  expect(failure?.answered).toBe(quotes);
});

test.each([
  { what: "a whole key", token: WHOLE_KEY },
  { what: "a legacy key, a UUID", token: "c229070a-56fe-4f99-ad57-fa945aa9443b" },
  { what: "a legacy key of 27 characters", token: "Zq3tX-9_kLmNoPqRsTuVwXyZ012" },
  { what: "a JWT", token: EXP_2030 },
])("$what is taken without a warning and without a request", async ({ token }) => {
  const { credential, steps, requests } = await exchanged(reportportal, "api-key", { token }, () => granted);
  expect(credential?.token).toBe(token);
  expect(steps).toEqual([]);
  expect(requests).toEqual([]);
});

test.each([
  { what: "a key that was cut", token: CUT_KEY },
  { what: "a key without its name", token: WHOLE_KEY.slice("test2_".length) },
  { what: "a key with another's name", token: WHOLE_KEY.replace("test2", "test3") },
])("$what is taken with one warning", async ({ token }) => {
  const { credential, steps } = await exchanged(reportportal, "api-key", { token }, () => granted);
  expect(credential?.token).toBe(token);
  expect(steps.map(([kind, , title]) => [kind, title])).toEqual([["warn", "API key looks cut off"]]);
  expect(String(steps[0]?.[1])).not.toContain(token);
});

const user = { id: 42, userId: "ci-robot", email: "ci.robot@example.org" };
const denied = apiError(403, 4003, "You do not have enough permissions. Access is denied");
const notFound = json(404, { status: 404, error: "Not Found" });

/** A service that answers at the places of "who am I", in the order of the contract, and knows no other path. */
const whoAmI =
  (users: Answer, v1Users: Answer, v1User: Answer): Script =>
  ({ route }) =>
    ({ "/api/users": users, "/api/v1/users": v1Users, "/api/v1/user": v1User })[route] ?? json(418, {});

test.each([
  { minted: "after /uat", probeAt: "/api/users", order: ["/api/users", "/api/v1/users", "/api/v1/user"] },
  { minted: "after /api", probeAt: "/api/v1/users", order: ["/api/v1/users", "/api/users", "/api/v1/user"] },
  { minted: "for a ready-made key", probeAt: undefined, order: ["/api/users", "/api/v1/users", "/api/v1/user"] },
])("the probe $minted asks $order", async ({ probeAt, order }) => {
  const { requests } = await probed(
    reportportal,
    "password",
    { token: EXP_2030, parts: probeAt === undefined ? {} : { place: probeAt } },
    () => notFound,
  );
  expect(requests.map(line)).toEqual(order.map((path) => `GET ${path}`));
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(order.map(() => `Bearer ${EXP_2030}`));
});

const invalidToken = json(401, { error: "invalid_token", error_description: "Invalid access token" });

test.each<{ what: string; script: Script; verdict: string; requests: number }>([
  { what: "5.11 to 5.15", script: whoAmI(json(200, user), gone, gone), verdict: "accepted ci-robot", requests: 1 },
  { what: "up to 5.10", script: whoAmI(gone, gone, json(200, user)), verdict: "accepted ci-robot", requests: 3 },
  { what: "6.0", script: whoAmI(denied, json(200, user), gone), verdict: "accepted ci-robot", requests: 2 },
  {
    what: "6.0, to an administrator, who gets a list at the first place",
    script: whoAmI(json(200, { items: [user] }), json(200, user), gone),
    verdict: "accepted ci-robot",
    requests: 2,
  },
  { what: "403 in all three", script: () => denied, verdict: "inconclusive permission", requests: 3 },
  { what: "404 in all three", script: () => notFound, verdict: "inconclusive answer", requests: 3 },
  {
    what: "a page with 404 in all three",
    script: () => html(404, "No", "No."),
    verdict: "inconclusive answer",
    requests: 3,
  },
  { what: "a wrong token", script: () => invalidToken, verdict: "refused", requests: 1 },
  {
    what: "a wrong token at the second place",
    script: whoAmI(notFound, invalidToken, gone),
    verdict: "refused",
    requests: 2,
  },
  {
    what: "a malformed token, printed over lines",
    script: () => ({
      status: 401,
      headers: { "content-type": "application/json" },
      body: '{\n  "error_description" : "Bearer token is malformed",\n  "error" : "invalid_token"\n}',
    }),
    verdict: "refused",
    requests: 1,
  },
  { what: "an empty 401", script: () => ({ status: 401 }), verdict: "refused", requests: 1 },
  { what: "500", script: () => ({ status: 500 }), verdict: "fails unavailable", requests: 1 },
  { what: "a page", script: () => html(200, "Log in", "Log in."), verdict: "fails wrong-url", requests: 1 },
  {
    what: "a redirect",
    script: () => ({ status: 302, headers: { location: "/ui/" } }),
    verdict: "fails wrong-url",
    requests: 1,
  },
])("the probe, $what: $verdict", async ({ script, verdict, requests }) => {
  const result = await probed(reportportal, "api-key", { token: WHOLE_KEY }, script);
  expect(inShort(result)).toBe(verdict);
  expect(result.requests).toHaveLength(requests);
});

test("a refused token asks for the whole key, with its name in front", async () => {
  const { verdict } = await probed(reportportal, "api-key", { token: WHOLE_KEY }, () => invalidToken);
  expect(verdict?.kind === "refused" && verdict.failure.hint).toMatch(/whole API key.*name/);
});

test.each<{ says: string; answer: Answer }>([
  { says: "as a new server", answer: json(401, { error: "invalid_token", error_description: full }) },
  { says: "as an old server", answer: json(401, { error: "unauthorized", error_description: full }) },
  { says: "as Spring", answer: spring(401, "/users") },
])("a 401 to nobody, $says, names a lost header, and the deactivated user of an API key", async ({ answer }) => {
  const key = await probed(reportportal, "api-key", { token: WHOLE_KEY }, () => answer);
  const jwt = await probed(reportportal, "password", { token: EXP_2030 }, () => answer);
  for (const { verdict } of [key, jwt]) {
    if (verdict?.kind !== "refused") throw new Error("not refused");
    expect(verdict.isOfTheWay).toBe(true);
    expect(verdict.failure.hint).toMatch(/on the way may drop the Authorization header/);
  }
  expect(key.verdict?.kind === "refused" && key.verdict.failure.hint).toMatch(/deactivated/);
  expect(jwt.verdict?.kind === "refused" && jwt.verdict.failure.hint).not.toMatch(/deactivated/);
});

test("an ingress that does not cut /api is named by the probe too", async () => {
  const { verdict } = await probed(reportportal, "api-key", { token: WHOLE_KEY }, ({ route }) => spring(403, route));
  expect(verdict?.kind === "inconclusive" && verdict.failure.hint).toMatch(/ingress .* \/api /);
});

test("an access token that is unknown at once is no matter of the password", async () => {
  const { failure } = await exchanged(reportportal, "ephemeral-api-key", LOGIN, ({ route }) =>
    route === OLD_PLACE ? granted : invalidToken,
  );
  expect(failure?.code).toBe("refused");
  expect(failure?.hint).toMatch(/minted a moment ago and not known now/);
  expect(failure?.hint).not.toMatch(/"token"|"password"|check the secrets/);
});

test("an ephemeral key is created for the user's number, and masked with what it was made from", async () => {
  const key = `ate-key_${WHOLE_KEY.slice("test2_".length)}`;
  const { credential, requests, steps } = await exchanged(reportportal, "ephemeral-api-key", LOGIN, (call) => {
    if (call.route === OLD_PLACE) return granted;
    return call.method === "GET" ? json(200, user) : json(201, { id: 7, name: "ate-key", user_id: 42, api_key: key });
  });
  expect(requests.map(line)).toEqual(["POST /uat/sso/oauth/token", "GET /api/users", "POST /api/users/42/api-keys"]);
  expect(JSON.parse(requests[2]?.body ?? "")).toEqual({
    name: expect.stringMatching(/^ate-[0-9a-f]{8}-1658821493-1-[0-9a-f]{6}$/),
  });
  expect(credential).toEqual({ token: key, parts: { place: "/api/users" } });
  expect(steps).toEqual([
    ["secret", EXP_2030],
    ["secret", key],
    ["revocable", { place: "/api/users", user: "42", id: "7", secret: key }],
  ]);
});
