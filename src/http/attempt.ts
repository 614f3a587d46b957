import * as http from "node:http";
import * as https from "node:https";
import type { Readable } from "node:stream";
import { urlToHttpOptions } from "node:url";
import type { HttpClientResponse } from "@actions/http-client";
import type { RequestInfo } from "@actions/http-client/lib/interfaces";
import { parseJson } from "../text/json.ts";
import { LARGEST_ANSWER, readBody } from "./body.ts";
import { decodeBody } from "./charset.ts";
import { errorCode } from "./codes.ts";
import { connectionFault, type Fault, proxySilence, silence, truncated, unreadable } from "./faults.ts";
import type { Answer, Request } from "./http.ts";
import { type Seen, watchHandshake } from "./tls-faults.ts";

/** What every attempt to one service has in common. */
export interface Route {
  readonly baseUrl: string;
  readonly host: string;
  readonly secure: boolean;
  readonly agent: http.Agent;
  readonly proxyHost: string | undefined;
  readonly userAgent: string;
  /** `ca-certificate` was given. */
  readonly caGiven: boolean;
}

export type Outcome =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "fault"; readonly fault: Fault };

/**
 * Sends the request once and reads the whole answer, in at most `milliseconds`. Never rejects, never follows a redirect.
 * @param progress is kept up to date while the request is under way
 */
export async function attempt(
  route: Route,
  request: Request,
  milliseconds: number,
  progress: Progress = notBegun(),
): Promise<Outcome> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), milliseconds);
  const { host, proxyHost, secure, caGiven } = route;
  const circumstances = () => ({
    host,
    proxyHost,
    secure,
    caGiven,
    seen: progress.seen(),
    mayHaveArrived: progress.written,
  });
  const outcome = (fault: Fault): Outcome => ({ kind: "fault", fault });
  try {
    const message = await startRequest(route, request, milliseconds, deadline.signal, progress);
    progress.answering = true;
    const body = await readBody(message);
    const cut = deadline.signal.aborted || progress.fault !== undefined;
    if (body.kind === "read" && cut && endsWithConnection(message)) throw progress.fault;
    if (body.kind === "read") return { kind: "answer", answer: toAnswer(message, body.bytes) };
    if (tellsAll(message.statusCode ?? 0)) return { kind: "answer", answer: toAnswer(message, Buffer.alloc(0)) };
    return outcome(unreadable(circumstances(), body, LARGEST_ANSWER / 1024 / 1024));
  } catch (error) {
    const within = `within ${seconds(milliseconds)}`;
    if (deadline.signal.aborted) {
      const inProxy = proxyHost !== undefined && !progress.connected;
      return outcome(inProxy ? proxySilence(circumstances(), within) : silence(circumstances(), within));
    }
    // What the parser does not take in the middle of an answer does not pass; a connection that breaks off there does.
    const told = progress.fault ?? error;
    const isCut = progress.answering && !errorCode(told).startsWith("HPE_");
    return outcome(isCut ? truncated(circumstances(), told) : connectionFault(told, circumstances()));
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an answer is judged by its status, whatever it holds: 408, 429, 5xx, and redirects. */
export function tellsAll(status: number): boolean {
  return (status >= 300 && status < 400) || status === 408 || status === 429 || status >= 500;
}

function seconds(milliseconds: number): string {
  const rounded = Math.max(0.1, Math.round(milliseconds / 100) / 10);
  return `${rounded} ${rounded === 1 ? "second" : "seconds"}`;
}

/** How far a request came. `connected`: there is a connection, or a tunnel. `written`: the service may have read it. */
export interface Progress {
  connected: boolean;
  written: boolean;
  answering: boolean;
  seen: () => Seen;
  /** What the connection ended with, also in the middle of an answer. */
  fault: unknown;
}

export function notBegun(): Progress {
  return { connected: false, written: false, answering: false, seen: () => ({}), fault: undefined };
}

/** The toolkit's client, whose time for a silent socket is as long as can be. `null` is no body, as in its own `get`. */
async function toolkit(): Promise<{
  requestRaw(info: RequestInfo, body: string | Readable | null): Promise<HttpClientResponse>;
}> {
  const { HttpClient } = await import(/* webpackMode: "eager" */ "@actions/http-client");
  return new HttpClient(undefined, [], { socketTimeout: 2 ** 31 - 1 });
}

async function startRequest(
  route: Route,
  request: Request,
  milliseconds: number,
  signal: AbortSignal,
  progress: Progress,
): Promise<http.IncomingMessage> {
  const { type, body } = encodeBody(request);
  const parsedUrl = new URL(route.baseUrl + request.path);
  const node = route.secure ? https : http;
  const begin = (options: http.RequestOptions, answered: (message: http.IncomingMessage) => void) =>
    watched(node.request(options, answered), route.secure, progress);
  const options = {
    ...urlToHttpOptions(parsedUrl),
    method: request.method,
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": route.userAgent,
      ...type,
      ...request.headers,
    },
    agent: route.agent,
    rejectUnauthorized: true,
    // The agent of a proxy takes it as the time for CONNECT.
    timeout: milliseconds,
    signal,
  };
  const httpModule = Object.create(node, { request: { value: begin } });
  return (await (await toolkit()).requestRaw({ options, parsedUrl, httpModule }, body ?? null)).message;
}

function watched(outgoing: http.ClientRequest, secure: boolean, progress: Progress): http.ClientRequest {
  outgoing.on("error", (fault) => {
    progress.fault ??= fault;
  });
  progress.seen = watchHandshake(outgoing);
  // A switch to another protocol (RFC 9110, section 15.2.2) was never asked for.
  outgoing.once("upgrade", (_, socket) => {
    socket.destroy();
    outgoing.emit("error", Object.assign(new Error(), { code: "HPE_UPGRADE", reason: "Switching Protocols" }));
  });
  watch(outgoing, secure, progress);
  return outgoing;
}

/** Node writes a request when its connection stands: at once on one that is kept alive, else after the handshake. */
function watch(outgoing: http.ClientRequest, secure: boolean, progress: Progress): void {
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
      body: new URLSearchParams(pairsOf(request.form)).toString(),
    };
  }
  if (request.json !== undefined)
    return { type: { "content-type": "application/json" }, body: JSON.stringify(request.json) };
  return { type: {}, body: undefined };
}

function pairsOf(form: NonNullable<Request["form"]>): [string, string][] {
  return Object.entries(form).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
}

/** An answer that tells no length ends wherever its connection does, so a body that was cut off looks whole. */
function endsWithConnection({ headers }: http.IncomingMessage): boolean {
  return headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
}

/** A field of JSON that is named as one that holds a secret, or a text alone that can be one. */
const SECRET = /("(?:\w*token|session|identifier|api_key)"\s*:\s*)"(?:[^"\\\s]|\\.){8,}"|^\s*"[^"\s]{20,}"\s*$/gi;

function toAnswer(message: http.IncomingMessage, bytes: Buffer): Answer {
  const body = decodeBody(bytes, message.headers["content-type"] ?? "");
  const json = parseJson(body);
  const typedHtml = /html\b/i.test(message.headers["content-type"] ?? "");
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    // What was minted is read from the JSON, and masked there; at a status that nobody expects it is only quoted.
    body: json === undefined ? body : body.replace(SECRET, '$1"***"'),
    json,
    isHtml:
      // XML alone is no page: services and gateways tell errors in it.
      json === undefined &&
      body.trim() !== "" &&
      (typedHtml || /^\s*(<\?xml[^>]*>\s*)?<(!doctype|html|head|body|!--)/i.test(body)),
  };
}
