import type { Answer, Http } from "../../http/http.ts";
import { basicPair } from "../../text/basic.ts";
import { formEncoded } from "../kit/headers.ts";
import type { Step } from "../provider.ts";
import { type Fields, FORMS, invalid } from "./fields.ts";
import { readSigner, type Signer, signAssertion } from "./key.ts";
import type { Signing } from "./parameters.ts";

/** How a client proves itself, or that it does not. */
export const AUTHS = [...FORMS, "none", "private-key", "id-token"] as const;
export type ClientAuth = (typeof AUTHS)[number];

/** Whether a client is proven by an assertion (RFC 7523, section 2.2). */
export function isAsserted(auth: ClientAuth): boolean {
  return auth === "private-key" || auth === "id-token";
}

/** A client of the server, with all that it takes to prove it. */
export interface Client {
  readonly id: string | undefined;
  readonly secret: string | undefined;
  /** What signs its assertions; undefined where GitHub's ID token stands for them. */
  readonly signer: Signer | undefined;
  /** `aud` of its assertions, or of the ID token. */
  readonly audience: string;
}

/** The client, whose assertions are meant for the issuer, unless the user says otherwise. */
export function clientOf(given: Fields, signing: Signing, auth: ClientAuth | undefined, issuer: string): Client {
  return {
    id: given["client-id"],
    secret: given["client-secret"],
    signer: auth === "private-key" ? readSigner(given, signing) : undefined,
    audience: signing.get("assertion-audience") ?? given["id-token-audience"] ?? issuer,
  };
}

/** What a request carries for its client. */
interface Proof {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Proves the client, anew each time: an assertion counts once. Every secret form of it is masked first. */
export async function prove(client: Client, auth: ClientAuth, step: Pick<Step, "secret" | "idToken">): Promise<Proof> {
  const { id, secret = "", signer, audience } = client;
  const parameters = id === undefined ? {} : { client_id: id };
  switch (auth) {
    case "basic":
    case "basic-plain": {
      const form = auth === "basic" ? formEncoded : String;
      const pair = basicPair(form(id ?? ""), form(secret));
      step.secret(pair);
      return { headers: { authorization: `Basic ${pair}` }, parameters: {} };
    }
    case "post":
      return { headers: {}, parameters: { ...parameters, client_secret: secret } };
    case "none":
      return { headers: {}, parameters };
    case "private-key":
    case "id-token": {
      const client_assertion = signer ? signAssertion(signer, id ?? "", audience) : await step.idToken(audience);
      step.secret(client_assertion);
      const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
      return { headers: {}, parameters: { ...parameters, client_assertion_type, client_assertion } };
    }
  }
}

/** Whether a text that came from outside is a URL that a request can go to. */
export function isEndpoint(text: string): boolean {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  return url !== null && url.username + url.password + url.hash === "";
}

/** An endpoint, wherever it is: the client for its host, and its path there with its query (RFC 6749, section 3.2). */
export interface Endpoint {
  readonly http: Http;
  readonly path: string;
}

export function at(endpoint: string, http: Http): Endpoint {
  const { origin, pathname, search } = new URL(endpoint);
  return { http: http.at(origin), path: pathname + search };
}

/** Asks about an access token where only its client may (RFC 7009, section 2.1; RFC 7662, section 2.1). */
export function askAs(
  client: Client,
  auth: ClientAuth,
  token: string,
  endpoint: string,
  http: Http,
  step: Pick<Step, "secret" | "idToken">,
): Promise<Answer> {
  const { http: there, path } = at(endpoint, http);
  return there.send(async () => {
    const { headers, parameters } = await prove(client, auth, step);
    const form = { token, token_type_hint: "access_token", ...parameters };
    return { method: "POST", path, headers, form, ofRedirect: INSTEAD };
  });
}

const INSTEAD = 'Give a "probe-url" or "revocation-url" instead.';

/** Where every server reads the same, encoded or not. */
const UNAMBIGUOUS = /^[A-Za-z0-9*._-]*$/;

/**
 * How the client is to be proven, and how next where the server does not know it.
 * @param proof what proves it, where that is no secret
 * @param listed what the server says that it takes at its token endpoint; undefined where it says nothing
 */
export function authsOf(
  given: Fields,
  proof: ClientAuth | undefined,
  listed: readonly string[] | undefined,
): readonly [first: ClientAuth, second?: ClientAuth] {
  const { "client-id": id = "", "client-secret": secret } = given;
  if (proof !== undefined || secret === undefined) return [proof ?? "none"];
  const chosen = FORMS.find((form) => form === given["client-auth"]);
  if (chosen !== undefined) return [chosen];
  const isBasic = UNAMBIGUOUS.test(id + secret)
    ? listed === undefined || listed.includes("client_secret_basic")
    : listed?.includes("client_secret_post") !== true;
  return isBasic ? ["basic", "post"] : ["post", "basic"];
}

/**
 * Checks what `client-auth` says against what is there.
 * @throws {Failure} `invalid-input`
 */
export function checkClientAuth({ "client-auth": auth, "client-secret": secret }: Fields): void {
  const isLacking = secret === undefined && FORMS.some((form) => form === auth);
  if (!isLacking && (secret === undefined || auth !== "none")) return;
  throw invalid("client-auth", `is \`${auth}\`, but there is ${isLacking ? "no" : "a"} secret`, "Leave it out.");
}
