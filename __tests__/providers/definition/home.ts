import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answer, json, text } from "../../../sandbox/services/answers.ts";
import { basicPair, bearerToken } from "../../../sandbox/services/credentials.ts";
import { type Call, type Listening, serve } from "../../../sandbox/services/serve.ts";

/** A login service that somebody has written at home, with a trap or two. */
export interface Home extends Listening {
  readonly username: string;
  readonly password: string;
  /** The tokens that still work. */
  live(): string[];
}

/** Starts it. It tells who asks only to whoever sends the header of a session, too. */
export async function startHome(): Promise<Home> {
  const [username, password] = ["robot", `${randomBytes(9).toString("base64url")}:ü`];
  const tokens = new Map<string, { id: string; csrf: string }>();
  const isUser = (pair: { name: string; secret: string } | undefined) =>
    pair?.name === username && pair.secret === password;

  const login = (call: Call): Answer => {
    const { user, password: secret } = JSON.parse(call.body);
    if (!isUser({ name: user, secret })) return json(400, { error: { code: "BAD_LOGIN", text: `no ${secret}` } });
    const [token, id, csrf] = [24, 6, 12].map((size) => randomBytes(size).toString("base64url"));
    tokens.set(token ?? "", { id: `${id}/1`, csrf: csrf ?? "" });
    return json(201, { session: { token, id: `${id}/1` }, ms: 3_600_000 }, { "x-csrf": csrf ?? "" });
  };
  const me = (call: Call): Answer => {
    const session = tokens.get(bearerToken(call.headers.authorization) ?? "");
    if (session === undefined || session.csrf !== call.headers["x-csrf"]) return json(401, {});
    return json(200, { user: { name: username } });
  };
  const logout = (call: Call): Answer => {
    if (!isUser(basicPair(call.headers.authorization))) return json(403, {});
    const id = decodeURIComponent(call.route.replace("/sessions/", ""));
    const [token] = [...tokens].find(([, session]) => session.id === id) ?? [];
    if (token === undefined) return json(404, {});
    tokens.delete(token);
    return { status: 204 };
  };

  const listening = await serve({ basePath: "/home" }, (call) => {
    if (call.method === "POST" && call.route === "/login") return login(call);
    if (call.method === "GET" && call.route === "/me") return me(call);
    if (call.method === "DELETE" && call.route.startsWith("/sessions/")) return logout(call);
    return text(404, "Not Found");
  });
  return { ...listening, username, password, live: () => [...tokens.keys()] };
}

/** How it is described. */
export const HOME = {
  $schema: "https://example.com/schema/definition.json",
  name: "Home Login",
  "by-hand": "Sessions > Sign out",
  pasted: ["/login"],
  credentials: ["username", "password"],
  exchange: { path: "/login", json: { user: "{username}", password: "{password}" } },
  answer: {
    token: { json: "/session/token" },
    secrets: { csrf: { header: "X-CSRF" } },
    values: { id: { json: "/session/id" } },
    expires: { json: "/ms", as: "milliseconds" },
  },
  use: { headers: { Authorization: "Bearer {answer.token}", "X-CSRF": "{answer.csrf}" } },
  env: { name: "HOME_LOGIN", also: { HOME_CSRF: "{answer.csrf}" } },
  probe: { path: "/me", accepted: { json: "/user/name" }, account: { json: "/user/name" } },
  revoke: {
    method: "DELETE",
    path: "/sessions/{answer.id}",
    basic: { username: "{username}", password: "{password}" },
    gone: [404],
  },
  refusals: [{ status: [400], json: "/error/code", values: ["bad_login"], failure: "refused" }],
};

const folders: string[] = [];

/** A workspace that holds these files. */
export function workspaceWith(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "workspace-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** For `afterAll`: removes what the tests put there. */
export function removeWorkspaces(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
