import * as z from "zod/mini";
import type { Answer, Http } from "../../http/http.ts";
import { schema } from "../../text/json.ts";
import type { Field, Handle, Revocation, Revoking } from "../provider.ts";
import { readTokenAnswer } from "./answer.ts";
import { type ClientAuth, prove } from "./client.ts";
import { at } from "./exchange.ts";
import { readSigner } from "./key.ts";

const AUTHS = ["basic", "basic-plain", "post", "none", "private-key", "id-token"] as const;

const encoded = () => z.optional(z.string().check(z.regex(/^(?:[\w!'()*.~-]|%[\dA-F]{2})+$/)));

/** As the exchange left it. */
const Revocable = schema(() =>
  z.strictObject({
    secret: z.string().check(z.minLength(8)),
    endpoint: z.string().check(z.refine(isEndpoint)),
    auth: z.enum(AUTHS),
    client: encoded(),
    audience: encoded(),
    "assertion-key-id": encoded(),
    "assertion-algorithm": encoded(),
  }),
);

/** Whether a text that was kept is a URL that a request can go to. */
export function isEndpoint(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username + password + hash === "";
}

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
  const { secret: token, endpoint, auth, ...kept } = z.parse(Revocable(), handle);
  const decoded = (text: string | undefined) => (text === undefined ? undefined : decodeURIComponent(text));
  const { given } = revoking;
  const signing = ["assertion-key-id", "assertion-algorithm"] as const;
  const parameters = new Map(signing.flatMap((name) => (kept[name] ? [[name, [decoded(kept[name]) ?? ""]]] : [])));
  const client = {
    id: given["client-id"] ?? decoded(kept.client),
    secret: given["client-secret"],
    signer: auth === "private-key" ? readSigner(given, parameters) : undefined,
    audience: decoded(kept.audience) ?? "",
  };
  const { http: there, path } = at(endpoint, http);
  const answer = await there.send(async () => {
    const proof = await prove(client, auth, revoking);
    const form = { token, token_type_hint: "access_token", ...proof.parameters };
    return { method: "POST", path, headers: proof.headers, form };
  });
  return verdictOf(answer, unknownClient(auth, client.id));
}

/** Why a client may not be known here that was known at the exchange. */
function unknownClient(auth: ClientAuth, id: string | undefined): string {
  if (auth === "private-key" || auth === "id-token") {
    return "it does not know the client by this assertion: it may want one for this very endpoint";
  }
  if (auth !== "none") return "it does not know the client";
  return id === undefined
    ? 'it wants to know the client: give "client-id"'
    : "it does not know the client without a secret";
}

/** RFC 7009, section 2.2: a token that is not known is no error, so a 200 says only that the server was asked. */
function verdictOf(answer: Answer, unknown: string): Revocation {
  const { status, isHtml } = answer;
  const { error } = readTokenAnswer(answer);
  if (error === "unsupported_token_type") {
    return { kind: "impossible", why: "it does not revoke access tokens of this kind." };
  }
  if (isHtml) return { kind: "failed", answered: `a page with status ${status}, not the revocation endpoint` };
  if (status === 200 && error === undefined) return { kind: "revoked" };
  if (error === "invalid_client") return { kind: "failed", answered: unknown };
  // A login wall answers so, too.
  if (status === 401) return { kind: "failed", answered: `status 401: ${unknown}, or there is no revocation endpoint` };
  if (status === 404) return { kind: "failed", answered: "there is no revocation endpoint there" };
  return { kind: "failed", answered: `status ${status}` };
}
