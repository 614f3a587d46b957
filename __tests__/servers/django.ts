import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { Pair } from "./pair.ts";
import { type Recorder, startRecorder } from "./recorder.ts";

/** Debian's Python, which has the packages where they are installed; others on the machine do not. */
export const PYTHON = "/usr/bin/python3";

/** Whether Debian's packages are here. */
export const hasDjango = spawnSync(PYTHON, ["-c", "import oauth2_provider.apps, rest_framework.apps"]).status === 0;

/** django-oauth-toolkit, which QA's answers are those of, with an API of Django REST framework. */
export interface Django extends Recorder {
  readonly client: Pair;
  /** A client that was made for the password grant. */
  readonly otherGrant: Pair;
  readonly user: Pair;
  changeSecret(secret: string): Promise<void>;
  /** What the server's own database says of an access token. */
  isAlive(token: string): boolean;
}

interface Told {
  readonly port: number;
  readonly clients: Readonly<Record<string, Pair>>;
  readonly user: Pair;
}

/** Starts a server with two clients and a user; with `openid` it has metadata, below `/oauth2`. */
export async function startDjango(...features: readonly "openid"[]): Promise<Django> {
  const folder = mkdtempSync(join(tmpdir(), "django-"));
  const child = spawn(PYTHON, [join(import.meta.dirname, "django-server.py"), folder, ...features]);
  const problems: string[] = [];
  child.stderr.on("data", (data) => problems.push(String(data)));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit");
  const first = await Promise.race([once(lines, "line"), ended]);
  if (typeof first[0] !== "string") throw new Error(`the server ended: ${problems.join("")}`);
  const { port, clients, user }: Told = JSON.parse(first[0]);
  const { "client-credentials": client, password: otherGrant } = clients;
  if (client === undefined || otherGrant === undefined) throw new Error("the server has no clients");
  const database = new DatabaseSync(join(folder, "db.sqlite3"), { readOnly: true });
  const recorder = await startRecorder();
  recorder.lead(port);
  return {
    ...recorder,
    client,
    otherGrant,
    user,
    async changeSecret(secret) {
      child.stdin.write(`${JSON.stringify({ id: client.id, secret })}\n`);
      await once(lines, "line");
    },
    isAlive: (token) =>
      database.prepare("SELECT 1 FROM oauth2_provider_accesstoken WHERE token = ?").get(token) !== undefined,
    async stop() {
      child.stdin.end();
      await ended;
      await recorder.stop();
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
