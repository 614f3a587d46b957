import type { IncomingMessage } from "node:http";
import { decoded, isKnown } from "./decode.ts";

/** Largest answer that is read, in bytes, counted on what comes out of its coding. */
const LARGEST_ANSWER = 1024 * 1024;

/** What is read of the coded form: one that grows with its coding is no answer of a service. */
const LARGEST_CODED = 2 * LARGEST_ANSWER;

/** More codings on top of each other are a way to make work, not an answer; curl draws the line here too. */
const MOST_CODINGS = 5;

/** Why a body that came cannot be used. */
export interface Unreadable {
  /** A few words for a log line. */
  readonly reason: string;
  /** Goes on after "The answer of …". */
  readonly what: string;
  readonly hint: string;
  readonly answered?: string;
  readonly answeredBy?: string;
  readonly cause?: unknown;
}

/**
 * Reads the whole body, with every coding taken off that it came in, though none was asked for. What is too large or cannot
 * be read drops the connection at once.
 * @throws where the connection breaks off
 */
export async function readBody(message: IncomingMessage): Promise<Buffer | Unreadable> {
  const codings = codingsOf(message);
  const body = await (codings.length === 0 ? readPlain(message) : readCoded(message, codings));
  if (!Buffer.isBuffer(body)) message.destroy();
  return body;
}

/** In the order in which they were put on. */
function codingsOf({ headers }: IncomingMessage): string[] {
  const names = (headers["content-encoding"] ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== "" && name !== "identity");
}

async function readPlain(message: IncomingMessage): Promise<Buffer | Unreadable> {
  return Number(message.headers["content-length"] ?? 0) > LARGEST_ANSWER ? TOO_LARGE : collect(message);
}

async function readCoded(message: IncomingMessage, codings: readonly string[]): Promise<Buffer | Unreadable> {
  const unknown = codings.find((coding) => !isKnown(coding));
  if (unknown !== undefined || codings.length > MOST_CODINGS) return unknownCoding(unknown ?? codings.join(", "));
  let wire = 0;
  // What comes out of one coding and goes into the next counts too: it could grow without an end and come to nothing.
  const counted = async function* (stream: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const part of stream) {
      wire += part.length;
      if (wire > LARGEST_CODED) return;
      yield part;
    }
  };
  let stream: AsyncIterable<Buffer> = message;
  for (const coding of codings.toReversed()) stream = decoded(counted(stream), coding);
  try {
    const body = await collect(stream);
    return wire > LARGEST_CODED ? TOO_LARGE : body;
  } catch (cause) {
    if (wire > LARGEST_CODED) return TOO_LARGE;
    // 204 and the like name a coding of nothing.
    if (message.complete && wire === 0) return Buffer.alloc(0);
    // The connection broke off, so that the decoder is not to blame.
    if (message.errored !== null) throw cause;
    return damaged(codings, cause);
  }
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer | Unreadable> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER) return TOO_LARGE;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const TOO_LARGE: Unreadable = {
  reason: "answer too large",
  what: `is larger than ${LARGEST_ANSWER / 1024 / 1024} MiB`,
  hint: 'No token is that large: check that "url" is the service\'s base URL.',
};

const LEAVE = "Ask who runs the service, or what stands in front of it, to leave answers as they are";

function unknownCoding(coding: string): Unreadable {
  return {
    reason: "unknown content coding",
    what: "is in a content coding that is not read here, and none was asked for",
    hint: `${LEAVE}, or to use gzip.`,
    answered: coding,
    answeredBy: "The coding is",
  };
}

function damaged(codings: readonly string[], cause: unknown): Unreadable {
  return {
    reason: "answer not decodable",
    what: `cannot be decoded: it is not whole, or not ${codings.join(", ")}`,
    hint: `${LEAVE}.`,
    cause,
  };
}
