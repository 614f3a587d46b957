import { json, text } from "../answers.ts";
import { bearerToken, formFields } from "../credentials.ts";
import { signJwt } from "../jwt.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

const LIFETIME = 7 * 24 * 3600;
const SIGNING_KEY = randomToken();

/** Dependency-Track: user and password for a JWT in plain text; or an API key of a team. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const now = options.now ?? Date.now;
  const tokens = tokenBook(options);
  const password = `${randomToken()} &+%`;
  const apiKey = `odt_${randomToken()}`;

  const login = (call: Call) => {
    const form = formFields(call);
    if (form.get("username") === "suspended") return text(403, "SUSPENDED");
    if (form.get("username") !== "ci-robot" || form.get("password") !== password)
      return text(401, "INVALID_CREDENTIALS");
    // It negotiates: its only type is plain text.
    if (!/text\/plain|\*\/\*/.test(call.headers.accept ?? "*/*")) return text(406, "");
    const exp = Math.floor(now() / 1000) + LIFETIME;
    return text(200, tokens.mint(LIFETIME, signJwt({ sub: "ci-robot", exp, nonce: randomToken() }, SIGNING_KEY)));
  };

  const user = (call: Call) =>
    tokens.isLive(bearerToken(call.headers.authorization)) ? json(200, { username: "ci-robot" }) : unauthorized();
  const team = (call: Call) =>
    call.headers["x-api-key"] === apiKey ? json(200, { uuid: "7d1f", name: "CI", permissions: [] }) : unauthorized();

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/api/v1/user/login") return login(call);
    if (call.method === "GET" && call.route === "/api/v1/user/self") return user(call);
    if (call.method === "GET" && call.route === "/api/v1/team/self") return team(call);
    return text(404, "Not Found");
  });
  const accounts = {
    password: { inputs: { username: "ci-robot", password } },
    "api-key": { inputs: { token: apiKey } },
  };
  return { ...listening, accounts, live: () => [] };
}

function unauthorized() {
  return { status: 401, headers: { "www-authenticate": "Bearer" } };
}
