import { isProtected } from "../http/protection.ts";
import { providers } from "../providers/index.ts";
import type { Given, Provider } from "../providers/provider.ts";
import { holdsControl } from "../text/fold.ts";
import { invalid, type Settings } from "./settings.ts";
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

/**
 * Checks the endpoints that the user gave: absolute URLs, which may have a query (RFC 6749, section 3.2).
 * @throws {Failure} `invalid-input`
 */
export function checkEndpoints(inputs: Inputs, settings: Settings): void {
  for (const name of ["token-url", "probe-url", "revocation-url"] as const) {
    const address = inputs[name];
    if (address === "") continue;
    const flaw = SCHEME.test(address) ? addressFlaw(address) : NO_URL;
    if (flaw !== undefined) throw invalid(name, flaw, FORM);
    checkScheme(name, address, settings);
  }
}

/**
 * The base URL of the service, without what people paste after it and without a trailing slash.
 * @throws {Failure} `invalid-input`
 */
export function baseUrl(inputs: Inputs, provider: Provider, settings: Settings): string {
  const address = addressOf(inputs, provider);
  const flaw = addressFlaw(address, provider);
  const { name, defaultUrl } = provider;
  const orNone = defaultUrl === undefined ? "" : ` Or leave "url" out for ${name}'s own ${defaultUrl}.`;
  if (flaw !== undefined) throw invalid("url", flaw, FORM + orNone);
  const url = normalised(address, provider);
  checkScheme("url", url, settings);
  return url;
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

const NO_URL = "is no URL, or names a host that cannot be one";

const FORM = "Write it as https://host/path.";

/** What becomes of an expression or a variable that nothing has filled in. */
const UNFILLED = /\$\{|\{\{|\}\}|^(?:[^:/?#]*:\/\/)?[^/?#]*\$/;

/** A fragment that is cut off may hold quotes. */
const UNFIT = /^[^#]*["'`‘-„«»]|[\s\\]/;

/** No address in use is longer; a longer one could take long to judge. */
const LONGEST = 2_000;

/** A name as DNS and hosts files have it, or an IPv6 address. */
const HOST = /^(?:\[[\da-f:.]+\]|(?:[\w-]+\.)*[\w-]+\.?)$/;

/**
 * Why the text is no base URL of the provider; undefined where it is one. Nothing is resolved, and no piece of it repeated.
 * @param provider undefined for an endpoint, which may be anywhere and have a query
 */
export function addressFlaw(address: string, provider?: Provider): string | undefined {
  if (address.length > LONGEST) return `has more than ${LONGEST} characters`;
  if (hasUserInfo(address)) return "holds a user name or password";
  if (UNFILLED.test(address)) return "holds a variable that nothing has filled in";
  if (UNFIT.test(address) || holdsControl(address)) {
    return "holds a quote, a blank, a backslash or an invisible character";
  }
  const [place = ""] = address.replace(SCHEME, "").split(/[?#]/);
  if (/:\/\/|(?:^|\/)https?:|^https?\.?(?:\/|$)/i.test(place)) return "has a scheme out of place";
  const text = withScheme(address);
  const url = /^https?:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !HOST.test(url.hostname)) return NO_URL;
  const product = provider && otherProduct(url.hostname, provider);
  if (product !== undefined) return `is an address of ${product}, not of ${provider?.name}`;
  // A `?` after the `#` is part of the fragment: single-page applications keep their filters there.
  if (provider !== undefined && /^[^#]*\?/.test(url.href)) return "holds a query";
  return url.href.includes("#") && !provider?.pastedFragment?.test(url.pathname) ? "holds a fragment" : undefined;
}

function withScheme(address: string): string {
  return SCHEME.test(address) ? address : `https://${address}`;
}

/** The product that is known to live at this host, where it is another. */
function otherProduct(host: string, provider: Provider): string | undefined {
  if (provider.confusedWith?.hosts.test(host)) return provider.confusedWith.name;
  return providers.find(
    (one) =>
      one !== provider &&
      [one, ...Object.values(one.aliases ?? {})].some(({ defaultUrl }) => defaultUrl === `https://${host}`),
  )?.name;
}

/** A sound address without its pasted tail and trailing slashes. */
export function normalised(address: string, provider: Provider): string {
  const url = new URL(withScheme(address));
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

/** @throws {Failure} `invalid-input` for plain http that is not allowed */
export function checkScheme(input: Parameters<typeof invalid>[0], address: string, { allowHttp }: Settings): void {
  const url = new URL(address);
  if (isProtected(url) || allowHttp) return;
  throw invalid(
    input,
    `is for plain http, which sends the secret to ${url.host} in the clear`,
    'Use https, or set "allow-http" in a network that is protected.',
  );
}
