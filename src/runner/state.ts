import { getState, saveState } from "@actions/core";
import * as z from "zod/mini";
import { type Parsed, parseJson, read, schema } from "../read.ts";

/** The only key that post reads. */
const KEY = "revocation";
const NONE = "none";

/** What main leaves for post, and nothing that post does not need. */
const Left = schema(() =>
  z.discriminatedUnion("kind", [
    /** There is something to take back. */
    z.object({
      kind: z.literal("revocable"),
      provider: z.string(),
      url: z.string(),
      handle: z.catchall(z.object({ secret: z.string() }), z.string()),
      /** Seconds since the epoch, in UTC. */
      expires: z.optional(z.number()),
      timeout: z.number(),
      retries: z.number(),
      caCertificate: z.string(),
      allowHttp: z.boolean(),
    }),
    /** A key of this name may exist, and nobody holds what it takes to delete it. */
    z.object({
      kind: z.literal("unsettled"),
      provider: z.string(),
      url: z.string(),
      name: z.string(),
      expires: z.optional(z.number()),
    }),
    /** The service offers no revocation. */
    z.object({ kind: z.literal("expires"), provider: z.string(), expires: z.optional(z.number()) }),
    /** It could be taken back, but `revoke: false` says not to. */
    z.object({ kind: z.literal("kept"), provider: z.string(), expires: z.optional(z.number()) }),
  ]),
);
export type Left = Parsed<typeof Left>;

/**
 * Saves that there is nothing to take back. As main's first act it keeps later steps from putting a state of their own
 * into post's environment: the runner lays what main saved over it.
 */
export function forget(): void {
  saveState(KEY, NONE);
}

/** Saves what post has to know; the last one counts. */
export function leave(left: Left): void {
  saveState(KEY, JSON.stringify(left));
}

/** Saves what there is to know when the process ends, also where a signal ends it. */
export function leaveAtExit(current: () => Left | undefined): void {
  process.once("exit", () => {
    const left = current();
    if (left !== undefined) leave(left);
  });
}

/** What main left: undefined for nothing, `broken` for what main cannot have written. */
export function readLeft(): Left | undefined | "broken" {
  const state = getState(KEY);
  if (state === NONE || state === "") return undefined;
  return read(Left, parseJson(state)) ?? "broken";
}
