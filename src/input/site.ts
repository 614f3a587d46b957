import { providers } from "../providers/index.ts";
import type { Provider } from "../providers/provider.ts";
import { type Inputs, invalid, parseAllowHttp } from "./settings.ts";
import { hasUserInfo } from "./user-info.ts";

/** The address that the user gave, else the one that the provider has by itself under the name it was chosen by; empty for none. */
export function addressOf(inputs: Inputs, provider: Provider): string {
  return inputs.url || provider.aliases?.[inputs.provider.toLowerCase()]?.defaultUrl || provider.defaultUrl || "";
}

/** Whether an address is empty, or what `https://${{ secrets.HOST }}/path` becomes where the secret is. */
export function lacksHost(address: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?::\d+)?(?:[\\/]*|[\\/](?![\\/])[^@]*)$/i.test(address);
}

/**
 * The base URL of the service, without what people paste after it and without a trailing slash.
 * @throws {Failure} `invalid-input`
 */
export function baseUrl(inputs: Inputs, provider: Provider): string {
  const address = addressOf(inputs, provider);
  const flaw = addressFlaw(address, provider);
  if (flaw !== undefined) throw invalid("url", flaw, hintFor(provider));
  const url = normalised(address, provider);
  checkScheme(new URL(url), inputs);
  return url;
}

/** Whether the URL may be talked to: TLS, or plain HTTP to this very machine. */
export function isProtected(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url.hostname);
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 for the name; the parser has written addresses out already. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

const NOT_FILLED_IN = "holds an expression or a variable that nothing has filled in";

/** What no base URL holds, wherever it stands; for a sentence that begins with the name of the input. */
const FLAWS: readonly (readonly [RegExp, string])[] = [
  [/\$\{|\{\{|\}\}/, NOT_FILLED_IN],
  // A fragment that is cut off may hold some.
  [/^[^#]*["'`‘-„«»]/, "holds a quote"],
  [/[\s\p{Cc}]/u, "holds a blank or a line break"],
  [/\p{Cf}/u, "holds an invisible character"],
  [/\\/, "holds a backslash"],
];

/** No address in use is longer; a longer one could take long to judge. */
const LONGEST = 2_000;

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** A name as DNS and hosts files have it, or an IPv6 address. */
const HOST = /^(?:\[[\da-f:.]+\]|(?:[\w-]+\.)*[\w-]+\.?)$/;

/** Why the text is no base URL of the provider; undefined where it is one. Nothing is resolved, and no piece of it repeated. */
export function addressFlaw(address: string, provider: Provider): string | undefined {
  if (address.length > LONGEST) return `has more than ${LONGEST} characters`;
  const url = parse(address);
  if (hasUserInfo(address) || url?.username || url?.password) return "holds a user name or password";
  const flaw = FLAWS.find(([pattern]) => pattern.test(address))?.[1];
  if (flaw !== undefined) return flaw;
  const [rest = ""] = address.replace(SCHEME, "").split(/[?#]/);
  if (/:\/\/|(?:^|\/)https?:/i.test(rest)) return "holds a scheme in another place than once at its start, with `://`";
  if (url === undefined) return "is no URL of the form https://host/path";
  return hostFlaw(url.hostname, provider) ?? partsFlaw(url, provider);
}

function hostFlaw(host: string, provider: Provider): string | undefined {
  if (/^https?\.?$/.test(host)) return `has the word ${host} for its host`;
  if (host.includes("$")) return NOT_FILLED_IN;
  if (!HOST.test(host)) return "names a host that cannot be one";
  const product = otherProduct(host, provider);
  return product === undefined ? undefined : `is an address of ${product}, not of ${provider.name}`;
}

/** The product that is known to live at this host, where it is another. */
function otherProduct(host: string, provider: Provider): string | undefined {
  if (provider.confusedWith?.hosts.test(host)) return provider.confusedWith.name;
  const isOf = ({ defaultUrl = "", aliases = {} }: Provider) =>
    [defaultUrl, ...Object.values(aliases).map((alias) => alias.defaultUrl)].includes(`https://${host}`);
  return isOf(provider) ? undefined : providers.find(isOf)?.name;
}

function partsFlaw(url: URL, provider: Provider): string | undefined {
  // A `?` after the `#` is part of the fragment: single-page applications keep their filters there.
  if (/^[^#]*\?/.test(url.href)) return "holds a query";
  const mayHaveFragment = provider.pastedFragment === true && /\/ui\/*$/.test(url.pathname);
  return url.href.includes("#") && !mayHaveFragment ? "holds a fragment" : undefined;
}

function hintFor({ name, defaultUrl }: Provider): string {
  const bare = "Give the base URL alone, such as https://host/path.";
  return defaultUrl === undefined ? bare : `${bare} Or leave "url" out for ${name}'s own ${defaultUrl}.`;
}

function parse(address: string): URL | undefined {
  const text = SCHEME.test(address) ? address : `https://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** A sound address without its pasted tail and trailing slashes. */
export function normalised(address: string, provider: Provider): string {
  const url = new URL(SCHEME.test(address) ? address : `https://${address}`);
  let path = url.pathname;
  for (let before = ""; before !== path; ) {
    before = path;
    path = path.replace(/\/+$/, "").replace(provider.pastedTail, "");
  }
  return url.origin + path;
}

function checkScheme(url: URL, inputs: Inputs): void {
  if (isProtected(url) || parseAllowHttp(inputs)) return;
  throw invalid(
    "url",
    `is plain http, which would send the secret to ${url.host} in the clear`,
    "Use https, or set `allow-http: true` where the network itself is protected.",
  );
}
