import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { read, schema } from "../../text/json.ts";
import { PRINTABLE, tokenFlaw } from "../../text/token.ts";

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
    hint: 'Check that "url" and "provider" belong together.',
  });
}

const Unknown = () => z.optional(z.unknown());
const TokenResponse = schema(() =>
  z.object({ access_token: Unknown(), refresh_token: Unknown(), id_token: Unknown(), expires_in: Unknown() }),
);

export interface TokenResponse {
  readonly accessToken: string;
  readonly expiresIn: unknown;
}

/**
 * An OAuth2 token response (RFC 6749, section 5.1), each of its secrets masked before it is looked at, whatever the status.
 * Undefined where the answer is none.
 */
export function readTokenResponse(
  answer: Answer,
  http: Http,
  secret: (value: string) => void,
): TokenResponse | undefined {
  const response = read(TokenResponse, answer.json);
  for (const minted of [response?.access_token, response?.refresh_token, response?.id_token]) {
    if (typeof minted === "string") secret(minted);
  }
  if (answer.status >= 300 || typeof response?.access_token !== "string") return undefined;
  return { accessToken: mintedToken(response.access_token, http), expiresIn: response.expires_in };
}
