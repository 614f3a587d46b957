import type * as http from "node:http";
import type { Readable } from "node:stream";
import { urlToHttpOptions } from "node:url";
import type { HttpClientResponse } from "@actions/http-client";
import type { RequestInfo } from "@actions/http-client/lib/interfaces";
import { Failure } from "../failure.ts";
import { toAnswer } from "./answer.ts";
import { readBody } from "./body.ts";
import { errorCode } from "./codes.ts";
import { connectionFault, type Fault, proxySilence, silence, truncated } from "./faults.ts";
import type { Answer, Request } from "./http.ts";
import { node } from "./node.ts";
import type { Route } from "./route.ts";
import { tellsAll } from "./status.ts";
import { limitTime } from "./time-limit.ts";
import { type Seen, watchHandshake } from "./tls-faults.ts";
import { VERSION } from "./version.ts";

/** How far a request came. */
export interface Progress {
  /** There is a connection, or a tunnel. */
  connected?: true;
  /** The service may have read it. */
  written?: true;
  seen?: () => Seen;
  /** What the connection ended with, also in the middle of an answer. */
  fault?: unknown;
  /** Its time was over first. */
  outOfTime?: true;
}

/**
 * Sends the request once and reads the whole answer, in at most `milliseconds`. Never rejects, never follows a redirect.
 * @param progress is kept up to date while the request is under way
 */
export async function attempt(
  route: Route,
  request: Request,
  milliseconds: number,
  progress: Progress,
): Promise<Answer | Fault> {
  let message: http.IncomingMessage | undefined;
  try {
    message = await begin(route, request, milliseconds, progress);
    const body = await readBody(message, route.host);
    const isCut = progress.outOfTime || progress.fault !== undefined;
    if (isCut && endsWithConnection(message)) throw progress.fault;
    return toAnswer(message, body);
  } catch (error) {
    message?.destroy();
    if (error instanceof Failure) {
      if (message !== undefined && tellsAll(message.statusCode ?? 0)) return toAnswer(message, Buffer.alloc(0));
      return { failure: error, mayHaveArrived: true };
    }
    const fault = progress.outOfTime
      ? outOfTime(route, milliseconds, progress)
      : brokenOff(route, progress, progress.fault ?? error, message !== undefined);
    return { ...fault, mayHaveArrived: progress.written === true };
  }
}

/** An answer that tells no length ends wherever its connection does, so a body that was cut off looks whole. */
function endsWithConnection({ headers }: http.IncomingMessage): boolean {
  return headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
}

function outOfTime({ host, proxyHost }: Route, milliseconds: number, { connected }: Progress): Fault {
  const seconds = Math.ceil(milliseconds / 100) / 10;
  const within = `within ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
  return proxyHost === undefined || connected ? silence(host, within) : proxySilence(proxyHost, within);
}

/** What the parser does not take in the middle of an answer does not pass; a connection that breaks off there does. */
function brokenOff(route: Route, { seen }: Progress, error: unknown, isAnswering: boolean): Fault {
  const isCut = isAnswering && !errorCode(error).startsWith("HPE_");
  return isCut ? truncated(route.host, error) : connectionFault(error, route, seen?.() ?? {});
}

/** The toolkit's client, whose time for a silent socket is as long as can be. `null` is no body, as in its own `get`. */
async function toolkit(): Promise<{
  requestRaw(info: RequestInfo, body: string | Readable | null): Promise<HttpClientResponse>;
}> {
  // Evaluated only here: it makes a part of Node ready that a run without a request does not need.
  const { HttpClient } = await import(/* webpackMode: "eager" */ "@actions/http-client");
  return new HttpClient(undefined, [], { socketTimeout: 2 ** 31 - 1 });
}

/** Resolves with the head of the answer. */
async function begin(
  route: Route,
  request: Request,
  timeout: number,
  progress: Progress,
): Promise<http.IncomingMessage> {
  const [type, body = null] = encoded(request);
  const parsedUrl = new URL(route.baseUrl + request.path);
  const scheme = route.secure ? node.https : node.http;
  const watching = (options: http.RequestOptions, answered: (message: http.IncomingMessage) => void) => {
    const outOfTime = () => {
      progress.outOfTime = true;
    };
    const outgoing = limitTime(timeout, () => scheme.request(options, answered), outOfTime);
    return watched(outgoing, route.secure, progress);
  };
  const options = {
    ...urlToHttpOptions(parsedUrl),
    method: request.method,
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": `api-token-exchange/${VERSION}`,
      ...(type && { "content-type": type }),
      ...request.headers,
    },
    agent: route.agent,
    rejectUnauthorized: true,
    // For the agent: that of a proxy takes it as its time for CONNECT.
    timeout,
  };
  // The toolkit hands out the answer alone; what comes before is seen on the request.
  const httpModule = Object.create(scheme, { request: { value: watching } });
  const { message } = await (await toolkit()).requestRaw({ options, parsedUrl, httpModule }, body);
  return message;
}

/** The body with its type; nothing where there is none. */
function encoded({ form, json }: Request): readonly [type: string, body: string] | readonly [] {
  if (form !== undefined) {
    const fields = Object.entries(form).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    );
    return ["application/x-www-form-urlencoded", new URLSearchParams(fields).toString()];
  }
  return json === undefined ? [] : ["application/json", JSON.stringify(json)];
}

function watched(outgoing: http.ClientRequest, secure: boolean, progress: Progress): http.ClientRequest {
  progress.seen = watchHandshake(outgoing);
  outgoing.on("error", (fault) => {
    progress.fault ??= fault;
  });
  // A switch to another protocol (RFC 9110, section 15.2.2) was never asked for.
  outgoing.once("upgrade", (_, socket) => {
    socket.destroy();
    outgoing.emit("error", Object.assign(new Error(), { code: "HPE_UPGRADE", reason: "Switching Protocols" }));
  });
  // Node writes a request when its connection stands: at once on one that is kept alive, else after the handshake.
  outgoing.once("socket", (socket) => {
    progress.connected = true;
    const written = () => {
      progress.written = true;
    };
    if (outgoing.reusedSocket || (!secure && !socket.connecting)) written();
    else socket.once(secure ? "secureConnect" : "connect", written);
  });
  return outgoing;
}
