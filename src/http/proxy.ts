import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { checkBypass, getProxyUrl } from "@actions/http-client/lib/proxy";
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
    openTunnel(proxy, options, (fault, tunnel) => {
      if (tunnel === undefined) created?.(fault, undefined as never);
      else created?.(null, secure ? tlsConnect({ ...options, path: undefined, socket: tunnel } as object) : tunnel);
    });
    return undefined;
  };
  return agent;
}

function openTunnel(
  proxy: Proxy,
  options: ClientRequestArgs,
  opened: (fault: ProxyFault | null, tunnel?: Duplex) => void,
): void {
  const host = options.host?.includes(":") ? `[${options.host}]` : options.host;
  const target = `${host}:${options.port}`;
  const connect = (proxy.url.protocol === "https:" ? httpsRequest : httpRequest)({
    host: proxy.url.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.url.port || (proxy.url.protocol === "https:" ? 443 : 80),
    method: "CONNECT",
    path: target,
    headers: { host: target, ...authorization(proxy) },
    agent: false,
    rejectUnauthorized: true,
    ...(options.timeout === undefined ? {} : { signal: AbortSignal.timeout(options.timeout) }),
  });
  connect.once("connect", (answer, socket) => {
    if (answer.statusCode === 200) return opened(null, socket);
    socket.destroy();
    opened(new ProxyFault(`the proxy answered ${answer.statusCode}`, { status: answer.statusCode }));
  });
  connect.once("response", (answer) => {
    answer.destroy();
    opened(new ProxyFault(`the proxy answered ${answer.statusCode}`, { status: answer.statusCode }));
  });
  connect.once("error", (cause) => opened(new ProxyFault("the proxy could not be reached", { cause })));
  connect.end();
}

function authorization(proxy: Proxy): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  const pair = Buffer.from(`${proxy.username}:${proxy.password}`).toString("base64");
  return { "proxy-authorization": `Basic ${pair}` };
}
