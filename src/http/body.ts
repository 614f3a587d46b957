import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { Failure } from "../failure.ts";
import { type Bytes, decoded, isKnown } from "./decode.ts";

/** Largest answer that is read, in bytes, counted on what comes out of each coding; twice as much may go into the first. */
const LARGEST_ANSWER = 1024 * 1024;

/** More codings on top of each other are a way to make work, not an answer; curl draws the line here too. */
const MOST_CODINGS = 5;

/**
 * Reads the whole body, with every coding taken off that it came in, though none was asked for.
 * @throws {Failure} `bad-response` where it is too large, or no coding can be taken off
 * @throws where the connection breaks off
 */
export async function readBody(message: IncomingMessage, host: string): Promise<Buffer> {
  const codings = (message.headers["content-encoding"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  const known = codings.filter(isKnown);
  if (known.length < codings.length || codings.length > MOST_CODINGS) {
    const coding = codings.find((name) => !isKnown(name)) ?? codings.join(", ");
    throw unusable(host, "is in a content coding that is not read here", coding);
  }
  let stream: Readable = message;
  let largest = codings.length === 0 ? LARGEST_ANSWER : 2 * LARGEST_ANSWER;
  if (Number(message.headers["content-length"]) > largest) throw tooLarge(host);
  for (const coding of known.toReversed()) {
    stream = Readable.from(decoded(limited(stream, host, largest), coding));
    largest = LARGEST_ANSWER;
  }
  try {
    return await collected(stream, host, largest);
  } catch (cause) {
    // A limit, or a connection that broke off, so that the decoder is not to blame.
    if (cause instanceof Failure || codings.length === 0 || message.errored !== null) throw cause;
    throw unusable(host, "cannot be decoded: it is not whole, or not what it says", codings.join(", "), cause);
  }
}

/** By events: to iterate makes parts of Node ready that no other step of a run needs. */
function collected(stream: Readable, host: string, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > largest) stream.destroy(tooLarge(host));
    });
    stream.once("end", () => resolve(Buffer.concat(chunks)));
    stream.once("error", reject);
    stream.once("close", () => reject(new Error()));
  });
}

async function* limited(stream: AsyncIterable<Buffer>, host: string, largest: number): Bytes {
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > largest) throw tooLarge(host);
    yield part;
  }
}

function tooLarge(host: string): Failure {
  return new Failure("bad-response", `The answer of ${host} is larger than 1 MiB.`, {
    hint: 'No token is that large: check "url".',
  });
}

function unusable(host: string, what: string, coding: string, cause?: unknown): Failure {
  return new Failure("bad-response", `The answer of ${host} ${what}.`, {
    hint: "Ask who runs the service to leave answers as they are, or to use gzip.",
    answered: coding,
    answeredBy: "The coding is",
    cause,
  });
}
