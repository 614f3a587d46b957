import { pipeline, type Transform } from "node:stream";
import { node } from "./node.ts";

type Bytes = AsyncIterable<Buffer>;

const DECODERS: Readonly<Record<string, (coded: Bytes) => Bytes>> = {
  gzip: (coded) => through(coded, node.zlib.createGunzip()),
  "x-gzip": (coded) => through(coded, node.zlib.createGunzip()),
  deflate: inflated,
  br: (coded) => through(coded, node.zlib.createBrotliDecompress()),
  zstd: (coded) => through(coded, node.zlib.createZstdDecompress()),
};

/** Whether the coding (RFC 9110, section 8.4.1; in lower case) can be taken off here. */
export function isKnown(coding: string): boolean {
  return Object.hasOwn(DECODERS, coding);
}

/** Takes one coding off while it is read. The iteration throws where the bytes are not what the coding makes. */
export function decoded(coded: Bytes, coding: string): Bytes {
  return DECODERS[coding]?.(coded) ?? coded;
}

function through(coded: Bytes, decoder: Transform): Bytes {
  // A fault is met by who iterates.
  return pipeline(coded, decoder, () => {});
}

/** RFC 9110, section 8.4.1.2: `deflate` is zlib's format, but some servers send the bare stream. */
async function* inflated(coded: Bytes): Bytes {
  const source = coded[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 2) {
    const { done, value } = await source.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  const whole = (async function* () {
    yield start;
    yield* { [Symbol.asyncIterator]: () => source };
  })();
  yield* through(whole, isZlib(start) ? node.zlib.createInflate() : node.zlib.createInflateRaw());
}

/** RFC 1950, section 2.2: the method is 8, and the first two bytes are a multiple of 31. */
function isZlib([first = 0, second = 0]: Buffer): boolean {
  return first % 16 === 8 && (first * 256 + second) % 31 === 0;
}
