import * as z from "zod/mini";
import type { BuildRequest, Http, Request } from "../../http/http.ts";
import { read, schema } from "../../text/json.ts";
import { payloadOf } from "../kit/expiry.ts";
import { encoded } from "../kit/handles.ts";
import type { Credential, Handle, Step } from "../provider.ts";
import { type Minted, noBearer, readMinted, readTokenAnswer, type TokenAnswer } from "./answer.ts";
import { at, authsOf, type Client, type ClientAuth, clientOf, type Endpoint, isAsserted, prove } from "./client.ts";
import { findServer, type Server } from "./discovery.ts";
import type { Fields } from "./fields.ts";
import { type Parameters, readParameters } from "./parameters.ts";
import { type Asked, refusal } from "./refusals.ts";

type Own = Readonly<Record<string, string>>;

/** What a token is asked for with (RFC 6749, section 1.3). */
export interface Grant {
  readonly type: string;
  readonly kind: Asked["grant"];
  /** How its client is proven, where that is not by a secret. */
  readonly client?: "private-key" | "id-token";
  /** What may follow a fault, where that is not any number of retries. */
  readonly resend?: NonNullable<Request["resend"]>;
  /** Parameters of its own; an ID token is good for one use, so they are made anew for each attempt. */
  parameters(given: Fields, idToken: () => Promise<string>): Own | Promise<Own>;
}

/** Whether what it mints may be taken back: with a refresh token a server may end what is stored (RFC 7009, section 2.1). */
export function isRevocable({ kind }: Grant): boolean {
  return kind !== "refresh-token";
}

/**
 * Finds the server and asks it for a token.
 * @throws {Failure} by the contract's judging order
 */
export async function exchange(grant: Grant, given: Fields, http: Http, step: Step): Promise<Credential> {
  const parameters = readParameters(given, grant.client === "private-key");
  const server = await findServer(given, http, step);
  const client = clientOf(given, parameters.signing, grant.client, server.issuer);
  const endpoint = at(server.token_endpoint, http);
  const { answer, tried, claims } = await ask(grant, { given, parameters, server, client, endpoint }, step);
  const minted = readMinted(answer, endpoint.http, step.secret);
  if (minted === undefined)
    throw refusal(answer, endpoint.http, { given, parameters, tried, claims, grant: grant.kind });
  const auth = tried.at(-1) ?? "none";
  const { revocation_endpoint: revocation } = server;
  if (isRevocable(grant)) {
    if (revocation !== undefined) step.revocable(handleOf(minted, revocation, auth, client, parameters));
    // Some services have the endpoint and do not list it.
    else step.note('Nothing names a revocation endpoint: if the service has one, set "revocation-url".');
  }
  // Told first: what becomes of the token changes nothing of it.
  tellOf(minted, given, step);
  if (minted.type !== "bearer" && minted.type !== "n_a") throw noBearer(endpoint.http);
  return credentialOf(minted, given, server, auth);
}

interface Asking {
  readonly given: Fields;
  readonly parameters: Parameters;
  readonly server: Server;
  readonly client: Client;
  readonly endpoint: Endpoint;
}

interface Answered extends Pick<Asked, "tried" | "claims"> {
  readonly answer: TokenAnswer;
}

async function ask(grant: Grant, asking: Asking, step: Step): Promise<Answered> {
  let claims: string | undefined;
  const seeing = {
    ...step,
    idToken: async (audience?: string) => {
      const token = await step.idToken(audience);
      claims = claimsOf(token);
      return token;
    },
  };
  const { given, server, endpoint } = asking;
  const send = async (auth: ClientAuth): Promise<TokenAnswer> =>
    readTokenAnswer(await endpoint.http.send(requestOf(grant, asking, auth, seeing)));
  const [first, second] = authsOf(given, grant.client, server.token_endpoint_auth_methods_supported);
  const tried = [first];
  let answer = await send(first);
  if (second !== undefined && (grant.kind === "client" || grant.kind === "password") && isUnknown(answer)) {
    tried.push(second);
    const other = await send(second);
    // Of two refusals that one is told which gives a reason; in the other form a server may not even see a client.
    if (!isSilent(other)) answer = other;
  }
  if (second !== undefined && isSuccess(answer)) {
    const advice = tried.length > 1 ? `, not as ${first}: set it to save a request each time` : "";
    step.note(`The service takes the client as \`client-auth: ${tried.at(-1)}\`${advice}.`);
  }
  return { answer, tried, claims };
}

function isSuccess({ status, isHtml, told }: TokenAnswer): boolean {
  return status < 300 && !isHtml && !told?.error;
}

/** A refusal that gives no reason. */
function isSilent({ status, body }: TokenAnswer): boolean {
  return status >= 400 && body.trim() === "";
}

/** The server does not know the client, or does not say what it does not like. */
function isUnknown(answer: TokenAnswer): boolean {
  return answer.told?.error === "invalid_client" || ([401, 403].includes(answer.status) && isSilent(answer));
}

/** The token request, built anew for each attempt: what proves the client or the run may be good for one use only. */
function requestOf(
  grant: Grant,
  { given, parameters, client, endpoint }: Asking,
  auth: ClientAuth,
  step: Pick<Step, "secret" | "idToken">,
): BuildRequest {
  return async () => {
    const proof = await prove(client, auth, step);
    const { scope, audience } = given;
    const body = {
      grant_type: grant.type,
      ...(await grant.parameters(given, () => step.idToken(client.audience))),
      ...(scope !== undefined && { scope }),
      ...(audience !== undefined && { audience }),
      ...Object.fromEntries(parameters.sent),
      ...proof.parameters,
    };
    return {
      method: "POST",
      path: endpoint.path,
      headers: proof.headers,
      ...(given.body === "json" ? { json: body } : { form: body }),
      resend: grant.resend ?? "freely",
      urlInput: "token-url",
      what: "Asking for the token",
      mints: true,
    };
  };
}

const Claims = schema(() => z.object({ iss: z.unknown(), sub: z.unknown(), aud: z.unknown() }));

/** Each claim is cut: what is shown is a line, and the service that makes ID tokens is outside, too. */
function claimsOf(idToken: string): string | undefined {
  const claims = read(Claims, payloadOf(idToken));
  const shown = Object.entries(claims ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)?.slice(0, 200)}`);
  return claims && shown.join(", ");
}

/** What it takes to revoke, all of it printable, whatever the client is called. */
function handleOf(
  { token: secret }: Minted,
  endpoint: string,
  auth: ClientAuth,
  { id, audience }: Client,
  { signing }: Parameters,
): Handle {
  const kept = {
    // A client that has a secret is read again, with it.
    client: auth === "none" || auth === "id-token" ? id : undefined,
    audience: isAsserted(auth) ? audience : undefined,
    "assertion-key-id": signing.get("assertion-key-id"),
    "assertion-algorithm": signing.get("assertion-algorithm"),
  };
  return { secret, endpoint: new URL(endpoint).href, auth, ...encoded(kept) };
}

function tellOf({ scope, refreshToken }: Minted, given: Fields, { note, warn }: Step): void {
  const words = (text: string) => text.split(" ").toSorted().join(" ");
  if (scope !== undefined && given.scope !== undefined && words(scope) !== words(given.scope)) {
    note(`The service granted another scope than was asked for: ${scope}`);
  }
  if (refreshToken === undefined || refreshToken === given.token) return;
  if (given.token === undefined) note("A refresh token came along: it is masked and dropped, not revoked.");
  else {
    warn(
      "The service gave a new refresh token: the one that is stored may be dead now. Use a client whose refresh tokens do not rotate.",
      "Refresh token renewed",
    );
  }
}

/** The probe goes by what is not among the inputs where a seal is opened. */
function credentialOf({ token, expiresAt, type }: Minted, given: Fields, server: Server, auth: ClientAuth): Credential {
  const { introspection_endpoint: introspection, issuer } = server;
  const parts = {
    ...(type === "n_a" && { "token-type": "N_A" }),
    ...probePart(given),
    ...(introspection !== undefined && { introspection, auth, issuer }),
  };
  return { token, expiresAt, parts };
}

/** Where the probe asks, printable. */
export function probePart({ "probe-url": url }: Fields): Readonly<Record<string, string>> {
  return url === undefined ? {} : { "probe-url": new URL(url).href };
}
