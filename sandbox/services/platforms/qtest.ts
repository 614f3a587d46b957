import { json, text } from "../answers.ts";
import { basicPair, bearerToken, formFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

const DAY = 24 * 3600;

/** qTest Manager: an API token, sent as a refresh token of the client `qtest-api`, for an access token. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const now = options.now ?? Date.now;
  const tokens = tokenBook(options);
  const ends = new Map<string, number>();
  const apiToken = randomToken();

  const exchange = (call: Call) => {
    const pair = basicPair(call.headers.authorization);
    if (pair?.name !== "qtest-api" || pair.secret !== "") return json(401, { error: "unauthorized" });
    const form = formFields(call);
    if (form.get("grant_type") !== "refresh_token") return json(400, { error: "unsupported_grant_type" });
    if (form.get("refresh_token") !== apiToken) {
      return json(400, { error: "invalid_grant", error_description: "Invalid refresh token" });
    }
    const token = tokens.mint(DAY);
    ends.set(token, now() + DAY * 1000);
    // The specification has no `expires_in`.
    return json(200, { access_token: token, token_type: "bearer", refresh_token: apiToken, scope: "read write" });
  };

  const status = (call: Call) => {
    const token = bearerToken(call.headers.authorization) ?? "";
    if (!tokens.isLive(token)) return json(401, { message: "Invalid access token" });
    const expiration = ends.get(token) ?? 0;
    return json(200, { expiration, validityInMilliseconds: expiration - now() });
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/oauth/token") return exchange(call);
    if (call.method === "GET" && call.route === "/oauth/status") return status(call);
    return text(404, "Not Found");
  });
  return { ...listening, accounts: { "api-token": { inputs: { token: apiToken } } }, live: () => [] };
}
