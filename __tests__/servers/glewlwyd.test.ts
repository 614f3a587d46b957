import { describe, expect, test } from "@jest/globals";
import { type Glewlwyd, hasGlewlwyd, startGlewlwyd } from "./glewlwyd.ts";
import { proof, type Subject } from "./proof.ts";

/** What an answer can mean that is empty. */
const SILENT = "does not say why (an empty answer with status 403)";

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
      says: SILENT,
    },
    {
      what: "a wrong password",
      method: "password",
      wrong: { password: "wrong+&=%C3:é/" },
      requests: ["post 403", "basic 403"],
      failure: "forbidden",
      says: SILENT,
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
      says: SILENT,
    },
  ],
  probe: "accepted",
  revokes: true,
};

if (!hasGlewlwyd) {
  test("left out, since Debian's glewlwyd is not installed: a real OAuth2 server", () => {
    expect(hasGlewlwyd).toBe(false);
  });
} else {
  describe("oauth2 with a real glewlwyd", () => {
    proof(SUBJECT);
  });
}
