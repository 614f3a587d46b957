import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The report: one file for each chapter, since the tests that see them run beside each other. */
const FOLDER = "coverage/reliability";

/** The chapters in their order, each with what its table is about. */
const CHAPTERS = {
  exchange: {
    title: "Faults at the exchange",
    about: `A password that may have reached the service goes out once more, a client secret as often as \`retries\` says.
ReportPortal has two places for its token endpoint, so it is asked twice where the first is no such place.`,
  },
  connections: {
    title: "Faults on the connection",
    about: "What a port does from the first byte on, before any request is read.",
  },
  tokens: { title: "Tokens that are none", about: "What the service gives in the place of a token." },
  probe: {
    title: "Faults at the probe",
    about: `A probe is sent again once. Inconclusive without a warning is a missing permission; inconclusive with one is a fault.
With \`probe: strict\` the step fails with the fault's own code.`,
  },
  revocation: {
    title: "Faults at the revocation",
    about: `Post exits with 0, whatever happens. "ReportPortal key" and "Tuleap key" are the keys that live for one run.`,
  },
  retries: {
    title: "Retries",
    about: `Waits are checked with chance under control: any part of 0.5 s, 1 s, 2 s … 10 s, and never less than a \`Retry-After\`.
A creation whose answer is lost is never sent again: its key is looked for by name and deleted, and one more is made under
another name.`,
  },
  tls: {
    title: "TLS",
    about: "With certificates made for the test. `NODE_TLS_REJECT_UNAUTHORIZED=0` changes no row.",
  },
  proxies: {
    title: "Proxies",
    about: "With `proxy-chain` as the proxy that works, and bare sockets as those that do not.",
  },
  cancel: { title: "Cancelled jobs", about: "What a signal leaves, by what the step was about when it came." },
  properties: { title: "Properties", about: "With generated cases (`fast-check`, fixed seed)." },
} as const;

/** Writes what this run has seen into the report. What it should see is for the test to say. */
export function writeChapter(chapter: keyof typeof CHAPTERS, lines: readonly string[]): void {
  const { title, about } = CHAPTERS[chapter];
  const number = String(Object.keys(CHAPTERS).indexOf(chapter) + 1).padStart(2, "0");
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${number}-${chapter}.md`), `## ${title}\n\n${about}\n\n${lines.join("\n")}\n\n`);
}

/** A Markdown table; a cell holds plain text. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)];
}

/** One text where all are the same, else each with whose it is. */
export function together(cells: readonly (readonly [whose: string, text: string])[]): string {
  const texts = new Map<string, string[]>();
  for (const [whose, text] of cells) texts.set(text, [...(texts.get(text) ?? []), whose]);
  if (texts.size === 1) return cells[0]?.[1] ?? "";
  return [...texts].map(([text, whose]) => `${text} (${whose.join(", ")})`).join("; ");
}
