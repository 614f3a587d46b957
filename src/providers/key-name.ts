import { createHash, randomBytes } from "node:crypto";
import type { Run } from "./provider.ts";

/** Keys of a run that was killed are taken for leftovers after this long, in milliseconds: six days. */
const LEFTOVER_AGE = 6 * 24 * 3600 * 1000;

/** Names a key after the job that creates it: at most 40 characters, all of them safe in every service. */
export function keyName(run: Run): string {
  return `ate-${jobHash(run)}-${run.id}-${run.attempt}-${randomBytes(3).toString("hex")}`;
}

/** Whether a key is one that an earlier run of this very job left behind: name, other run and age all have to fit. */
export function isLeftover(name: string, createdAt: string, run: Run, now = Date.now()): boolean {
  const [, hash, id] = /^ate-([0-9a-f]{8})-(\d+)-\d+-[0-9a-f]{6}$/.exec(name) ?? [];
  if (hash !== jobHash(run) || id === run.id) return false;
  // `Date.parse` finds a date in nearly any text with a number in it.
  if (!/^\d{4}-\d\d-\d\dT/.test(createdAt)) return false;
  return now - Date.parse(createdAt) > LEFTOVER_AGE;
}

function jobHash({ server, repository, workflow, job }: Run): string {
  return createHash("sha256").update([server, repository, workflow, job].join("\n")).digest("hex").slice(0, 8);
}
