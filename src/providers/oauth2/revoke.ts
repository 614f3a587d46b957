import * as z from "zod/mini";
import type { Answer, Http } from "../../http/http.ts";
import { flawless, type Parsed, schema } from "../../text/json.ts";
import { Secret } from "../kit/fields.ts";
import { failed, notRevoked } from "../kit/judge.ts";
import type { Field, Handle, Revocation, Revoking } from "../provider.ts";
import { readTokenAnswer } from "./answer.ts";
import { AUTHS, askAs, clientOf, isAsserted, isEndpoint } from "./client.ts";

const Kept = () =>
  z.optional(z.string().check(flawless((text) => (isEncoded(text) ? undefined : "it is not encoded"))));

function isEncoded(text: string): boolean {
  try {
    return encodeURIComponent(decodeURIComponent(text)) === text;
  } catch {
    return false;
  }
}

/** As the exchange left it. */
export const Revocable = schema(() =>
  z.strictObject({
    secret: Secret(),
    endpoint: z.string().check(flawless((url) => (isEndpoint(url) ? undefined : "it is no endpoint"))),
    auth: z.enum(AUTHS),
    client: Kept(),
    audience: Kept(),
    "assertion-key-id": Kept(),
    "assertion-algorithm": Kept(),
  }),
);

/** What proved the client at the exchange proves it again. */
export function revokesWith({ auth }: Handle): readonly Field[] {
  if (auth === "private-key") return ["client-id", "private-key"];
  return auth === "none" || auth === "id-token" ? [] : ["client-id", "client-secret"];
}

/** Takes an access token back (RFC 7009). */
export async function revoke(handle: Parsed<typeof Revocable>, http: Http, revoking: Revoking): Promise<Revocation> {
  const { secret: token, endpoint, auth, ...encoded } = handle;
  const kept = new Map(Object.entries(encoded).map(([key, text]) => [key, decodeURIComponent(text ?? "")]));
  const given = { "client-id": kept.get("client"), ...revoking.given };
  const client = clientOf(given, kept, auth, kept.get("audience") ?? "");
  const answer = await askAs(client, auth, token, endpoint, http, revoking);
  // Why a client may not be known here that was known at the exchange.
  const why = isAsserted(auth)
    ? " by this assertion: it may want one for this very endpoint"
    : auth === "none"
      ? ', which gave no secret: check "client-id"'
      : "";
  return verdictOf(answer, `it does not know the client${why}`);
}

/** RFC 7009, section 2.2: a token that is not known is no error, so a 200 says only that the server was asked. */
function verdictOf(answer: Answer, unknown: string): Revocation {
  const { status, isHtml } = answer;
  const error = readTokenAnswer(answer).told?.error;
  if (error === "unsupported_token_type") {
    return { kind: "impossible", why: "it does not revoke access tokens of this kind." };
  }
  if (status === 200 && !isHtml && !error) return { kind: "revoked" };
  if (error === "invalid_client") return failed(unknown);
  if (isHtml || (status !== 401 && status !== 404)) return notRevoked(answer);
  // A login wall answers 401, too.
  return failed(`status ${status}: ${status === 401 ? `${unknown}, or ` : ""}there is no revocation endpoint`);
}
