import { BlockList, isIP, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/**
 * Whether `no_proxy` excepts this host, by what curl, Go, Node and the toolkit take: entries between commas or blanks; `*`,
 * `domain` and `.domain` (itself and all below), `*.domain` (all below), addresses, ranges (`a-b`) and CIDR of IPv4 and
 * IPv6, with or without brackets, each with or without a port.
 * @param hostname as `URL` writes it: in lower case, IPv6 in brackets
 */
export function isExcepted(hostname: string, port: number, list: string): boolean {
  const host = hostname.replace(/[[\]]|\.$/g, "");
  return list.split(/[\s,]+/).some((entry) => {
    // The last `:` is that of a port, unless it is part of an IPv6 address that stands without brackets.
    const [, who = entry, only] = isIPv6(entry) ? [] : (/^(.*[^:]):(\d{1,5})$/.exec(entry) ?? []);
    return (only === undefined || Number(only) === port) && isAbout(who.replace(/[[\]]/g, ""), host);
  });
}

function isAbout(who: string, host: string): boolean {
  if (who === "*") return true;
  if (isIP(host) !== 0) return isAmong(who, host);
  const [, wildcard, name = ""] = /^(\*?)\.?(.*?)\.?$/.exec(who) ?? [];
  const domain = name.includes("/") ? "" : domainToASCII(name);
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
  return isIPv6(address) ? "ipv6" : "ipv4";
}
