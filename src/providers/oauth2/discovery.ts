import * as z from "zod/mini";
import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { isLoopback, isProtected } from "../../http/protection.ts";
import { quoted } from "../../http/quote.ts";
import { orAbsent, read, schema } from "../../text/json.ts";
import { hasNothing, judge } from "../kit/judge.ts";
import type { Step } from "../provider.ts";
import { isEndpoint } from "./client.ts";
import type { Fields } from "./fields.ts";

/** RFC 8414, section 2. What is not needed and not as it should be counts as absent. */
const Metadata = schema(() => {
  const endpoint = orAbsent(z.string());
  return z.object({
    issuer: z.string(),
    token_endpoint: z.string(),
    revocation_endpoint: endpoint,
    introspection_endpoint: endpoint,
    token_endpoint_auth_methods_supported: orAbsent(z.array(z.string())),
  });
});

/** What is known of an authorization server; where nothing is discovered, its issuer is the `url`. */
export type Server = z.output<ReturnType<typeof Metadata>>;

/**
 * The server as `token-url` names it, else as its metadata tell. Each endpoint on another host is named in the log.
 * @throws {Failure} `wrong-url` for metadata that are none or cannot be, or a fault of the way
 */
export async function findServer(given: Fields, http: Http, step: Pick<Step, "note" | "warn">): Promise<Server> {
  const { "token-url": tokenUrl, "probe-url": probeUrl, "revocation-url": revocationUrl } = given;
  const server: Server =
    tokenUrl === undefined ? await discover(http) : { issuer: http.baseUrl, token_endpoint: tokenUrl };
  const found = {
    ...server,
    introspection_endpoint: probeUrl === undefined ? server.introspection_endpoint : undefined,
    revocation_endpoint: revocationUrl ?? server.revocation_endpoint,
  };
  for (const name of ENDPOINTS) tellOfHost(name.replace("_", " "), found[name], http, step);
  tellOfHost("place of the probe", probeUrl, http, step);
  return found;
}

const ENDPOINTS = ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] as const;

/** Names a place that is on another host, and warns where that has no TLS. */
export function tellOfHost(
  what: string,
  place: string | undefined,
  http: Http,
  step: Pick<Step, "note" | "warn">,
): void {
  const url = new URL(place ?? http.baseUrl);
  if (url.host === http.host) return;
  step.note(`The ${what} is on another host: ${url.host}.`);
  if (isProtected(url)) return;
  step.warn(`${url.host} is talked to over plain http: all on the way can read the secrets.`, "No TLS");
}

async function discover(http: Http): Promise<Server> {
  const metadata = await readMetadata(http);
  if (withoutSlash(metadata.issuer) !== http.baseUrl) throw anotherIssuer(metadata.issuer, http);
  for (const name of ENDPOINTS) checkEndpoint(name.replace("_", " "), metadata[name], http);
  return metadata;
}

/** One that is not to be talked to is told before anything is sent, wherever it would be used; nothing of it is repeated. */
function checkEndpoint(name: string, text: string | undefined, http: Http): void {
  if (text === undefined) return;
  const issuer = new URL(http.baseUrl);
  const url = URL.parse(text) ?? issuer;
  const isFit = isEndpoint(text) && (url.protocol === "https:" || issuer.protocol === "http:");
  if (isFit && (!isHere(url.hostname) || isHere(issuer.hostname))) {
    http.at(url.origin);
    return;
  }
  const flaw = isFit ? "is on the runner's own machine" : "is no https URL, or holds a user name, password or fragment";
  throw new Failure("wrong-url", `The metadata of ${http.host} name a ${name} that ${flaw}.`, {
    hint: 'Check "url", or ask who runs the service to mend its metadata.',
  });
}

/** Loopback, and all that leads there in another way (RFC 6761, section 6.3; RFC 4291, section 2.5.5.2; RFC 1122, section 3.2.1.3). */
function isHere(hostname: string): boolean {
  return (
    isLoopback(hostname) || /^(?:(?:.+\.)?localhost\.?|0\.0\.0\.0|\[::(?:ffff:(?:7f..:|0:0\b).*)?\])$/.test(hostname)
  );
}

/** A page, or nothing, moves on to the next place. */
async function readMetadata(http: Http): Promise<Server> {
  let failure: Failure | undefined;
  for (const { at, path } of placesOf(http)) {
    const answer = await at.send({ method: "GET", path, what: "Reading the metadata" });
    const metadata = answer.status < 300 ? read(Metadata, answer.json) : undefined;
    if (metadata !== undefined) return metadata;
    const isNothing = answer.isHtml || hasNothing(answer.status);
    failure = judge(answer, http, () => (isNothing ? undefined : noMetadata(answer, http)), CHECK);
    if (!isNothing) break;
  }
  throw failure;
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

const CHECK =
  'Check that "url" is the issuer, with its path (realm, tenant), or set "token-url": then nothing is looked for.';

function noMetadata(answer: Answer, { host }: Http): Failure {
  const { status } = answer;
  const sentence = `What ${host} answered are no metadata with "issuer" and "token_endpoint" (status ${status}).`;
  // Nobody knows what a success holds.
  return new Failure("wrong-url", sentence, { hint: CHECK, ...(status < 300 ? {} : quoted(answer)) });
}

function anotherIssuer(issuer: string, { host }: Http): Failure {
  return new Failure("wrong-url", `The metadata of ${host} are those of another issuer than "url".`, {
    hint: /[{}]/.test(issuer)
      ? 'They stand for many: give the "url" of your own tenant, with its id in it.'
      : 'If it is the service\'s, set "url" to it, character by character.',
    answered: issuer,
    answeredBy: "They name",
  });
}
