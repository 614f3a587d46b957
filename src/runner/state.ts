import { createHmac, timingSafeEqual } from "node:crypto";
import { isAbsolute } from "node:path";
import { getState, saveState } from "@actions/core";
import * as z from "zod/mini";
import { flawless, matching, type Parsed, parseJson, read, schema, whole } from "../text/json.ts";
import { PRINTABLE } from "../text/token.ts";
import { writeTo } from "./files.ts";

/** The only key that post reads. */
export const KEY = "revocation";
/** What stands there where nothing is to be taken back: then post does not even load the bundle (`tools/build.ts`). */
export const NONE = "none";

/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** There is something to take back. Post needs each of it, and each field is what the input that it came from can be. */
const Revocable = schema(() => {
  const text = (isSound: (value: string) => boolean) =>
    z.string().check(flawless((value) => (isSound(value) ? undefined : "main cannot have written it")));
  const printable = matching(PRINTABLE);
  return z.object({
    kind: z.enum(["revocable"]),
    provider: z.string(),
    url: text(isBaseUrl),
    handle: z.catchall(z.object({ secret: printable }), printable),
    /** Seconds since the epoch, in UTC. */
    expires: z.optional(whole(0, LAST_SECOND)),
    timeout: whole(1, 3600),
    retries: whole(0, 10),
    caCertificate: text(isCertificate),
    allowHttp: z.boolean(),
  });
});

/** There is only something to tell: a warning where it has a title. */
const Told = schema(() =>
  z.object({ kind: z.enum(["told"]), text: z.string(), title: z.optional(z.enum(["A key may be left"])) }),
);

/** What main leaves for post. */
export type ForPost = Parsed<typeof Revocable> | Parsed<typeof Told>;

/** As main writes a base URL: nothing but scheme, host and path, without a slash at its end. */
function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:/.test(text) && text === url.origin + url.pathname.replace(/(?<!\/)\/+$/, "");
}

/** PEM text, or where a file of it was when main read it. */
function isCertificate(text: string): boolean {
  return text === "" || text.includes("-----BEGIN CERTIFICATE-----") || isAbsolute(text);
}

/**
 * Saves that there is nothing to take back. As main's first act it keeps later steps from putting a state of their own
 * into post's environment: the runner lays what main saved over it.
 * @throws {Failure} `runner`
 */
export function clearForPost(): void {
  save(NONE);
}

/**
 * Saves what post has to know; the last one counts.
 * @param secret what post will send beside it and take from the inputs: it signs what is saved
 * @throws {Failure} `runner`
 */
export function saveForPost(left: ForPost, secret?: string): void {
  const json = JSON.stringify(left);
  save(secret === undefined ? json : signed(json, secret));
}

function save(text: string): void {
  writeTo("GITHUB_STATE", () => saveState(KEY, text));
}

/** Saves what there is to know when the process ends, also where a signal ends it. */
export function saveForPostAtExit(current: () => ForPost | undefined): void {
  process.once("exit", () => {
    const left = current();
    if (left !== undefined) saveForPost(left);
  });
}

/** What main saved; undefined for what main cannot have written. */
export function readForPost(): ForPost | typeof NONE | undefined {
  const state = getState(KEY) || NONE;
  if (state === NONE) return NONE;
  const left = parseJson(state);
  return read(Revocable, left) ?? read(Told, left);
}

/** Whether main left this very text, with this secret among its inputs: a later step can have put another in its place. */
export function isSignedWith(secret: string): boolean {
  const state = getState(KEY);
  const wanted = Buffer.from(signed(state.replace(/,"mac":"[\w-]*"}$/, "}"), secret));
  const given = Buffer.from(state);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The JSON of an object with one member more: its HMAC-SHA-256 (RFC 2104) in base64url. */
function signed(json: string, secret: string): string {
  return `${json.slice(0, -1)},"mac":"${createHmac("sha256", secret).update(json).digest("base64url")}"}`;
}
