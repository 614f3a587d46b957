/** What a run against a stand-in printed, as it would look at the service itself. */

/** The time that every run seems to have been at. */
const TIME = "2026-11-27T09:30:00Z";

/** @param url the stand-in's address, whose host becomes `host` */
export function asSeenAt(text: string, url: string, host: string): string {
  return text
    .replaceAll(new URL(url).host, host)
    .replace(/in (\d+) min 5\d s/g, (_, minutes: string) =>
      minutes === "59" ? "in 1 h" : `in ${Number(minutes) + 1} min`,
    )
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, TIME);
}
