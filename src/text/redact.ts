import { bytesIn } from "./bytes.ts";
import { addEscapes } from "./escapes.ts";
import { BLANK, exactly, folded, isAscii, loosely, oneLine } from "./fold.ts";
import { formsOf, SHORTEST_DISGUISED } from "./forms.ts";
import { plainReading, within } from "./reading.ts";
import { type Span, search } from "./search.ts";
import { type Tree, tree } from "./tree.ts";

/** Longest piece of text from outside that is ever shown, in characters. */
export const SHOWN_CHARACTERS = 200;

/** How much of a long text is looked at: far more than is shown, far less than a full answer. */
const LOOKED_AT_CHARACTERS = 4_096;

/** What is left out before the end of what is looked at: more than one character takes in layers of escapes. */
const CUT_CHARACTERS = 512;

/** So many times one encoding of bytes may be inside of another. */
const LAYERS = 4;

/** Steps that a text may take, some tens of milliseconds: several times what any text takes that is not made to be costly. */
const MOST_STEPS = 300_000;

const REDACTED = "***";

/** What stands for a text that cannot be shown without a secret, or not be read to its end. */
const WITHHELD = "(not shown, since it may repeat a secret in disguise)";

/**
 * Makes text from outside (bodies, reason phrases, headers, claims, names) fit to print or store: one line, no control,
 * format or bidirectional characters, unable to start a workflow command, every secret in every encoding that
 * `docs/security.md` names replaced, at most `limit` characters. The time it takes is bounded, whoever chose text and secrets.
 */
export function fromOutside(text: string, secrets: Iterable<string>, limit = SHOWN_CHARACTERS): string {
  const head = text.slice(0, LOOKED_AT_CHARACTERS);
  const isCut = head.length < text.length;
  const end = isCut ? LOOKED_AT_CHARACTERS - CUT_CHARACTERS : head.length;
  const spans = within(MOST_STEPS, () => findAll(head, secrets, isCut ? end : undefined));
  if (spans === undefined) return WITHHELD;
  return shorten(finished(oneLine(cutOut(head, spans, end)), secrets), limit);
}

/** A line of this action's own words, in which no encoding of a secret can stand: it is looked for as it is. */
export function ownLine(text: string, secrets: Iterable<string>): string {
  const line = oneLine(text);
  return finished(cutOut(line, findShown(line, secrets), line.length), secrets);
}

/** The line without commands, unless what was cut or replaced has made a secret of what is left. */
function finished(redacted: string, secrets: Iterable<string>): string {
  const line = withoutCommands(redacted);
  return findShown(line, secrets).length > 0 ? WITHHELD : line;
}

/** All secrets as they are; what is nothing but blanks is in every text. */
const shown = remembered((secrets) => {
  const texts = secrets.map((secret) => folded(secret, exactly)).filter((text) => text !== "");
  let all: Tree | undefined;
  return {
    texts,
    all() {
      all ??= tree(texts);
      return all;
    },
  };
});

/** Most runs print nothing but lines of their own, in which no disguise is looked for. */
const disguised = remembered((secrets) => {
  const { exact, loose } = formsOf(secrets);
  return { exact: tree(exact), loose: tree(loose) };
});

/** Makes something of secrets once: a set of them only ever grows, so it stays right as long as the set has its size. */
function remembered<Made>(make: (secrets: string[]) => Made): (secrets: Iterable<string>) => Made {
  const known = new WeakMap<Iterable<string>, { size: number; made: Made }>();
  return (secrets) => {
    const last = known.get(secrets);
    if (last !== undefined && secrets instanceof Set && last.size === secrets.size) return last.made;
    // One character more than a text has stands for all the others that a secret has.
    const all = Array.from(secrets, (secret) => secret.slice(0, LOOKED_AT_CHARACTERS + 1));
    const made = make(all);
    known.set(secrets, { size: all.length, made });
    return made;
  };
}

/** Every place of every secret. */
function findAll(text: string, secrets: Iterable<string>, cut?: number): Span[] {
  const { exact, loose } = disguised(secrets);
  let reading = plainReading(text);
  let spans = search(reading, shown(secrets).all(), exactly, cut);
  for (let layer = 0; ; layer++) {
    addEscapes(reading);
    spans = spans.concat(search(reading, exact, exactly, cut), search(reading, loose, loosely, cut));
    if (layer === LAYERS) return spans;
    reading = bytesIn(reading, SHORTEST_DISGUISED);
  }
}

/** Every place where a secret stands as it is. */
function findShown(line: string, secrets: Iterable<string>): Span[] {
  const { texts, all } = shown(secrets);
  // In a line of ASCII without a run of blanks each character is read as itself, so a secret is there as it is or not at all.
  const isPlain = isAscii(line) && !line.includes(BLANK + BLANK);
  if (isPlain && !texts.some((text) => line.includes(text))) return [];
  return search(plainReading(line), all(), exactly);
}

/** The text up to its end with each stretch of spans as one mark. */
function cutOut(text: string, spans: Span[], end: number): string {
  let shown = "";
  let at = 0;
  let covered = -1;
  for (const [start, stop] of spans.sort((a, b) => a[0] - b[0])) {
    if (start >= end) break;
    if (start > covered) shown += text.slice(at, start) + REDACTED;
    covered = Math.max(covered, stop);
    at = Math.max(at, stop);
  }
  return shown + text.slice(at, Math.max(at, end));
}

/** The runner finds `##[command]` anywhere in a line, and `::command::` at its start. */
function withoutCommands(line: string): string {
  const withBlank = line.replaceAll("##[", "## [");
  return withBlank.startsWith("::") ? `: ${withBlank.slice(1)}` : withBlank;
}

function shorten(line: string, limit: number): string {
  if (line.length <= limit) return line;
  return `${line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
