import { createHash, randomBytes } from "node:crypto";
import type { Run } from "../provider.ts";

/** Keys of a run that was killed are taken for leftovers after this long, in milliseconds: six days. */
const LEFTOVER_AGE = 6 * 24 * 3600 * 1000;

/** A number below is no time in milliseconds since the epoch: ReportPortal is younger than 2001. */
const EARLIEST_MILLISECONDS = 1e12;

/** Names a key after the job that creates it: at most 40 characters, all of them safe in every service. */
export function keyName(run: Run): string {
  return `ate-${jobHash(run)}-${run.id}-${run.attempt}-${randomBytes(3).toString("hex")}`;
}

/**
 * Whether a key is one that an earlier run of this very job left behind: name, other run and age all have to fit.
 * @param createdAt ISO 8601, or a number of milliseconds since the epoch; with anything else the key is let be
 */
export function isLeftover(name: string, createdAt: unknown, run: Run, now = Date.now()): boolean {
  const [, hash, id] = /^ate-([0-9a-f]{8})-(\d+)-\d+-[0-9a-f]{6}$/.exec(name) ?? [];
  if (hash !== jobHash(run) || id === run.id) return false;
  const created = milliseconds(createdAt);
  return created >= EARLIEST_MILLISECONDS && now - created > LEFTOVER_AGE;
}

function milliseconds(createdAt: unknown): number {
  if (typeof createdAt === "number") return createdAt;
  // `Date.parse` finds a date in nearly any text with a number in it.
  return typeof createdAt === "string" && /^\d{4}-\d\d-\d\dT/.test(createdAt) ? Date.parse(createdAt) : Number.NaN;
}

function jobHash({ server, repository, workflow, job }: Run): string {
  return createHash("sha256").update([server, repository, workflow, job].join("\n")).digest("hex").slice(0, 8);
}
