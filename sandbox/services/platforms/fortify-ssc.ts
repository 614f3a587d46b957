import { json, text } from "../answers.ts";
import { basicPair, jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

/** Fortify Software Security Center: user and password make a token, and revoke it. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const now = options.now ?? Date.now;
  const tokens = tokenBook(options);
  const password = `${randomToken()}ü`;

  const isUser = (call: Call) => {
    const pair = basicPair(call.headers.authorization);
    return pair?.name === "ci-robot" && pair.secret === password;
  };

  const create = (call: Call) => {
    if (!isUser(call)) return unauthorized();
    const { type, description = "", terminalDate } = jsonFields(call) ?? {};
    const end = typeof terminalDate === "string" ? Date.parse(terminalDate) : Number.NaN;
    if (type !== "CIToken" || !(end > now())) return json(400, { message: "Invalid token request", responseCode: 400 });
    const token = Buffer.from(tokens.mint((end - now()) / 1000)).toString("base64");
    return json(201, { data: { id: 5, type, description, token, terminalDate }, responseCode: 201 });
  };

  const tokenData = (call: Call) => {
    const [, encoded = ""] = /^FortifyToken (\S+)$/.exec(call.headers.authorization ?? "") ?? [];
    if (!tokens.isLive(Buffer.from(encoded, "base64").toString())) return unauthorized();
    return json(200, { data: { type: "CIToken", username: "ci-robot" }, responseCode: 200 });
  };

  const revoke = (call: Call) => {
    if (!isUser(call)) return unauthorized();
    const { tokens: listed } = jsonFields(call) ?? {};
    if (!Array.isArray(listed)) return json(400, { message: "Invalid request", responseCode: 400 });
    for (const token of listed) tokens.end(Buffer.from(String(token), "base64").toString());
    return json(200, { data: {}, responseCode: 200 });
  };

  const listening = await serve(options, (call) => {
    if (call.method !== "POST") return text(404, "Not Found");
    if (call.route === "/api/v1/tokens") return create(call);
    if (call.route === "/api/v1/userSession/tokenData") return tokenData(call);
    if (call.route === "/api/v1/tokens/action/revoke") return revoke(call);
    return text(404, "Not Found");
  });
  return {
    ...listening,
    accounts: { "ephemeral-token": { inputs: { username: "ci-robot", password } } },
    live: tokens.live,
  };
}

function unauthorized() {
  return json(401, { message: "Access Denied. Unauthorized access", responseCode: 401 });
}
