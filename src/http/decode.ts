import { pipeline } from "node:stream";
import { node } from "./node.ts";

export type Bytes = AsyncGenerator<Buffer, void>;

/** What takes a coding off (RFC 9110, section 8.4.1). */
const DECODERS = {
  gzip: () => node.zlib.createGunzip(),
  "x-gzip": () => node.zlib.createGunzip(),
  // RFC 1950, section 2.2: the method is 8, and the first two bytes are a multiple of 31; some servers send the bare stream.
  deflate: ([first = 0, second = 0]: Buffer) =>
    first % 16 === 8 && (first * 256 + second) % 31 === 0 ? node.zlib.createInflate() : node.zlib.createInflateRaw(),
  br: () => node.zlib.createBrotliDecompress(),
  zstd: () => node.zlib.createZstdDecompress(),
};

export type Coding = keyof typeof DECODERS;

/** Whether the coding (in lower case) can be taken off here. */
export function isKnown(coding: string): coding is Coding {
  return Object.hasOwn(DECODERS, coding);
}

/**
 * Takes one coding off while it is read; nothing stays nothing, since 204 and the like name a coding too. The iteration throws
 * where the bytes are not what the coding makes.
 */
export async function* decoded(coded: Bytes, coding: Coding): Bytes {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 2) {
    const { value, done } = await coded.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  if (start.length === 0) return;
  const whole = async function* () {
    yield start;
    yield* coded;
  };
  // A fault is met by who iterates.
  yield* pipeline(whole, DECODERS[coding](start), () => {});
}
