/** The eight methods of `oauth2`, against a strict authorization server. */
import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test } from "@jest/globals";
import { leaks } from "../../kit/support.ts";
import { basicOf, closeStages, first, jwtOf, stage } from "./stage.ts";

afterEach(closeStages);

const URN = "urn:ietf:params:oauth:";

const MINTING = [
  "client-credentials",
  "password",
  "private-key-jwt",
  "refresh-token",
  "client-assertion",
  "jwt-bearer",
  "token-exchange",
];

test.each(MINTING)("%s gets a token that the service knows, and shows no secret", async (method) => {
  const { server, main, inputs } = await stage();
  const given = inputs(method);
  const ended = await main(method, given);
  expect(ended.outputs).toMatchObject({
    provider: "oauth2",
    method,
    url: server.url,
    failure: "",
    "env-name": "ACCESS_TOKEN",
    authorization: `Bearer ${ended.outputs.token}`,
    headers: JSON.stringify({ Authorization: `Bearer ${ended.outputs.token}` }),
  });
  expect(Number(ended.outputs["expires-in"])).toBeLessThanOrEqual(3600);
  expect(Number(ended.outputs["expires-in"])).toBeGreaterThan(3000);
  expect(ended.env).toEqual({ ACCESS_TOKEN: ended.outputs.token });
  expect(server.live()).toEqual([`access token ${ended.outputs.token}`]);
  const secrets = [given.password, given["client-secret"], given.token, given["private-key"]].flatMap(
    (one) => one ?? [],
  );
  expect(leaks(ended, [...secrets, ended.outputs.token ?? ""])).toEqual([]);
});

test.each(MINTING.filter((method) => method !== "refresh-token"))("%s takes its token back", async (method) => {
  const { server, run, lines } = await stage();
  const { main, post } = await run(method);
  expect(main.outputs.failure).toBe("");
  expect(post?.log).toBe(`OAuth2 server: the credential is revoked at ${new URL(server.url).host}.\n`);
  expect(lines().at(-1)).toBe("POST /revoke 200");
  expect(server.live()).toEqual([]);
});

test("npm start plays all eight, and a wrong secret", () => {
  const { stdout, status } = spawnSync(process.execPath, ["sandbox/start.ts", "oauth2"], { encoding: "utf8" });
  expect(status).toBe(0);
  const rows = [...stdout.matchAll(/^oauth2 {2,}(\S.*?) {2,}(\S+) /gm)].map(
    ([, method, probe]) => `${method} ${probe}`,
  );
  expect(rows).toEqual([
    "client-credentials accepted",
    "password accepted",
    "private-key-jwt accepted",
    "access-token accepted",
    "refresh-token accepted",
    "client-assertion accepted",
    "jwt-bearer skipped",
    "token-exchange skipped",
    "wrong client-secret refused",
  ]);
});

describe("what is sent", () => {
  test("client-credentials: the grant alone, with what was asked for beside it", async () => {
    const { server, main, tokenRequests } = await stage({
      audiences: ["one", "https://a.example", "https://b.example"],
    });
    await main("client-credentials", {
      scope: "read write",
      audience: "one",
      parameters: " resource=https://a.example \n\nresource=https://b.example\norganization = 7=seven",
    });
    const { request, form } = first(tokenRequests());
    const { "client-id": id, "client-secret": secret } = server.accounts["client-credentials"]?.inputs ?? {};
    expect([...form]).toEqual([
      ["grant_type", "client_credentials"],
      ["scope", "read write"],
      ["audience", "one"],
      ["resource", "https://a.example"],
      ["resource", "https://b.example"],
      ["organization", "7=seven"],
      ["client_id", id],
      ["client_secret", secret],
    ]);
    expect(request.headers).toMatchObject({
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    });
    expect(request.headers.authorization).toBeUndefined();
  });

  test("`body: json` sends the same as JSON, a repeated name as an array", async () => {
    const { main, server } = await stage({ body: "json", audiences: ["https://a.example", "https://b.example"] });
    const ended = await main("client-credentials", {
      body: "json",
      scope: "read",
      parameters: "resource=https://a.example\nresource=https://b.example\nteam=7",
    });
    expect(ended.outputs.failure).toBe("");
    const [request] = server.requests.filter(({ path }) => path === "/token");
    expect(JSON.parse(request?.body ?? "")).toMatchObject({
      grant_type: "client_credentials",
      scope: "read",
      resource: ["https://a.example", "https://b.example"],
      team: "7",
    });
    // The other endpoints take forms, whatever the token endpoint takes.
    expect(ended.outputs.probe).toBe("accepted");
  });

  test.each([
    { what: "no client", client: { "client-id": "", "client-secret": "" }, pair: undefined, id: null },
    { what: "a public client", client: { "client-id": "app", "client-secret": "" }, pair: undefined, id: "app" },
    {
      what: "a client with a secret",
      client: { "client-id": "app", "client-secret": "s3cret" },
      pair: "app:s3cret",
      id: null,
    },
  ])("password: the user's, with $what", async ({ client, pair, id }) => {
    const { main, server, tokenRequests } = await stage();
    await main("password", client);
    const { username, password } = server.accounts.password?.inputs ?? {};
    const { request, form } = first(tokenRequests());
    expect(form.get("grant_type")).toBe("password");
    expect([form.get("username"), form.get("password")]).toEqual([username, password]);
    expect(form.get("client_id")).toBe(id);
    expect(request.headers.authorization === undefined ? undefined : basicOf(request)).toBe(pair);
  });

  test("private-key-jwt: an assertion of the client for the issuer, of one minute and one use", async () => {
    const { main, server, tokenRequests } = await stage();
    const ended = await main("private-key-jwt");
    const { form } = first(tokenRequests());
    const id = server.accounts["private-key-jwt"]?.inputs["client-id"];
    expect([form.get("grant_type"), form.get("client_id")]).toEqual(["client_credentials", id]);
    expect(form.get("client_assertion_type")).toBe(`${URN}client-assertion-type:jwt-bearer`);
    const assertion = form.get("client_assertion");
    const { header, claims } = jwtOf(assertion);
    expect(header).toEqual({ typ: "JWT", alg: "ES256" });
    expect(claims).toEqual({
      iss: id,
      sub: id,
      aud: server.url,
      jti: expect.stringMatching(/^[\da-f-]{36}$/),
      iat: expect.any(Number),
      exp: Number(claims.iat) + 60,
    });
    expect(ended.masks).toContain(assertion);
  });

  test("access-token: nothing but the probe", async () => {
    const { run, lines, server } = await stage();
    const { main, post } = await run("access-token");
    expect(main.outputs).toMatchObject({ failure: "", probe: "accepted", "expires-at": "", account: "" });
    expect(lines()).toEqual(["GET /api/me 200"]);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${main.outputs.token}`);
    expect(post?.log).toBe("Nothing to take back.\n");
  });

  test("refresh-token: the token, once; the new one is masked, and the old one is said to be dead", async () => {
    const { run, server, tokenRequests, lines } = await stage();
    const given = server.accounts["refresh-token"]?.inputs ?? {};
    const { main, post } = await run("refresh-token", given);
    const { form } = first(tokenRequests());
    expect([form.get("grant_type"), form.get("refresh_token")]).toEqual(["refresh_token", given.token]);
    const warning = main.annotations.find(({ type }) => type === "warning");
    expect(warning?.title).toBe("Refresh token renewed");
    expect(warning?.message).toContain("the one that is stored may be dead now");
    // The old one, the access token and the new one.
    expect(main.masks.filter((mask) => /^[\w-]{32}$/.test(mask))).toHaveLength(3);
    expect(main.log).toContain("At the end: lives until it expires, this method never revokes");
    expect(post?.log).toBe("Nothing to take back.\n");
    expect(lines()).not.toContain("POST /revoke 200");
  });

  test("refresh-token: without rotation nothing is warned of", async () => {
    const { main } = await stage({ rotates: false });
    expect((await main("refresh-token")).annotations).toEqual([]);
  });

  test("client-assertion: GitHub's ID token in the place of a secret, with the client's name or without", async () => {
    const { main, server, tokenRequests, idTokens } = await stage();
    const named = await main("client-assertion", { probe: "false" });
    const nameless = await main("client-assertion", { "client-id": "", probe: "false" });
    expect([named.outputs.failure, nameless.outputs.failure]).toEqual(["", ""]);
    const [first, second] = tokenRequests();
    expect(first?.form.get("client_id")).toBe(server.accounts["client-assertion"]?.inputs["client-id"]);
    expect(second?.form.has("client_id")).toBe(false);
    const { claims } = jwtOf(first?.form.get("client_assertion") ?? null);
    expect(claims).toMatchObject({
      iss: idTokens.issuer,
      aud: server.url,
      sub: "repo:octo-org/octo-repo:ref:refs/heads/main",
    });
    expect(named.masks).toContain(first?.form.get("client_assertion"));
  });

  test("jwt-bearer: the ID token is the grant", async () => {
    const { main, tokenRequests, idTokens } = await stage();
    const ended = await main("jwt-bearer", { scope: "write" });
    const { form } = first(tokenRequests());
    expect([form.get("grant_type"), form.get("scope")]).toEqual([`${URN}grant-type:jwt-bearer`, "write"]);
    expect(jwtOf(form.get("assertion")).claims.iss).toBe(idTokens.issuer);
    expect(ended.masks).toContain(form.get("assertion"));
    expect(ended.outputs.failure).toBe("");
  });

  test.each([
    { what: "as a JWT", parameters: "", type: "jwt" },
    {
      what: "of the type that is wanted",
      parameters: `subject_token_type=${URN}token-type:id_token`,
      type: "id_token",
    },
  ])("token-exchange: the ID token is the subject, $what", async ({ parameters, type }) => {
    const { main, tokenRequests } = await stage();
    const ended = await main("token-exchange", {
      parameters: `${parameters}\nrequested_token_type=${URN}token-type:access_token`,
    });
    const { form } = first(tokenRequests());
    expect(form.get("grant_type")).toBe(`${URN}grant-type:token-exchange`);
    expect(form.getAll("subject_token_type")).toEqual([`${URN}token-type:${type}`]);
    expect(form.get("requested_token_type")).toBe(`${URN}token-type:access_token`);
    expect(form.get("subject_token")?.split(".")).toHaveLength(3);
    expect(ended.outputs.failure).toBe("");
  });

  test("jwt-bearer and token-exchange prove a client beside the ID token where there is one", async () => {
    const { main, server, tokenRequests } = await stage();
    const pair = server.accounts["client-credentials"]?.inputs;
    for (const method of ["jwt-bearer", "token-exchange"]) expect((await main(method, pair)).outputs.failure).toBe("");
    expect(tokenRequests().map(({ form }) => form.get("client_secret"))).toEqual([
      pair?.["client-secret"],
      pair?.["client-secret"],
    ]);
  });
});

describe("which method is meant", () => {
  test.each([
    { given: ["client-id", "client-secret"], method: "client-credentials" },
    { given: ["username", "password"], method: "password" },
    { given: ["username", "password", "client-id"], method: "password" },
    { given: ["username", "password", "client-id", "client-secret"], method: "password" },
    { given: ["client-id", "private-key"], method: "private-key-jwt" },
    { given: ["token"], method: "access-token" },
  ])("$given is $method", async ({ given, method }) => {
    const { main, server } = await stage();
    const { accounts } = server;
    const known: Record<string, string> = {
      ...accounts["private-key-jwt"]?.inputs,
      ...accounts.password?.inputs,
      token: "a token of mine",
    };
    const ended = await main("", { ...Object.fromEntries(given.map((name) => [name, known[name] ?? ""])), method: "" });
    expect(ended.outputs.method).toBe(method);
  });

  test("the ID token is used only by name", async () => {
    const { main, server } = await stage();
    const ended = await main("", { method: "", "client-id": "app" });
    expect(ended.outputs.failure).toBe("missing-secret");
    expect(server.requests).toEqual([]);
  });
});
