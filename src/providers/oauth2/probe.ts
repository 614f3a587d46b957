import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { parseJson, read, schema } from "../../text/json.ts";
import { expiry } from "../kit/expiry.ts";
import { lacksPermission, noAnswer } from "../kit/judge.ts";
import type { About, Credential, Verdict } from "../provider.ts";
import { type ClientAuth, prove } from "./client.ts";
import { at, clientOf } from "./exchange.ts";
import { type Fields, FORMS } from "./fields.ts";
import { readParameters } from "./parameters.ts";

/** Proves a token where the user says, else by introspection where the client can ask, else not at all. */
export async function probe(credential: Credential, http: Http, about: About<Fields>): Promise<Verdict> {
  const { token, parts = {} } = credential;
  const url = about.given?.["probe-url"] ?? parts["probe-url"];
  if (url !== undefined && parts["token-type"] === "N_A") {
    return { kind: "skipped", why: "what was minted is no access token" };
  }
  if (url !== undefined) return askAt(url, token, http);
  const auth = AUTHS.find((one) => one === parts.auth);
  const { introspection, issuer = "" } = parts;
  if (introspection !== undefined && auth !== undefined && about.given !== undefined) {
    return introspect(token, { endpoint: introspection, auth, issuer, given: about.given }, http, about.step);
  }
  for (const odd of oddClaims(token, about.given)) about.step.note(odd);
  const otherwise =
    introspection === undefined ? "the service offers nothing else to ask" : "the client has not proven itself here";
  return { kind: "skipped", why: `no \`probe-url\` is given, and ${otherwise}` };
}

/** Those that prove the client: to no other is told whether a token is good. */
const AUTHS: readonly ClientAuth[] = [...FORMS, "private-key", "id-token"];

async function askAt(url: string, token: string, http: Http): Promise<Verdict> {
  const { http: there, path } = at(url, http);
  const answer = await there.send({
    method: "GET",
    path,
    headers: { authorization: `Bearer ${token}` },
    urlInput: "probe-url",
  });
  const { status, isHtml } = answer;
  if (status === 401) {
    const sentence = `${there.host} does not know the token (status 401).`;
    const hint = 'It is wrong, expired or revoked, or "probe-url" is of another service than the token.';
    return { kind: "refused", failure: new Failure("refused", sentence, { hint, ...quoted(answer) }) };
  }
  if (status < 300 && !isHtml) return { kind: "accepted" };
  if (status === 403 && !isHtml) {
    const hint = 'Choose a "probe-url" that every token may ask, or set `probe: false`.';
    return lacksPermission(
      `${there.host} does not let the token ask there (status 403).`,
      hint,
      quoted(answer).answered,
    );
  }
  return noAnswer(notThere(answer, there));
}

/** A page or nothing is another place than was meant; of all else nothing is known. */
function notThere(answer: Answer, { host }: Http): Failure {
  const { status, isHtml } = answer;
  const isElsewhere = isHtml || status === 404;
  const what = isHtml ? `with a page (status ${status})` : `with status ${status}`;
  return new Failure(
    isElsewhere ? "wrong-url" : "bad-response",
    `${host} answered the probe ${what}, which says nothing of the token.`,
    { hint: 'Check "probe-url": a GET with the token has to be answered there.', ...quoted(answer) },
  );
}

const Introspected = schema(() =>
  z.object({
    active: z.boolean(),
    username: z.catch(z.optional(z.string()), undefined),
    exp: z.catch(z.optional(z.number()), undefined),
  }),
);

/** The metadata alone name the introspection endpoint. */
const INSTEAD = 'Give a "probe-url" to prove the token.';

interface Introspecting {
  readonly endpoint: string;
  readonly auth: ClientAuth;
  readonly issuer: string;
  readonly given: Fields;
}

/** RFC 7662. What it says of a token that this client may not see is not told apart from what it says of a dead one. */
async function introspect(
  token: string,
  { endpoint, auth, issuer, given }: Introspecting,
  http: Http,
  step: About<Fields>["step"],
): Promise<Verdict> {
  const { http: there, path } = at(endpoint, http);
  const proofBy = auth === "private-key" || auth === "id-token" ? auth : undefined;
  const client = clientOf(given, readParameters(given, auth === "private-key"), proofBy, issuer);
  const answer = await there.send(async () => {
    const { headers, parameters } = await prove(client, auth, step);
    const form = { token, token_type_hint: "access_token", ...parameters };
    return { method: "POST", path, headers, form, ofRedirect: INSTEAD };
  });
  const found = answer.status < 300 ? read(Introspected, answer.json) : undefined;
  if (found?.active === true) {
    return { kind: "accepted", account: found.username, expiresAt: fromSeconds(found.exp) };
  }
  const sentence =
    found === undefined
      ? `${there.host} tells this client nothing of the token at its introspection endpoint (status ${answer.status}).`
      : `${there.host} does not tell this client whether the token is good: a client may not see every token.`;
  return lacksPermission(sentence, INSTEAD);
}

/** The service's own date: seconds since the epoch (RFC 7662, section 2.2). */
function fromSeconds(exp: number | undefined): Date | undefined {
  const milliseconds = Math.floor(exp ?? 0) * 1000;
  return milliseconds > 0 && milliseconds <= LAST_MOMENT
    ? expiry({ date: new Date(milliseconds).toISOString() })
    : undefined;
}

const LAST_MOMENT = Date.parse("9999-12-31T23:59:59Z");

const Claims = schema(() =>
  z.object({
    exp: z.catch(z.optional(z.number()), undefined),
    aud: z.catch(z.optional(z.union([z.string(), z.array(z.string())])), undefined),
  }),
);

/** What a JWT says of itself that does not fit what was asked for; its signature is the service's business. */
function oddClaims(token: string, given: Fields | undefined): string[] {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return [];
  const claims = read(Claims, parseJson(Buffer.from(payload, "base64url").toString("utf8")));
  if (claims === undefined) return [];
  const audiences = claims.aud === undefined ? undefined : [claims.aud].flat();
  const asked = given?.audience;
  return [
    ...(claims.exp !== undefined && claims.exp * 1000 <= Date.now()
      ? ["By its own `exp` the token has expired already."]
      : []),
    ...(asked !== undefined && audiences !== undefined && !asked.split(" ").every((one) => audiences.includes(one))
      ? ['By its own `aud` the token is for another audience than the input "audience" asks for.']
      : []),
  ];
}
