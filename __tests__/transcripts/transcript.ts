import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { IdTokens } from "../../sandbox/runner/id-token.ts";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import type { RecordedRequest, Service } from "../../sandbox/services/index.ts";
import { runAction } from "../kit/support.ts";
import { isFormOf, type Names, nameOfMask, namesOf, shown } from "./names.ts";

/** A step to tell of. */
export interface Played {
  readonly title: string;
  readonly service: Service;
  /** What the step is given beside the account, the URL of the service and its wish for a summary. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The inputs that authenticate. */
  readonly account: Readonly<Record<string, string>>;
  readonly idTokens: IdTokens;
  /** A script in the action's process that changes what it does, for a proof that a change is seen. */
  readonly change?: string;
}

type Entry = readonly [kind: string, text: string];

/** Who hears a request, and those that have not been told of yet. */
interface Listener {
  readonly who: string;
  readonly requests: RecordedRequest[];
}

/** Plays a step, main then post, and tells in order what the runner and the service hear, without what differs by run. */
export async function transcript(played: Played): Promise<string> {
  const { title, service, inputs, account, idTokens, change = "" } = played;
  const folder = mkdtempSync(join(tmpdir(), "transcript-"));
  const file = join(folder, "journal");
  const asked = idTokens.requests.length;
  try {
    let ofMain = 0;
    const { main, post } = await runAction(
      { url: service.url, summary: "true", ...inputs, ...account },
      {
        env: variables(file, change),
        idTokens,
        workspace: process.cwd(),
        between: () => {
          ofMain = entries(file).length;
        },
      },
    );
    const listeners = [
      { who: "service", requests: [...service.requests] },
      { who: "GitHub", requests: idTokens.requests.slice(asked) },
    ];
    const requests = listeners.flatMap((listener) => listener.requests);
    const journal = readFileSync(file, "utf8");
    const names = namesOf({ url: service.url, account, outputs: main.outputs, requests, idTokens, journal });
    const all = entries(file);
    return [
      `# ${title}`,
      ...["", "## main", "", ...stage(all.slice(0, ofMain), main, listeners, names)],
      ...["", "## post", "", ...stage(all.slice(ofMain), post, listeners, names)],
      "",
    ].join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function variables(file: string, change: string): Record<string, string> {
  const journal = pathToFileURL(join(import.meta.dirname, "../kit/journal.ts")).href;
  const changing = `data:text/javascript,${encodeURIComponent(change)}`;
  return {
    NODE_OPTIONS: `--import ${journal} --import=${changing} --disable-warning=ExperimentalWarning`,
    JOURNAL: file,
  };
}

function entries(file: string): Entry[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
}

function stage(
  entries: readonly Entry[],
  result: StageResult | undefined,
  listeners: readonly Listener[],
  names: Names,
): string[] {
  const lines: string[] = [];
  let secret = "";
  for (const [kind, text] of entries) {
    const mask = kind === "log" ? /^::add-mask::(.*)$/.exec(text)?.[1] : undefined;
    if (mask === undefined) secret = "";
    if (mask !== undefined) secret = addMask(lines, secret, unescaped(mask), names);
    else if (kind === "request") lines.push(...sent(text, listeners, names));
    else if (kind === "log") lines.push(logged(text, names));
    else if (kind === "summary") lines.push(...summary(text, names));
    else lines.push(written(kind, text, names));
  }
  return [...lines, `runner: ${result?.outcome}`];
}

const AND_FORMS = ", and other forms of it";

/** How many other forms a secret has depends on its characters, so they are told of together. */
function addMask(lines: string[], secret: string, mask: string, names: Names): string {
  if (isFormOf(secret, mask)) {
    if (!lines.at(-1)?.endsWith(AND_FORMS)) lines.push(`${lines.pop()}${AND_FORMS}`);
    return secret;
  }
  lines.push(`runner: mask ${nameOfMask(mask, names)}`);
  return mask;
}

function unescaped(data: string): string {
  return data.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}

function logged(line: string, names: Names): string {
  const [, type, title, message = ""] = /^::(\w+)(?: title=(.*?))?::(.*)$/.exec(line) ?? [];
  if (type === undefined) return `runner: log ${shown(line, names)}`;
  return `runner: ${type} ${shown(`${title === undefined ? "" : `${title}: `}${unescaped(message)}`, names)}`;
}

function written(kind: string, text: string, names: Names): string {
  const [, name = "", value = ""] = /^(.*?)<<ghadelimiter_[\w-]+\r?\n([\s\S]*)\r?\nghadelimiter_/.exec(text) ?? [];
  return `runner: ${kind} ${name}=${shown(value, names)}`;
}

/** A row of the table a line. */
function summary(text: string, names: Names): string[] {
  return text
    .split(/\n+|(?=<tr>)/)
    .filter(Boolean)
    .map((line) => `runner: summary ${shown(line, names)}`);
}

/** What every request has: the target and the connection, and who is calling. */
const EVERYWHERE = ["host", "connection", "user-agent", "accept-encoding"];

/** A request as it was heard; a header that all should have is told of where it is missing. */
function sent(started: string, listeners: readonly Listener[], names: Names): string[] {
  const listener = listeners.find(({ requests: [next] }) => `${next?.method} ${next?.path}` === started);
  const request = listener?.requests.shift();
  if (listener === undefined || request === undefined) return [`nobody: ${shown(started, names)}`];
  const { method, path, headers, body } = request;
  const usual = [...EVERYWHERE, ...(body === "" ? [] : ["content-length"])];
  const own = Object.entries(headers).filter(([name]) => !usual.includes(name));
  const lines = [
    ...usual.filter((name) => headers[name] === undefined).map((name) => `without ${name}`),
    ...own.map(([name, value]) => `${name}: ${shown(value, names)}`),
    ...shape(headers["content-type"] ?? "", body, names),
  ];
  return [`${listener.who}: ${method} ${shown(path, names)}`, ...lines.map((line) => `${listener.who}:   ${line}`)];
}

/** The fields of a body, one a line. */
function shape(type: string, body: string, names: Names): string[] {
  if (body === "") return [];
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return [...new URLSearchParams(body)].map(([name, value]) => `form ${name} = ${shown(value, names)}`);
  }
  if (!type.startsWith("application/json")) return [`body ${shown(body, names)}`];
  const json: Record<string, unknown> = JSON.parse(body);
  return Object.entries(json).map(([name, value]) => `json ${name} = ${shown(JSON.stringify(value), names)}`);
}
