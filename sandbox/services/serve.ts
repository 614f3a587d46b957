import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Answer, Refusal, text } from "./answers.ts";
import type { Fault, RecordedRequest, Service, StartOptions } from "./service.ts";

/** Largest request body that is read, in bytes; more is answered with 413. */
const BODY_LIMIT = 1024 * 1024;

/** A request as a service's handler gets it. */
export interface Call extends Readonly<Omit<RecordedRequest, "status">> {
  /** The path below the sub-path, without the query. */
  readonly route: string;
  readonly query: URLSearchParams;
}

/** Answers a call; a thrown `Refusal` is an answer, too. */
export type Handler = (call: Call) => Answer;

/** The part of a `Service` that listens and records. */
export type Listening = Pick<Service, "url" | "port" | "requests" | "fault" | "close">;

/**
 * Listens on a free port of 127.0.0.1, records every request and lets the handler (or a fault) answer it.
 * @param requests where they are recorded, for a service that lives on several ports
 */
export async function serve(
  options: StartOptions,
  handle: Handler,
  requests: RecordedRequest[] = [],
): Promise<Listening> {
  const basePath = options.basePath ?? "";
  const sockets = new Set<Socket>();
  const connections = new WeakMap<Socket, number>();
  let connectionCount = 0;
  let activeFault: Fault | undefined;

  const listener: RequestListener = async (req, res) => {
    const body = await readBody(req);
    if (body === "cut off") return;
    const tooLarge = body === "too large";
    const record = toRecord(req, tooLarge ? "" : body.text, connections.get(req.socket) ?? 0);
    requests.push(record);
    if (activeFault?.(record, req, res)) return;
    const answer = tooLarge
      ? text(413, "Payload Too Large", { connection: "close" })
      : answerCall(toCall(record, basePath), handle);
    send(res, answer, record);
  };

  const server = options.tls ? createHttpsServer({ ...options.tls }, listener) : createHttpServer(listener);
  // Longer than any test pauses between two requests, so that a kept connection is not lost by chance.
  server.keepAliveTimeout = 60_000;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // With TLS a request belongs to the socket that comes out of the handshake, not to the raw one.
  server.on(options.tls ? "secureConnection" : "connection", (socket: Socket) => {
    connections.set(socket, ++connectionCount);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}${basePath}`,
    port,
    requests,
    fault(fault) {
      activeFault = fault;
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

/** A fault for the chosen requests: the service does its work, but the connection breaks in place of the answer. */
export function loseAnswer(chosen: (request: RecordedRequest) => boolean): Fault {
  return (request, req, res) => {
    if (!chosen(request)) return false;
    res.end = () => {
      req.socket.destroy();
      return res;
    };
    return false;
  };
}

async function readBody(req: IncomingMessage): Promise<{ readonly text: string } | "too large" | "cut off"> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The socket has to outlive the reading, since the 413 goes out over it.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > BODY_LIMIT) return "too large";
      chunks.push(chunk);
    }
  } catch {
    return "cut off";
  }
  return { text: Buffer.concat(chunks).toString("utf8") };
}

function toRecord(req: IncomingMessage, body: string, connection: number): RecordedRequest {
  return {
    method: req.method ?? "",
    path: req.url ?? "",
    headers: flatten(req.headers),
    body,
    connection,
    at: Date.now(),
  };
}

function flatten(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

/** The call as seen from below the sub-path; undefined where it missed the sub-path. */
function toCall(record: RecordedRequest, basePath: string): Call | undefined {
  const [path = "", query = ""] = record.path.split("?", 2);
  if (!path.startsWith(`${basePath}/`)) return undefined;
  return { ...record, route: path.slice(basePath.length), query: new URLSearchParams(query) };
}

function answerCall(call: Call | undefined, handle: Handler): Answer {
  if (call === undefined) return text(404, "404 page not found\n");
  try {
    return handle(call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    // A mistake in a stand-in must be seen, not taken for something that the service says.
    return text(500, `The stand-in failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

function send(res: ServerResponse, answer: Answer, record: RecordedRequest): void {
  const body = answer.body ?? "";
  const cookies = answer.cookies === undefined ? {} : { "set-cookie": [...answer.cookies] };
  res.writeHead(answer.status, { "content-length": Buffer.byteLength(body), ...answer.headers, ...cookies });
  res.end(body);
  // Not so where a fault has replaced `end`: then nothing was answered.
  if (res.writableEnded) record.status = answer.status;
}
