import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { parseJson } from "../read.ts";
import { decodeBody } from "./charset.ts";
import { connectionFault, type Fault, proxySilence, silence, tooLarge, truncated } from "./faults.ts";
import type { Answer, Request } from "./http.ts";

/** Largest answer that is read, in bytes. */
const LARGEST_ANSWER = 1024 * 1024;

/** What every attempt to one service has in common. */
export interface Route {
  readonly baseUrl: string;
  readonly host: string;
  readonly secure: boolean;
  readonly agent: HttpAgent;
  readonly proxyHost: string | undefined;
  readonly userAgent: string;
}

export type Outcome =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "fault"; readonly fault: Fault };

/** Sends the request once and reads the whole answer, in at most `milliseconds`. Never rejects, never follows a redirect. */
export async function attempt(route: Route, request: Request, milliseconds: number): Promise<Outcome> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), milliseconds);
  const progress = { connected: false, written: false, answering: false };
  const circumstances = () => ({ host: route.host, proxyHost: route.proxyHost, mayHaveArrived: progress.written });
  const fault = (fault: Fault): Outcome => ({ kind: "fault", fault });
  try {
    const message = await startRequest(route, request, milliseconds, deadline.signal, progress);
    progress.answering = true;
    const body = await readBody(message);
    if (body === undefined) return fault(tooLarge(circumstances(), LARGEST_ANSWER / 1024 / 1024));
    return { kind: "answer", answer: toAnswer(message, body) };
  } catch (error) {
    const within = `within ${seconds(milliseconds)}`;
    if (deadline.signal.aborted) {
      const inProxy = route.proxyHost !== undefined && !progress.connected;
      return fault(inProxy ? proxySilence(circumstances(), within) : silence(circumstances(), within));
    }
    return fault(progress.answering ? truncated(circumstances(), error) : connectionFault(error, circumstances()));
  } finally {
    clearTimeout(timer);
  }
}

function seconds(milliseconds: number): string {
  const rounded = Math.max(0.1, Math.round(milliseconds / 100) / 10);
  return `${rounded} ${rounded === 1 ? "second" : "seconds"}`;
}

/** How far a request came. `connected`: there is a connection, or a tunnel. `written`: the service may have read it. */
interface Progress {
  connected: boolean;
  written: boolean;
  answering: boolean;
}

function startRequest(
  route: Route,
  request: Request,
  milliseconds: number,
  signal: AbortSignal,
  progress: Progress,
): Promise<IncomingMessage> {
  const { type, body } = encodeBody(request);
  return new Promise((resolve, reject) => {
    const outgoing = (route.secure ? httpsRequest : httpRequest)(route.baseUrl + request.path, {
      method: request.method,
      headers: { accept: "application/json", "user-agent": route.userAgent, ...type, ...request.headers },
      agent: route.agent,
      rejectUnauthorized: true,
      // The agent of a proxy takes it as the time for CONNECT.
      timeout: milliseconds,
      signal,
    });
    outgoing.once("error", reject);
    outgoing.once("response", resolve);
    // A switch to another protocol (RFC 9110, section 15.2.2) was never asked for.
    outgoing.once("upgrade", (_, socket) => {
      socket.destroy();
      reject(Object.assign(new Error("switched protocols"), { code: "HPE_UPGRADE" }));
    });
    watch(outgoing, route.secure, progress);
    outgoing.end(body);
  });
}

/** Node writes a request when its connection stands: at once on one that is kept alive, else after the handshake. */
function watch(outgoing: ClientRequest, secure: boolean, progress: Progress): void {
  outgoing.once("socket", (socket) => {
    progress.connected = true;
    const written = () => {
      progress.written = true;
    };
    if (outgoing.reusedSocket || (!secure && !socket.connecting)) written();
    else socket.once(secure ? "secureConnect" : "connect", written);
  });
}

function encodeBody(request: Request): { type: Record<string, string>; body: string | undefined } {
  if (request.form !== undefined) {
    return {
      type: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(request.form).toString(),
    };
  }
  if (request.json !== undefined)
    return { type: { "content-type": "application/json" }, body: JSON.stringify(request.json) };
  return { type: {}, body: undefined };
}

/** The whole body; undefined where it passes the largest size, in which case the connection is dropped at once. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (Number(message.headers["content-length"] ?? 0) > LARGEST_ANSWER) {
    message.destroy();
    return undefined;
  }
  for await (const chunk of message) {
    const part: Buffer = chunk;
    bytes += part.length;
    if (bytes > LARGEST_ANSWER) {
      message.destroy();
      return undefined;
    }
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

function toAnswer(message: IncomingMessage, bytes: Buffer): Answer {
  const body = decodeBody(bytes, message.headers["content-type"] ?? "");
  const json = parseJson(body);
  const typedHtml = /\bhtml\b/i.test(message.headers["content-type"] ?? "");
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    body,
    json,
    isHtml:
      json === undefined && body.trim() !== "" && (typedHtml || /^\s*<(!doctype|html|head|body|!--|\?xml)/i.test(body)),
  };
}
