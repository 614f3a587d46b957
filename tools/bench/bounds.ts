/** What a run may cost: the one place for the bounds that `npm run bench` prints and that a test holds. */

/** At most so many times the floor it must take, and should take. */
export interface Target {
  readonly must: number;
  readonly aim: number;
}

/** Times are too noisy for a gate: these are printed beside what was measured. */
export const TIMES = {
  exchange: { must: 1.4, aim: 1.15 },
  proxy: { must: 1.5, aim: 1.25 },
  oauth2: { must: 1.5, aim: 1.25 },
  idle: { must: 1.5, aim: 1.25 },
  revocation: { must: 1.4, aim: 1.15 },
} satisfies Readonly<Record<string, Target>>;

/** Peak memory of exchange and probe, against an empty Node. */
export const MEMORY: Target = { must: 1.4, aim: 1.2 };

/** Bytes of JavaScript in `dist/`, and of what a runner downloads. */
export const JAVASCRIPT: Target = { must: 185_000, aim: 150_000 };
export const DOWNLOAD: Target = { must: 75_000, aim: 60_000 };

/** A cancellation is a signal to listen for. */
const SIGNALS = 1;
/** The toolkit ends its lines as the system does: the module and its binding. */
const LINE_ENDS = 2;
/** What stands under a log that is a pipe: streams. */
const STREAMS = 19;
/** The name alone: all that `http` loads is in `https` already. */
const HTTP = 1;
/** A log that is a pipe, which an empty Node never opens: sockets and their bindings. */
const LOG = 9;
/**
 * Most parts of Node that a run loads beyond its floor (`process.moduleLoadList`): exact where times are not, so a test fails
 * above it. What most floors load themselves for the same requests is free here.
 */
export const PARTS: Readonly<Record<keyof typeof TIMES, number>> = {
  exchange: SIGNALS + HTTP,
  proxy: SIGNALS,
  oauth2: SIGNALS + HTTP,
  idle: LOG + STREAMS,
  revocation: SIGNALS + HTTP + LINE_ENDS,
};

/** Most modules of the bundle that any of these runs evaluates: what only another service needs is none of them. */
export const MODULES = 4;
