/** How a client sends its id and its secret, which servers read in different ways. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { answerWith, leaks } from "../../kit/support.ts";
import { basicOf, closeStages, failureOf, first, stage } from "./stage.ts";

afterEach(closeStages);

const PLAIN = { "client-id": "app-1", "client-secret": "s3cret_of.the*app" };

const INVALID_CLIENT = '{"error":"invalid_client"}';

describe("`auto`", () => {
  test.each([
    { secret: "plain", listed: ["client_secret_basic", "client_secret_post"], form: "basic" },
    { secret: "plain", listed: undefined, form: "basic" },
    { secret: "plain", listed: ["client_secret_post"], form: "post" },
    { secret: "awkward", listed: ["client_secret_basic", "client_secret_post"], form: "post" },
    { secret: "awkward", listed: ["client_secret_basic"], form: "basic" },
    { secret: "awkward", listed: undefined, form: "basic" },
  ])("with a $secret secret and $listed begins with $form", async ({ secret, listed, form }) => {
    const { main, tokenRequests } = await stage({ metadata: { token_endpoint_auth_methods_supported: listed } });
    await main("client-credentials", { ...(secret === "plain" && PLAIN), probe: "false" });
    const { request } = first(tokenRequests());
    expect(request.headers.authorization === undefined ? "post" : "basic").toBe(form);
  });

  test.each([
    { what: "reads the pair encoded", basic: "encoded", post: true },
    { what: "reads the pair encoded, and not in the body", basic: "encoded", post: false },
    { what: "reads the pair as it is", basic: "plain", post: true },
    { what: "takes the pair in the body alone", basic: "no", post: true },
  ] as const)("gets in at a server that $what with an awkward secret, and says how", async ({ basic, post }) => {
    for (const refusal of ["401", "400", "empty 401", "empty 403", "200"] as const) {
      for (const listed of [true, false]) {
        const metadata = listed ? {} : { token_endpoint_auth_methods_supported: undefined };
        const { run, server, tokenRequests } = await stage({ basic, post, refusal, metadata });
        const { main, post: ended } = await run("client-credentials");
        const works = post && listed ? "post" : basic === "encoded" ? "basic" : "post";
        expect([main.outputs.failure, main.outputs.probe]).toEqual(["", "accepted"]);
        expect(main.log).toContain(`The service takes the client as \`client-auth: ${works}\``);
        expect(tokenRequests().length).toBeLessThanOrEqual(2);
        // What got in there gets in at the other endpoints at once.
        expect(server.requests.filter(({ path }) => path === "/introspect")).toHaveLength(1);
        expect(ended?.log).toContain("is revoked");
        const { "client-secret": secret = "" } = server.accounts["client-credentials"]?.inputs ?? {};
        expect(leaks(main, [secret])).toEqual([]);
      }
    }
  });

  test("tries the other form once, and names both and the one that is left", async () => {
    const { main, tokenRequests } = await stage();
    const ended = await main("client-credentials", PLAIN);
    expect(tokenRequests().map(({ request }) => request.headers.authorization !== undefined)).toEqual([true, false]);
    expect(failureOf(ended)).toMatch(
      /^refused: .*does not know the client.*Neither basic nor post works;.*"client-auth: basic-plain"/,
    );
  });

  test.each([
    { one: [401, INVALID_CLIENT], other: [400, ""], told: /^refused: .*Neither basic nor post works;/ },
    { one: [401, INVALID_CLIENT], other: [403, ""], told: /^refused: .*Neither basic nor post works;/ },
    {
      one: [401, INVALID_CLIENT],
      other: [401, '{"error":"unauthorized_client"}'],
      told: /^refused: .*Neither basic nor post works;.*"client-auth: basic-plain"/,
    },
    { one: [401, INVALID_CLIENT], other: [401, '{"message":"no"}'], told: /^refused: .*"client-auth: basic-plain"/ },
    { one: [401, INVALID_CLIENT], other: [401, '{"error":"no"}'], told: /^refused: .*"client-auth: basic-plain"/ },
    { one: [403, ""], other: [400, ""], told: /^forbidden: .*status 403.*Neither basic nor post works;/ },
    { one: [403, ""], other: [400, '{"error":"invalid_scope"}'], told: /^invalid-input: .*"scope"/ },
    { one: [403, ""], other: [503, ""], told: /^unavailable: / },
  ] as const)("of the refusals $one and $other tells that which gives a reason", async ({ one, other, told }) => {
    const { main, server } = await stage();
    server.fault((request, req, res) => {
      const [status, body] = request.headers.authorization === undefined ? other : one;
      return answerWith(({ path }) => path === "/token", status, body)(request, req, res);
    });
    expect(failureOf(await main("client-credentials", { ...PLAIN, retries: "0" }))).toMatch(told);
  });

  test("says of no form that it worked where the answer is an error with a good status", async () => {
    const { main, server } = await stage();
    server.fault(answerWith(({ path }) => path === "/token", 200, INVALID_CLIENT));
    const ended = await main("client-credentials", PLAIN);
    expect(ended.outputs.failure).toBe("refused");
    expect(ended.log).not.toContain("The service takes the client as");
  });

  test("names the other form where it may not try it by itself", async () => {
    const { main, server } = await stage();
    server.fault(answerWith(({ path }) => path === "/token", 401, INVALID_CLIENT));
    expect(failureOf(await main("jwt-bearer", PLAIN))).toContain('set "client-auth: post"');
    const chosen = { ...PLAIN, "client-auth": "basic" };
    expect(failureOf(await main("client-credentials", chosen))).toContain('set "client-auth: post"');
    // An empty 400 says nothing of the client, so the secret goes out in no second form.
    server.fault(answerWith(({ path }) => path === "/token", 400, ""));
    expect(failureOf(await main("client-credentials", PLAIN))).toMatch(
      /^bad-response: .*may refuse this: its answer is empty \(status 400\)\..*set "client-auth: post"/,
    );
  });

  test("gives the secret in no other form after any other refusal", async () => {
    for (const refusal of ["401 unauthorized_client"] as const) {
      const { main, tokenRequests } = await stage({ refusal });
      expect(failureOf(await main("client-credentials", PLAIN))).toMatch(/^refused: /);
      expect(tokenRequests()).toHaveLength(1);
    }
    const { main, tokenRequests } = await stage({ scopeRequired: true });
    expect((await main("client-credentials")).outputs.failure).toBe("invalid-input");
    expect(tokenRequests()).toHaveLength(1);
  });

  test.each(["refresh-token", "jwt-bearer", "token-exchange"])("never tries %s in a second form", async (method) => {
    for (const refusal of ["401", "empty 403"] as const) {
      const { main, tokenRequests } = await stage({ refusal });
      const ended = await main(method, PLAIN);
      expect(["refused", "forbidden"]).toContain(ended.outputs.failure);
      expect(tokenRequests()).toHaveLength(1);
    }
  });

  test("tries a password in both forms, since the server has not looked at it", async () => {
    const { main, tokenRequests } = await stage({
      basic: "no",
      metadata: { token_endpoint_auth_methods_supported: [] },
    });
    const ended = await main("password");
    expect(ended.outputs.failure).toBe("");
    expect(tokenRequests()).toHaveLength(2);
  });

  test("stands for `none` where there is no secret", async () => {
    const { main, tokenRequests } = await stage();
    const ended = await main("password", { "client-id": "app", "client-secret": "", "client-auth": "auto" });
    expect(failureOf(ended)).toMatch(/^refused: .*a client that has a secret needs "client-secret" too/);
    const { request, form } = first(tokenRequests());
    expect([request.headers.authorization, form.get("client_id"), form.has("client_secret")]).toEqual([
      undefined,
      "app",
      false,
    ]);
  });
});

describe("a form that is chosen", () => {
  const AWKWARD = { "client-id": "an app", "client-secret": "s3 cret+&%=:é/~!*._-" };

  test.each([
    { form: "basic", pair: "an+app:s3+cret%2B%26%25%3D%3A%C3%A9%2F%7E%21*._-", body: [null, null] },
    { form: "basic-plain", pair: "an app:s3 cret+&%=:é/~!*._-", body: [null, null] },
    { form: "post", pair: "", body: ["an app", "s3 cret+&%=:é/~!*._-"] },
  ])("$form is the only one that is sent", async ({ form, pair, body }) => {
    const { main, tokenRequests } = await stage();
    const ended = await main("client-credentials", { ...AWKWARD, "client-auth": form });
    expect(tokenRequests()).toHaveLength(1);
    const { request, form: sent } = first(tokenRequests());
    expect(basicOf(request)).toBe(pair);
    expect([sent.get("client_id"), sent.get("client_secret")]).toEqual(body);
    expect(failureOf(ended)).toContain(`"client-auth`);
  });

  test.each(["encoded", "plain"] as const)("gets in where the pair is read %s", async (basic) => {
    const { run } = await stage({ basic, post: false });
    const { main, post } = await run("client-credentials", {
      "client-auth": basic === "plain" ? "basic-plain" : "basic",
    });
    expect([main.outputs.failure, main.outputs.probe]).toEqual(["", "accepted"]);
    expect(main.log).not.toContain("The service takes the client as");
    expect(post?.log).toContain("is revoked");
  });

  test("hides the pair in whatever form it was sent, also where the server repeats it", async () => {
    for (const form of ["basic", "basic-plain", "post"]) {
      const { main, server } = await stage();
      const pairs = ["an+app:s3+cret%2B%26%25%3D%3A%C3%A9%2F%7E%21*._-", "an app:s3 cret+&%=:é/~!*._-"];
      server.fault((request, req, res) => {
        const said = `${request.headers.authorization ?? ""} ${request.body}`;
        return answerWith(({ path }) => path === "/token", 400, JSON.stringify({ error: "invalid_request", said }))(
          request,
          req,
          res,
        );
      });
      const ended = await main("client-credentials", { ...AWKWARD, "client-auth": form });
      expect(ended.outputs.failure).toBe("bad-response");
      expect(leaks(ended, [AWKWARD["client-secret"], ...pairs])).toEqual([]);
    }
  });
});

describe("a private key", () => {
  test("is refused with what to check, after one request", async () => {
    const { main, server, tokenRequests } = await stage({ assertionAudience: "token endpoint" });
    expect(failureOf(await main("private-key-jwt"))).toMatch(/^refused: .*`?"?assertion-audience/);
    expect(tokenRequests()).toHaveLength(1);
    const parameters = `assertion-audience=${server.url}/token`;
    expect((await main("private-key-jwt", { parameters })).outputs.failure).toBe("");
  });

  test("signs anew for each attempt, and for each endpoint", async () => {
    const { run, server } = await stage();
    let faults = 1;
    server.fault((request, req, res) =>
      answerWith(({ path }) => path === "/token" && faults-- > 0, 503)(request, req, res),
    );
    const { main, post } = await run("private-key-jwt");
    expect([main.outputs.failure, main.outputs.probe]).toEqual(["", "accepted"]);
    expect(post?.log).toContain("is revoked");
    const assertions = server.requests.flatMap(({ body }) => new URLSearchParams(body).get("client_assertion") ?? []);
    expect(assertions).toHaveLength(4);
    expect(new Set(assertions).size).toBe(4);
  });
});
