import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * What a regular file holds; undefined where it is none, which may never end, or has more bytes than that.
 * @param path without a link at its end: none is followed that was put there a moment ago
 * @throws the system's error where it cannot be read
 */
export function readRegularFile(path: string, largest: number): Buffer | undefined {
  // Windows knows neither flag. Without the first a pipe that nobody writes to would be waited for.
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
  const file = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    if (!fstatSync(file).isFile()) return undefined;
    // Not by its size, which files of the system do not tell, and which can grow meanwhile.
    const bytes = Buffer.alloc(largest + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= largest; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    return length > largest ? undefined : bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
