import * as z from "zod/mini";
import type { Answer, BuildRequest, Http, Request } from "../../http/http.ts";
import { parseJson, read, schema } from "../../text/json.ts";
import type { Credential, Handle, Step } from "../provider.ts";
import { type Minted, noBearer, readMinted, readTokenAnswer } from "./answer.ts";
import { type Client, type ClientAuth, formsOf, prove } from "./client.ts";
import { findServer, type Server } from "./discovery.ts";
import type { Fields } from "./fields.ts";
import { readSigner } from "./key.ts";
import { type Parameters, readParameters, sent } from "./parameters.ts";
import { type Asked, refusal } from "./refusals.ts";

/** What a token is asked for with (RFC 6749, section 1.3). */
export interface Grant {
  readonly type: string;
  readonly kind: Asked["grant"];
  /** How its client is proven, where that is not by a secret. */
  readonly client?: "private-key" | "id-token";
  /** Parameters of its own; an ID token is good for one use, so they are made anew for each attempt. */
  parameters(given: Fields, idToken: () => Promise<string>): Promise<Readonly<Record<string, string>>>;
  readonly resend: NonNullable<Request["resend"]>;
  /** Whether what it mints may be taken back. */
  readonly revocable: boolean;
}

type Values = Record<string, string | readonly string[]>;

/**
 * Finds the server and asks it for a token.
 * @throws {Failure} by the contract's judging order
 */
export async function exchange(grant: Grant, given: Fields, http: Http, step: Step): Promise<Credential> {
  const parameters = readParameters(given, grant.client === "private-key");
  const server = await findServer(given, http, step);
  const client = clientOf(given, parameters, grant.client, server.issuer);
  const { answer, tried, claims } = await ask(grant, { given, parameters, server, client }, http, step);
  const endpoint = at(server.tokenEndpoint, http).http;
  const read = readTokenAnswer(answer);
  const minted = readMinted(read, endpoint, step.secret);
  if (minted === undefined) {
    throw refusal(read, endpoint, { given, parameters, tried, claims, grant: grant.kind });
  }
  const auth = tried.at(-1) ?? "none";
  const { revocationEndpoint } = server;
  if (grant.revocable && revocationEndpoint !== undefined) {
    step.revocable(handleOf(minted, revocationEndpoint, auth, client, parameters));
  } else if (grant.revocable) {
    // Some services have the endpoint and do not list it.
    step.note('Nothing names a revocation endpoint: if the service has one, set "revocation-url".');
  }
  // Told first: what becomes of the token changes nothing of it.
  tellOf(minted, given, step);
  if (minted.type === "another") throw noBearer(endpoint);
  return credentialOf(minted, given, server, auth);
}

/** The client, and what its assertions are meant for: the issuer, unless the user says otherwise. */
export function clientOf(given: Fields, parameters: Parameters, proof: Grant["client"], issuer: string): Client {
  const [named] = parameters.get("assertion-audience") ?? [];
  return {
    id: given["client-id"],
    secret: given["client-secret"],
    signer: proof === "private-key" ? readSigner(given, parameters) : undefined,
    audience: named ?? given["id-token-audience"] ?? issuer,
  };
}

interface Asking {
  readonly given: Fields;
  readonly parameters: Parameters;
  readonly server: Server;
  readonly client: Client;
}

interface Answered {
  readonly answer: Answer;
  readonly tried: readonly ClientAuth[];
  /** `iss`, `sub` and `aud` of the ID token that was sent. */
  readonly claims: string | undefined;
}

async function ask(grant: Grant, asking: Asking, http: Http, step: Step): Promise<Answered> {
  let claims: string | undefined;
  const seeing = {
    ...step,
    idToken: async (audience?: string) => {
      const token = await step.idToken(audience);
      claims = claimsOf(token);
      return token;
    },
  };
  const { given, server } = asking;
  const [first, second] = authsOf(grant, given, server);
  const { http: endpoint, path } = at(server.tokenEndpoint, http);
  const send = (auth: ClientAuth): Promise<Answer> => endpoint.send(requestOf(grant, asking, auth, path, seeing));
  const answer = await send(first);
  const isAuto = second !== undefined || (given["client-secret"] !== undefined && isAutomatic(given));
  if (second === undefined || grant.kind === "refresh-token" || grant.kind === "id-token" || !isUnknown(answer)) {
    if (isAuto && isSuccess(answer)) step.note(`The service takes the client as \`client-auth: ${first}\`.`);
    return { answer, tried: [first], claims };
  }
  const other = await send(second);
  if (isSuccess(other)) {
    step.note(
      `The service takes the client as \`client-auth: ${second}\`, not as ${first}: set it to save a request each time.`,
    );
  }
  // Of two refusals that one is told which gives a reason; in the other form a server may not even see a client.
  const isTold = isSuccess(other) || !isSilent(other);
  return { answer: isTold ? other : answer, tried: [first, second], claims };
}

function isAutomatic(given: Fields): boolean {
  return (given["client-auth"] ?? "auto") === "auto";
}

function isSuccess(answer: Answer): boolean {
  return answer.status < 300 && !answer.isHtml && readTokenAnswer(answer).error === undefined;
}

/** A refusal that gives no reason. */
function isSilent({ status, body }: Answer): boolean {
  return status >= 400 && status < 500 && body.trim() === "";
}

/** The server does not know the client, or does not say what it does not like. */
function isUnknown(answer: Answer): boolean {
  if (readTokenAnswer(answer).error === "invalid_client") return true;
  return (answer.status === 401 || answer.status === 403) && isSilent(answer);
}

/** How the client is to be proven, and how next where the server does not know it. */
function authsOf(
  { client }: Grant,
  given: Fields,
  { clientAuths }: Server,
): readonly [first: ClientAuth, second?: ClientAuth] {
  if (client !== undefined) return [client];
  if (given["client-secret"] === undefined) return ["none"];
  const [first = "basic", second] = formsOf(given, clientAuths);
  return second === undefined ? [first] : [first, second];
}

/** The token request, built anew for each attempt: what proves the client or the run may be good for one use only. */
function requestOf(
  grant: Grant,
  { given, parameters, client }: Asking,
  auth: ClientAuth,
  path: string,
  step: Pick<Step, "secret" | "idToken">,
): BuildRequest {
  return async () => {
    const proof = await prove(client, auth, step);
    const own = await grant.parameters(given, () => step.idToken(client.audience));
    const { scope, audience } = given;
    const body: Values = {
      grant_type: grant.type,
      ...own,
      ...(scope !== undefined && { scope }),
      ...(audience !== undefined && { audience }),
      ...sent(parameters),
      ...proof.parameters,
    };
    return {
      method: "POST",
      path,
      headers: proof.headers,
      ...(given.body === "json" ? { json: body } : { form: body }),
      resend: grant.resend,
      urlInput: "token-url",
      what: "Asking for the token",
      mints: true,
    };
  };
}

/** An endpoint, wherever it is: the client for its host, and its path there with its query (RFC 6749, section 3.2). */
export function at(endpoint: string, http: Http): { readonly http: Http; readonly path: string } {
  const { origin, pathname, search } = new URL(endpoint);
  return { http: http.at(origin), path: pathname + search };
}

const Claims = schema(() => z.object({ iss: z.unknown(), sub: z.unknown(), aud: z.unknown() }));

/** Each claim is cut: what is shown is a line, and the service that makes ID tokens is outside, too. */
function claimsOf(idToken: string): string | undefined {
  const payload = Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString("utf8");
  const claims = read(Claims, parseJson(payload));
  if (claims === undefined) return undefined;
  return Object.entries(claims)
    .map(([name, value]) => `${name} ${JSON.stringify(value)?.slice(0, 200)}`)
    .join(", ");
}

/** What it takes to revoke, all of it printable, whatever the client is called. */
function handleOf(
  { token }: Minted,
  endpoint: string,
  auth: ClientAuth,
  { id, audience }: Client,
  parameters: Parameters,
): Handle {
  const isAsserted = auth === "private-key" || auth === "id-token";
  const ofAssertion = ["assertion-key-id", "assertion-algorithm"].flatMap((name) =>
    (parameters.get(name) ?? []).map((value) => [name, encodeURIComponent(value)] as const),
  );
  return {
    secret: token,
    // Printable, as all that is kept.
    endpoint: new URL(endpoint).href,
    auth,
    // A client that has a secret is read again, with it.
    ...((auth === "none" || auth === "id-token") &&
      id !== undefined && { client: encodeURIComponent(id.toWellFormed()) }),
    ...(isAsserted && { audience: encodeURIComponent(audience) }),
    ...(auth === "private-key" && Object.fromEntries(ofAssertion)),
  };
}

function tellOf({ scope, refreshToken }: Minted, given: Fields, { note, warn }: Step): void {
  const words = (text: string) => text.split(" ").toSorted().join(" ");
  if (scope !== undefined && given.scope !== undefined && words(scope) !== words(given.scope)) {
    note(`The service granted another scope than was asked for: ${scope}`);
  }
  if (refreshToken === undefined || refreshToken === given.token) return;
  if (given.token === undefined) {
    note("A refresh token came along: this step masks and drops it, and does not revoke it.");
    return;
  }
  warn(
    "The service gave a new refresh token, which this step drops: the one that is stored may be dead now. Use a client whose refresh tokens do not rotate, or another method.",
    "Refresh token renewed",
  );
}

/** The probe goes by what is not among the inputs where a seal is opened. */
function credentialOf({ token, expiresAt, type }: Minted, given: Fields, server: Server, auth: ClientAuth): Credential {
  const { introspectionEndpoint: introspection } = server;
  const probeUrl = given["probe-url"];
  const parts = {
    ...(type === "N_A" && { "token-type": type }),
    ...(probeUrl !== undefined && { "probe-url": new URL(probeUrl).href }),
    ...(introspection !== undefined && { introspection, auth, issuer: server.issuer }),
  };
  return { token, expiresAt, parts };
}
