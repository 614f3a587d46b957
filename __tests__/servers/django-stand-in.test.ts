import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type Qa, startQa } from "../../sandbox/services/index.ts";
import { closeServices, leaks, runAction, runMain, started } from "../kit/support.ts";
import { type Django, hasDjango, PYTHON, startDjango } from "./django.ts";
import { basic, form, type Pair } from "./pair.ts";

function inputsOf({ id, secret }: Pair): Record<string, string> {
  return { provider: "qa", "client-id": id, "client-secret": secret };
}

if (!hasDjango) {
  test(`left out, since ${PYTHON} has no django-oauth-toolkit and Django REST framework: a real OAuth2 server`, () => {
    expect(hasDjango).toBe(false);
  });
} else {
  describe("QA with a real django-oauth-toolkit and Django REST framework", proof);
}

function proof(): void {
  let server: Django;

  beforeAll(async () => {
    server = await startDjango();
  });
  afterEach(closeServices);
  afterAll(() => server?.stop());

  /** What the server itself says of a token (RFC 7662). */
  async function isActive(token = ""): Promise<unknown> {
    const headers = { authorization: basic(server.client, "encoded") };
    const answer = await fetch(`${server.url}/oauth2/introspect/`, form({ token }, headers));
    const told: unknown = await answer.json();
    return typeof told === "object" && told !== null && "active" in told ? told.active : undefined;
  }

  test.each([
    { what: "an API of JSON:API, which negotiates before it authenticates", path: "" },
    { what: "an API of plain JSON", path: "/plain" },
    { what: "an API that asks for a session first", path: "/session-first" },
    { what: "a protected view of the toolkit", path: "/view" },
  ])("the token of a step is accepted by $what, and is dead at the end of the job", async ({ path }) => {
    let whileItRuns: unknown;
    let token = "";
    const { main, post } = await runAction(
      { ...inputsOf(server.client), url: server.url + path },
      {
        between: async (minted) => {
          token = minted.outputs.token ?? "";
          whileItRuns = await isActive(token);
        },
      },
    );
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.outputs).toMatchObject({ probe: "accepted", failure: "", authorization: `Bearer ${token}` });
    expect(token).toMatch(/^\w{30}$/);
    expect(Number(main.outputs["expires-in"])).toBeGreaterThan(35_900);
    expect(whileItRuns).toBe(true);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("the credential is revoked at");
    expect(await isActive(token)).toBe(false);
    expect(leaks(main, [server.client.secret, token])).toEqual([]);
  });

  test.each(["/", "/oauth2", "/oauth2/token", "/oauth2/token/", "/restapi/"])(
    "an address with %s pasted behind it is that of the service",
    async (tail) => {
      const main = await runMain({ ...inputsOf(server.client), url: server.url + tail });
      expect(main.outputs).toMatchObject({ url: server.url, probe: "accepted", failure: "" });
      expect(await isActive(main.outputs.token)).toBe(true);
    },
  );

  test.each([
    { what: "a wrong secret", wrong: () => ({ "client-secret": "another-secret" }), failure: "refused" },
    { what: "a secret that lost its last character", wrong: () => shortened(server.client), failure: "refused" },
    { what: "an unknown client", wrong: () => ({ "client-id": "nobody" }), failure: "refused" },
    { what: "a client of another grant", wrong: () => inputsOf(server.otherGrant), failure: "forbidden" },
    {
      what: "an address below which nothing is",
      wrong: () => ({ url: `${server.url}/nowhere` }),
      failure: "wrong-url",
    },
  ])("$what is $failure, and nothing is handed over", async ({ wrong, failure }) => {
    const main = await runMain({ ...inputsOf(server.client), url: server.url, ...wrong() });
    expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure } });
    expect(main.annotations).toHaveLength(1);
    expect(leaks(main, [server.client.secret, server.otherGrant.secret])).toEqual([]);
  });

  test("an API with the tokens of another host leaves the probe open, and the text names QA's hosts", async () => {
    const main = await runMain({ ...inputsOf(server.client), url: `${server.url}/elsewhere` });
    expect(main.outputs).toMatchObject({ probe: "inconclusive", failure: "" });
    expect(main.annotations.map(({ type }) => type)).toEqual(["warning"]);
    expect(main.annotations[0]?.message).toContain("https://platform.qa.com");
  });

  test.each(["", "/plain", "/session-first", "/view"])(
    "a token from a seal that the API at %s/restapi knows no more is refused, by 401 or 403",
    async (path) => {
      const sealKey = randomBytes(32).toString("base64");
      const url = server.url + path;
      const first = await runMain({ ...inputsOf(server.client), url, "seal-key": sealKey });
      const revocation = form({
        token: first.outputs.token ?? "",
        client_id: server.client.id,
        client_secret: server.client.secret,
      });
      expect((await fetch(`${url}/oauth2/revoke_token/`, revocation)).status).toBe(200);
      const second = await runMain({ sealed: first.outputs.sealed ?? "", "seal-key": sealKey });
      expect(second.outputs).toMatchObject({ failure: "refused", probe: "refused" });
    },
  );

  test("a key pair that was changed in the meantime ends no token: one warning says that it lives on", async () => {
    const { secret } = server.client;
    let token = "";
    const { main, post } = await runAction(
      { ...inputsOf(server.client), url: server.url },
      {
        between: async (minted) => {
          token = minted.outputs.token ?? "";
          await server.changeSecret("the-new-secret");
        },
      },
    );
    await server.changeSecret(secret);
    expect(main.exitCode).toBe(0);
    expect(post?.exitCode).toBe(0);
    expect(post?.annotations).toHaveLength(1);
    expect(post?.annotations[0]).toMatchObject({ type: "warning", title: "Not revoked" });
    expect(post?.annotations[0]?.message).toContain("the key pair has changed since");
    expect(post?.annotations[0]?.message).toContain(`It stays valid until ${main.outputs["expires-at"]}`);
    expect(await isActive(token)).toBe(true);
  });

  test("the stand-in says no as the real server does", async () => {
    const standIn = await started(startQa());
    const real = await refusals(server.url, server.client, server.otherGrant);
    expect(await refusals(standIn.url, pairOf(standIn), otherOf(standIn))).toEqual(real);
    expect(real["plain JSON asked of the API"]).toMatch(/^406 application\/vnd\.api\+json/);
    expect(real["a client of another grant"]).toMatch(/^400 .*unauthorized_client/);
  });
}

function shortened({ secret }: Pair): Record<string, string> {
  return { "client-secret": secret.slice(0, -1) };
}

function pairOf({ accounts }: Qa): Pair {
  return toPair(accounts["client-credentials"]?.inputs);
}

function otherOf({ otherGrant }: Qa): Pair {
  return toPair(otherGrant.inputs);
}

function toPair(inputs: Readonly<Record<string, string>> = {}): Pair {
  return { id: inputs["client-id"] ?? "", secret: inputs["client-secret"] ?? "" };
}

/** Every way to be refused that both servers have, with status, type, challenge and body, in one line each. */
async function refusals(url: string, client: Pair, otherGrant: Pair): Promise<Record<string, string>> {
  const grant = { grant_type: "client_credentials", client_id: client.id, client_secret: client.secret };
  const other = { ...grant, client_id: otherGrant.id, client_secret: otherGrant.secret };
  const teams = "/restapi/v1/organizations/accounts/teams/?page%5Bsize%5D=1";
  const wrong = { authorization: "Bearer of-nobody", accept: "application/vnd.api+json" };
  const calls: Readonly<Record<string, readonly [path: string, init: RequestInit]>> = {
    "a wrong secret": ["/oauth2/token/", form({ ...grant, client_secret: "wrong" })],
    "an unknown client": ["/oauth2/token/", form({ ...grant, client_id: "nobody" })],
    "a client of another grant": ["/oauth2/token/", form(other)],
    "another grant": ["/oauth2/token/", form({ ...grant, grant_type: "magic" })],
    "another scope": ["/oauth2/token/", form({ ...grant, scope: "none" })],
    "JSON in place of a form": [
      "/oauth2/token/",
      { method: "POST", body: "{}", headers: { "content-type": "application/json" } },
    ],
    "no form at all": ["/oauth2/token/", { method: "GET" }],
    "a wrong pair at the revocation": ["/oauth2/revoke_token/", form({ ...grant, client_secret: "wrong", token: "x" })],
    "no token at the revocation": ["/oauth2/revoke_token/", form({ ...grant })],
    "an unknown token at the revocation": ["/oauth2/revoke_token/", form({ ...grant, token: "x" })],
    "any client at the revocation": ["/oauth2/revoke_token/", form({ ...other, token: "x" })],
    "plain JSON asked of the API": [teams, { headers: { ...wrong, accept: "application/json" } }],
    "a wrong token at the API": [teams, { headers: wrong }],
    "no token at the API": [teams, { headers: { accept: "*/*" } }],
  };
  const seen: Record<string, string> = {};
  for (const [what, [path, init]] of Object.entries(calls)) {
    const answer = await fetch(url + path, init);
    const { status, headers } = answer;
    seen[what] = [
      status,
      headers.get("content-type"),
      headers.get("www-authenticate"),
      headers.get("allow"),
      ordered(await answer.text()),
    ].join(" ");
  }
  const slashless = await fetch(`${url}/oauth2/token`, form(grant));
  seen["no last slash"] = String(slashless.status);
  return seen;
}

/** JSON in one way of writing it; anything else as it is. */
function ordered(body: string): string {
  try {
    const { errors, ...rest } = JSON.parse(body);
    const texts = errors?.map(({ detail, status }: Record<string, unknown>) => ({ detail, status }));
    return JSON.stringify({ errors: texts, ...rest });
  } catch {
    return body;
  }
}
