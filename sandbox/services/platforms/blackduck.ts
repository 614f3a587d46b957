import { json, text } from "../answers.ts";
import { bearerToken } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

const LIFETIME = 7200;

/** Black Duck: an API token for a bearer of two hours, which is of use only with the CSRF token that comes with it. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const csrfOf = new Map<string, string>();
  const apiToken = Buffer.from(randomToken()).toString("base64");

  const exchange = (call: Call) => {
    if (call.headers.authorization !== `token ${apiToken}`) return json(401, { errorMessage: "Invalid API token." });
    const token = tokens.mint(LIFETIME);
    const csrf = randomToken();
    csrfOf.set(token, csrf);
    return json(200, { bearerToken: token, expiresInMilliseconds: LIFETIME * 1000 }, { "x-csrf-token": csrf });
  };

  const user = (call: Call) => {
    const token = bearerToken(call.headers.authorization) ?? "";
    const isKnown = tokens.isLive(token) && call.headers["x-csrf-token"] === csrfOf.get(token);
    return isKnown
      ? json(200, { userName: "ci-robot", type: "INTERNAL", active: true })
      : json(401, { errorMessage: "Full authentication is required to access this resource" });
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/api/tokens/authenticate") return exchange(call);
    if (call.method === "GET" && call.route === "/api/current-user") return user(call);
    return text(404, "Not Found");
  });
  return { ...listening, accounts: { "api-token": { inputs: { token: apiToken } } }, live: () => [] };
}
