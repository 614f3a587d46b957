import { json, text } from "../answers.ts";
import { basicPair, formFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken, tokenBook } from "../tokens.ts";

/** SonarQube: user tokens, by which others can be made and revoked; they stand in Basic as the user name. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const named = new Map<string, string>();
  const password = `${randomToken()}:é`;
  const token = tokens.mint(undefined, `squ_${randomToken()}`);

  const isUser = (call: Call) => {
    const pair = basicPair(call.headers.authorization);
    if (pair === undefined) return false;
    return pair.secret === "" ? tokens.isLive(pair.name) : pair.name === "ci-robot" && pair.secret === password;
  };

  const generate = (call: Call) => {
    const form = formFields(call);
    const name = form.get("name") ?? "";
    const date = form.get("expirationDate") ?? "";
    if (name === "") return errors("The 'name' parameter is missing");
    if (tokens.isLive(named.get(name)))
      return errors(`A user token for login 'ci-robot' and name '${name}' already exists`);
    if (!/^\d{4}-\d\d-\d\d$/.test(date)) return errors(`Can't parse '${date}' as date`);
    const minted = tokens.mint(3 * 24 * 3600, `squ_${randomToken()}`);
    named.set(name, minted);
    const expirationDate = `${date}T00:00:00+0000`;
    return json(200, {
      login: "ci-robot",
      name,
      token: minted,
      createdAt: "2026-11-26T08:00:00+0000",
      type: "USER_TOKEN",
      expirationDate,
    });
  };

  const revoke = (call: Call) => {
    const name = formFields(call).get("name") ?? "";
    if (name === "") return errors("The 'name' parameter is missing");
    tokens.end(named.get(name) ?? "");
    return { status: 204 };
  };

  const listening = await serve(options, (call) => {
    if (call.method === "GET" && call.route === "/api/authentication/validate")
      return json(200, { valid: isUser(call) });
    if (call.method !== "POST" || !call.route.startsWith("/api/user_tokens/"))
      return json(404, { errors: [{ msg: "Unknown url" }] });
    if (!isUser(call)) return text(401, "");
    return call.route.endsWith("/generate") ? generate(call) : revoke(call);
  });
  const accounts = {
    token: { inputs: { token } },
    "ephemeral-token": { inputs: { username: "ci-robot", password } },
  };
  return { ...listening, accounts, live: () => tokens.live().filter((one) => one !== token) };
}

function errors(msg: string) {
  return json(400, { errors: [{ msg }] });
}
