import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { IdTokens } from "../../sandbox/id-token.ts";
import type { StageResult } from "../../sandbox/runner.ts";
import type { RecordedRequest, Service } from "../../sandbox/services/index.ts";
import { runAction } from "../support.ts";

/** What one method of a provider is run with. */
export interface Played {
  readonly provider: string;
  readonly method: string;
  readonly service: Service;
  readonly idTokens: IdTokens;
  /** A script in the action's process that changes what it does, for a proof that a change is seen. */
  readonly change?: string;
}

type Entry = readonly [kind: string, text: string];
/** Texts that differ from run to run, each with what is shown in its place, the longest first. */
type Names = readonly (readonly [text: string, name: string])[];

/** Plays a method, main then post, and tells in order what the runner and the service hear, without what differs by run. */
export async function transcript({ provider, method, service, idTokens, change = "" }: Played): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "transcript-"));
  const journal = pathToFileURL(join(import.meta.dirname, "..", "journal.ts")).href;
  const file = join(folder, "journal");
  const account = service.accounts[method]?.inputs ?? {};
  const before = service.requests.length;
  const told: { main?: readonly Entry[]; post?: readonly Entry[] } = {};
  try {
    const changing = `data:text/javascript,${encodeURIComponent(change)}`;
    const variables = {
      NODE_OPTIONS: `--import ${journal} --import=${changing} --disable-warning=ExperimentalWarning`,
      JOURNAL: file,
    };
    let ofMain = 0;
    const result = await runAction(
      { provider, method, url: service.url, ...account, summary: "true" },
      {
        env: variables,
        idTokens,
        between: () => {
          told.main = entries(file);
          ofMain = told.main.length;
        },
      },
    );
    told.post = entries(file).slice(ofMain);
    const requests = [...service.requests.slice(before)];
    const names = namesOf(result.main, account, service, idTokens);
    const lines = (stage: readonly Entry[] = []) =>
      stage
        .flatMap((entry) => heard(entry, requests, names))
        // How many other forms a secret has depends on its characters.
        .filter((line, index, all) => line !== OTHER_FORMS || all[index - 1] !== OTHER_FORMS)
        .join("\n");
    return `# ${provider}, ${method}\n\n## main\n\n${lines(told.main)}\n\n## post\n\n${lines(told.post)}\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function entries(file: string): Entry[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry);
}

/** What differs from run to run, with the name of what it is. */
function namesOf(
  { outputs }: StageResult,
  account: Readonly<Record<string, string>>,
  service: Service,
  idTokens: IdTokens,
): Names {
  const headers: Record<string, string> = JSON.parse(outputs.headers || "{}");
  const named: [string | undefined, string][] = [
    [service.url, "<url>"],
    [new URL(service.url).host, "<host>"],
    [idTokens.url, "<id-tokens>"],
    [new URL(idTokens.url).host, "<id-tokens host>"],
    ...Object.entries(account).map(([name, value]): [string, string] => [value, `<${name}>`]),
    [pair(account.username, account.password), "<username:password>"],
    [pair(account["client-id"], account["client-secret"]), "<client-id:client-secret>"],
    [pair(account.token, ""), "<token:>"],
    [outputs.token, "<minted token>"],
    ...Object.entries(headers).map(([name, value]): [string, string] => [
      value.replace(/^[A-Za-z]+ /, ""),
      `<${name}>`,
    ]),
    [outputs["expires-at"], "<expiry>"],
    [outputs["user-id"], "<user-id>"],
  ];
  return named
    .flatMap(([text, name]) => (text !== undefined && text.length > 2 ? [[text, name] as const] : []))
    .sort(([one], [other]) => other.length - one.length);
}

function pair(user: string | undefined, secret: string | undefined): string | undefined {
  return user && secret !== undefined ? Buffer.from(`${user}:${secret}`).toString("base64") : undefined;
}

/** One line, or a few, for what left the process. */
function heard([kind, text]: Entry, requests: RecordedRequest[], names: Names): string[] {
  if (kind === "request") {
    const request = requests[0];
    if (request === undefined || `${request.method} ${request.path}` !== text)
      return [`another service: ${shown(text, names)}`];
    requests.shift();
    return sent(request, names);
  }
  if (kind === "log") return [logged(text, names)];
  const [, name = "", value = ""] = /^(.*?)<<ghadelimiter_[\w-]+\r?\n([\s\S]*)\r?\nghadelimiter_/.exec(text) ?? [];
  return [`runner: ${kind} ${name}=${shown(value, names)}`];
}

const OTHER_FORMS = "runner: mask other forms";

function logged(line: string, names: Names): string {
  const [, mask] = /^::add-mask::(.*)$/.exec(line) ?? [];
  if (mask === undefined) return `runner: log ${shown(line, names)}`;
  const value = mask.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
  const known = names.find(([text]) => text === value)?.[1];
  return known === undefined ? OTHER_FORMS : `runner: mask ${known}`;
}

/** Headers that every request has, as Node sends them. */
const EVERYWHERE = ["host", "connection", "content-length", "user-agent", "accept-encoding"];

function sent({ method, path, headers, body }: RecordedRequest, names: Names): string[] {
  const own = Object.entries(headers).filter(([name]) => !EVERYWHERE.includes(name));
  return [
    `service: ${method} ${shown(path, names)}`,
    ...own.map(([name, value]) => `service:   ${name}: ${shown(value, names)}`),
    ...shape(headers["content-type"] ?? "", body, names).map((line) => `service:   ${line}`),
  ];
}

/** The fields of a body, one a line. */
function shape(type: string, body: string, names: Names): string[] {
  if (body === "") return [];
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return [...new URLSearchParams(body)].map(([name, value]) => `form ${name} = ${shown(value, names)}`);
  }
  const json: Record<string, unknown> = JSON.parse(body);
  return Object.entries(json).map(([name, value]) => `json ${name} = ${shown(JSON.stringify(value), names)}`);
}

/** A text with names in the place of what differs from run to run. */
function shown(text: string, names: Names): string {
  let named = text;
  for (const [value, name] of names) {
    for (const form of new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])) {
      named = named.replaceAll(form, name);
    }
  }
  return named
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<jwt>")
    .replace(/\bate-[0-9a-f]{8}-\d+-\d+-[0-9a-f]{6}\b/g, "<key name>")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00|\+0000)/g, "<time>")
    .replace(/\b\d{4}-\d\d-\d\d\b/g, "<day>")
    .replace(/\bin (?:\d+ (?:d|h|min|s) ?)+/g, "in <span>")
    .replace(/"expires":\d+/g, '"expires":<seconds>')
    .replace(/^\d{2,}$/g, "<seconds>")
    .replace(/(?=[\w+=-]*\d)[\w+=-]{24,}/g, "<value>")
    .replaceAll("\n", " ⏎ ");
}
