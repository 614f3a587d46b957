import type * as http from "node:http";
import { isIP } from "node:net";
import { Duplex, type Readable } from "node:stream";
import { basicPair } from "../text/basic.ts";
import { node } from "./node.ts";
import type { HttpProxy } from "./proxy.ts";
import type { Trust } from "./tls.ts";
import { type Seen, watchHandshake } from "./tls-faults.ts";

/** What a proxy said in place of opening a tunnel. */
export interface Refusal {
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
    super(message, details);
    this.refusal = details.refusal;
    this.seen = details.seen ?? {};
  }
}

/**
 * How an agent connects through a tunnel (CONNECT, RFC 9110, section 9.3.6), for plain HTTP too: so a refusal is always known
 * to be the proxy's. Unlike the toolkit's agent one that connects so keeps tunnels open: the probe uses the exchange's.
 */
export function tunnelling(proxy: HttpProxy, secure: boolean, ca: Trust["ca"]): http.Agent["createConnection"] {
  return (options, created) => {
    openTunnel(proxy, options, ca).then(
      (tunnel) => created?.(null, secure ? secured(tunnel, options.host ?? "", ca) : tunnel),
      // Node looks at the stream only where there is no fault.
      (fault: ProxyFault) => created?.(fault, new Duplex()),
    );
    return undefined;
  };
}

/** TLS inside of the tunnel, with the service itself. */
function secured(socket: Duplex, host: string, ca: Trust["ca"]): Duplex {
  return node.tls.connect({ socket, host, servername: serverName(host), rejectUnauthorized: true, ca });
}

/** An address has no server name to ask for (RFC 6066, section 3). */
function serverName(host: string): string {
  return isIP(host) === 0 ? host : "";
}

/** Resolves with the connection to the target once the proxy has let it through; rejects with a `ProxyFault`. */
function openTunnel(proxy: HttpProxy, to: http.ClientRequestArgs, ca: Trust["ca"]): Promise<Duplex> {
  const secure = proxy.url.protocol === "https:";
  const target = `${to.host?.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  const host = proxy.url.hostname.replace(/^\[|\]$/g, "");
  const connect = (secure ? node.https : node.http).request({
    host,
    port: proxy.url.port || (secure ? 443 : 80),
    method: "CONNECT",
    path: target,
    headers: { host: target, ...authorization(proxy) },
    // Node would take it from the header, which names the target.
    servername: serverName(host),
    agent: false,
    rejectUnauthorized: true,
    ca,
    // Once the tunnel stands, this is of no effect: the request that asked for it is over.
    signal: AbortSignal.timeout(to.timeout ?? 0),
  });
  const seen = watchHandshake(connect);
  return new Promise((resolve, reject) => {
    const refused = ({ statusCode: status, rawHeaders }: http.IncomingMessage, stream: Readable) => {
      stream.destroy();
      reject(new ProxyFault(`the proxy answered ${status}`, { refusal: { status, schemes: schemesIn(rawHeaders) } }));
    };
    connect.once("connect", (answer, socket) => {
      if (Math.floor((answer.statusCode ?? 0) / 100) === 2) resolve(socket);
      else refused(answer, socket);
    });
    connect.once("response", (answer) => refused(answer, answer));
    connect.once("error", (cause) => reject(new ProxyFault("the proxy could not be reached", { seen: seen(), cause })));
    connect.end();
  });
}

function authorization({ username, password }: HttpProxy): Record<string, string> {
  if (username === "" && password === "") return {};
  return { "proxy-authorization": `Basic ${basicPair(username, password)}` };
}

const MOST_SCHEMES = 5;

/** The names of the schemes in `Proxy-Authenticate` (RFC 9110, section 11.6.1): a name that no `=` follows begins one. */
function schemesIn(rawHeaders: readonly string[]): string[] {
  const challenges = rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === "proxy-authenticate" && at % 2);
  const parts = challenges.flatMap((value) => value.replace(/"(?:[^"\\]|\\.)*"?/g, '""').split(","));
  const names = parts.flatMap((part) => /^\s*([a-z][a-z0-9_-]{0,29})(?!\s*=|[^\s])/i.exec(part)?.[1] ?? []);
  return [...new Set(names)].slice(0, MOST_SCHEMES);
}
