import { randomBytes } from "node:crypto";
import { json, text } from "../answers.ts";
import { basicPair, bearerToken, formFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { tokenBook } from "../tokens.ts";

/** Jama Connect: client credentials in plain Basic for a token of an hour. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const client = { name: randomBytes(8).toString("hex"), secret: `${randomBytes(12).toString("base64")}:%+&` };

  const exchange = (call: Call) => {
    const pair = basicPair(call.headers.authorization);
    if (pair?.name !== client.name || pair.secret !== client.secret) return json(401, { error: "invalid_client" });
    if (formFields(call).get("grant_type") !== "client_credentials")
      return json(400, { error: "unsupported_grant_type" });
    return json(201, { access_token: tokens.mint(3599), token_type: "Bearer", expires_in: 3599 });
  };

  const user = (call: Call) =>
    tokens.isLive(bearerToken(call.headers.authorization))
      ? json(200, { meta: { status: "OK" }, data: { id: 7, username: "ci-robot" } })
      : json(401, { meta: { status: "Unauthorized", message: "" } });

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/rest/oauth/token") return exchange(call);
    if (call.method === "GET" && call.route === "/rest/v1/users/current") return user(call);
    return text(404, "Not Found");
  });
  const inputs = { "client-id": client.name, "client-secret": client.secret };
  return { ...listening, accounts: { "client-credentials": { inputs } }, live: () => [] };
}
