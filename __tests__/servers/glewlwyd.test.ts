import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import { runAction, runMain } from "../kit/support.ts";
import { type Glewlwyd, hasGlewlwyd, startGlewlwyd } from "./glewlwyd.ts";
import { proof, type Subject, tokenRequests } from "./proof.ts";
import { lines } from "./recorder.ts";

/** What an answer can mean that is empty. */
const SILENT = "may refuse this: its answer is empty (status 403). Check";

const SUBJECT: Subject<Glewlwyd> = {
  start: startGlewlwyd,
  inputs: ({ issuer }) => ({ url: issuer, scope: "ci" }),
  tokenPath: "/api/oidc/token",
  // It takes a Basic pair as it is, and nothing else.
  forms: { basic: 403, "basic-plain": 200, post: 200 },
  auto: { discovered: ["post 200"], undiscovered: ["basic 403", "post 200"] },
  refusals: [
    {
      what: "a wrong secret",
      method: "client-credentials",
      wrong: { "client-secret": "wrong+&=%C3:é/" },
      requests: ["post 403", "basic 403"],
      failure: "forbidden",
      says: `${SILENT} "client-id" and "client-secret"`,
    },
    {
      // The second form it does not even read; what it said to the first is what counts.
      what: "a wrong password",
      method: "password",
      wrong: { password: "wrong+&=%C3:é/" },
      requests: ["post 403", "basic 400"],
      failure: "forbidden",
      says: `${SILENT} "username" and "password"`,
    },
    {
      what: "a wrong secret",
      method: "password",
      wrong: { "client-secret": "wrong+&=%C3:é/" },
      requests: ["post 400"],
      failure: "bad-response",
      says: 'may refuse this: its answer is empty (status 400). Check "username"',
    },
    {
      what: "a scope that there is not",
      method: "client-credentials",
      wrong: { scope: "another" },
      requests: ["post 400"],
      failure: "invalid-input",
      says: '"scope"',
    },
    {
      what: "no scope",
      method: "client-credentials",
      wrong: { scope: "" },
      requests: ["post 403", "basic 403"],
      failure: "forbidden",
      says: `${SILENT} "client-id" and "client-secret"`,
    },
  ],
  job: [
    "GET /api/oidc/.well-known/openid-configuration 200",
    "POST /api/oidc/token post 200",
    "POST /api/oidc/introspect post 200",
    "POST /api/oidc/revoke post 200",
  ],
  rotates: false,
  probe: "accepted",
  revokes: true,
};

if (!hasGlewlwyd) {
  test("left out, since Debian's glewlwyd is not installed: a real OAuth2 server", () => {
    expect(hasGlewlwyd).toBe(false);
  });
} else {
  describe("oauth2 with a real glewlwyd", () => {
    const server = proof(SUBJECT);

    // It answers a password beside a client that it does not know with an empty 400, which says nothing of the client.
    test("password, by the token endpoint alone: the pair goes out in one form, and the failure names the one that works", async () => {
      const { url, client, user } = server();
      const inputs = {
        provider: "oauth2",
        "token-url": `${url}/api/oidc/token`,
        scope: "ci",
        "client-id": client.id,
        "client-secret": client.secret,
        username: user.id,
        password: user.secret,
      };
      const ended: StageResult[] = [];
      const sent = await tokenRequests(server(), "/api/oidc/token", async () => {
        ended.push(await runMain(inputs), await runMain({ ...inputs, "client-auth": "post" }));
      });
      expect(sent).toEqual(["basic 400", "post 200"]);
      expect(ended.map(({ outputs }) => outputs.failure)).toEqual(["bad-response", ""]);
      expect(ended[0]?.annotations[0]?.message).toContain('set "client-auth: post"');
    });

    test("private-key-jwt: it wants each assertion for the very endpoint, so a token is got and is not taken back", async () => {
      const { issuer, isAlive, registerKey, requests } = server();
      const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const id = "signs+by itself/1";
      await registerKey(id, { ...pair.publicKey.export({ format: "jwk" }), kid: "of-the-job", alg: "RS256" });
      const before = requests.length;
      let whileItRuns = false;
      const { main, post } = await runAction(
        {
          provider: "oauth2",
          url: issuer,
          scope: "ci",
          "client-id": id,
          "private-key": pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
          parameters: `assertion-key-id=of-the-job\nassertion-audience=${issuer}/token`,
        },
        {
          between: ({ outputs }) => {
            whileItRuns = isAlive(outputs.token ?? "");
          },
        },
      );
      expect(lines(requests.slice(before))).toEqual([
        "GET /api/oidc/.well-known/openid-configuration 200",
        "POST /api/oidc/token assertion 200",
        "POST /api/oidc/introspect assertion 401",
        "POST /api/oidc/revoke assertion 401",
      ]);
      expect(main).toMatchObject({ exitCode: 0, outputs: { failure: "", probe: "inconclusive" } });
      expect(whileItRuns).toBe(true);
      expect(main.annotations).toEqual([]);
      expect(main.log).toContain('Give a "probe-url" to prove it.');
      expect(post).toMatchObject({ exitCode: 0, annotations: [{ type: "warning", title: "Not revoked" }] });
      expect(post?.annotations[0]?.message).toContain("may want one for this very endpoint");
      expect(isAlive(main.outputs.token ?? "")).toBe(true);
    });
  });
}
