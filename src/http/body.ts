import type { IncomingMessage } from "node:http";

/** Largest answer that is read, in bytes, counted on what comes out of its coding. */
export const LARGEST_ANSWER = 1024 * 1024;

/** What is read of the coded form: one that grows with its coding is no answer of a service. */
const LARGEST_CODED = 2 * LARGEST_ANSWER;

/** More codings on top of each other are a way to make work, not an answer; curl draws the line here too. */
const MOST_CODINGS = 5;

/** A whole body, or why there is none. */
export type Body =
  | { readonly kind: "read"; readonly bytes: Buffer }
  | { readonly kind: "too large" }
  | { readonly kind: "unknown coding"; readonly coding: string }
  | { readonly kind: "damaged"; readonly coding: string; readonly cause: unknown };

/**
 * Reads the whole body, with every coding taken off that it came in, though none was asked for. What is too large or cannot
 * be read drops the connection at once.
 * @throws where the connection breaks off
 */
export async function readBody(message: IncomingMessage): Promise<Body> {
  const codings = codingsOf(message);
  const body = await (codings.length === 0 ? readPlain(message) : readCoded(message, codings));
  if (body.kind !== "read") message.destroy();
  return body;
}

/** In the order in which they were put on. */
function codingsOf({ headers }: IncomingMessage): string[] {
  const names = (headers["content-encoding"] ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== "" && name !== "identity");
}

async function readPlain(message: IncomingMessage): Promise<Body> {
  if (Number(message.headers["content-length"] ?? 0) > LARGEST_ANSWER) return { kind: "too large" };
  return collect(message);
}

async function readCoded(message: IncomingMessage, codings: readonly string[]): Promise<Body> {
  const { decoded, isKnown } = await import(/* webpackMode: "eager" */ "./decode.ts");
  const unknown = codings.find((coding) => !isKnown(coding));
  if (unknown !== undefined) return { kind: "unknown coding", coding: unknown };
  if (codings.length > MOST_CODINGS) return { kind: "unknown coding", coding: codings.join(", ") };
  const wire: Wire = { bytes: 0, broken: false };
  let stream: AsyncIterable<Buffer> = received(message, wire);
  // What comes out of one coding and goes into the next counts too: it could grow without an end and come to nothing.
  for (const coding of codings.toReversed()) stream = decoded(counted(stream, wire), coding);
  try {
    const body = await collect(stream);
    return wire.bytes > LARGEST_CODED ? { kind: "too large" } : body;
  } catch (cause) {
    if (wire.bytes > LARGEST_CODED) return { kind: "too large" };
    // 204 and the like name a coding of nothing.
    if (message.complete && wire.bytes === 0) return { kind: "read", bytes: Buffer.alloc(0) };
    if (wire.broken) throw cause;
    return { kind: "damaged", coding: codings.join(", "), cause };
  }
}

/** What came over the connection. */
interface Wire {
  /** In every coded form together. */
  bytes: number;
  /** The connection broke off, so that the decoder is not to blame. */
  broken: boolean;
}

async function* counted(stream: AsyncIterable<Buffer>, wire: Wire): AsyncIterable<Buffer> {
  for await (const part of stream) {
    wire.bytes += part.length;
    if (wire.bytes > LARGEST_CODED) return;
    yield part;
  }
}

async function* received(message: IncomingMessage, wire: Wire): AsyncIterable<Buffer> {
  try {
    yield* message;
  } catch (fault) {
    wire.broken = true;
    throw fault;
  }
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER) return { kind: "too large" };
    chunks.push(chunk);
  }
  return { kind: "read", bytes: Buffer.concat(chunks) };
}
