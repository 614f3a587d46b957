import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runAction, runMain } from "../kit/support.ts";
import { type Django, hasDjango, PYTHON, startDjango } from "./django.ts";
import { proof, type Subject } from "./proof.ts";
import { lines } from "./recorder.ts";

/** It has no metadata where anybody looks for them, so its endpoints are given. */
function endpoints({ url }: Django): Record<string, string> {
  return {
    "token-url": `${url}/oauth2/token/`,
    "revocation-url": `${url}/oauth2/revoke_token/`,
    "probe-url": `${url}/plain/restapi/v1/organizations/accounts/teams/`,
  };
}

const SUBJECT: Subject<Django> = {
  start: () => startDjango(),
  inputs: endpoints,
  tokenPath: "/oauth2/token/",
  passwordClient: ({ otherGrant }) => otherGrant,
  // It decodes a Basic pair, and knows none that is not encoded.
  forms: { basic: 200, "basic-plain": 401, post: 200 },
  auto: { undiscovered: ["basic 200"] },
  refusals: [
    {
      what: "a wrong secret",
      method: "client-credentials",
      wrong: { "client-secret": "wrong+&=%C3:é/" },
      requests: ["basic 401", "post 401"],
      failure: "refused",
      says: "client-auth: basic-plain",
    },
    {
      what: "a wrong password",
      method: "password",
      wrong: { password: "wrong+&=%C3:é/" },
      requests: ["basic 400"],
      failure: "refused",
      says: 'Check "username" and "password"',
    },
    {
      what: "a scope that there is not",
      method: "client-credentials",
      wrong: { scope: "another" },
      requests: ["basic 400"],
      failure: "invalid-input",
      says: '"scope"',
    },
    {
      what: "a client of another grant",
      method: "password",
      wrong: { method: "client-credentials", username: "", password: "" },
      requests: ["basic 400"],
      failure: "forbidden",
      says: "Allow it in the settings of the client",
    },
  ],
  job: [
    "POST /oauth2/token/ basic 200",
    "GET /plain/restapi/v1/organizations/accounts/teams/ bearer 200",
    "POST /oauth2/revoke_token/ basic 200",
  ],
  rotates: true,
  probe: "accepted",
  revokes: true,
};

if (!hasDjango) {
  test(`left out, since ${PYTHON} has no django-oauth-toolkit and Django REST framework: oauth2 with a real server`, () => {
    expect(hasDjango).toBe(false);
  });
} else {
  describe("oauth2 with a real django-oauth-toolkit", () => {
    const server = proof(SUBJECT);

    test("a dead token is refused by an API that says 401; 403 and 406 of another prove nothing", async () => {
      const { client, url } = server();
      const pair = { "client-id": client.id, "client-secret": client.secret };
      let token = "";
      await runAction(
        { provider: "oauth2", ...pair, ...endpoints(server()) },
        {
          between: ({ outputs }) => {
            token = outputs.token ?? "";
          },
        },
      );
      const seen: Record<string, string | undefined> = {};
      for (const path of ["", "/plain", "/view"]) {
        const probeUrl = `${url}${path}/restapi/v1/organizations/accounts/teams/`;
        seen[path] = (await runMain({ provider: "oauth2", token, "probe-url": probeUrl })).outputs.probe;
      }
      expect(seen).toEqual({ "": "inconclusive", "/plain": "refused", "/view": "inconclusive" });
    });

    test("a server without metadata says to give its token endpoint", async () => {
      const { client, url } = server();
      const pair = { "client-id": client.id, "client-secret": client.secret };
      const main = await runMain({ provider: "oauth2", ...pair, url: `${url}/oauth2` });
      expect(main.outputs.failure).toBe("wrong-url");
      expect(main.annotations[0]?.message).toContain('set "token-url"');
    });

    test("a pair that was changed in the meantime ends no token: one warning says that it lives on", async () => {
      const { client, changeSecret, isAlive } = server();
      const pair = { "client-id": client.id, "client-secret": client.secret };
      const { main, post } = await runAction(
        { provider: "oauth2", ...pair, ...endpoints(server()) },
        { between: () => changeSecret("the-new-secret") },
      );
      await changeSecret(client.secret);
      expect(post?.annotations).toMatchObject([{ type: "warning", title: "Not revoked" }]);
      expect(post?.annotations[0]?.message).toContain("it does not know the client");
      expect(isAlive(main.outputs.token ?? "")).toBe(true);
    });
  });
  describe("oauth2 with the metadata of a real django-oauth-toolkit", () => {
    let server: Django;
    beforeAll(async () => {
      server = await startDjango("openid");
    });
    afterAll(() => server?.stop());

    const inputs = () => ({
      provider: "oauth2",
      url: `${server.url}/oauth2`,
      "client-id": server.client.id,
      "client-secret": server.client.secret,
    });

    test("they name no revocation, so a line says how the token could be taken back, and it lives on", async () => {
      const { main, post } = await runAction(inputs());
      expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { failure: "", probe: "skipped" } });
      expect(main.log).toContain('if the service has one, set "revocation-url"');
      expect(lines(server.requests)).toEqual([
        "GET /oauth2/.well-known/openid-configuration 200",
        "POST /oauth2/token/ post 200",
      ]);
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
      expect(server.isAlive(main.outputs.token ?? "")).toBe(true);
    });

    test("a revocation endpoint that is given beside them is asked, and the token is dead", async () => {
      const url = `${server.url}/oauth2/revoke_token/`;
      const { main, post } = await runAction({ ...inputs(), "revocation-url": url });
      expect(main.outputs.failure).toBe("");
      expect(main.log).not.toContain('set "revocation-url"');
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
      expect(lines(server.requests).at(-1)).toBe("POST /oauth2/revoke_token/ post 200");
      expect(server.isAlive(main.outputs.token ?? "")).toBe(false);
    });
  });
}
