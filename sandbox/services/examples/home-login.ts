import { randomUUID } from "node:crypto";
import { json, text } from "../answers.ts";
import { bearerToken, jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

const LIFETIME = 1800;

/** A login service that somebody has written at home: sessions of half an hour, which can be ended by their id. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const sessions = tokenBook(options);
  const tokenOf = new Map<string, string>();
  const password = randomToken();

  const login = (call: Call) => {
    const { user, password: given } = jsonFields(call) ?? {};
    if (user !== "ci-robot") return json(400, { error: "unknown user" });
    if (given !== password) return json(400, { error: "wrong password" });
    const [token, id] = [sessions.mint(LIFETIME), randomUUID()];
    tokenOf.set(id, token);
    return json(201, { session: { token, id, seconds: LIFETIME } });
  };
  const withToken = (call: Call) => {
    if (!sessions.isLive(bearerToken(call.headers.authorization))) return json(401, { error: "no session" });
    if (call.method === "GET" && call.route === "/me") return json(200, { name: "ci-robot" });
    const id = call.route.replace("/sessions/", "");
    if (call.method !== "DELETE" || !sessions.end(tokenOf.get(id) ?? "")) return text(404, "Not Found");
    return { status: 204 };
  };

  const listening = await serve(options, (call) =>
    call.method === "POST" && call.route === "/login" ? login(call) : withToken(call),
  );
  return { ...listening, accounts: { custom: { inputs: { username: "ci-robot", password } } }, live: sessions.live };
}
