import { randomBytes } from "node:crypto";
import { json, text } from "../answers.ts";
import { formFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

/** Tosca Server: client credentials in the form, at its authentication service. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const client = { id: `Tricentis_Cloud_${randomBytes(4).toString("hex")}`, secret: randomToken() };

  const exchange = (call: Call) => {
    const form = formFields(call);
    if (form.get("grant_type") !== "client_credentials") return json(400, { error: "unsupported_grant_type" });
    if (form.get("client_id") !== client.id || form.get("client_secret") !== client.secret) {
      return json(400, { error: "invalid_client" });
    }
    return json(200, { access_token: tokens.mint(3600), expires_in: 3600, token_type: "Bearer", scope: "tricentis" });
  };

  const listening = await serve(options, (call) =>
    call.method === "POST" && call.route === "/tua/connect/token" ? exchange(call) : text(404, "Not Found"),
  );
  const inputs = { "client-id": client.id, "client-secret": client.secret };
  return { ...listening, accounts: { "client-credentials": { inputs } }, live: () => [] };
}
