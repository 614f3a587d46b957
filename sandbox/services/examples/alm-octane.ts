import { json, text } from "../answers.ts";
import { jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

/** ALM Octane: a client signs in for two cookies, and signs out. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const sessions = tokenBook(options);
  const client = { id: `api_client_${randomToken().slice(0, 12)}`, secret: randomToken() };

  const signIn = (call: Call) => {
    const { client_id: id, client_secret: secret } = jsonFields(call) ?? {};
    if (id !== client.id || secret !== client.secret) return json(401, { description: "Not authorized" });
    const session = sessions.mint(3 * 3600);
    return { status: 200, cookies: [`LWSSO_COOKIE_KEY=${session}; Path=/; HttpOnly`, "OCTANE_USER=YXBp; Path=/"] };
  };
  const signOut = (call: Call) => {
    const [, session = ""] = /LWSSO_COOKIE_KEY=([^;]+)/.exec(call.headers.cookie ?? "") ?? [];
    return sessions.end(session) ? { status: 200 } : { status: 401 };
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/authentication/sign_in") return signIn(call);
    if (call.method === "POST" && call.route === "/authentication/sign_out") return signOut(call);
    return text(404, "Not Found");
  });
  const inputs = { "client-id": client.id, "client-secret": client.secret };
  return { ...listening, accounts: { custom: { inputs } }, live: sessions.live };
}
