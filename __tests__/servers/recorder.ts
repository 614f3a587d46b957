import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** A request as a server got it. */
export interface Recorded {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: string;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
  readonly status: number;
  /** The body of the answer. */
  readonly answer: string;
}

/**
 * What stands in front of a server that cannot tell what it was asked: it hands every byte on, both ways. The server has to
 * know it as its own address.
 */
export interface Recorder {
  readonly url: string;
  readonly requests: Recorded[];
  /** Where the server is, from now on. */
  lead(port: number): void;
  /** Has the server answer the next request to this path, and breaks the connection in place of the answer. */
  loseAnswer(path: string): void;
  stop(): Promise<void>;
}

export async function startRecorder(): Promise<Recorder> {
  const requests: Recorded[] = [];
  let target = 0;
  let lost = "";
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const body = Buffer.concat(chunks);
      handOn(req, body, target, res, (status, answer) => {
        const request = { ...recorded(req, body), status, answer };
        requests.push(request);
        if (request.path !== lost) return;
        lost = "";
        res.destroy();
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    lead(port) {
      target = port;
    },
    loseAnswer(path) {
      lost = path;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function handOn(
  { method, url, rawHeaders }: IncomingMessage,
  body: Buffer,
  port: number,
  res: ServerResponse,
  record: (status: number, answer: string) => void,
): void {
  // Each request on a connection of its own: some of these servers take one at a time.
  const onwards = request({ host: "127.0.0.1", port, method, path: url, headers: rawHeaders, agent: false });
  onwards.on("response", (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("error", () => res.destroy());
    answer.on("end", () => {
      const whole = Buffer.concat(chunks);
      record(answer.statusCode ?? 0, whole.toString());
      if (!res.destroyed) res.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(whole);
    });
  });
  onwards.on("error", () => res.destroy());
  onwards.end(body);
}

function recorded(
  { method = "", url = "", headers }: IncomingMessage,
  body: Buffer,
): Omit<Recorded, "status" | "answer"> {
  const [path = "", query = ""] = url.split("?");
  return { method, path, query, authorization: headers.authorization, form: new URLSearchParams(body.toString()) };
}

/** Each request in one line, with how its client proved itself: `POST /token post 200`. */
export function lines(requests: readonly Recorded[]): string[] {
  return requests.map((one) => `${one.method} ${one.path} ${proofOf(one)} ${one.status}`.replace("  ", " "));
}

function proofOf({ method, authorization, form }: Recorded): string {
  if (authorization !== undefined) return authorization.split(" ")[0]?.toLowerCase() ?? "";
  if (form.has("client_secret")) return "post";
  if (form.has("client_assertion")) return "assertion";
  return method === "POST" ? "none" : "";
}
