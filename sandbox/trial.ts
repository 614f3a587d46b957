import { Masker } from "./runner/masker.ts";
import type { StepResult } from "./runner/runner.ts";
import type { SeenAnswer, SentRequest } from "./watch.ts";

/** A part of a definition, of which nothing is known yet. */
type Part = Readonly<Record<string, unknown>>;

/** The requests that a definition describes, in the order in which a step sends them. */
const ROOMS = { main: ["exchange", "undo", "probe"], post: ["revoke"] } as const;
type Room = (typeof ROOMS)["main" | "post"][number];

/** One request of a run, with the part of the definition that it comes from. */
interface Told {
  readonly request: SentRequest;
  readonly answer: SeenAnswer | undefined;
  readonly room: Room | undefined;
  /** The path that the service is installed under. */
  readonly basePath: string;
}

/** What a run with a definition was: the file, what was watched of it, and how it ended. */
export interface Trial {
  readonly definition: unknown;
  /** The lines that the watcher wrote. */
  readonly watched: string;
  readonly result: StepResult;
  /** What is secret beside what the run masked. */
  readonly secrets: readonly string[];
}

/**
 * Tells of every request of a run where it went, what was read from where, and what the end of the job did: names and places,
 * never a value.
 */
export function tellTrial({ definition, watched, result, secrets }: Trial): string {
  const masker = new Masker();
  for (const secret of [...secrets, ...result.main.masks, ...(result.post?.masks ?? [])]) masker.addMask(secret);
  const method = methodOf(definition, result.main.outputs.method ?? "");
  const told = assigned(readRecords(watched), method, basePathOf(result.main.outputs.url));
  const [main, post] = [told.filter(({ request }) => request.stage === "main"), told.filter(isOfPost)];
  const lines = [
    "What was sent, and what was read from where; no value is shown.",
    ...(main.length === 0 ? ["", "  No request was sent."] : main.flatMap((one) => ["", ...linesOf(one, method)])),
    "",
    "At the end of the job",
    ...(post.length === 0
      ? ["", `  ${whyNothing(method, result)}`]
      : post.flatMap((one) => ["", ...linesOf(one, method)])),
  ];
  return masker.mask(lines.join("\n"));
}

function isOfPost({ request }: Told): boolean {
  return request.stage === "post";
}

function part(value: unknown): Part {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Part) : {};
}

/** The method that the run chose; a file of one has its keys at the top. */
function methodOf(definition: unknown, id: string): Part {
  const { methods } = part(definition);
  return methods === undefined ? part(definition) : part(part(methods)[id]);
}

function basePathOf(url = ""): string {
  return URL.canParse(url) ? new URL(url).pathname.replace(/\/$/, "") : "";
}

interface Records {
  readonly requests: readonly SentRequest[];
  readonly answers: readonly SeenAnswer[];
}

function readRecords(watched: string): Records {
  const records: (SentRequest | SeenAnswer)[] = watched
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return {
    requests: records.filter((record) => record.kind === "request").filter(({ method }) => method !== "CONNECT"),
    answers: records.filter((record) => record.kind === "answer"),
  };
}

/** Finds for each request the part of the definition that it comes from. */
function assigned({ requests, answers }: Records, method: Part, basePath: string): Told[] {
  let isMinted = false;
  return requests.map((request) => {
    const answer = answers.find(({ id, stage }) => id === request.id && stage === request.stage);
    const rooms: readonly Room[] = request.stage === "post" ? ROOMS.post : ROOMS.main;
    const fitting = rooms.filter((room) => fits(request, part(method[room]), room, basePath));
    const room = isMinted ? fitting.at(-1) : fitting[0];
    isMinted ||= room === "exchange" && answer !== undefined && answer.status < 300;
    return { request, answer, room, basePath };
  });
}

/** Whether a request is the one that this part of the definition describes. */
function fits({ method, path }: SentRequest, { method: wanted, path: template }: Part, room: Room, basePath: string) {
  if (typeof template !== "string" || method !== (wanted ?? DEFAULTS[room])) return false;
  const pieces = (basePath + template).split(/(\{\{|\}\}|\{[^{}]*\})/);
  const pattern = pieces.map((piece) => BRACES[piece] ?? (piece.startsWith("{") ? "[^/]*" : escaped(piece))).join("");
  return new RegExp(`^${pattern}$`).test(path.split("?", 1)[0] ?? "");
}

const BRACES: Readonly<Record<string, string>> = { "{{": "(?:\\{|%7B)", "}}": "(?:\\}|%7D)" };
const DEFAULTS: Readonly<Record<Room, string>> = { exchange: "POST", undo: "POST", probe: "GET", revoke: "POST" };

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}

function linesOf({ request, answer, room, basePath }: Told, method: Part): string[] {
  if (room === undefined) return [`  another place: ${request.method} ${request.host}`];
  const { path, query, form, json } = part(method[room]);
  const parameters = Object.keys(part(query));
  const search = parameters.length === 0 ? "" : `?${parameters.map((name) => `${name}=…`).join("&")}`;
  return [
    `  ${room}: ${request.method} ${request.host}${basePath}${String(path)}${search}`,
    `    headers: ${request.headers.join(", ")}`,
    ...(form === undefined ? [] : [`    form: ${Object.keys(part(form)).join(", ")}`]),
    ...(json === undefined ? [] : [`    json: ${Object.keys(part(json)).join(", ") || "nothing in it"}`]),
    ...(answer === undefined ? ["    no answer"] : answerLines(answer, room, method)),
  ];
}

function answerLines(answer: SeenAnswer, room: Room, method: Part): string[] {
  const sources = sourcesOf(room, method).map(([name, at]) => `    ${name}: ${found(part(at), answer)}`);
  const isSuccess = answer.status < 300;
  return [
    `    answered ${answer.status}${meaning(answer, room, method)}`,
    ...(isSuccess ? sources : [`    JSON in it: ${placesIn(answer)}`]),
  ];
}

function meaning({ status }: SeenAnswer, room: Room, method: Part): string {
  if (room === "probe" && status === 401 && method.exchange !== undefined) {
    return ', to a token of a moment ago: see in "use" how it is sent';
  }
  if (room !== "revoke") return "";
  const { revoked = [200, 204], gone = [] } = part(method.revoke);
  if (Array.isArray(revoked) && revoked.includes(status)) return ", which is revoked";
  if (!Array.isArray(gone) || !gone.includes(status)) return ", which is no revocation";
  return ', which "gone" takes for already gone: where the token was good, see whether path and headers are right';
}

/** What the definition reads from the answer to a request, by the names that it has for it. */
function sourcesOf(room: Room, method: Part): [name: string, at: unknown][] {
  if (room === "exchange") {
    const { token = { json: "/access_token" }, secrets, values, expires } = part(method.answer);
    return [
      ["token", token],
      ...Object.entries(part(secrets)),
      ...Object.entries(part(values)),
      ...(expires === undefined ? [] : [["expires", expires] as [string, unknown]]),
    ];
  }
  const { accepted, account, expires } = part(method[room]);
  return Object.entries({ accepted, account, expires }).filter(([, at]) => at !== undefined);
}

/** Whether a value stands at a place, and what else does where it does not. */
function found({ json, header, cookie, text, as, after }: Part, answer: SeenAnswer): string {
  const unit = as === undefined ? "" : ` as ${String(as)}`;
  if (after !== undefined) return `${String(after)} seconds from now, by the definition`;
  if (text === true) return `the whole text${answer.hasText ? ", found" : ": it is empty"}`;
  if (typeof header === "string") return named(`header ${header}`, header.toLowerCase(), answer.headers);
  if (typeof cookie === "string") return named(`cookie ${cookie}`, cookie, answer.cookies);
  const sort = answer.json[String(json)];
  if (sort !== undefined && sort !== "empty") return `JSON ${String(json) || "as a whole"}${unit}, found (${sort})`;
  return `JSON ${String(json)}${unit}: ${sort === undefined ? "not there" : "empty"}. There are: ${placesIn(answer)}`;
}

/** A key can be a value: what is no plain word is not shown. */
const SHOWN = /^(?:\/(?:[A-Za-z][A-Za-z_-]{0,39}|\d{1,3}))+$/;

function placesIn({ json }: SeenAnswer): string {
  const there = Object.keys(json).filter((pointer) => SHOWN.test(pointer));
  return there.slice(0, 30).join(" ") || "none";
}

function named(what: string, name: string, names: readonly string[]): string {
  return names.includes(name) ? `${what}, found` : `${what}: not there. There are: ${names.join(", ") || "none"}`;
}

function whyNothing({ exchange, revoke }: Part, { main, post }: StepResult): string {
  if (post === undefined) return "It did not run.";
  if (main.outputs.token === undefined) return "Nothing is revoked: this step minted nothing.";
  if (exchange === undefined) return "Nothing is revoked: the credential is your own.";
  if (revoke === undefined)
    return 'Nothing is revoked: the definition has no "revoke", so the token lives until it expires.';
  return "No revocation was sent: see above what the last step says of it.";
}
