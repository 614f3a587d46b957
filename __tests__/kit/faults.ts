import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Fault } from "../../sandbox/services/service.ts";

/** One byte more than the action reads. */
const TOO_LARGE = 1024 * 1024 + 1;

/** Milliseconds between two bytes of what drips: far less than any limit, so that only a limit of the whole ends it. */
const DRIP = 20;

/** A page as a login wall, a portal or a web server shows it. */
const PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form>Password</form></body></html>\n";

/** Answers in place of the service, as a proper HTTP server would. */
export function answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Fault {
  return (_request, _req, res) => {
    res.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
    res.end(body);
    return true;
  };
}

/** Answers with a page. */
export function page(status: number, headers: Readonly<Record<string, string>> = {}, body = PAGE): Fault {
  return answer(status, { "content-type": "text/html; charset=utf-8", ...headers }, body);
}

/** Answers with the page of something in front of the service. */
function wall(status: number, title: string): Fault {
  return page(status, {}, `<html><head><title>${title}</title></head><body>Support ID: 1658821493</body></html>`);
}

/** Answers with JSON text, whether or not that is well formed. */
export function json(status: number, body: string, type = "application/json"): Fault {
  return answer(status, { "content-type": type }, body);
}

/** Redirects to what the function makes of the request's own host and path. */
export function redirect(status: number, target: (host: string, path: string) => string | undefined): Fault {
  return (request, req, res) => {
    const location = target(request.headers.host ?? "", request.path);
    return answer(status, location === undefined ? {} : { location })(request, req, res);
  };
}

/** Answers that the service is to be asked again later; `after` may depend on the clock. */
export function later(status: number, after: () => string): Fault {
  return (request, req, res) => answer(status, { "retry-after": after() })(request, req, res);
}

/** Writes these very bytes in place of an answer, and then ends the connection as told. */
export function bytes(text: string | Buffer, then: "close" | "reset" | "stay" = "close"): Fault {
  return (_request, req) => {
    req.socket.write(text, () => {
      if (then === "close") req.socket.end();
      if (then === "reset") req.socket.resetAndDestroy();
    });
    return true;
  };
}

/** Writes a beginning, and then one and the same piece for ever. */
function dripping(beginning: string, piece: string): Fault {
  return (_request, req) => {
    drip(req.socket, beginning, piece);
    return true;
  };
}

function drip(socket: Socket, beginning: string, piece: string): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(piece), DRIP);
  socket.once("close", () => clearInterval(timer));
}

const OK = "HTTP/1.1 200 OK\r\n";

function later60(): string {
  return new Date(Date.now() + 60_000).toUTCString();
}

/** What a broken or hostile service, or something in front of it, does once a request has come in. Told in words. */
export const faults = {
  // Time
  "stays silent": () => true,
  "drips its headers": dripping(OK, "x-more: of this\r\n"),
  "drips a chunked body": dripping(`${OK}transfer-encoding: chunked\r\n\r\n`, "1\r\n \r\n"),
  "drips a body of known length": dripping(`${OK}content-length: 1000000\r\n\r\n`, " "),
  "says 100 Continue for ever": dripping("", "HTTP/1.1 100 Continue\r\n\r\n"),

  // Connections
  "closes without an answer": bytes("", "close"),
  "resets without an answer": bytes("", "reset"),
  "breaks off in its headers": bytes(`${OK}content-type: applic`, "close"),
  "breaks off in a body of known length": bytes(`${OK}content-length: 100\r\n\r\n{"access_token":"`, "close"),
  "breaks off in a chunked body": bytes(`${OK}transfer-encoding: chunked\r\n\r\n14\r\n{"access_token":"`, "close"),
  "resets in a chunked body": bytes(`${OK}transfer-encoding: chunked\r\n\r\n14\r\n{"access_token":"`, "reset"),

  // Not HTTP
  "answers in another protocol": bytes("SSH-2.0-OpenSSH_9.6\r\n"),
  "answers with random bytes": bytes(Buffer.from([0x16, 0x03, 0x00, 0xff, 0x0a, 0x00, 0x80, 0xfe])),
  "sends a header with a line break": bytes(`${OK}x-a: b\n::set-output name=token::forged\r\n\r\n`),
  "sends 100 kB of headers": bytes(`${OK}x-long: ${"a".repeat(100_000)}\r\n\r\n`),
  "tells two lengths": bytes(`${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),

  // Size
  "announces 1 MiB and a byte": answer(200, { "content-type": "application/json" }, `"${"a".repeat(TOO_LARGE - 2)}"`),
  "sends 1 MiB and a byte unannounced": (_request, _req, res) => {
    res.writeHead(200, { "content-type": "application/json" });
    for (let left = TOO_LARGE; left > 0; left -= 65_536) res.write("a".repeat(Math.min(left, 65_536)));
    res.end();
    return true;
  },
  "sends without an end": (_request, _req, res) => {
    res.writeHead(200, { "content-type": "application/json" });
    pour(res);
    return true;
  },

  // Redirects
  "301 to another host": redirect(301, (_host, path) => `https://elsewhere.example${path}`),
  "302 to another host": redirect(302, (_host, path) => `https://elsewhere.example${path}`),
  "303 to another host": redirect(303, (_host, path) => `https://elsewhere.example${path}`),
  "307 to another host": redirect(307, (_host, path) => `https://elsewhere.example${path}`),
  "308 to another host": redirect(308, (_host, path) => `https://elsewhere.example${path}`),
  "302 to a sub-path": redirect(302, (_host, path) => `/installed/here${path}`),
  "302 to another scheme": redirect(302, (host, path) => `https://${host}${path}`),
  "302 to a login page": redirect(302, () => "/login?next=%2F"),
  "302 to itself": redirect(302, (_host, path) => path),
  "302 to a script": redirect(302, () => "javascript:alert(1)"),
  "302 to nowhere": redirect(302, () => undefined),
  "300 without a choice": answer(300),

  // Statuses that may pass
  "408": answer(408),
  "429": json(429, '{"error":"Too many requests"}'),
  "500": json(500, '{"message":"Internal Server Error"}'),
  "502": answer(502),
  "503": answer(503, {}, "upstream connect error"),
  "504": answer(504),
  "500 with a page": page(500),
  "503 with a page": page(503),
  "501": answer(501),
  "507": answer(507),
  "511 of a captive portal": page(511),
  "503 of a check for robots": wall(503, "Just a moment&hellip;"),
  "429, Retry-After: 40": later(429, () => "40"),
  "429, Retry-After: 40.5": later(429, () => "40.5"),
  "429, Retry-After: a date": later(429, later60),
  "429, Retry-After: 99999999999999999999": later(429, () => "9".repeat(20)),
  "503, Retry-After: 40": later(503, () => "40"),
  "503, Retry-After: 0.01": later(503, () => "0.01"),
  "503, Retry-After: soon": later(503, () => "soon"),
  "503, Retry-After: -5": later(503, () => "-5"),

  // Statuses that stay
  "400 without a body": answer(400),
  "401 without a body": answer(401),
  "401 without a body, with a reason": answer(401, {
    "www-authenticate": 'Bearer realm="api",error="invalid_token",error_description="The access token has expired"',
  }),
  "403 without a body": answer(403),
  "404 without a body": answer(404),
  "405 without a body": answer(405),
  "406": json(406, '{"errors":[{"detail":"Could not satisfy the request Accept header.","status":"406"}]}'),
  "410 without a body": answer(410),
  "418 in plain text": answer(418, { "content-type": "text/plain" }, "I'm a teapot"),
  "200 with a login page": page(200),
  "200 with a page typed as JSON": answer(200, { "content-type": "application/json" }, PAGE),
  "400 with a page": page(400),
  "200 of a firewall": wall(200, "Request Rejected"),
  "401 with a page": page(401),
  "403 with a page": page(403),
  "404 with a page": page(404),
  "406 with a page": page(406),

  // Bodies
  "200 without a body": answer(200),
  "204": (_request, _req, res) => {
    res.writeHead(204);
    res.end();
    return true;
  },
  "200 in plain text": answer(200, { "content-type": "text/plain" }, "Welcome to nginx!"),
  "200 in binary": answer(200, { "content-type": "application/octet-stream" }, "\u0000\u0001\ufffd\u001b[31m"),
  "200 with {}": json(200, "{}"),
  "200 with []": json(200, "[]"),
  "200 with null": json(200, "null"),
  "200 with a number": json(200, "12345678901"),
  "200 with JSON that breaks off": json(200, '{"access_token": "abc'),
  "200 with 200,000 brackets": json(200, `${"[".repeat(100_000)}${"]".repeat(100_000)}`),
  "200 with 200,000 brackets, left open": json(200, '{"a":'.repeat(200_000)),
  "400 with commands in its reason phrase": bytes(
    "HTTP/1.1 400 ##[stop-commands]x ::error::forged\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
  ),
} satisfies Readonly<Record<string, Fault>>;

/** Writes until the other side has enough. */
function pour(res: ServerResponse): void {
  while (!res.destroyed && res.write("a".repeat(65_536)));
  if (!res.destroyed) res.once("drain", () => pour(res));
}

/** A token answer of each provider, with whatever in the token's place. */
export const tokenAnswers: Readonly<Record<string, (token: unknown) => string>> = {
  reportportal: (token) => JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 3600 }),
  xray: (token) => JSON.stringify(token),
  virtuozzo: (token) => JSON.stringify({ result: 0, uid: 7, session: token }),
  tuleap: (token) => JSON.stringify({ user_id: 101, token, uri: "tokens/x" }),
  qa: (token) => JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 3600 }),
  oauth2: (token) => JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 3600 }),
};

/** What is no token, told in words; each as it would stand in JSON. */
export const flawedTokens: Readonly<Record<string, unknown>> = {
  "of 7 characters": "abcdefg",
  "of 65,537 characters": "a".repeat(65_537),
  "that is a number": 1234567890123456,
  "that is an object": { value: "s3cr3t-inside-of-an-object" },
  "that is a list": ["s3cr3t-inside-of-a-list"],
  "that is a truth value": true,
  "with a line feed": "s3cr3t-line-1\ns3cr3t-line-2",
  "with a carriage return": "s3cr3t-line-1\rs3cr3t-line-2",
  "with a command on a second line": "s3cr3t-line-1\n::set-output name=failure::none",
  "with a control character": "s3cr3t-\u0000-control",
  "with a letter outside of ASCII": "s3cr3t-tökén-value",
  "with a bidirectional override": "s3cr3t-\u202e-override",
};

/** A port that takes connections. */
export interface Port {
  readonly port: number;
  /** How many connections came. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** What a port does that is no service at all, from the first byte on. Told in words. */
export const ports = {
  "takes the connection and says nothing": () => {},
  "closes every connection": (socket) => socket.end(),
  "resets every connection": (socket) => socket.resetAndDestroy(),
  "speaks plain HTTP": (socket) =>
    socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
  "speaks another protocol": (socket) => socket.end("220 mail.example ESMTP Postfix\r\n"),
} satisfies Readonly<Record<string, (socket: Socket) => void>>;

/** Listens on a free port of 127.0.0.1. */
export async function listen(connected: (socket: Socket) => void): Promise<Port> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // The other side gives up as it likes.
    socket.on("error", () => {});
    connected(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The fault for the requests that are chosen; the service answers the others. */
export function when(chosen: (method: string, path: string) => boolean, fault: Fault): Fault {
  return (request, req: IncomingMessage, res: ServerResponse) =>
    chosen(request.method, request.path) && fault(request, req, res);
}
