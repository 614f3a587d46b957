import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { Duplex, type Readable } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { checkBypass, getProxyUrl } from "@actions/http-client/lib/proxy";
import { basicPair } from "../basic.ts";
import { Failure } from "../failure.ts";

/** Where requests go through, from `https_proxy`, `http_proxy` and `no_proxy` in either case. */
export interface Proxy {
  readonly url: URL;
  /** Host with port, for texts. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** What went wrong between here and the service because of the proxy; never the service's fault. */
export class ProxyFault extends Error {
  override readonly name = "ProxyFault";
  /** The status that the proxy refused the tunnel with; undefined where it did not answer as a proxy does. */
  readonly status: number | undefined;

  constructor(message: string, details: { status?: number | undefined; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.status = details.status;
  }
}

/**
 * The proxy that the runner's environment names for this URL, by the toolkit's rules (loopback never goes through one).
 * @throws {Failure} `unavailable` where the variable is set to what is no URL of a proxy
 */
export function proxyFor(baseUrl: string): Proxy | undefined {
  const target = new URL(baseUrl);
  const name = target.protocol === "https:" ? "https_proxy" : "http_proxy";
  if (checkBypass(target) || (process.env[name] || process.env[name.toUpperCase()] || "") === "") return undefined;
  const url = parsedProxy(target);
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new Failure("unavailable", `The variable "${name}" does not hold the URL of a proxy.`, {
      title: "Proxy not usable",
      hint: `Set it as http://host:port, or http://user:password@host:port with the reserved characters of the password percent-encoded, or name ${target.host} in "no_proxy".`,
    });
  }
  return { url, host: url.host, username: url.username, password: url.password };
}

function parsedProxy(target: URL): URL | undefined {
  try {
    return getProxyUrl(target);
  } catch {
    return undefined;
  }
}

/**
 * An agent that opens a tunnel (CONNECT, RFC 9110, section 9.3.6) for every connection, for plain HTTP too: so a refusal
 * is always known to be the proxy's. Unlike the toolkit's it keeps tunnels open, so that the probe uses the exchange's.
 */
export function tunnelAgent(proxy: Proxy, secure: boolean): HttpAgent {
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  agent.createConnection = (options, created) => {
    openTunnel(proxy, options).then(
      (tunnel) => created?.(null, secure ? secured(tunnel, options.host ?? "") : tunnel),
      // Node looks at the stream only where there is no fault.
      (fault: ProxyFault) => created?.(fault, new Duplex()),
    );
    return undefined;
  };
  return agent;
}

/** TLS inside of the tunnel, with the service itself. */
function secured(tunnel: Duplex, host: string): Duplex {
  return tlsConnect({ socket: tunnel, host, servername: serverName(host), rejectUnauthorized: true });
}

/** An address has no server name to ask for (RFC 6066, section 3). */
function serverName(host: string): string {
  return isIP(host) === 0 ? host : "";
}

/** Resolves with the connection to the target once the proxy has let it through; rejects with a `ProxyFault`. */
function openTunnel(proxy: Proxy, options: ClientRequestArgs): Promise<Duplex> {
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
    });
    const timer = setTimeout(() => connect.destroy(), options.timeout);
    const refused = ({ statusCode: status }: IncomingMessage, stream: Readable) => {
      clearTimeout(timer);
      stream.destroy();
      reject(new ProxyFault(`the proxy answered ${status}`, { status }));
    };
    connect.once("connect", (answer, socket) => {
      if (Math.floor((answer.statusCode ?? 0) / 100) !== 2) return refused(answer, socket);
      clearTimeout(timer);
      resolve(socket);
    });
    connect.once("response", (answer) => refused(answer, answer));
    connect.once("error", (cause) => {
      clearTimeout(timer);
      reject(new ProxyFault("the proxy could not be reached", { cause }));
    });
    connect.end();
  });
}

function authorization(proxy: Proxy): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  return { "proxy-authorization": `Basic ${basicPair(proxy.username, proxy.password)}` };
}
