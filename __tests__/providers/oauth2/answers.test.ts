/** What a token endpoint answers, in all that the standards leave open. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { answerWith, leaks } from "../../kit/support.ts";
import { closeStages, failureOf, stage } from "./stage.ts";

afterEach(closeStages);

const TOKEN = "an-access-token-1";

/** A step whose token request is answered so, word for word. */
async function answered(
  answer: { status?: number; body: unknown; type?: string; headers?: Record<string, string> },
  { method = "client-credentials", ...more }: Readonly<Record<string, string>> = {},
) {
  const { main, server } = await stage({ introspection: "none" });
  const { status = 200, body, type = "application/json", headers = {} } = answer;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  server.fault(answerWith(({ path }) => path === "/token", status, text, { "content-type": type, ...headers }));
  const ended = await main(method, { "client-auth": method === "client-credentials" ? "post" : "", ...more });
  const requests = server.requests.filter(({ path }) => path === "/token").length;
  return { ended, requests, server };
}

describe("a token", () => {
  test.each([
    { token_type: "Bearer" },
    { token_type: "bearer" },
    { token_type: "BEARER" },
    { token_type: undefined },
    { token_type: null },
    { token_type: "" },
  ])("is sent as a bearer with $token_type", async ({ token_type }) => {
    const { ended } = await answered({ body: { access_token: TOKEN, token_type } });
    expect(ended.outputs).toMatchObject({ failure: "", token: TOKEN, authorization: `Bearer ${TOKEN}` });
  });

  test("of the type N_A goes in no header, and is not asked for", async () => {
    for (const token_type of ["N_A", "n_a"]) {
      const { ended, server } = await answered(
        { body: { access_token: TOKEN, token_type } },
        { "probe-url": "http://127.0.0.1:1/me" },
      );
      expect(ended.outputs).toMatchObject({ failure: "", token: TOKEN, authorization: "", headers: "{}" });
      expect(ended.outputs.probe).toBe("skipped");
      expect(server.requests).toHaveLength(2);
    }
  });

  test.each(["DPoP", "mac", "bearer token", 7, {}, ["Bearer"]])(
    "of the type %j is no usable one",
    async (token_type) => {
      const { ended } = await answered({ body: { access_token: TOKEN, token_type } });
      expect(failureOf(ended)).toMatch(/^bad-response: .*of another type than Bearer/);
      expect(ended.masks).toContain(TOKEN);
      // It exists, so it is taken back.
      expect(ended.state.revocation).toContain(TOKEN);
    },
  );

  test("of no usable type may have ended the refresh token all the same, which is told", async () => {
    const body = { access_token: TOKEN, token_type: "DPoP", refresh_token: "another-refresh-token" };
    const { ended } = await answered({ body }, { method: "refresh-token" });
    expect(ended.outputs.failure).toBe("bad-response");
    expect(ended.annotations.map(({ title }) => title)).toContain("Refresh token renewed");
  });

  test.each([
    { expires_in: 600, seconds: 600 },
    { expires_in: "600", seconds: 600 },
    { expires_in: 600.9, seconds: 600 },
    { expires_in: "600.5", seconds: 600 },
    { expires_in: 0, seconds: undefined },
    { expires_in: -5, seconds: undefined },
    { expires_in: "soon", seconds: undefined },
    { expires_in: null, seconds: undefined },
    { expires_in: { seconds: 5 }, seconds: undefined },
    { expires_in: 1e15, seconds: undefined },
    { expires_in: undefined, seconds: undefined },
  ])("with expires_in $expires_in lives $seconds seconds", async ({ expires_in, seconds }) => {
    const { ended } = await answered({ body: { access_token: TOKEN, token_type: "Bearer", expires_in } });
    expect(ended.outputs.failure).toBe("");
    if (seconds === undefined) expect([ended.outputs["expires-at"], ended.outputs["expires-in"]]).toEqual(["", ""]);
    else {
      expect(Number(ended.outputs["expires-in"])).toBeLessThanOrEqual(seconds);
      expect(Number(ended.outputs["expires-in"])).toBeGreaterThan(seconds - 300);
    }
  });

  test("that is a JWT lives as long as it says itself", async () => {
    const exp = Math.floor(Date.now() / 1000) + 7200;
    const token = ["{}", JSON.stringify({ exp }), "signature"].map((part) => Buffer.from(part).toString("base64url"));
    const { ended } = await answered({ body: { access_token: token.join("."), expires_in: 60 } });
    expect(Date.parse(ended.outputs["expires-at"] ?? "")).toBe(exp * 1000);
  });

  test.each([
    { what: "as a form", type: "application/x-www-form-urlencoded" },
    { what: "as a form that is typed as plain text", type: "text/plain" },
    { what: "as a form without a type", type: "" },
  ])("is read $what", async ({ type }) => {
    const body = new URLSearchParams({
      access_token: `${TOKEN}+/=`,
      token_type: "bearer",
      expires_in: "600",
    }).toString();
    const { ended } = await answered({ body, type });
    expect(ended.outputs).toMatchObject({ failure: "", token: `${TOKEN}+/=` });
    expect(Number(ended.outputs["expires-in"])).toBeGreaterThan(300);
    expect(ended.masks).toContain(`${TOKEN}+/=`);
  });

  test("comes with others that are masked, each, whatever the status", async () => {
    for (const status of [200, 400]) {
      const body = { access_token: TOKEN, refresh_token: "a-refresh-token-1", id_token: "an-id.token.1", note: "x" };
      const { ended } = await answered({ status, body });
      expect(ended.masks).toEqual(expect.arrayContaining([TOKEN, "a-refresh-token-1", "an-id.token.1"]));
      expect(leaks(ended, [TOKEN, "a-refresh-token-1", "an-id.token.1"])).toEqual([]);
    }
  });

  test.each([
    { what: "is too short", access_token: "short" },
    { what: "has two lines", access_token: "a-token-in\ntwo-lines" },
    { what: "is no text", access_token: 1234567890 },
    { what: "is empty", access_token: "" },
  ])("that $what is none", async ({ access_token }) => {
    const { ended } = await answered({ body: { access_token, token_type: "Bearer" } });
    expect(failureOf(ended)).toMatch(/^bad-response: /);
    expect(ended.env).toEqual({});
  });
});

describe("the scope that is granted", () => {
  test("is told where it is another than was asked for", async () => {
    const { ended } = await answered({ body: { access_token: TOKEN, scope: "read" } }, { scope: "read write" });
    expect(ended.log).toContain("The service granted another scope than was asked for: read\n");
  });

  test.each([
    { what: "in another order", scope: "write read", asked: "read write" },
    { what: "where none was asked for", scope: "read", asked: "" },
    { what: "that is no scope", scope: 'read"\n::error::forged', asked: "read" },
    { what: "that is no text", scope: ["read"], asked: "write" },
  ])("is not told $what", async ({ scope, asked }) => {
    const { ended } = await answered({ body: { access_token: TOKEN, scope } }, { scope: asked });
    expect(ended.outputs.failure).toBe("");
    expect(ended.log).not.toContain("granted");
    expect(ended.annotations).toEqual([]);
  });

  test("can begin no command of the runner", async () => {
    const { ended } = await answered(
      { body: { access_token: TOKEN, scope: "##[error]forged ::error::x" } },
      { scope: "a" },
    );
    expect(ended.log).not.toContain("##[error]");
    expect(ended.annotations).toEqual([]);
  });
});

describe("a refusal", () => {
  const target = { audience: "https://api.example.com" };
  const resource = { parameters: "resource=https://api.example.com" };

  test.each<{
    error: string;
    status: number;
    given?: Record<string, string>;
    method?: string;
    code: string;
    says: string;
  }>([
    { error: "invalid_client", status: 401, code: "refused", says: '"client-id" and "client-secret"' },
    { error: "invalid_client", status: 400, code: "refused", says: '"client-id" and "client-secret"' },
    { error: "unauthorized_client", status: 401, code: "refused", says: '"client-id" and "client-secret"' },
    { error: "unauthorized_client", status: 400, code: "forbidden", says: "does not let this client use this grant" },
    { error: "invalid_grant", status: 400, method: "password", code: "refused", says: '"username" and "password"' },
    { error: "invalid_grant", status: 401, method: "refresh-token", code: "refused", says: "was used before" },
    {
      error: "invalid_grant",
      status: 400,
      method: "jwt-bearer",
      code: "refused",
      says: "issuer, subject and audience",
    },
    { error: "invalid_scope", status: 400, code: "invalid-input", says: 'the input "scope"' },
    { error: "scope_invalid", status: 400, code: "invalid-input", says: 'the input "scope"' },
    { error: "invalid_target", status: 400, given: target, code: "invalid-input", says: 'the input "audience"' },
    {
      error: "invalid_target",
      status: 400,
      given: resource,
      code: "invalid-input",
      says: '"resource" in the input "parameters"',
    },
    { error: "access_denied", status: 403, given: target, code: "invalid-input", says: 'the input "audience"' },
    { error: "access_denied", status: 401, given: target, code: "invalid-input", says: 'the input "audience"' },
    { error: "access_denied", status: 403, given: resource, code: "invalid-input", says: '"resource" in the input' },
    { error: "access_denied", status: 401, code: "refused", says: '"client-id" and "client-secret"' },
    { error: "access_denied", status: 403, code: "forbidden", says: '"audience"' },
    { error: "unsupported_grant_type", status: 400, code: "invalid-input", says: 'the input "method"' },
    { error: "invalid_request", status: 400, code: "bad-response", says: '"body: json"' },
    { error: "temporarily_unavailable", status: 400, code: "unavailable", says: "cannot answer now" },
    { error: "server_error", status: 400, code: "unavailable", says: "cannot answer now" },
    { error: "slow_down", status: 400, code: "rate-limited", says: "for now" },
    { error: "a_word_of_its_own", status: 200, code: "refused", says: "a_word_of_its_own" },
    { error: "a_word_of_its_own", status: 401, code: "refused", says: "a_word_of_its_own" },
    { error: "a_word_of_its_own", status: 403, code: "forbidden", says: "a_word_of_its_own" },
    { error: "a_word_of_its_own", status: 400, code: "bad-response", says: "a_word_of_its_own" },
    { error: "constructor", status: 400, code: "bad-response", says: "constructor" },
    { error: "invalid_grant", status: 200, method: "password", code: "refused", says: "the user or the password" },
    { error: "invalid_client", status: 200, code: "refused", says: "does not know the client" },
  ])("$error with $status is $code ($method $given)", async ({ error, status, given = {}, method, code, says }) => {
    const body = { error, error_description: "As the service puts it." };
    const { ended, requests } = await answered({ status, body }, { ...given, ...(method && { method }) });
    expect(failureOf(ended)).toMatch(new RegExp(`^${code}: `));
    expect(failureOf(ended)).toContain(says);
    expect(failureOf(ended)).toContain("As the service puts it.");
    expect(requests).toBe(1);
    expect(ended.env).toEqual({});
  });

  test("is read from a form, too", async () => {
    const body = "error=invalid_scope&error_description=No+such+scope";
    const { ended } = await answered({ status: 400, body, type: "application/x-www-form-urlencoded" });
    expect(failureOf(ended)).toMatch(/^invalid-input: .*“invalid_scope: No such scope”/);
  });

  test("wins over a token beside it", async () => {
    const { ended } = await answered({ body: { error: "invalid_scope", access_token: TOKEN } });
    expect(ended.outputs).toMatchObject({ failure: "invalid-input" });
    expect(ended.masks).toContain(TOKEN);
  });

  test.each([
    { description: "Missing parameter: audience", input: "audience" },
    { description: "The audience is required.", input: "audience" },
    { description: "scope must be given", input: "scope" },
    { description: "you must specify a resource", input: "parameters" },
  ])('that says "$description" names the input', async ({ description, input }) => {
    const { ended } = await answered({
      status: 400,
      body: { error: "invalid_request", error_description: description },
    });
    expect(failureOf(ended)).toMatch(new RegExp(`^invalid-input: .*the input "${input}"`));
  });

  test("without a word is told as what it may be", async () => {
    for (const method of ["client-credentials", "password"]) {
      const { ended } = await answered(
        { status: 403, body: "", type: "text/plain" },
        { method, "client-auth": "post" },
      );
      expect(failureOf(ended)).toMatch(/^forbidden: .*may refuse this: its answer is empty/);
    }
    const { ended } = await answered({ status: 401, body: "", type: "text/plain" });
    expect(failureOf(ended)).toMatch(/^refused: .*"client-id" and "client-secret"/);
  });

  test("of the form of the request says what to set", async () => {
    const { ended } = await answered({ status: 415, body: "Unsupported Media Type", type: "text/plain" });
    expect(failureOf(ended)).toMatch(/^bad-response: .*"body: json"/);
  });

  test.each([
    { what: "in the shape of one vendor", body: { error: { code: 400, message: "No such thing", status: "INVALID" } } },
    { what: "in the shape of another", body: { errors: [{ code: "X", message: "No such thing" }] } },
  ])("$what is quoted as it is", async ({ body }) => {
    const { ended } = await answered({ status: 400, body });
    expect(failureOf(ended)).toMatch(/^bad-response: .*No such thing/);
  });
});

test("a server that repeats what it was sent shows no secret of it", async () => {
  for (const method of [
    "client-credentials",
    "password",
    "private-key-jwt",
    "client-assertion",
    "jwt-bearer",
    "refresh-token",
  ]) {
    const { main, server, inputs } = await stage();
    server.fault((request, req, res) => {
      if (request.path !== "/token") return false;
      const said = `${request.headers.authorization ?? ""} ${decodeURIComponent(request.body.replaceAll("+", " "))}`;
      // In front of the rest, so that the limit of what is shown does not hide it.
      const form = new URLSearchParams(request.body);
      const assertion = form.get("client_assertion") ?? form.get("assertion") ?? "";
      const body = JSON.stringify({ error: "invalid_grant", error_description: `${assertion} ${said}` });
      return answerWith(() => true, 400, body)(request, req, res);
    });
    const given = inputs(method);
    const ended = await main(method, given);
    expect(ended.outputs.failure).toBe("refused");
    const form = new URLSearchParams(server.requests.at(-1)?.body);
    const sent = ["client_assertion", "assertion", "client_secret", "password", "refresh_token"].map((name) =>
      form.get(name),
    );
    expect(
      leaks(
        ended,
        sent.filter((one) => one !== null),
      ),
    ).toEqual([]);
  }
});

test("tokens of every kind that a server mints are taken", async () => {
  for (const tokens of ["opaque", "jwt"] as const) {
    const { main } = await stage({ tokens, givesIdToken: true, answers: "form", audiences: ["api"] });
    const ended = await main("client-credentials", { audience: "api" });
    expect(ended.outputs).toMatchObject({ failure: "", probe: "accepted" });
  }
});
