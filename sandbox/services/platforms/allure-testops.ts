import { json, text } from "../answers.ts";
import { bearerToken, formFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

/** Allure TestOps: an API token by a grant of its own for a token of an hour. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const apiToken = randomToken();

  const exchange = (call: Call) => {
    const form = formFields(call);
    if (form.get("grant_type") !== "apitoken") return json(400, { error: "unsupported_grant_type" });
    if (form.get("scope") !== "openid") return json(400, { error: "invalid_scope" });
    if (form.get("token") !== apiToken) return json(401, { error: "invalid_token" });
    const token = tokens.mint(3600);
    return json(200, {
      access_token: token,
      token_type: "bearer",
      expires_in: 3600,
      scope: "openid",
      jti: randomToken(),
    });
  };

  const me = (call: Call) =>
    tokens.isLive(bearerToken(call.headers.authorization))
      ? json(200, { id: 3, username: "ci-robot", roles: ["ROLE_USER"] })
      : json(401, { error: "invalid_token", error_description: "Invalid access token" });

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/api/uaa/oauth/token") return exchange(call);
    if (call.method === "GET" && call.route === "/api/uaa/account/me") return me(call);
    return text(404, "Not Found");
  });
  return { ...listening, accounts: { "api-token": { inputs: { token: apiToken } } }, live: () => [] };
}
