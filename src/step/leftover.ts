import type { Provider } from "../providers/provider.ts";
import { warning } from "../runner/log.ts";
import type { ForPost } from "../runner/state.ts";
import { utc } from "../text/time.ts";

/** A key that may exist although nobody holds what it takes to delete it. */
export type Unsettled = ForPost & { kind: "unsettled" };

/** Warns of a key that may be left: what it is called, where, how to remove it, and when it ends by itself. */
export function warnOfLeftover({ name, url, expires }: Unsettled, { byHand }: Pick<Provider, "byHand">): void {
  const end = expires === undefined ? "" : ` It ends by itself at ${utc(new Date(expires * 1000))}.`;
  warning(
    `A key named ${name} may be left at ${new URL(url).host}: it was asked for, and could not be looked for and deleted. Remove it by hand: ${byHand}.${end}`,
    "A key may be left",
  );
}
