import type * as http from "node:http";
import type * as https from "node:https";
import { isIP } from "node:net";
import { Duplex, type Readable } from "node:stream";
import { urlToHttpOptions } from "node:url";
import { basicPair } from "../text/basic.ts";
import { node } from "./node.ts";
import type { HttpProxy } from "./proxy.ts";
import { limitTime } from "./time-limit.ts";
import { type Seen, watchHandshake } from "./tls-faults.ts";

type Ca = https.AgentOptions["ca"];

/** What a proxy said in place of opening a tunnel. */
export interface Refusal {
  readonly status: number | undefined;
  /** The known schemes of its `Proxy-Authenticate`. */
  readonly schemes: readonly string[];
}

/** What went wrong between here and the service because of the proxy; never the service's fault. */
export class ProxyFault extends Error {
  readonly details: {
    /** Undefined where it did not answer as a proxy does. */
    readonly refusal?: Refusal;
    /** What its own TLS handshake showed. */
    readonly seen?: Seen;
    readonly cause?: unknown;
  };

  constructor(details: ProxyFault["details"]) {
    super();
    this.details = details;
  }
}

/**
 * How an agent connects through a tunnel (CONNECT, RFC 9110, section 9.3.6), for plain HTTP too: so a refusal is always known
 * to be the proxy's. Unlike the toolkit's agent one that connects so keeps tunnels open: the probe uses the exchange's.
 */
export function tunnelling(proxy: HttpProxy, secure: boolean, ca: Ca): http.Agent["createConnection"] {
  return (options, created) => {
    openTunnel(proxy, options, ca).then(
      (socket) => created?.(null, secure ? secured(socket, options.host ?? "", ca) : socket),
      // Node looks at the stream only where there is no fault.
      (fault: ProxyFault) => created?.(fault, new Duplex()),
    );
    return undefined;
  };
}

/** TLS inside of the tunnel, with the service itself. */
function secured(socket: Duplex, host: string, ca: Ca): Duplex {
  return node.tls.connect({ socket, host, servername: serverName(host), rejectUnauthorized: true, ca });
}

/** An address has no server name to ask for (RFC 6066, section 3). */
function serverName(host: string): string {
  return isIP(host) === 0 ? host : "";
}

/** Resolves with the connection to the target once the proxy has let it through; rejects with a `ProxyFault`. */
function openTunnel(proxy: HttpProxy, to: http.ClientRequestArgs, ca: Ca): Promise<Duplex> {
  const secure = proxy.url.protocol === "https:";
  const target = `${to.host?.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  const address = urlToHttpOptions(proxy.url);
  const options = {
    ...address,
    method: "CONNECT",
    path: target,
    headers: {
      host: target,
      ...((proxy.username || proxy.password) && {
        "proxy-authorization": `Basic ${basicPair(proxy.username, proxy.password)}`,
      }),
    },
    // Node would take it from the header, which names the target.
    servername: serverName(address.hostname ?? ""),
    agent: false,
    rejectUnauthorized: true,
    ca,
  };
  const connect = limitTime(to.timeout ?? 0, () => (secure ? node.https : node.http).request(options));
  const seen = watchHandshake(connect);
  return new Promise((resolve, reject) => {
    const refused = ({ statusCode: status, headers }: http.IncomingMessage, stream: Readable) => {
      stream.destroy();
      reject(new ProxyFault({ refusal: { status, schemes: schemesIn(headers["proxy-authenticate"] ?? "") } }));
    };
    connect.once("connect", (answer, socket) => {
      if (Math.floor((answer.statusCode ?? 0) / 100) === 2) resolve(socket);
      else refused(answer, socket);
    });
    connect.once("response", (answer) => refused(answer, answer));
    connect.once("error", (cause) => reject(new ProxyFault({ seen: seen(), cause })));
    connect.end();
  });
}

/** The schemes that a challenge names (RFC 9110, section 11.6.1), outside of its quotes. */
function schemesIn(challenge: string): string[] {
  const bare = challenge.replace(/"(?:[^"\\]|\\.)*"?/g, "");
  return [...new Set(bare.match(/\b(?:basic|bearer|digest|kerberos|negotiate|ntlm)\b/gi))];
}
