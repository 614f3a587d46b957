/** ISO 8601 in UTC with whole seconds, as the output `expires-at` has it. */
export function utc(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Whole seconds from now until then; 0 where it is past. */
export function secondsUntil(date: Date, now = Date.now()): number {
  return Math.max(0, Math.floor((date.getTime() - now) / 1000));
}

/** When a credential expires, for people: `in 9 h 59 min, at 2026-11-22T16:20:04Z`. */
export function lifetime(expiresAt: Date | undefined, now = Date.now()): string {
  if (expiresAt === undefined) return "no expiry known";
  return `in ${span(secondsUntil(expiresAt, now))}, at ${utc(expiresAt)}`;
}

/** The two largest units, rounded to the smaller of them; a day is told in hours. */
export function span(seconds: number): string {
  const rounded = seconds < 3600 ? seconds : Math.round(seconds / 60) * 60;
  const days = rounded < 172_800 ? 0 : Math.floor(rounded / 86_400);
  const rest = rounded - days * 86_400;
  const units: readonly [number, string][] = [
    [days, "d"],
    [Math.floor(rest / 3600), "h"],
    [Math.floor((rest % 3600) / 60), "min"],
    [rest % 60, "s"],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** Seconds since the epoch, in UTC. */
export function epochSeconds(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : Math.floor(date.getTime() / 1000);
}
