import { basicPair } from "../../text/basic.ts";
import type { Step } from "../provider.ts";
import { type Fields, FORMS, type Form, invalid } from "./fields.ts";
import { type Signer, signAssertion } from "./key.ts";

/** How a client proves itself, or that it does not. */
export type ClientAuth = Form | "none" | "private-key" | "id-token";

/** A client of the server, with all that it takes to prove it. */
export interface Client {
  readonly id: string | undefined;
  readonly secret: string | undefined;
  /** What signs its assertions. */
  readonly signer: Signer | undefined;
  /** `aud` of its assertions, or of the ID token that stands for them. */
  readonly audience: string;
}

/** What a request carries for its client. */
export interface Proof {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Proves the client, anew each time: an assertion counts once. Every secret form of it is masked first. */
export async function prove(client: Client, auth: ClientAuth, step: Pick<Step, "secret" | "idToken">): Promise<Proof> {
  const { id = "", secret = "" } = client;
  switch (auth) {
    case "basic":
      return inHeader(basicPair(formEncoded(id), formEncoded(secret)), step);
    case "basic-plain":
      return inHeader(basicPair(id, secret), step);
    case "post":
      return { headers: {}, parameters: { client_id: id, client_secret: secret } };
    case "none":
      return { headers: {}, parameters: named(client) };
    case "private-key":
      if (client.signer === undefined) throw new Error("a client that signs has a key");
      return asserted(client, signAssertion(client.signer, id, client.audience), step);
    case "id-token":
      return asserted(client, await step.idToken(client.audience), step);
  }
}

function inHeader(pair: string, { secret }: Pick<Step, "secret">): Proof {
  secret(pair);
  return { headers: { authorization: `Basic ${pair}` }, parameters: {} };
}

function asserted(client: Client, assertion: string, { secret }: Pick<Step, "secret">): Proof {
  secret(assertion);
  const parameters = { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
  return { headers: {}, parameters: { ...named(client), ...parameters } };
}

function named({ id }: Client): Record<string, string> {
  return id === undefined ? {} : { client_id: id };
}

/** As `application/x-www-form-urlencoded` has it (RFC 6749, section 2.3.1 and appendix B). */
function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Where every server reads the same, encoded or not. */
const UNAMBIGUOUS = /^[A-Za-z0-9*._-]*$/;

/**
 * The forms in which a pair is sent, the first one first; a second one is for a client that the server did not know.
 * @param listed what the server says that it takes at its token endpoint; undefined where it says nothing
 */
export function formsOf(given: Fields, listed: readonly string[] | undefined): readonly Form[] {
  const chosen = FORMS.find((form) => form === given["client-auth"]);
  if (chosen !== undefined) return [chosen];
  const isPlain = [given["client-id"], given["client-secret"]].every((text) => UNAMBIGUOUS.test(text ?? ""));
  const post = listed?.includes("client_secret_post") === true;
  const basic = listed === undefined || listed.includes("client_secret_basic");
  return (isPlain ? basic : !post) ? ["basic", "post"] : ["post", "basic"];
}

/**
 * Checks what `client-auth` says against what is there.
 * @throws {Failure} `invalid-input`
 */
export function checkClientAuth(given: Fields): void {
  const { "client-auth": auth = "auto", "client-secret": secret } = given;
  if (auth === "none" && secret !== undefined) {
    throw invalid("client-auth", "is `none`, but there is a secret", 'Leave out "client-secret", or "client-auth".');
  }
  if (secret === undefined && FORMS.some((form) => form === auth)) {
    throw invalid("client-auth", `is \`${auth}\`, but there is no secret`, 'Give "client-secret", or leave it out.');
  }
}
