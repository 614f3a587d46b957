import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { isLoopback, isProtected } from "../../http/protection.ts";
import { inFront, quoted } from "../../http/quote.ts";
import { read, schema } from "../../text/json.ts";
import type { Step } from "../provider.ts";
import type { Fields } from "./fields.ts";

/** What is known of an authorization server. */
export interface Server {
  /** Its identifier as its metadata write it; where nothing is discovered, the `url`. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | undefined;
  readonly introspectionEndpoint: string | undefined;
  /** How clients may prove themselves at the token endpoint; undefined where it says nothing. */
  readonly clientAuths: readonly string[] | undefined;
}

/** RFC 8414, section 2. What is not needed and not as it should be counts as absent. */
const Metadata = schema(() => {
  const endpoint = z.catch(z.optional(z.string()), undefined);
  return z.object({
    issuer: z.string(),
    token_endpoint: z.string(),
    revocation_endpoint: endpoint,
    introspection_endpoint: endpoint,
    token_endpoint_auth_methods_supported: z.catch(z.optional(z.array(z.string())), undefined),
  });
});

/**
 * The server as `token-url` names it, else as its metadata tell. Each endpoint on another host is named in the log.
 * @throws {Failure} `wrong-url` for metadata that are none or cannot be, or a fault of the way
 */
export async function findServer(given: Fields, http: Http, step: Pick<Step, "note" | "warn">): Promise<Server> {
  const server = given["token-url"] === undefined ? await discover(http) : undefined;
  const found: Server = {
    issuer: server?.issuer ?? http.baseUrl,
    tokenEndpoint: given["token-url"] ?? server?.tokenEndpoint ?? "",
    clientAuths: server?.clientAuths,
    revocationEndpoint: given["revocation-url"] ?? server?.revocationEndpoint,
    introspectionEndpoint: given["probe-url"] === undefined ? server?.introspectionEndpoint : undefined,
  };
  tellOfHosts(
    {
      "token endpoint": found.tokenEndpoint,
      "introspection endpoint": found.introspectionEndpoint,
      "revocation endpoint": found.revocationEndpoint,
      "place of the probe": given["probe-url"],
    },
    http,
    step,
  );
  return found;
}

/** Names each of these places that is on another host, and warns where that has no TLS. */
export function tellOfHosts(
  places: Readonly<Record<string, string | undefined>>,
  http: Http,
  step: Pick<Step, "note" | "warn">,
): void {
  for (const [what, place] of Object.entries(places)) {
    const url = new URL(place ?? http.baseUrl);
    if (url.host === http.host) continue;
    step.note(`The ${what} is on another host: ${url.host}.`);
    if (!isProtected(url)) {
      step.warn(`${url.host} is talked to over plain http: all on the way can read the secrets.`, "No TLS");
    }
  }
}

async function discover(http: Http): Promise<Server> {
  const metadata = await readMetadata(http);
  if (withoutSlash(metadata.issuer) !== http.baseUrl) throw anotherIssuer(metadata.issuer, http);
  const { revocation_endpoint: revocation, introspection_endpoint: introspection } = metadata;
  return {
    issuer: metadata.issuer,
    tokenEndpoint: believed("token endpoint", metadata.token_endpoint, http),
    revocationEndpoint: revocation === undefined ? undefined : believed("revocation endpoint", revocation, http),
    introspectionEndpoint:
      introspection === undefined ? undefined : believed("introspection endpoint", introspection, http),
    clientAuths: metadata.token_endpoint_auth_methods_supported,
  };
}

/** An endpoint of the metadata; one that is not to be talked to is told before anything is sent, wherever it would be used. */
function believed(name: string, url: string, http: Http): string {
  const flaw = endpointFlaw(url, new URL(http.baseUrl));
  if (flaw !== undefined) {
    throw new Failure("wrong-url", `The metadata of ${http.host} name a ${name} that ${flaw}.`, {
      hint: 'Nothing was sent there: ask who runs the service to mend its metadata, or check that "url" is the service\'s.',
    });
  }
  http.at(new URL(url).origin);
  return new URL(url).href;
}

/** Whether a place has nothing, so that the next is asked. */
function hasNothing({ status, isHtml }: Answer): boolean {
  return isHtml || status === 404 || status === 405 || status === 410;
}

async function readMetadata(http: Http) {
  let pages: readonly Answer[] = [];
  for (const { at, path } of placesOf(http)) {
    const answer = await at.send({ method: "GET", path, what: "Reading the metadata" });
    const metadata = answer.status < 300 ? read(Metadata, answer.json) : undefined;
    if (metadata !== undefined) return metadata;
    if (!hasNothing(answer)) throw noMetadata(answer, http);
    pages = answer.isHtml ? [...pages, answer] : pages;
  }
  throw nowhere(pages, http);
}

/** OpenID Connect Discovery, section 4; RFC 8414, section 3; and where some servers put the latter by mistake. */
function placesOf(http: Http): { at: Http; path: string }[] {
  const { origin, pathname } = new URL(http.baseUrl);
  const issuerPath = withoutSlash(pathname);
  const name = "/.well-known/oauth-authorization-server";
  const inserted = { at: http.at(origin), path: name + issuerPath };
  return [
    { at: http, path: "/.well-known/openid-configuration" },
    ...(issuerPath === "" ? [] : [inserted]),
    { at: http, path: name },
  ];
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, "");
}

/** Why an endpoint that the issuer names is none; nothing of it is repeated. */
function endpointFlaw(text: string, issuer: URL): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text)) return "is no URL of the form https://host/path";
  if (url.username !== "" || url.password !== "") return "holds a user name or password";
  if (url.hash !== "") return "holds a fragment";
  if (issuer.protocol === "https:" && url.protocol !== "https:") return "is plain http";
  if (isHere(url.hostname) && !isHere(issuer.hostname)) return "is on the runner's own machine";
  return undefined;
}

/** Loopback, and all that leads there in another way (RFC 6761, section 6.3; RFC 4291, section 2.5.5.2; RFC 1122, section 3.2.1.3). */
function isHere(hostname: string): boolean {
  return (
    isLoopback(hostname) || /^(?:(?:.+\.)?localhost\.?|0\.0\.0\.0|\[::(?:ffff:(?:7f..:|0:0\b).*)?\])$/.test(hostname)
  );
}

const SET_TOKEN_URL =
  'Or set "token-url" to the token endpoint of the service\'s documentation, then nothing is looked for.';

function noMetadata(answer: Answer, { host }: Http): Failure {
  const isOther = answer.status < 300;
  const sentence = isOther
    ? `What ${host} answered are no metadata of an authorization server: they lack "issuer" or "token_endpoint".`
    : `${host} does not show its metadata (status ${answer.status}).`;
  return new Failure("wrong-url", sentence, {
    hint: `Check that "url" is the issuer. ${SET_TOKEN_URL}`,
    ...(isOther ? {} : quoted(answer)),
  });
}

function nowhere(pages: readonly Answer[], { host }: Http): Failure {
  const [page] = pages;
  const walls = pages.filter(({ status }) => status === 401 || status === 403);
  const hint = `Check that "url" is the issuer, with its path (such as a realm or tenant). ${SET_TOKEN_URL}`;
  if (page === undefined) {
    return new Failure("wrong-url", `${host} has no metadata of an authorization server.`, { hint });
  }
  const hints = [inFront(page), hint].filter((text) => text !== undefined).join(" ");
  const code = walls.length === pages.length ? "forbidden" : "wrong-url";
  const sentence = `${host} answered with a page (status ${page.status}) where the metadata of an authorization server should be.`;
  return new Failure(code, sentence, { hint: hints, ...quoted(page) });
}

function anotherIssuer(issuer: string, { host }: Http): Failure {
  const template = /[{}]/.test(issuer);
  return new Failure("wrong-url", `The metadata of ${host} are those of another issuer than "url".`, {
    hint: template
      ? 'They stand for many: give the "url" of your own tenant, with its id in it.'
      : 'Set "url" to the issuer that they name, if that is the service: it has to be the same, character by character.',
    answered: issuer,
    answeredBy: "They name",
  });
}
