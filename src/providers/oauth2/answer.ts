import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { orAbsent, read, schema } from "../../text/json.ts";
import { granted } from "../kit/token.ts";
import type { Credential } from "../provider.ts";

/** RFC 6749, sections 5.1 and 5.2; what is not as it should be counts as absent. */
const Told = schema(() => {
  const text = orAbsent(z.string());
  return z.object({
    error: text,
    error_description: text,
    token_type: z.optional(z.unknown()),
    scope: text,
    refresh_token: text,
  });
});

/** What a token endpoint answered: JSON, or a form as old servers write it. */
export interface TokenAnswer extends Answer {
  readonly told: z.output<ReturnType<typeof Told>> | undefined;
}

export function readTokenAnswer(answer: Answer): TokenAnswer {
  const json = answer.json ?? fromForm(answer);
  return { ...answer, json, told: read(Told, json) };
}

function fromForm({ body, isHtml }: Answer): Record<string, string> | undefined {
  if (isHtml || !/(?:^|&)(?:access_token|error)=/.test(body.trim())) return undefined;
  return Object.fromEntries(new URLSearchParams(body.trim()));
}

/** What was minted. */
export interface Minted extends Credential {
  /** In lower case; `n_a` for what is no access token (RFC 8693, section 2.2.1). */
  readonly type: string;
  /** What was granted, where that is told and fit to be printed. */
  readonly scope: string | undefined;
  readonly refreshToken: string | undefined;
}

/**
 * What the answer brought, each secret of it masked first; undefined where it is no token answer (RFC 6749, section 5.1).
 * @throws {Failure} `bad-response` for a token that cannot be one
 */
export function readMinted(answer: TokenAnswer, http: Http, secret: (value: string) => void): Minted | undefined {
  const credential = granted(answer, http, secret);
  const { error, scope, refresh_token: refreshToken, token_type: type } = answer.told ?? {};
  if (credential === undefined || error) return undefined;
  return {
    ...credential,
    // Compared without case (RFC 6749, section 5.1); many servers leave it out.
    type: typeof (type || "") === "string" ? String(type || "bearer").toLowerCase() : "",
    scope: SCOPE.test(scope ?? "") ? scope : undefined,
    refreshToken,
  };
}

/** RFC 6749, section 3.3, no longer than a line of a log may be. */
const SCOPE = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

/** A token that is sent in another way than as a bearer cannot be used. */
export function noBearer({ host }: Http): Failure {
  return new Failure("bad-response", `${host} minted a token of another type than Bearer.`, {
    hint: "Ask who runs the service for bearer tokens.",
  });
}
