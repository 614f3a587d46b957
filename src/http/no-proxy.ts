import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/** One entry of `no_proxy`: whom it is about, and at which port; undefined for every port. */
interface Entry {
  readonly who: string;
  readonly port: number | undefined;
}

/**
 * Whether `no_proxy` excepts this host, by what curl, Go, Node and the toolkit take: entries between commas or blanks; `*`,
 * `domain` and `.domain` (itself and all below), `*.domain` (all below), addresses, ranges (`a-b`) and CIDR of IPv4 and
 * IPv6, with or without brackets, each with or without a port.
 * @param hostname as `URL` writes it: in lower case, IPv6 in brackets
 */
export function isExcepted(hostname: string, port: number, list: string): boolean {
  const host = bare(hostname);
  return list
    .split(/[\s,]+/)
    .filter((text) => text !== "")
    .map(entry)
    .some(({ who, port: only }) => (only === undefined || only === port) && isAbout(who, host));
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

/** The last `:` is that of a port, unless it is part of an IPv6 address that stands without brackets. */
function entry(text: string): Entry {
  const [, who = text, port] = isIPv6(text) ? [] : (/^(.*[^:]):(\d{1,5})$/.exec(text) ?? []);
  return { who: who.replace(/^\[([^\]]*)\]/, "$1").replace(/\]$/, ""), port: port === undefined ? port : Number(port) };
}

function isAbout(who: string, host: string): boolean {
  if (who === "*") return true;
  if (isIP(host) !== 0) return isAmong(who, host);
  const [, wildcard, name = ""] = /^(\*?)\.?(.*)$/.exec(who) ?? [];
  const domain = name.includes("/") ? "" : domainToASCII(bare(name));
  return domain !== "" && ((wildcard === "" && host === domain) || host.endsWith(`.${domain}`));
}

/** Whether the address is the one that is named, or in the range or network. */
function isAmong(who: string, address: string): boolean {
  const named = new BlockList();
  const [, from = "", to = from, prefix] = /^([^/-]*)(?:-([^/]*)|\/(\d+))?$/.exec(who) ?? [];
  try {
    if (prefix === undefined) named.addRange(from, to, familyOf(from));
    else named.addSubnet(from, Number(prefix), familyOf(from));
    return named.check(address, familyOf(address));
  } catch {
    // No address, or none of that kind, so it names nobody.
    return false;
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
