import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { read, schema } from "../read.ts";

const SHORTEST = 8;
const LONGEST = 65_536;

/** A number that identifies a user; anything longer is none. */
export const USER_ID = /^\d{1,19}$/;

/** Why a text is no token: every token is one line of printable ASCII of 8 to 65,536 characters. Undefined if it is. */
export function tokenFlaw(token: string): string | undefined {
  if (token.length < SHORTEST) return `has fewer than ${SHORTEST} characters`;
  if (token.length > LONGEST) return `has more than ${LONGEST} characters`;
  if (/[\r\n]/.test(token)) return "has more than one line";
  if (!/^[\x20-\x7e]+$/.test(token)) return "has characters other than printable ASCII";
  return undefined;
}

/**
 * A minted token, checked. It has to be masked already.
 * @throws {Failure} `bad-response`
 */
export function mintedToken(token: string, http: Http): string {
  const flaw = tokenFlaw(token);
  if (flaw === undefined) return token;
  throw new Failure("bad-response", `The token that ${http.host} answered with ${flaw}.`, {
    hint: 'What answers there may not be the service: check "url" and "provider".',
  });
}

const TokenResponse = schema(() =>
  z.object({
    access_token: z.optional(z.string()),
    refresh_token: z.optional(z.unknown()),
    expires_in: z.optional(z.unknown()),
  }),
);

export interface TokenResponse {
  readonly accessToken: string;
  readonly expiresIn: unknown;
}

/**
 * An OAuth2 token response (RFC 6749, section 5.1), each of its secrets masked before it is looked at.
 * Undefined where the answer is none.
 */
export function readTokenResponse(
  answer: Answer,
  http: Http,
  secret: (value: string) => void,
): TokenResponse | undefined {
  const response = answer.status < 300 ? read(TokenResponse, answer.json) : undefined;
  for (const minted of [response?.access_token, response?.refresh_token]) {
    if (typeof minted === "string") secret(minted);
  }
  if (response?.access_token === undefined) return undefined;
  return { accessToken: mintedToken(response.access_token, http), expiresIn: response.expires_in };
}
