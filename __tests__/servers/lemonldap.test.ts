import { describe, expect, test } from "@jest/globals";
import { runAction } from "../kit/support.ts";
import { hasLemonldap, type Lemonldap, startLemonldap } from "./lemonldap.ts";
import { proof, type Subject } from "./proof.ts";

const SUBJECT: Subject<Lemonldap> = {
  start: startLemonldap,
  inputs: ({ issuer }) => ({ url: issuer, scope: "ci" }),
  tokenPath: "/oauth2/token",
  // It takes a Basic pair as it is, up to the second colon.
  forms: { basic: 401, "basic-plain": 401, post: 200 },
  auto: { discovered: ["post 200"], undiscovered: ["basic 401", "post 200"] },
  refusals: [
    {
      what: "a wrong secret",
      method: "client-credentials",
      wrong: { "client-secret": "wrong+&=%C3:é/" },
      requests: ["post 400", "basic 401"],
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
      requests: ["post 400"],
      failure: "invalid-input",
      says: '"scope"',
    },
  ],
  job: ["GET /.well-known/openid-configuration 200", "POST /oauth2/token post 200", "POST /oauth2/introspect post 200"],
  probe: "accepted",
  // There is no endpoint for it.
  revokes: false,
};

if (!hasLemonldap) {
  test("left out, since Debian's LemonLDAP::NG is not installed: a real OAuth2 server", () => {
    expect(hasLemonldap).toBe(false);
  });
} else {
  describe("oauth2 with a real LemonLDAP::NG", () => {
    const server = proof(SUBJECT);

    test("a login in place of a revocation endpoint has revoked nothing", async () => {
      const { client, issuer, isAlive } = server();
      const { main, post } = await runAction({
        provider: "oauth2",
        url: issuer,
        scope: "ci",
        "client-id": client.id,
        "client-secret": client.secret,
        "revocation-url": `${issuer}/oauth2/revoke`,
      });
      expect(main.outputs.failure).toBe("");
      expect(post?.annotations).toMatchObject([{ type: "warning", title: "Not revoked" }]);
      // A login stands there, and answers whoever wants JSON with 401.
      expect(post?.annotations[0]?.message).toContain("status 401: ");
      expect(post?.annotations[0]?.message).toContain("or there is no revocation endpoint");
      expect(isAlive(main.outputs.token ?? "")).toBe(true);
    });
  });
}
