import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { JsonObject, read } from "../../text/json.ts";
import { PRINTABLE, tokenFlaw } from "../../text/token.ts";
import type { Credential } from "../provider.ts";
import { expiry } from "./expiry.ts";
import { CHECK_SERVICE } from "./faults.ts";

export { PRINTABLE, tokenFlaw };

/** A number that identifies a user; anything longer is none. */
export const USER_ID = /^\d{1,19}$/;

/**
 * A minted token, checked. It has to be masked already.
 * @throws {Failure} `bad-response`
 */
export function mintedToken(token: string, http: Http): string {
  const flaw = tokenFlaw(token);
  if (flaw === undefined) return token;
  throw new Failure("bad-response", `The token that ${http.host} answered with ${flaw}.`, {
    hint: CHECK_SERVICE,
  });
}

/**
 * The credential of an OAuth2 token response (RFC 6749, section 5.1), each of its secrets masked before it is looked at,
 * whatever the status. Undefined where the answer is none.
 * @param documented the lifetime that the vendor documents, in seconds
 * @throws {Failure} `bad-response` for a token that cannot be one
 */
export function granted(
  answer: Answer,
  http: Http,
  secret: (value: string) => void,
  documented?: number,
): Credential | undefined {
  const members = read(JsonObject, answer.json) ?? {};
  const { access_token: token, refresh_token, id_token, expires_in: expiresIn } = members;
  for (const minted of [token, refresh_token, id_token]) if (typeof minted === "string") secret(minted);
  if (answer.status >= 300 || typeof token !== "string") return undefined;
  return { token: mintedToken(token, http), expiresAt: expiry({ token, expiresIn, documented }) };
}
