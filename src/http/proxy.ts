import { Failure, type FailureDetails } from "../failure.ts";
import { basicPair } from "../text/basic.ts";
import { isExcepted } from "./no-proxy.ts";
import { isLoopback } from "./protection.ts";

/** Where requests go through, from `https_proxy`, `http_proxy` and `no_proxy` in either case. */
export interface HttpProxy {
  readonly url: URL;
  readonly username: string;
  readonly password: string;
}

/**
 * The proxy that the runner's environment names for this URL. Loopback never goes through one, as in the toolkit.
 * @throws {Failure} `unavailable` where the variable is set to what is no proxy that can be used
 */
export function proxyFor(baseUrl: string): HttpProxy | undefined {
  const target = new URL(baseUrl);
  const written = writtenFor(target);
  if (written === undefined || isBypassed(target)) return undefined;
  const { name, scheme, user, rest } = written;
  const [username, password] = [decoded(user), decoded(written.password)];
  const url = /^https?$/.test(scheme) ? URL.parse(`${scheme}://${rest}`) : null;
  if (url === null) {
    throw proxyFailure(`The variable "${name}" does not hold the URL of an HTTP proxy.`, {
      hint: `Set it as http://user:password@host:port (user and password percent-encoded, or left out; SOCKS is not spoken here), or name ${target.host} in "no_proxy".`,
    });
  }
  if (username === undefined || password === undefined) {
    throw proxyFailure(`The variable "${name}" holds a user or a password with reserved characters.`, {
      hint: "Percent-encode them (# is %23, / is %2F, ? is %3F, @ is %40, % is %25, \\ is %5C), all but the @ before the host.",
    });
  }
  return { url, username, password };
}

function isBypassed({ hostname, port, protocol }: URL): boolean {
  const list = process.env.no_proxy || process.env.NO_PROXY || "";
  return isLoopback(hostname) || isExcepted(hostname, Number(port) || (protocol === "https:" ? 443 : 80), list);
}

/** Whatever a proxy fails at is never told as the service's fault. */
export function proxyFailure(sentence: string, details: FailureDetails): Failure {
  return new Failure("unavailable", sentence, { ...details, title: "Proxy fault" });
}

/**
 * Every form in which the user's password for a proxy stands in the environment or is sent, also where the variable cannot be
 * used. To be masked before anything else.
 */
export function proxySecrets(baseUrl: string): { readonly password: string; readonly forms: readonly string[] } {
  const written = writtenFor(new URL(baseUrl));
  if (written === undefined) return { password: "", forms: [] };
  const { user, password } = written;
  const [username, plain] = [decoded(user), decoded(password)];
  if (username === undefined || plain === undefined) return { password: "", forms: everyReading(user, password) };
  return { password: plain, forms: plain === "" ? [] : longEnough([password, basicPair(username, plain)]) };
}

/** Nobody can tell where the parts of it end, so each piece is taken for the password. */
function everyReading(user: string, password: string): string[] {
  const whole = password === "" ? user : `${user}:${password}`;
  const pieces = [password, ...password.split(RESERVED)].flatMap((piece) => [piece, loose(piece)]);
  const sent = [basicPair(user, password), basicPair(loose(user), loose(password))];
  return longEnough([whole, loose(whole), ...pieces, ...sent]);
}

/** A piece of what may be a password that has fewer than 4 characters is in too many texts by chance. */
function longEnough(forms: readonly string[]): string[] {
  return forms.filter(({ length }) => length >= 4);
}

/** A proxy's address as a variable holds it, taken apart without judging its parts. */
interface Written {
  /** The variable's name, in lower case. */
  readonly name: string;
  /** In lower case, without `:`; `http` where there is none, as for curl, git and the runner. */
  readonly scheme: string;
  readonly user: string;
  readonly password: string;
  /** Host, port and what follows. */
  readonly rest: string;
}

/** The last `@` is the one before the host. */
function writtenFor({ protocol }: URL): Written | undefined {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  const value = (process.env[name] || process.env[name.toUpperCase()] || "").trim();
  if (value === "") return undefined;
  const [, scheme = "http", address = value] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? [];
  const [, info = "", rest = address] = /^(.*)@([^@]*)$/s.exec(address) ?? [];
  const [, user = info, password = ""] = /^([^:]*):(.*)$/s.exec(info) ?? [];
  return { name, scheme: scheme.toLowerCase(), user, password, rest: rest.replace(/^\/+/, "") };
}

/** What ends or splits the user information of a URL, or is dropped from it: RFC 3986, sections 2.2 and 3.2.1. */
const RESERVED = /[/?#[\]@\\\s\0-\x1f\x7f-\x9f:]/;

/** A user or password with its percent-encoding taken off; undefined where reserved characters stand in it as they are. */
function decoded(part: string): string | undefined {
  if (RESERVED.test(part.replaceAll(":", ""))) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The same with whatever is well encoded taken off. */
function loose(part: string): string {
  return part.replace(/(?:%[0-9a-f]{2})+/gi, (run) => decoded(run) ?? run);
}
