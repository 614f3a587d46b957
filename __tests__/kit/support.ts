import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll } from "@jest/globals";
import { runStep, type StageResult, type StepOptions, type StepResult } from "../../sandbox/runner/runner.ts";
import {
  type Fault,
  type Personality,
  type RecordedRequest,
  type Service,
  startOAuth2,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
} from "../../sandbox/services/index.ts";

/** Runs the built action as the runner does, main then post. */
export function runAction(
  inputs: Readonly<Record<string, string>>,
  more: Partial<StepOptions> = {},
): Promise<StepResult> {
  return runStep({ ...more, inputs });
}

/** Runs main alone. */
export async function runMain(
  inputs: Readonly<Record<string, string>>,
  more: Partial<StepOptions> = {},
): Promise<StageResult> {
  return (await runStep({ ...more, inputs, post: false })).main;
}

/** Milliseconds that a busy machine may take to start a process, to feed it and to end it, beside what the process does. */
const BUSY = 60_000;

/**
 * Whether a stage ended by a limit of so many seconds, as well as a clock can tell on a busy machine. It finds what goes on
 * without an end; that it was this very limit is for what was sent and said to prove.
 */
export function endedWithin({ milliseconds }: Pick<StageResult, "milliseconds">, seconds: number): boolean {
  return milliseconds < seconds * 1000 + BUSY;
}

/** All that a reader of the run can see of a stage: the log as shown, the summary, the annotations. */
export function shown({ log, summary, annotations }: StageResult): string {
  return [log, summary, ...annotations.flatMap(({ title, message }) => [title, message])].join("\n");
}

export const packageJson: { version: string; config: { owner: string } } = JSON.parse(
  readFileSync("package.json", "utf8"),
);

/** A proxy for every request that a stage could send, wherever to: it counts connections and answers none. */
export interface Trap {
  /** Variables that lead every request to it. */
  readonly env: Readonly<Record<string, string>>;
  /** How many connections came so far. */
  connections(): number;
  close(): void;
}

export async function startTrap(): Promise<Trap> {
  let count = 0;
  const server = createServer((socket) => {
    count++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { env: { http_proxy: proxy, https_proxy: proxy }, connections: () => count, close: () => server.close() };
}

/** A trap for all tests of a file, from before the first to after the last. */
export function trapped(): Pick<Trap, "env" | "connections"> {
  let trap: Trap | undefined;
  const there = (): Trap => {
    if (trap === undefined) throw new Error("The tests have not begun");
    return trap;
  };
  beforeAll(async () => {
    trap = await startTrap();
  });
  afterAll(() => trap?.close());
  return {
    get env() {
      return there().env;
    },
    connections: () => there().connections(),
  };
}

/** The forms that a secret could show in: as it is, in base64 and base64url, percent-encoded, as a form and in JSON. */
export function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  const forms = [
    secret,
    secret.trim(),
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_"),
    encodeURIComponent(secret),
    encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase()),
    new URLSearchParams({ a: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
  ];
  return [...new Set(forms)].filter((form) => form.length >= 4);
}

/** The forms of the secrets that a reader of the run could see. */
export function leaks(result: StageResult, secrets: readonly string[]): string[] {
  const text = shown(result);
  return secrets.flatMap(formsOf).filter((form) => text.includes(form));
}

/** Variables that make a stage run some JavaScript (of an ES module) before its own. */
export function preload(script: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

/** What happens to main at the first write to one of the runner's files that holds a text. */
export type Mishap = "the write fails" | "killed before" | "killed after" | "cancelled after";

/** Variables that make main meet a mishap at the first write that holds the text; every write holds the empty one. */
export function mishap(what: Mishap, text: string): Record<string, string> {
  return preload(`
    import fs from "node:fs";
    const [what, text] = ${JSON.stringify([what, text])};
    const append = fs.appendFileSync;
    const stop = (signal) => process.kill(process.pid, signal);
    let isOver = !process.argv[1].endsWith("main.js");
    fs.appendFileSync = (path, data, options) => {
      const isIt = !isOver && String(data).includes(text);
      isOver ||= isIt;
      if (isIt && what === "the write fails") throw new Error("ENOSPC: no space left on device, write");
      if (isIt && what === "killed before") stop("SIGKILL");
      append(path, data, options);
      if (isIt && what === "killed after") stop("SIGKILL");
      if (isIt && what === "cancelled after") setTimeout(() => stop("SIGINT"), 20);
    };
  `);
}

/** The runner's files, by the end of the variable that names them. */
export type RunnerFile = "STATE" | "OUTPUT" | "ENV";

/**
 * Variables that make a write of main to one of the runner's files meet a full disk: the one with this number, from 1, of which
 * only a piece is written, and where `forGood` every later one too.
 */
export function fullDisk(file: RunnerFile, number: number, forGood: boolean): Record<string, string> {
  return preload(`
    import fs from "node:fs";
    const path = process.argv[1].endsWith("main.js") ? process.env.GITHUB_${file} : undefined;
    const append = fs.appendFileSync;
    let count = 0;
    fs.appendFileSync = (to, data, options) => {
      const isHit = to === path && (++count === ${number} || (${forGood} && count > ${number}));
      append(to, isHit ? String(data).slice(0, -10) : data, options);
      if (isHit) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
  `);
}

/** A method whose credential can be taken back, with what its requests look like. */
export interface Revocable {
  readonly name: string;
  readonly provider: string;
  readonly method: string;
  start(): Promise<Service>;
  /** Inputs beside those of its account, for a service at this URL. */
  readonly more?: (url: string) => Readonly<Record<string, string>>;
  isProbe(request: RecordedRequest): boolean;
  /** Method and path of the request that takes the credential back. */
  readonly revocation: RegExp;
  /** Where the warning says that a leftover is removed by hand. */
  readonly byHand: string;
  /** Whether the credential has an expiry that anybody tells. */
  readonly expires: boolean;
}

const reportportal = (personality: Personality, path: string): Revocable => ({
  name: `reportportal ephemeral-api-key (${personality})`,
  provider: "reportportal",
  method: "ephemeral-api-key",
  start: () => startReportPortal({ personality }),
  // The access token on the way asks the same place.
  isProbe: ({ method, path: asked, headers }) =>
    method === "GET" && asked === path && (headers.authorization ?? "").startsWith("Bearer ate-"),
  revocation: new RegExp(`^DELETE ${path}/42/api-keys/\\d+$`),
  byHand: "API Keys",
  expires: false,
});

const tuleap = (method: string, revocation: RegExp): Revocable => ({
  name: `tuleap ${method}`,
  provider: "tuleap",
  method,
  start: startTuleap,
  isProbe: ({ path }) => path === "/api/users/self",
  revocation,
  byHand: "Keys & Tokens",
  expires: true,
});

/** Every method whose credential can be taken back. */
export const REVOCABLE: readonly Revocable[] = [
  tuleap("token", /^DELETE \/api\/tokens\/[0-9a-f]{32}$/),
  tuleap("ephemeral-access-key", /^DELETE \/api\/access_keys\/\d+$/),
  {
    name: "virtuozzo session",
    provider: "virtuozzo",
    method: "session",
    start: startVirtuozzo,
    isProbe: ({ path }) => path === "/1.0/users/account/rest/getuserinfo",
    revocation: /^POST \/1\.0\/users\/authentication\/rest\/signout$/,
    byHand: "dashboard",
    expires: false,
  },
  {
    name: "qa client-credentials",
    provider: "qa",
    method: "client-credentials",
    start: startQa,
    isProbe: ({ path }) => path.startsWith("/restapi/"),
    revocation: /^POST \/oauth2\/revoke_token\/$/,
    byHand: "API settings",
    expires: true,
  },
  {
    name: "oauth2 client-credentials",
    provider: "oauth2",
    method: "client-credentials",
    start: startOAuth2,
    isProbe: ({ path }) => path === "/api/me",
    more: (url) => ({ "probe-url": `${url}/api/me` }),
    revocation: /^POST \/revoke$/,
    byHand: "settings of the client",
    expires: true,
  },
  reportportal("legacy", "/api/v1/user"),
  reportportal("new", "/api/users"),
  reportportal("6.0", "/api/v1/users"),
];

/** The inputs of a step that uses this method at this service with its right account. */
export function inputsOf(
  { provider, method, more }: Pick<Revocable, "provider" | "method" | "more">,
  service: Service,
): Record<string, string> {
  return { provider, method, url: service.url, ...service.accounts[method]?.inputs, ...more?.(service.url) };
}

/** Method and path, as a request is named in an expectation. */
export function line({ method, path }: RecordedRequest): string {
  return `${method} ${path}`;
}

/** A fault that answers the chosen requests itself; the service does not see them. */
export function answerWith(
  chosen: (request: RecordedRequest) => boolean,
  status: number,
  body = "",
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
): Fault {
  return (request, _req, res) => {
    if (!chosen(request)) return false;
    res.writeHead(status, headers).end(body);
    return true;
  };
}

/** A fault that takes the chosen requests and stays silent. */
export function staySilent(chosen: (request: RecordedRequest) => boolean): Fault {
  return (request) => chosen(request);
}

/** A fault that takes the chosen requests and stays silent, and the moment when the first of them has come. */
export function holdUp(chosen: (request: RecordedRequest) => boolean): { fault: Fault; came: Promise<void> } {
  let tell = () => {};
  const came = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const fault: Fault = (request) => {
    const isHeld = chosen(request);
    if (isHeld) tell();
    return isHeld;
  };
  return { fault, came };
}

/** Lets the first of the chosen requests through to the fault, and no other. */
export function once(chosen: (request: RecordedRequest) => boolean): (request: RecordedRequest) => boolean {
  return firstOf(1, chosen);
}

/** Lets the first few of the chosen requests through to the fault. */
export function firstOf(count: number, chosen: (request: RecordedRequest) => boolean) {
  let left = count;
  return (request: RecordedRequest): boolean => chosen(request) && left-- > 0;
}

const running: Service[] = [];

/** Remembers a service that a test starts, for `closeServices` to close whether or not the test fails. */
export async function started<Kind extends Service>(starting: Promise<Kind>): Promise<Kind> {
  const service = await starting;
  running.push(service);
  return service;
}

/** For `afterEach`: closes what the test started. */
export async function closeServices(): Promise<void> {
  for (const service of running.splice(0)) await service.close();
}
