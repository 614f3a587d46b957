import { type Inputs, invalid, parseAllowHttp } from "./inputs.ts";
import type { Provider } from "./providers/provider.ts";

/**
 * The base URL of the service, without what people paste after it and without a trailing slash.
 * @param alias the name that the provider was chosen by
 * @throws {Failure} `invalid-input`
 */
export function baseUrl(inputs: Inputs, provider: Provider, alias: string): string {
  const input = inputs.url || provider.aliases?.[alias]?.defaultUrl || provider.defaultUrl || "";
  if (input === "") {
    throw invalid("url", `is empty, but ${provider.name} has no default`, "Give the base URL of your installation.");
  }
  const url = parse(input);
  checkParts(url, provider);
  const path = withoutTail(url.pathname, provider.pastedTail);
  checkScheme(url, inputs);
  return url.origin + path;
}

/** Whether the URL may be talked to: TLS, or plain HTTP to this very machine. */
export function isProtected(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url.hostname);
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 for the name; the parser has written addresses out already. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

const BARE_URL = "Give the base URL alone, such as https://host/path.";

function parse(input: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(input) ? input : `https://${input}`;
  const isClean = !/[\s\\\p{Cc}]/u.test(text);
  if (/^[^:]*:\/\/[^/?#]*@/.test(text)) throw invalid("url", "holds a user name or password", BARE_URL);
  if (isClean && URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  }
  throw invalid("url", "is no URL of the form https://host/path", "Give the base URL of the service.");
}

function checkParts(url: URL, provider: Provider): void {
  // A `?` after the `#` is part of the fragment: single-page applications keep their filters there.
  if (/^[^#]*\?/.test(url.href)) throw invalid("url", "holds a query", BARE_URL);
  const mayHaveFragment = provider.pastedFragment === true && /\/ui\/*$/.test(url.pathname);
  if (url.href.includes("#") && !mayHaveFragment) throw invalid("url", "holds a fragment", BARE_URL);
}

function withoutTail(path: string, tail: RegExp): string {
  let rest = path;
  for (let before = ""; before !== rest; ) {
    before = rest;
    rest = rest.replace(/\/+$/, "").replace(tail, "");
  }
  return rest;
}

function checkScheme(url: URL, inputs: Inputs): void {
  if (isProtected(url) || parseAllowHttp(inputs)) return;
  throw invalid(
    "url",
    `is plain http, which would send the secret to ${url.host} in the clear`,
    "Use https, or set `allow-http: true` where the network itself is protected.",
  );
}
