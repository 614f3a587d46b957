import { randomBytes } from "node:crypto";
import { json, text } from "../answers.ts";
import { jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

const LIFETIME = 3 * 3600;

/** ALM Octane: client id and secret for two cookies, both of which a request needs; signing out ends them. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const userOf = new Map<string, string>();
  const client = { id: `ci_${randomBytes(6).toString("hex")}`, secret: `+${randomBytes(8).toString("hex")}Q` };

  const signIn = (call: Call) => {
    const { client_id, client_secret } = jsonFields(call) ?? {};
    if (client_id !== client.id || client_secret !== client.secret) return json(401, { error_code: "unauthorized" });
    const [token, user] = [tokens.mint(LIFETIME), randomToken()];
    userOf.set(token, user);
    const cookies = [
      "LWSSO_COOKIE_KEY=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
      `LWSSO_COOKIE_KEY=${token}; Path=/; HttpOnly; Secure`,
      `OCTANE_USER=${user}; Path=/`,
    ];
    return json(200, {}, { "set-cookie": cookies });
  };

  const signOut = (call: Call) => {
    const cookies = new Map((call.headers.cookie ?? "").split("; ").map((pair) => cut(pair)));
    const token = cookies.get("LWSSO_COOKIE_KEY") ?? "";
    if (!tokens.isLive(token) || cookies.get("OCTANE_USER") !== userOf.get(token)) return json(401, {});
    tokens.end(token);
    return { status: 200, headers: { "set-cookie": "LWSSO_COOKIE_KEY=; Path=/" } };
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/authentication/sign_in") return signIn(call);
    if (call.method === "POST" && call.route === "/authentication/sign_out") return signOut(call);
    return text(404, "Not Found");
  });
  const inputs = { "client-id": client.id, "client-secret": client.secret };
  return { ...listening, accounts: { custom: { inputs } }, live: tokens.live };
}

function cut(pair: string): [name: string, value: string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}
