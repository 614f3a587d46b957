import type { ClientRequest } from "node:http";

/**
 * Ends the request that `begin` makes if it takes longer, unless it is over by then. A signal would do the same, and take
 * milliseconds of each run to be made ready. Its time begins before it does, and so before that of a tunnel for it: where both
 * have as much, it has to be known that the time is over when the tunnel ends.
 */
export function limitTime(milliseconds: number, begin: () => ClientRequest, onEnd?: () => void): ClientRequest {
  let outgoing: ClientRequest | undefined;
  const end = () => {
    onEnd?.();
    outgoing?.destroy();
  };
  const timer = setTimeout(end, milliseconds).unref();
  outgoing = begin();
  return outgoing.once("close", () => clearTimeout(timer));
}
