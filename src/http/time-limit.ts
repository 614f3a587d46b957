import type { ClientRequest } from "node:http";

/**
 * Ends a request that takes longer, unless it is over by then. A signal would do the same, and take milliseconds of each run to
 * be made ready.
 */
export function limitTime(outgoing: ClientRequest, milliseconds: number, onEnd?: () => void): void {
  const end = () => {
    onEnd?.();
    outgoing.destroy();
  };
  const timer = setTimeout(end, milliseconds).unref();
  outgoing.once("close", () => clearTimeout(timer));
}
