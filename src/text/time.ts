/** ISO 8601 in UTC with whole seconds, as the output `expires-at` has it. */
export function utc(date: Date): string {
  return `${date.toISOString().slice(0, -".000Z".length)}Z`;
}

/** Whole seconds from now until then; 0 where it is past. */
export function secondsUntil(date: Date, now = Date.now()): number {
  return Math.max(0, Math.floor((date.getTime() - now) / 1000));
}

/** When a credential expires, for people: `in 9 h 59 min, at 2026-11-22T16:20:04Z`. */
export function lifetime(expiresAt: Date | undefined, now = Date.now()): string {
  return expiresAt === undefined ? "no expiry known" : `in ${span(secondsUntil(expiresAt, now))}, at ${utc(expiresAt)}`;
}

/** Two units, the second rounded; a day is told in hours. */
export function span(seconds: number): string {
  const [large, unit, small, smaller] =
    seconds < 3600 ? [60, "min", 1, "s"] : seconds < 172_800 ? [3600, "h", 60, "min"] : [86_400, "d", 3600, "h"];
  const total = Math.round(seconds / small) * small;
  const counts: readonly [number, string][] = [
    [Math.floor(total / large), unit],
    [(total % large) / small, smaller],
  ];
  const shown = counts.filter(([count]) => count > 0);
  return shown.map(([count, name]) => `${count} ${name}`).join(" ") || "0 s";
}

/** Seconds since the epoch, in UTC. */
export function epochSeconds(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : Math.floor(date.getTime() / 1000);
}
