import * as z from "zod/mini";
import type { Answer, Http } from "../../http/http.ts";
import { flawless, schema } from "../../text/json.ts";
import { Secret } from "../kit/fields.ts";
import type { Field, Handle, Revocation, Revoking } from "../provider.ts";
import { readTokenAnswer } from "./answer.ts";
import { AUTHS, askAs, type ClientAuth, clientOf, isEndpoint } from "./client.ts";

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
const Revocable = schema(() =>
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

export function ownsHandle(handle: Handle): boolean {
  return z.safeParse(Revocable(), handle).success;
}

/** What proved the client at the exchange proves it again. */
export function revokesWith({ auth }: Handle): readonly Field[] {
  if (auth === "private-key") return ["client-id", "private-key"];
  return auth === "none" || auth === "id-token" ? [] : ["client-id", "client-secret"];
}

/**
 * Takes an access token back (RFC 7009).
 * @throws {ZodError} where the handle is none of this provider
 */
export async function revoke(handle: Handle, http: Http, revoking: Revoking): Promise<Revocation> {
  const { secret: token, endpoint, auth, ...encoded } = z.parse(Revocable(), handle);
  const kept = new Map(Object.entries(encoded).map(([key, text]) => [key, decodeURIComponent(text ?? "")]));
  const given = { "client-id": kept.get("client"), ...revoking.given };
  const client = clientOf(given, kept, auth, kept.get("audience") ?? "");
  const answer = await askAs(client, auth, token, endpoint, http, revoking);
  return verdictOf(answer, `it does not know the client${UNKNOWN[auth] ?? ""}`);
}

/** Why a client may not be known here that was known at the exchange. */
const UNKNOWN: Readonly<Partial<Record<ClientAuth, string>>> = {
  "private-key": " by this assertion: it may want one for this very endpoint",
  "id-token": " by this assertion: it may want one for this very endpoint",
  none: ', which gave no secret: check "client-id"',
};

/** RFC 7009, section 2.2: a token that is not known is no error, so a 200 says only that the server was asked. */
function verdictOf(answer: Answer, unknown: string): Revocation {
  const { status, isHtml } = answer;
  const error = readTokenAnswer(answer).told?.error;
  if (error === "unsupported_token_type") {
    return { kind: "impossible", why: "it does not revoke access tokens of this kind." };
  }
  if (status === 200 && !isHtml && !error) return { kind: "revoked" };
  if (error === "invalid_client") return { kind: "failed", answered: unknown };
  if (isHtml) return { kind: "failed", answered: `a page with status ${status}` };
  // A login wall answers 401, too.
  const cause = status === 401 ? `: ${unknown}, or` : status === 404 ? ":" : undefined;
  return { kind: "failed", answered: `status ${status}${cause ? `${cause} there is no revocation endpoint` : ""}` };
}
