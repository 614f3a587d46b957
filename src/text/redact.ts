import { bytesIn } from "./bytes.ts";
import { addEscapes } from "./escapes.ts";
import { exactly, folded, loosely, oneLine } from "./fold.ts";
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
const MOST_STEPS = 400_000;

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
  const looked = lookedFor(secrets);
  const spans = within(MOST_STEPS, () => findAll(head, looked, isCut ? end : undefined));
  if (spans === undefined) return WITHHELD;
  return shorten(finished(oneLine(cutOut(head, spans, end)), looked), limit);
}

/** A line of this action's own words, in which no encoding of a secret can stand: it is looked for as it is. */
export function ownLine(text: string, secrets: Iterable<string>): string {
  const line = oneLine(text);
  const looked = lookedFor(secrets);
  return finished(cutOut(line, findShown(line, looked), line.length), looked);
}

/** The line without commands, unless what was cut or replaced has made a secret of what is left. */
function finished(redacted: string, looked: Looked): string {
  const line = withoutCommands(redacted);
  return findShown(line, looked).length > 0 ? WITHHELD : line;
}

/** What is looked for. */
interface Looked {
  /** Of how many secrets it was made. */
  readonly size: number;
  /** All secrets as they are. */
  readonly shown: Tree;
  disguised(): Disguised;
}

interface Disguised {
  readonly exact: Tree;
  readonly loose: Tree;
}

/** A set of secrets only ever grows, so what was made of it stays right as long as it has its size. */
const KNOWN = new WeakMap<Iterable<string>, Looked>();

function lookedFor(secrets: Iterable<string>): Looked {
  const known = KNOWN.get(secrets);
  if (known !== undefined && secrets instanceof Set && known.size === secrets.size) return known;
  // One character more than a text has stands for all the others that a secret has.
  const all = Array.from(secrets, (secret) => secret.slice(0, LOOKED_AT_CHARACTERS + 1));
  const shown = tree(new Set(all.map((secret) => folded(secret, exactly))));
  // Most runs print nothing but lines of their own, in which no disguise is looked for.
  let disguised: Disguised | undefined;
  const looked = { size: all.length, shown, disguised: () => (disguised ??= disguisedOf(all)) };
  KNOWN.set(secrets, looked);
  return looked;
}

function disguisedOf(secrets: readonly string[]): Disguised {
  const { exact, loose } = formsOf(secrets);
  return { exact: tree(exact), loose: tree(loose) };
}

/** Every place of every secret. */
function findAll(text: string, { shown, disguised }: Looked, cut: number | undefined): Span[] {
  const { exact, loose } = disguised();
  let reading = plainReading(text);
  let spans = search(reading, shown, exactly, cut);
  for (let layer = 0; ; layer++) {
    addEscapes(reading);
    spans = spans.concat(search(reading, exact, exactly, cut), search(reading, loose, loosely, cut));
    if (layer === LAYERS) return spans;
    reading = bytesIn(reading, SHORTEST_DISGUISED);
  }
}

/** Every place where a secret stands as it is. */
function findShown(line: string, { shown }: Looked): Span[] {
  return search(plainReading(line), shown, exactly);
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
  return line.replace(/##(?=\[)/g, "## ").replace(/^::/, ": :");
}

function shorten(line: string, limit: number): string {
  if (line.length <= limit) return line;
  return `${line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
