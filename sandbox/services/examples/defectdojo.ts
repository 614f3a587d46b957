import { json, text } from "../answers.ts";
import { formFields } from "../credentials.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { randomToken } from "../tokens.ts";

/** DefectDojo: user and password show the user's one permanent token. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const [password, token] = [randomToken(), randomToken()];

  const exchange = (call: Call) => {
    const form = formFields(call);
    return form.get("username") === "ci-robot" && form.get("password") === password
      ? json(200, { token })
      : json(400, { non_field_errors: ["Unable to log in with provided credentials."] });
  };
  const profile = (call: Call) =>
    call.headers.authorization === `Token ${token}`
      ? json(200, { user: { id: 4, username: "ci-robot" } })
      : json(401, { detail: "Invalid token." }, { "www-authenticate": "Token" });

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === "/api/v2/api-token-auth/") return exchange(call);
    if (call.method === "GET" && call.route === "/api/v2/user_profile/") return profile(call);
    return text(404, "Not Found");
  });
  return { ...listening, accounts: { custom: { inputs: { username: "ci-robot", password } } }, live: () => [] };
}
