import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { read, schema } from "../../text/json.ts";
import { expiry } from "../kit/expiry.ts";
import { readTokenResponse } from "../kit/token.ts";

/** What a token endpoint answered: JSON, or a form as old servers write it. */
export interface TokenAnswer extends Answer {
  /** RFC 6749, section 5.2; undefined where it tells no error. */
  readonly error: string | undefined;
  readonly description: string | undefined;
}

const OAuthError = schema(() =>
  z.object({
    error: z.string().check(z.regex(/./s)),
    error_description: z.catch(z.optional(z.string()), undefined),
  }),
);

const Rest = schema(() =>
  z.object({
    token_type: z.optional(z.nullable(z.unknown())),
    scope: z.catch(z.optional(z.string()), undefined),
    refresh_token: z.catch(z.optional(z.string()), undefined),
  }),
);

/** Reads an error in whichever of the two ways it is written. */
export function readTokenAnswer(answer: Answer): TokenAnswer {
  const json = answer.json ?? fromForm(answer);
  const error = read(OAuthError, json);
  return { ...answer, json, error: error?.error, description: error?.error_description };
}

function fromForm({ body, isHtml }: Answer): Record<string, string> | undefined {
  if (isHtml || !/(?:^|&)(?:access_token|error)=/.test(body.trim())) return undefined;
  return Object.fromEntries(new URLSearchParams(body.trim()));
}

/** What was minted. */
export interface Minted {
  readonly token: string;
  readonly expiresAt: Date | undefined;
  /** `bearer`, or `N_A` for what is no access token (RFC 8693, section 2.2.1). */
  readonly type: "bearer" | "N_A" | "another";
  /** What was granted, where that is told and fit to be printed. */
  readonly scope: string | undefined;
  readonly refreshToken: string | undefined;
}

/**
 * What the answer brought, each secret of it masked first; undefined where it is no token answer (RFC 6749, section 5.1).
 * @throws {Failure} `bad-response` for a token that cannot be one
 */
export function readMinted(answer: TokenAnswer, http: Http, secret: (value: string) => void): Minted | undefined {
  const minted = readTokenResponse(answer, http, secret);
  if (minted === undefined || answer.error !== undefined) return undefined;
  const { accessToken: token, expiresIn } = minted;
  const rest = read(Rest, answer.json);
  return {
    token,
    expiresAt: expiry({ token, expiresIn }),
    type: typeOf(rest?.token_type),
    scope: SCOPE.test(rest?.scope ?? "") ? rest?.scope : undefined,
    refreshToken: rest?.refresh_token,
  };
}

/** RFC 6749, section 3.3, no longer than a line of a log may be. */
const SCOPE = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

/** It is compared without case (RFC 6749, section 5.1); many servers leave it out. */
function typeOf(type: unknown): Minted["type"] {
  if (type === undefined || type === null || type === "") return "bearer";
  const name = typeof type === "string" ? type.toLowerCase() : "";
  return name === "bearer" ? "bearer" : name === "n_a" ? "N_A" : "another";
}

/** A token that is sent in another way than as a bearer cannot be used. */
export function noBearer({ host }: Http): Failure {
  return new Failure("bad-response", `${host} minted a token of another type than Bearer.`, {
    hint: "Such a token takes a proof with each request (DPoP, MAC): ask who runs the service for bearer tokens.",
  });
}
