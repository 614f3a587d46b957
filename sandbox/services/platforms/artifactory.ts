import { randomUUID } from "node:crypto";
import { json, text } from "../answers.ts";
import { bearerToken, jsonFields } from "../credentials.ts";
import { isSignedBy, readJws } from "../jws.ts";
import { type Call, serve } from "../serve.ts";
import type { Service, StartOptions } from "../service.ts";
import { tokenBook } from "../tokens.ts";

const ACCESS = "/access/api/v1";
const URN = "urn:ietf:params:oauth:";

/** JFrog Artifactory: GitHub's ID token for an access token, by a provider that an administrator has set up. */
export async function start(options: StartOptions = {}): Promise<Service> {
  const tokens = tokenBook(options);
  const idOf = new Map<string, string>();

  const exchange = (call: Call) => {
    const fields = jsonFields(call) ?? {};
    const isExchange = fields.grant_type === `${URN}grant-type:token-exchange`;
    if (!isExchange || fields.subject_token_type !== `${URN}token-type:id_token`) return refusal(400, "BAD_REQUEST");
    if (fields.provider_name !== "github") return refusal(404, "Could not find provider");
    if (!isOfGitHub(String(fields.subject_token), options)) return refusal(401, "Invalid subject token");
    const token = tokens.mint(600);
    const id = randomUUID();
    idOf.set(token, id);
    return json(200, { access_token: token, token_id: id, expires_in: 600, token_type: "Bearer", scope: "applied" });
  };

  const tokenOf = (id: string) => [...idOf].find(([, one]) => one === id)?.[0] ?? "";

  const withToken = (call: Call) => {
    const token = bearerToken(call.headers.authorization) ?? "";
    if (!tokens.isLive(token)) return refusal(401, "Token failed verification");
    if (call.method === "GET" && call.route === `${ACCESS}/tokens/me`) return json(200, { token_id: idOf.get(token) });
    const [, id = ""] = /\/tokens\/([^/]+)$/.exec(call.route) ?? [];
    return tokens.end(tokenOf(id)) ? json(200, { revoked: true }) : refusal(404, "Token not found");
  };

  const listening = await serve(options, (call) => {
    if (call.method === "POST" && call.route === `${ACCESS}/oidc/token`) return exchange(call);
    if (/^(?:GET|DELETE)$/.test(call.method) && call.route.startsWith(`${ACCESS}/tokens/`)) return withToken(call);
    return text(404, "Not Found");
  });
  return {
    ...listening,
    accounts: {
      "github-oidc": { inputs: { parameters: "provider-name=github", "id-token-audience": "jfrog-github" } },
    },
    live: tokens.live,
  };
}

/** Signed by the issuer that is set up, meant for this service, and not over. */
function isOfGitHub(token: string, { trusts, now = Date.now }: StartOptions): boolean {
  const jws = readJws(token);
  if (jws === undefined || trusts === undefined || !isSignedBy(jws, trusts.keys())) return false;
  const { iss, aud, exp } = jws.claims;
  return iss === trusts.issuer && aud === "jfrog-github" && typeof exp === "number" && exp * 1000 > now();
}

function refusal(status: number, message: string) {
  return json(status, { errors: [{ code: status === 401 ? "UNAUTHORIZED" : "BAD_REQUEST", message }] });
}
