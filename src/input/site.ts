import { isProtected } from "../http/protection.ts";
import { providers } from "../providers/index.ts";
import type { Given, Provider } from "../providers/provider.ts";
import { invalid, parseAllowHttp, type Settings } from "./settings.ts";
import type { Inputs } from "./table.ts";
import { hasUserInfo } from "./user-info.ts";

/** The address that the user gave, else the one that the provider has by itself under the name it was chosen by; empty for none. */
export function addressOf(inputs: Inputs, provider: Provider): string {
  return inputs.url || provider.aliases?.[inputs.provider.toLowerCase()]?.defaultUrl || provider.defaultUrl || "";
}

/** Whether an address is empty, or what `https://${{ secrets.HOST }}/path` becomes where the secret is. */
export function lacksHost(address: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?::\d+)?(?:[\\/]*|[\\/](?![\\/])[^@]*)$/i.test(address);
}

/** What the client is bound to without a `url`: the place of an endpoint that the user gave; undefined for none. */
export function placeOf(inputs: Inputs, provider: Provider, given: Given): string | undefined {
  const endpoint = inputs.url === "" ? provider.placeWithoutUrl?.(given) : undefined;
  return endpoint === undefined ? undefined : new URL(endpoint).origin;
}

/** The inputs that hold the absolute URL of an endpoint, which may have a query (RFC 6749, section 3.2). */
const ENDPOINTS = ["token-url", "probe-url", "revocation-url"] as const;

/**
 * Checks the endpoints that the user gave.
 * @throws {Failure} `invalid-input`
 */
export function checkEndpoints(inputs: Inputs, { allowHttp }: Settings): void {
  for (const name of ENDPOINTS) {
    if (inputs[name] === "") continue;
    const flaw = endpointFlaw(inputs[name]);
    if (flaw !== undefined) throw invalid(name, flaw, "Give the whole URL, such as https://host/path.");
    checkScheme(name, new URL(inputs[name]), allowHttp);
  }
}

function endpointFlaw(address: string): string | undefined {
  if (address.length > LONGEST) return `has more than ${LONGEST} characters`;
  if (hasUserInfo(address)) return "holds a user name or password";
  const flaw = FLAWS.find(([pattern]) => pattern.test(address))?.[1];
  if (flaw !== undefined) return flaw;
  const url = /^https?:\/\//i.test(address) ? parse(address) : undefined;
  if (url === undefined) return "is no URL of the form https://host/path";
  if (!HOST.test(url.hostname)) return "names a host that cannot be one";
  return url.href.includes("#") ? "holds a fragment" : undefined;
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
  checkScheme("url", new URL(url), parseAllowHttp(inputs));
  return url;
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
  const mayHaveFragment = provider.pastedFragment?.test(url.pathname) === true;
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
    path = withoutTail(path.replace(/\/+$/, ""), provider.pastedTail);
  }
  return url.origin + path;
}

function withoutTail(path: string, tail: Provider["pastedTail"]): string {
  if (tail instanceof RegExp) return path.replace(tail, "");
  const end = tail.find((one) => path.endsWith(one)) ?? "";
  return path.slice(0, path.length - end.length);
}

function checkScheme(name: "url" | (typeof ENDPOINTS)[number], url: URL, allowHttp: boolean): void {
  if (isProtected(url) || allowHttp) return;
  throw invalid(
    name,
    `is plain http, which would send the secret to ${url.host} in the clear`,
    "Use https, or set `allow-http: true` where the network itself is protected.",
  );
}
