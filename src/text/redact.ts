import { addEscapes } from "./escapes.ts";
import { exactly, type Label, loosely, oneLine } from "./fold.ts";
import { formsOf, SHORTEST_DISGUISED, shownForms } from "./forms.ts";
import { type Budget, plainReading, type Reading } from "./reading.ts";
import { BASE64, HEXADECIMAL, regroup } from "./regroup.ts";
import { type Span, search, type Wanted, wanted } from "./search.ts";

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
  const spans = findAll(head, looked, isCut ? end : undefined);
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

/** What is looked for, each part made ready when it is first used: most runs print nothing but lines of their own. */
interface Looked {
  /** Of how many secrets it was made. */
  readonly size: number;
  shown(): Wanted;
  disguised(): Disguised;
}

interface Disguised {
  readonly plain: Wanted;
  readonly exact: Wanted;
  readonly loose: Wanted;
  isUsed(byte: number): boolean;
}

/** A set of secrets only ever grows, so what was made of it stays right as long as it has its size. */
const KNOWN = new WeakMap<Iterable<string>, Looked>();

function lookedFor(secrets: Iterable<string>): Looked {
  const size = secrets instanceof Set ? secrets.size : -1;
  const known = KNOWN.get(secrets);
  if (known !== undefined && known.size === size) return known;
  const looked: Looked = {
    size,
    shown: once(() => wanted(shownForms(secrets, LOOKED_AT_CHARACTERS + 1))),
    disguised: once(() => {
      const forms = formsOf(secrets, LOOKED_AT_CHARACTERS + 1);
      return {
        plain: wanted(forms.plain),
        exact: wanted(forms.exact),
        loose: wanted(forms.loose),
        isUsed: (byte) => isPlain(byte) || forms.bytes.has(byte),
      };
    }),
  };
  if (size >= 0) KNOWN.set(secrets, looked);
  return looked;
}

function once<Made>(make: () => Made): () => Made {
  let made: Made | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** What a secret in ASCII or a further encoding is made of, the NUL of UTF-16 and the start of a colour. */
function isPlain(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0 || byte === 0x1b || (byte >= 9 && byte <= 13);
}

/** Every place of every secret; undefined where the text is too costly to read. */
function findAll(text: string, looked: Looked, cut: number | undefined): Span[] | undefined {
  const { plain, exact, loose, isUsed } = looked.disguised();
  const budget: Budget = { left: MOST_STEPS };
  const spans: Span[] = [];
  const look = (reading: Reading, sought: Wanted, label: Label) => {
    if (sought.depth.length === 1) return;
    for (const span of search(reading, sought, label, budget, cut)) spans.push(span);
  };
  const explore = (reading: Reading, layer: number): void => {
    addEscapes(reading, budget);
    look(reading, exact, exactly);
    look(reading, loose, loosely);
    if (layer === LAYERS || budget.left < 0) return;
    for (const grouping of [BASE64, HEXADECIMAL]) {
      const inside = regroup(reading, grouping, { shortest: SHORTEST_DISGUISED, isUsed }, budget);
      if (inside.length > 0) explore(inside, layer + 1);
    }
  };
  const reading = plainReading(text);
  look(reading, plain, exactly);
  explore(reading, 0);
  return budget.left < 0 ? undefined : spans;
}

/** Every place where a secret stands as it is. */
function findShown(line: string, { shown }: Looked): Span[] {
  return search(plainReading(line), shown(), exactly, { left: Number.POSITIVE_INFINITY });
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
