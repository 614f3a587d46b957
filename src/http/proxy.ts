import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { Duplex, type Readable } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { Failure } from "../failure.ts";
import { basicPair } from "../text/basic.ts";
import { isExcepted } from "./no-proxy.ts";
import { type Seen, watchHandshake } from "./tls-faults.ts";

/** Where requests go through, from `https_proxy`, `http_proxy` and `no_proxy` in either case. */
export interface Proxy {
  readonly url: URL;
  /** Host with port, for texts. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** What a proxy said in place of opening a tunnel. */
interface Refusal {
  readonly status: number | undefined;
  /** The schemes of its `Proxy-Authenticate`. */
  readonly schemes: readonly string[];
}

/** What went wrong between here and the service because of the proxy; never the service's fault. */
export class ProxyFault extends Error {
  override readonly name = "ProxyFault";
  /** Undefined where it did not answer as a proxy does. */
  readonly refusal: Refusal | undefined;
  /** What its own TLS handshake showed. */
  readonly seen: Seen;

  constructor(message: string, details: { refusal?: Refusal; seen?: Seen; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.refusal = details.refusal;
    this.seen = details.seen ?? {};
  }
}

/** A proxy's address as a variable holds it, taken apart without judging its parts. */
interface Written {
  /** The variable's name, in lower case. */
  readonly name: string;
  /** In lower case, without `:`; `http` where there is none. */
  readonly scheme: string;
  /** Undefined where there is neither user nor password. */
  readonly userInfo: { readonly user: string; readonly password: string } | undefined;
  /** Host, port and what follows. */
  readonly rest: string;
}

/**
 * The proxy that the runner's environment names for this URL. Loopback never goes through one, as in the toolkit.
 * @throws {Failure} `unavailable` where the variable is set to what is no proxy that can be used
 */
export function proxyFor(baseUrl: string): Proxy | undefined {
  const target = new URL(baseUrl);
  const written = writtenFor(target);
  if (written === undefined || isBypassed(target)) return undefined;
  const { name, scheme, rest, userInfo } = written;
  const instead = `or name ${target.host} in "no_proxy"`;
  if (scheme !== "http" && scheme !== "https") {
    const kind = /^socks\d?[ah]?$/.test(scheme) ? `a proxy of the kind ${scheme}` : "a proxy of another kind than http";
    throw unusable(
      `The variable "${name}" names ${kind}, which is not spoken here.`,
      `Set it to an HTTP proxy, as http://host:port, ${instead}.`,
    );
  }
  const username = decoded(userInfo?.user ?? "");
  const password = decoded(userInfo?.password ?? "");
  if (username === undefined || password === undefined) {
    throw unusable(
      `The variable "${name}" holds a user or a password with reserved characters.`,
      `Percent-encode them: # is %23, / is %2F, ? is %3F, @ is %40, % is %25, \\ is %5C, a space is %20. Only the @ before the host stays, as in http://user:password@host:port.`,
    );
  }
  const address = `${scheme}://${rest}`;
  if (!URL.canParse(address) || new URL(address).hostname === "") {
    throw unusable(
      `The variable "${name}" does not hold the URL of a proxy.`,
      `Set it as http://user:password@host:port (user and password percent-encoded, or left out), ${instead}.`,
    );
  }
  const url = new URL(address);
  return { url, host: url.host, username, password };
}

/**
 * Every form in which the user's password for a proxy stands in the environment or is sent, also where the variable cannot be
 * used. To be masked before anything else.
 */
export function proxySecrets(baseUrl: string): { readonly password: string; readonly forms: readonly string[] } {
  const userInfo = writtenFor(new URL(baseUrl))?.userInfo;
  if (userInfo === undefined) return { password: "", forms: [] };
  const { user, password } = userInfo;
  const username = decoded(user);
  const plain = decoded(password);
  if (username !== undefined && plain !== undefined) {
    const forms = plain === "" ? [] : [password, basicPair(username, plain)];
    return { password: plain, forms: forms.filter(({ length }) => length >= SHORTEST_PIECE) };
  }
  // Nobody can tell where the parts of it end, so each piece is taken for the password.
  const whole = password === "" ? user : `${user}:${password}`;
  const pieces = [password, ...password.split(RESERVED)].flatMap((piece) => [piece, decoded(piece) ?? loose(piece)]);
  const forms = [whole, loose(whole), ...pieces, basicPair(user, password), basicPair(loose(user), loose(password))];
  return { password: "", forms: forms.filter(({ length }) => length >= SHORTEST_PIECE) };
}

/** A shorter piece of what may be a password is in too many texts by chance. */
const SHORTEST_PIECE = 4;

function unusable(sentence: string, hint: string): Failure {
  return new Failure("unavailable", sentence, { title: "Proxy not usable", hint });
}

/** What has no scheme is `http`, as for curl, git and the runner. The last `@` is the one before the host. */
function writtenFor({ protocol }: URL): Written | undefined {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  const value = (process.env[name] || process.env[name.toUpperCase()] || "").trim();
  if (value === "") return undefined;
  const [, scheme = "http", address = value] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? [];
  const at = address.lastIndexOf("@");
  const info = address.slice(0, Math.max(0, at));
  const colon = info.includes(":") ? info.indexOf(":") : info.length;
  return {
    name,
    scheme: scheme.toLowerCase(),
    userInfo: info === "" ? undefined : { user: info.slice(0, colon), password: info.slice(colon + 1) },
    rest: address.slice(at + 1).replace(/^\/+/, ""),
  };
}

/** What ends or splits the user information of a URL, or is dropped from it: RFC 3986, sections 2.2 and 3.2.1. */
const RESERVED = /[/?#[\]@\\\s\p{Cc}:]/u;

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

function isBypassed({ hostname, port, protocol }: URL): boolean {
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
  const list = process.env.no_proxy || process.env.NO_PROXY || "";
  return isLoopback || isExcepted(hostname, Number(port) || (protocol === "https:" ? 443 : 80), list);
}

/**
 * An agent that opens a tunnel (CONNECT, RFC 9110, section 9.3.6) for every connection, for plain HTTP too: so a refusal
 * is always known to be the proxy's. Unlike the toolkit's it keeps tunnels open, so that the probe uses the exchange's.
 * @param ca what to trust, where it is not what the whole process trusts
 */
export function tunnelAgent(proxy: Proxy, secure: boolean, ca: readonly string[] | undefined): HttpAgent {
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  agent.createConnection = (options, created) => {
    openTunnel(proxy, options, ca).then(
      (tunnel) => created?.(null, secure ? secured(tunnel, options.host ?? "", ca) : tunnel),
      // Node looks at the stream only where there is no fault.
      (fault: ProxyFault) => created?.(fault, new Duplex()),
    );
    return undefined;
  };
  return agent;
}

/** TLS inside of the tunnel, with the service itself. */
function secured(tunnel: Duplex, host: string, ca: readonly string[] | undefined): Duplex {
  return tlsConnect({ socket: tunnel, host, servername: serverName(host), rejectUnauthorized: true, ...trust(ca) });
}

function trust(ca: readonly string[] | undefined): { ca?: string[] } {
  return ca === undefined ? {} : { ca: [...ca] };
}

/** An address has no server name to ask for (RFC 6066, section 3). */
function serverName(host: string): string {
  return isIP(host) === 0 ? host : "";
}

/** Resolves with the connection to the target once the proxy has let it through; rejects with a `ProxyFault`. */
function openTunnel(proxy: Proxy, options: ClientRequestArgs, ca: readonly string[] | undefined): Promise<Duplex> {
  const secure = proxy.url.protocol === "https:";
  const host = options.host?.includes(":") ? `[${options.host}]` : options.host;
  const target = `${host}:${options.port}`;
  const proxyHost = proxy.url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const connect = (secure ? httpsRequest : httpRequest)({
      host: proxyHost,
      port: proxy.url.port || (secure ? 443 : 80),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...authorization(proxy) },
      // Node would take it from the header, which names the target.
      servername: serverName(proxyHost),
      agent: false,
      rejectUnauthorized: true,
      ...trust(ca),
    });
    const seen = watchHandshake(connect);
    const timer = setTimeout(() => connect.destroy(), options.timeout);
    const refused = ({ statusCode: status, rawHeaders }: IncomingMessage, stream: Readable) => {
      clearTimeout(timer);
      stream.destroy();
      reject(new ProxyFault(`the proxy answered ${status}`, { refusal: { status, schemes: schemesIn(rawHeaders) } }));
    };
    connect.once("connect", (answer, socket) => {
      if (Math.floor((answer.statusCode ?? 0) / 100) !== 2) return refused(answer, socket);
      clearTimeout(timer);
      resolve(socket);
    });
    connect.once("response", (answer) => refused(answer, answer));
    connect.once("error", (cause) => {
      clearTimeout(timer);
      reject(new ProxyFault("the proxy could not be reached", { seen: seen(), cause }));
    });
    connect.end();
  });
}

/** The names of the schemes in `Proxy-Authenticate` (RFC 9110, section 11.6.1): a name that no `=` follows begins one. */
function schemesIn(rawHeaders: readonly string[]): string[] {
  const challenges = rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === "proxy-authenticate" && at % 2);
  const parts = challenges.flatMap((value) => value.replace(/"(?:[^"\\]|\\.)*"?/g, '""').split(","));
  const names = parts.flatMap((part) => /^\s*([a-z][a-z0-9_-]{0,29})(?!\s*=|[^\s])/i.exec(part)?.[1] ?? []);
  return [...new Set(names)].slice(0, MOST_SCHEMES);
}

const MOST_SCHEMES = 5;

function authorization(proxy: Proxy): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  return { "proxy-authorization": `Basic ${basicPair(proxy.username, proxy.password)}` };
}
