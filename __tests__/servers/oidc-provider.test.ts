import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type IdTokens, startIdTokens } from "../../sandbox/runner/id-token.ts";
import type { StageResult, StepResult } from "../../sandbox/runner/runner.ts";
import { leaks, runAction, runMain } from "../kit/support.ts";
import { jwtOf } from "../providers/oauth2/stage.ts";
import { type OidcProvider, RESOURCE, RESOURCE_OF_JWTS, startOidcProvider } from "./oidc-provider.ts";
import { form } from "./pair.ts";
import { type Inputs, proof, type Subject, tokenRequests } from "./proof.ts";
import { lines } from "./recorder.ts";

const TOKEN = "/token";

/** What gives the jobs their ID tokens; the server trusts those of the repository that the runner's stand-in has. */
let idTokens: IdTokens;
beforeAll(async () => {
  idTokens = await startIdTokens();
});
afterAll(() => idTokens.close());

const SUBJECT: Subject<OidcProvider> = {
  start: () => startOidcProvider({ issuer: idTokens.issuer, repository: "octo-org/octo-repo" }),
  inputs: ({ issuer }) => ({ url: issuer, scope: "ci" }),
  tokenPath: TOKEN,
  // It decodes a Basic pair, and what does not decode is no refusal of the client to it.
  forms: { basic: 200, "basic-plain": 400, post: 200 },
  auto: { discovered: ["post 200"], undiscovered: ["basic 200"] },
  refusals: [
    {
      what: "a wrong secret",
      method: "client-credentials",
      wrong: { "client-secret": "wrong+&=%C3:/" },
      requests: ["post 401", "basic 401"],
      failure: "refused",
      says: "client-auth: basic-plain",
    },
    {
      what: "a wrong password",
      method: "password",
      wrong: { password: "wrong+&=%C3:é/" },
      requests: ["post 400"],
      failure: "refused",
      says: 'Check "username" and "password"',
    },
    {
      what: "a scope that the client may not ask for",
      method: "client-credentials",
      wrong: { scope: "admin" },
      requests: ["post 400"],
      failure: "invalid-input",
      says: '"scope"',
    },
    {
      what: "a resource that there is not",
      method: "client-credentials",
      wrong: { parameters: "resource=https://another.example/" },
      requests: ["post 400"],
      failure: "invalid-input",
      says: '"resource" in the input "parameters"',
    },
  ],
  job: [
    "GET /.well-known/openid-configuration 200",
    "POST /token post 200",
    "POST /token/introspection post 200",
    "POST /token/revocation post 200",
  ],
  probe: "accepted",
  revokes: true,
};

describe("oauth2 with a real oidc-provider", () => {
  const server = proof(SUBJECT);

  /** What proves the client beside the ID token, for the three methods that send one. */
  const asPublic = (): Inputs => ({ provider: "oauth2", url: server().issuer, "client-id": server().publicClient });
  const asConfidential = (): Inputs => ({
    ...asPublic(),
    "client-id": server().client.id,
    "client-secret": server().client.secret,
  });

  /** The server would take nothing twice that is good for one use, so what gets in was made anew. */
  async function proveAnotherAttempt(inputs: Inputs, form: string): Promise<StageResult | undefined> {
    let main: StageResult | undefined;
    const sent = await tokenRequests(server(), TOKEN, async () => {
      main = await runMain(inputs, { idTokens });
    });
    expect(sent).toEqual([`${form} 200`, `${form} 200`]);
    expect(main).toMatchObject({ exitCode: 0, outputs: { failure: "" } });
    return main;
  }

  test("a resource that it knows is what the token is for", async () => {
    const { client, issuer } = server();
    const main = await runMain({ ...asConfidential(), scope: "ci", parameters: `resource=${RESOURCE}` });
    const fields = { token: main.outputs.token ?? "", client_id: client.id, client_secret: client.secret };
    const told = await fetch(`${issuer}/token/introspection`, form(fields));
    expect(await told.json()).toMatchObject({ active: true, aud: RESOURCE });
  });

  test("a JWT that it neither introspects nor takes back is no fault of the job: two plain lines say so", async () => {
    const before = server().requests.length;
    const parameters = `resource=${RESOURCE_OF_JWTS}`;
    const { main, post } = await runAction({ ...asConfidential(), scope: "ci", parameters });
    expect(jwtOf(main.outputs.token ?? "")).toMatchObject({
      header: { typ: "at+jwt" },
      claims: { aud: RESOURCE_OF_JWTS, exp: Date.parse(main.outputs["expires-at"] ?? "") / 1000 },
    });
    expect(lines(server().requests.slice(before))).toEqual([
      "GET /.well-known/openid-configuration 200",
      "POST /token post 200",
      "POST /token/introspection post 400",
      "POST /token/revocation post 400",
    ]);
    expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { probe: "inconclusive", failure: "" } });
    expect(main.log).toContain("does not tell this client that the token is good (introspection, status 400)");
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("it does not revoke access tokens of this kind");
  });

  test("a token that died between two jobs is not known to be dead where no client asks", async () => {
    const key = { "seal-key": randomBytes(32).toString("base64") };
    const { main } = await runAction({ ...asConfidential(), scope: "ci", ...key });
    const { token = "", sealed = "" } = main.outputs;
    const { client, issuer, isAlive } = server();
    await fetch(`${issuer}/token/revocation`, form({ token, client_id: client.id, client_secret: client.secret }));
    expect(isAlive(token)).toBe(false);
    const other = await runAction({ sealed, ...key });
    expect(other.main.outputs).toMatchObject({ probe: "skipped", failure: "" });
    expect(other.main.log).toContain("the client has not proven itself here");
  });

  describe("private-key-jwt", () => {
    const signing = (): Inputs => ({
      provider: "oauth2",
      url: server().issuer,
      scope: "ci",
      "client-id": server().signing.id,
      "private-key": JSON.stringify(server().signing.privateKey),
    });

    test("an assertion for each request: the exchange, the introspection, the revocation", async () => {
      const before = server().requests.length;
      let whileItRuns = false;
      const { main, post } = await runAction(signing(), {
        between: ({ outputs }) => {
          whileItRuns = server().isAlive(outputs.token ?? "");
        },
      });
      expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { probe: "accepted", failure: "" } });
      expect(whileItRuns).toBe(true);
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
      expect(server().isAlive(main.outputs.token ?? "")).toBe(false);
      const sent = server().requests.slice(before);
      expect(lines(sent)).toEqual([
        "GET /.well-known/openid-configuration 200",
        "POST /token assertion 200",
        "POST /token/introspection assertion 200",
        "POST /token/revocation assertion 200",
      ]);
      const assertions = sent.flatMap((one) => one.form.get("client_assertion") ?? []);
      expect(new Set(assertions).size).toBe(3);
      for (const stage of [main, post]) expect(stage && leaks(stage, assertions)).toEqual([]);
    });

    test("an answer that was lost costs no run: the next attempt signs another assertion", async () => {
      server().loseAnswer(TOKEN);
      const main = await proveAnotherAttempt(signing(), "assertion");
      expect(main?.outputs.probe).toBe("accepted");
    });

    test.each([
      { what: "its issuer", audience: () => server().issuer, failure: "" },
      { what: "its token endpoint", audience: () => server().issuer + TOKEN, failure: "" },
      { what: "another server", audience: () => "https://another.example/", failure: "refused" },
    ])("an assertion for $what ends as it should", async ({ audience, failure }) => {
      const main = await runMain({ ...signing(), parameters: `assertion-audience=${audience()}` });
      expect(main.outputs.failure).toBe(failure);
    });

    test("a key that is not registered is refused in one request", async () => {
      const { privateKey } = await anotherKey();
      let main: StageResult | undefined;
      const sent = await tokenRequests(server(), TOKEN, async () => {
        main = await runMain({ ...signing(), "private-key": privateKey });
      });
      expect(sent).toEqual(["assertion 401"]);
      expect(main?.outputs.failure).toBe("refused");
      expect(main?.annotations[0]?.message).toContain("assertion-audience");
    });
  });

  describe.each(["jwt-bearer", "token-exchange"])("%s", (method) => {
    test.each([
      { what: "a public client", client: asPublic, request: "none 200" },
      { what: "a client with a secret", client: asConfidential, request: "post 200" },
    ])("the job's ID token gets a token for $what, with nothing stored of the job", async ({ client, request }) => {
      const inputs = { ...client(), method, scope: "ci" };
      let alive = false;
      let run: StepResult | undefined;
      const before = server().requests.length;
      const sent = await tokenRequests(server(), TOKEN, async () => {
        run = await runAction(inputs, {
          idTokens,
          between: ({ outputs }) => {
            alive = server().isAlive(outputs.token ?? "");
          },
        });
      });
      const { main, post } = run ?? {};
      expect(sent).toEqual([request]);
      expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { method, failure: "" } });
      expect(alive).toBe(true);
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
      expect(server().isAlive(main?.outputs.token ?? "")).toBe(false);
      const forms = server()
        .requests.slice(before)
        .map((one) => one.form);
      const idToken = forms.flatMap((one) => one.get("assertion") ?? one.get("subject_token") ?? []);
      expect(idToken).toHaveLength(1);
      for (const stage of [main, post]) expect(stage && leaks(stage, idToken)).toEqual([]);
    });

    test("an ID token counts once: who has seen it gets nothing with it", async () => {
      const { requests, issuer } = server();
      const main = await runMain({ ...asPublic(), method, scope: "ci" }, { idTokens });
      expect(main.outputs.failure).toBe("");
      const [seen] = requests.filter(({ path }) => path === TOKEN).slice(-1);
      const again = await fetch(issuer + TOKEN, form(Object.fromEntries(seen?.form ?? [])));
      expect([again.status, await again.json()]).toMatchObject([400, { error: "invalid_grant" }]);
    });

    test("an answer that was lost costs no run: the next attempt asks for another ID token", async () => {
      server().loseAnswer(TOKEN);
      await proveAnotherAttempt({ ...asPublic(), method, scope: "ci" }, "none");
    });

    test("an ID token for another audience is refused in one request, and what it says is shown", async () => {
      let main: StageResult | undefined;
      const sent = await tokenRequests(server(), TOKEN, async () => {
        const audience = { "id-token-audience": "https://another.example" };
        main = await runMain({ ...asPublic(), method, ...audience }, { idTokens });
      });
      expect(sent).toEqual(["none 400"]);
      expect(main?.outputs.failure).toBe("refused");
      const message = main?.annotations[0]?.message;
      expect(message).toContain(`iss "${idTokens.issuer}"`);
      expect(message).toContain('sub "repo:octo-org/octo-repo:ref:refs/heads/');
      expect(message).toContain('aud "https://another.example"');
    });

    test("an ID token of another issuer is refused", async () => {
      const others = await startIdTokens();
      const main = await runMain({ ...asPublic(), method }, { idTokens: others });
      await others.close();
      expect(main.outputs.failure).toBe("refused");
    });
  });

  test("client-assertion: GitHub's ID token is no assertion of a client to it, which the refusal shows", async () => {
    const { issuer, client } = server();
    const inputs = { provider: "oauth2", url: issuer, method: "client-assertion", "client-id": client.id };
    let main: StageResult | undefined;
    const sent = await tokenRequests(server(), TOKEN, async () => {
      main = await runMain(inputs, { idTokens });
    });
    expect(sent).toHaveLength(1);
    expect(main).toMatchObject({ exitCode: 1, env: {} });
    expect(main?.annotations[0]?.message).toContain('sub "repo:octo-org/octo-repo:');
  });
});

/** Another key, as a PEM file. */
async function anotherKey(): Promise<{ privateKey: string }> {
  const { exportPKCS8, generateKeyPair } = await import("jose");
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { privateKey: await exportPKCS8(privateKey) };
}
