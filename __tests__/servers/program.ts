import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/** A server that is a program of its own. */
export interface Program {
  readonly process: ChildProcessWithoutNullStreams;
  /** Ends it, and waits until it has ended. */
  stop(): Promise<void>;
}

/** How often a server is started whose port another process was faster to take. */
const TRIES = 3;

/** Milliseconds after which a server that says nothing is given up, however busy the machine is. */
const GIVEN_UP = 300_000;

/**
 * Starts a server on a free port of 127.0.0.1, and waits for the line of its log that says that it listens.
 * @throws {Error} with all that it printed where it ended before
 */
export async function startProgram(
  port: number,
  command: readonly [program: string, ...parameters: string[]],
  listens: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const [program, ...parameters] = command;
  const child = spawn(program, parameters, { env: { PATH: process.env.PATH, ...env } });
  const printed: string[] = [];
  const listening = new Promise<true>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      // Read to the end, so that the program never waits for a reader.
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        if (listens.test(line)) resolve(true);
      });
    }
  });
  const ended = once(child, "exit").then(() => false as const);
  const limit = setTimeout(() => child.kill("SIGKILL"), GIVEN_UP);
  if (!(await Promise.race([listening, ended]))) {
    throw new Error(`${program} on port ${port} ended: ${printed.slice(-20).join("\n")}`);
  }
  clearTimeout(limit);
  return {
    process: child,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Starts what has to be told its port, and does so again where the port was taken in between. */
export async function onFreePort<Started>(start: (port: number) => Promise<Started>): Promise<Started> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
