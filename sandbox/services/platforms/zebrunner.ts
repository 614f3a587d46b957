import { json, text } from "../answers.ts";
import { jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

/** Zebrunner: the access token of a profile, sent as a refresh token, for a token of an hour. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const accessToken = randomToken();

  const exchange = (call: Call) => {
    if (jsonFields(call)?.refreshToken !== accessToken)
      return json(401, { code: "AUTH-1001", message: "Invalid token" });
    return json(200, {
      userId: 12,
      authTokenType: "Bearer",
      authToken: tokens.mint(3600),
      authTokenExpirationInSecs: 3600,
      refreshToken: randomToken(),
      tenantName: "acme",
    });
  };

  const listening = await serve(options, (call) =>
    call.method === "POST" && call.route === "/api/iam/v1/auth/refresh" ? exchange(call) : text(404, "Not Found"),
  );
  return { ...listening, accounts: { "access-token": { inputs: { token: accessToken } } }, live: () => [] };
}
