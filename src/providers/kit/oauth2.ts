import type * as z from "zod/mini";
import type { Answer, Http, Request } from "../../http/http.ts";
import type { Schema } from "../../text/json.ts";
import type { Credential, Step, Verdict } from "../provider.ts";
import { bearer } from "./headers.ts";
import { judge, type OwnWord, refusedOrThrow } from "./judge.ts";
import { ownWords, success } from "./refusals.ts";
import { granted } from "./token.ts";

/** What `unauthorized_client` means (RFC 6749, section 5.2), and what to do. */
export const NOT_ALLOWED = [
  "does not let this client use this grant",
  "Allow it in the settings of the client, or take another one.",
] as const;

/** How a service says no to a client (RFC 6749, section 5.2). */
export function clientWords(name: string, cause = "they are wrong, or were renewed or removed since."): OwnWord {
  return ownWords(
    [
      {
        when: ({ error }) => error === "unauthorized_client",
        failure: "forbidden",
        says: NOT_ALLOWED[0],
        do: NOT_ALLOWED[1],
      },
      {
        when: ({ error }) => /^(?:invalid_client|invalid_grant|unauthorized)$/.test(error),
        says: "refuses the client credentials",
        do: `Check "client-id" and "client-secret": ${cause}`,
      },
    ],
    name,
  );
}

/** A token request (RFC 6749, section 4), and what to make of its answer. */
export interface Grant extends Omit<Request, "method" | "mints" | "mayMean"> {
  readonly ownWord: OwnWord;
  /** What a page, or nothing at the place of the endpoint, may mean. */
  readonly mayMean?: string | undefined;
  /** The lifetime that the vendor documents, in seconds. */
  readonly documented?: number;
}

/**
 * Asks a token endpoint for a bearer token; each secret of its answer is masked first.
 * @throws {Failure} by the contract's judging order
 */
export async function grant(
  { ownWord, mayMean, documented, ...request }: Grant,
  http: Http,
  { secret }: Pick<Step, "secret">,
): Promise<Credential> {
  const isElsewhere = ({ status }: Answer) => (status < 400 ? mayMean : undefined);
  const answer = await http.send({ ...request, method: "POST", mayMean: isElsewhere, mints: true });
  const credential = granted(answer, http, secret, documented);
  if (credential === undefined) throw judge(answer, http, ownWord, mayMean);
  return credential;
}

/**
 * Asks with the token whose it is: only an answer that names an account accepts it.
 * @throws {Failure} where what answers is not the service
 */
export async function probeAccount(
  path: string,
  account: Schema<z.ZodMiniType<string>>,
  credential: Credential,
  http: Http,
  ownWord: OwnWord,
): Promise<Verdict> {
  const answer = await http.send({ method: "GET", path, headers: bearer(credential) });
  const name = success(account, answer);
  return name === undefined ? refusedOrThrow(answer, http, ownWord) : { kind: "accepted", account: name };
}
