import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Http } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { orAbsent, read, schema } from "../../text/json.ts";
import { expiry, payloadOf } from "../kit/expiry.ts";
import { inconclusive, lacksPermission } from "../kit/judge.ts";
import type { About, Credential, Verdict } from "../provider.ts";
import { AUTHS, askAs, at, clientOf } from "./client.ts";
import type { Fields } from "./fields.ts";
import { readParameters } from "./parameters.ts";

/** Proves a token where the user says, else by introspection where the client can ask, else not at all. */
export async function probe({ token, parts = {} }: Credential, http: Http, about: About<Fields>): Promise<Verdict> {
  const url = about.given?.["probe-url"] ?? parts["probe-url"];
  if (url !== undefined && parts["token-type"] === "N_A") {
    return { kind: "skipped", why: "what was minted is no access token" };
  }
  if (url !== undefined) return askAt(url, token, http);
  // Who has not proven itself is not told whether a token is good.
  if (parts.introspection !== undefined && parts.auth !== "none" && about.given !== undefined) {
    return introspect(token, parts, about.given, http, about.step);
  }
  tellOddClaims(token, about);
  const unproven = parts.introspection === undefined ? "" : ", and the client has not proven itself here";
  return { kind: "skipped", why: `no \`probe-url\` is given${unproven}` };
}

async function askAt(url: string, token: string, http: Http): Promise<Verdict> {
  const { http: there, path } = at(url, http);
  const headers = { authorization: `Bearer ${token}` };
  const answer = await there.send({ method: "GET", path, headers, urlInput: "probe-url" });
  const { status, isHtml } = answer;
  if (status < 300 && !isHtml) return { kind: "accepted" };
  const sentence = `${there.host} answered the probe with ${isHtml ? "a page and " : ""}status ${status}.`;
  if (status === 401) {
    const hint = 'The token is wrong, expired or revoked, or "probe-url" is of another service.';
    return { kind: "refused", failure: new Failure("refused", sentence, { hint, ...quoted(answer) }) };
  }
  const hint = 'Choose a "probe-url" that answers whoever has a token.';
  if (status === 403 && !isHtml) return lacksPermission(sentence, hint, quoted(answer).answered);
  // A page or nothing is another place than was meant.
  const code = isHtml || status === 404 ? "wrong-url" : "bad-response";
  return inconclusive(new Failure(code, sentence, { hint, ...quoted(answer) }));
}

const Introspected = schema(() =>
  z.object({
    active: z.boolean(),
    username: orAbsent(z.string()),
    exp: orAbsent(z.number()),
  }),
);

/** RFC 7662. What it says of a token that this client may not see is not told apart from what it says of a dead one. */
async function introspect(
  token: string,
  { introspection = "", auth, issuer = "" }: NonNullable<Credential["parts"]>,
  given: Fields,
  http: Http,
  step: About<Fields>["step"],
): Promise<Verdict> {
  const proof = AUTHS.find((one) => one === auth) ?? "none";
  const client = clientOf(given, readParameters(given, proof === "private-key").signing, proof, issuer);
  const answer = await askAs(client, proof, token, introspection, http, step);
  const found = answer.status < 300 ? read(Introspected, answer.json) : undefined;
  if (found?.active === true) {
    return { kind: "accepted", account: found.username, expiresAt: expiry({ exp: found.exp }) };
  }
  return lacksPermission(
    `${new URL(introspection).host} does not tell this client that the token is good (introspection, status ${answer.status}).`,
    'Give a "probe-url" to prove it.',
  );
}

const Claims = schema(() =>
  z.object({
    exp: orAbsent(z.number()),
    aud: orAbsent(z.union([z.string(), z.array(z.string())])),
  }),
);

/** What a JWT says of itself that does not fit what was asked for; its signature is the service's business. */
function tellOddClaims(token: string, { given, step }: About<Fields>): void {
  const { exp, aud } = read(Claims, payloadOf(token)) ?? {};
  if (exp !== undefined && exp * 1000 <= Date.now()) step.note("By its own `exp` the token has expired already.");
  const audiences = [aud ?? []].flat();
  if (aud !== undefined && given?.audience?.split(" ").some((one) => !audiences.includes(one))) {
    step.note('By its own `aud` the token is for another than the input "audience".');
  }
}
