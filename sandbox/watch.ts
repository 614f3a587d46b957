/**
 * Loaded into a process before its own code: writes each of its HTTP requests to the file that `WATCH_FILE` names, one JSON
 * object a line, with what an answer looks like. The process itself goes on as it would without.
 */
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { basename } from "node:path";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

/** One request as it was sent. The path holds what was put into it. */
export interface SentRequest {
  readonly kind: "request";
  /** Counted from 1 in each stage. */
  readonly id: number;
  /** `main` or `post`. */
  readonly stage: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: readonly string[];
}

/** What an answer looks like: the names and places of its values, never a value. */
export interface SeenAnswer {
  readonly kind: "answer";
  readonly id: number;
  readonly stage: string;
  readonly status: number;
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  /** What stands at each JSON Pointer, such as `string`; `empty` for null, for "" and for an empty object or list. */
  readonly json: Readonly<Record<string, string>>;
  readonly hasText: boolean;
}

/** Places of an answer that are told, and how deep they are looked for. */
const MOST_PLACES = 500;
const DEEPEST = 8;

const file = process.env.WATCH_FILE ?? "";
const stage = basename(process.argv[1] ?? "").replace(/\.[cm]?js$/, "");
const ids = new WeakMap<ClientRequest, number>();
let count = 0;

function write(record: SentRequest | SeenAnswer): void {
  appendFileSync(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

if (file !== "") {
  subscribe("http.client.request.start", (message) => {
    const { request } = message as { request: ClientRequest };
    const { method, path } = request;
    const id = ++count;
    ids.set(request, id);
    write({ kind: "request", id, stage, method, path, host: hostOf(request), headers: request.getHeaderNames() });
  });
  subscribe("http.client.response.finish", (message) => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const chunks: Buffer[] = [];
    const push = response.push.bind(response);
    // What the parser hands on is looked at on the way; nobody reads the stream but the one who would.
    response.push = (chunk: Buffer | null, ...more: []) => {
      if (chunk === null) write(seen(ids.get(request) ?? 0, response, Buffer.concat(chunks)));
      else chunks.push(Buffer.from(chunk));
      return push(chunk, ...more);
    };
  });
}

function hostOf(request: ClientRequest): string {
  return String(request.getHeader("host") ?? request.host);
}

function seen(id: number, response: IncomingMessage, body: Buffer): SeenAnswer {
  const text = decoded(body, response.headers["content-encoding"]);
  const places: Record<string, string> = {};
  note(parsed(text), "", places);
  return {
    kind: "answer",
    id,
    stage,
    status: response.statusCode ?? 0,
    headers: Object.keys(response.headers),
    cookies: (response.headers["set-cookie"] ?? []).map((cookie) => cookie.split("=", 1)[0] ?? ""),
    json: places,
    hasText: text.trim() !== "",
  };
}

function decoded(body: Buffer, coding = "identity"): string {
  const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
    gzip: gunzipSync,
    br: brotliDecompressSync,
    deflate: inflateSync,
  };
  try {
    return (decoders[coding]?.(body) ?? body).toString("utf8");
  } catch {
    return "";
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Notes what stands at each place of a document (RFC 6901). */
function note(value: unknown, pointer: string, places: Record<string, string>): void {
  if (value === undefined || Object.keys(places).length >= MOST_PLACES) return;
  places[pointer] = sortOf(value);
  if (typeof value !== "object" || value === null || pointer.split("/").length > DEEPEST) return;
  for (const [key, inner] of Object.entries(value)) {
    note(inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, places);
  }
}

function sortOf(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const sort = Array.isArray(value) ? "list" : "object";
    return Object.keys(value).length === 0 ? "empty" : sort;
  }
  return value === null || value === "" ? "empty" : value === false ? "false" : typeof value;
}
