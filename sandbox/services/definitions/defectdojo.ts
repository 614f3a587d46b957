import { randomBytes } from "node:crypto";
import { json, text } from "../answers.ts";
import { formFields, jsonFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken } from "../tokens.ts";

/** DefectDojo: user and password for the one permanent token of that user. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const password = `${randomToken()} &+%`;
  const token = randomBytes(20).toString("hex");

  const login = (call: Call) => {
    const form = formFields(call);
    const { username = form.get("username"), password: secret = form.get("password") } = jsonFields(call) ?? {};
    if (!username || !secret) return json(400, { password: ["This field is required."] });
    if (username !== "ci-robot" || secret !== password)
      return json(400, { non_field_errors: ["Unable to log in with provided credentials."] });
    return json(200, { token });
  };

  const profile = (call: Call) => {
    if (call.headers.authorization === `Token ${token}`) {
      return json(200, { user: { id: 4, username: "ci-robot", email: "ci@example.com" }, user_contact_info: null });
    }
    const detail = call.headers.authorization?.startsWith("Token ")
      ? "Invalid token."
      : "Authentication credentials were not provided.";
    return json(401, { detail }, { "www-authenticate": "Token" });
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/api/v2/api-token-auth/") return login(call);
    if (call.method === "GET" && call.route === "/api/v2/user_profile/") return profile(call);
    return text(404, "Not Found");
  });
  const accounts = {
    password: { inputs: { username: "ci-robot", password } },
    "api-key": { inputs: { token } },
  };
  return { ...listening, accounts, live: () => [] };
}
