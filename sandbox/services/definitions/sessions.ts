import { randomUUID } from "node:crypto";
import { json, text } from "../answers.ts";
import { jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

const LIFETIME = 1800;

/** Wrong passwords before an account is locked. */
const MOST_ATTEMPTS = 5;

/** A login service as somebody has written it for one company: it says no with 200, and its sessions can be ended. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const now = options.now ?? Date.now;
  const tokens = tokenBook(options);
  const tokenOf = new Map<string, string>();
  const password = `${randomToken()}"\\ü`;
  let attempts = 0;

  const login = (call: Call) => {
    const fields = jsonFields(call);
    if (fields === undefined) return json(415, { error: "JSON, please" });
    if (attempts >= MOST_ATTEMPTS) return json(200, { error: "too many attempts, wait an hour" });
    if (fields.user !== "ci-robot" || fields.password !== password) {
      attempts++;
      return json(200, { error: `wrong password: ${String(fields.password)}` });
    }
    const [token, id] = [tokens.mint(LIFETIME), `${randomUUID()}/1`];
    tokenOf.set(id, token);
    return json(200, { session: { id, token, ends: Math.floor(now() / 1000) + LIFETIME } });
  };

  const sessionOf = (call: Call) => call.headers["x-session"] ?? "";

  const end = (call: Call) => {
    if (!tokens.isLive(sessionOf(call))) return json(401, { error: "no session" });
    const token = tokenOf.get(decodeURIComponent(call.route.slice("/sessions/".length)));
    return tokens.end(token ?? "") ? { status: 204 } : json(404, { error: "no such session" });
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/login") return login(call);
    if (call.method === "GET" && call.route === "/me")
      return tokens.isLive(sessionOf(call))
        ? json(200, { user: { name: "ci-robot" } })
        : json(401, { error: "no session" });
    if (call.method === "DELETE" && call.route.startsWith("/sessions/")) return end(call);
    return text(404, "Not Found");
  });
  return { ...listening, accounts: { custom: { inputs: { username: "ci-robot", password } } }, live: tokens.live };
}
