import { createHmac, timingSafeEqual } from "node:crypto";
import { isAbsolute } from "node:path";
import { getState, saveState } from "@actions/core";
import * as z from "zod/mini";
import { mapOf, type Parsed, parseJson, read, schema } from "../text/json.ts";
import { PRINTABLE } from "../text/token.ts";
import { writeTo } from "./files.ts";

/** The only key that post reads. */
export const KEY = "revocation";
/** What stands there where nothing is to be taken back: then post does not even load the bundle (`scripts/build.ts`). */
export const NONE = "none";

/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** How the provider is to be called, where its id does not tell. */
const About = schema(() => z.optional(mapOf(z.string())));

/** What main leaves for post, and nothing that post does not need. */
const ForPost = schema(() =>
  z.union([
    /** There is something to take back. */
    z.object({
      kind: z.enum(["revocable"]),
      provider: z.string(),
      url: z.string(),
      handle: z.catchall(z.object({ secret: z.string() }), z.string()),
      /** Seconds since the epoch, in UTC. */
      expires: z.optional(z.number()),
      timeout: z.number(),
      retries: z.number(),
      caCertificate: z.string(),
      allowHttp: z.boolean(),
    }),
    /** A key of this name may exist, and nobody holds what it takes to delete it. */
    z.object({
      kind: z.enum(["unsettled"]),
      provider: z.string(),
      url: z.string(),
      name: z.string(),
      about: About(),
      expires: z.optional(z.number()),
    }),
    /** The service offers no revocation. */
    z.object({ kind: z.enum(["expires"]), provider: z.string(), about: About(), expires: z.optional(z.number()) }),
    /** It could be taken back, but `revoke: false` says not to. */
    z.object({ kind: z.enum(["kept"]), provider: z.string(), about: About(), expires: z.optional(z.number()) }),
  ]),
);
export type ForPost = Parsed<typeof ForPost>;

/** Whether each field is what the input that it came from can be. */
function isSound(left: ForPost): boolean {
  if (!isWhole(left.expires ?? 0, 0, LAST_SECOND)) return false;
  if (left.kind === "unsettled") return isBaseUrl(left.url) && /^[\w-]{1,100}$/.test(left.name);
  if (left.kind !== "revocable") return true;
  const { url, timeout, retries, caCertificate, handle } = left;
  if (!Object.values(handle).every((part) => PRINTABLE.test(part))) return false;
  return isBaseUrl(url) && isWhole(timeout, 1, 3600) && isWhole(retries, 0, 10) && isCertificate(caCertificate);
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

/** As main writes a base URL: nothing but scheme, host and path, without a slash at its end. */
function isBaseUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { origin, pathname } = new URL(text);
  return text === origin + pathname.replace(/(?<!\/)\/+$/, "");
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
  save(JSON.stringify(secret === undefined ? left : { ...left, mac: macOf(left, secret) }));
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

/** What main saved: undefined for nothing, `broken` for what main cannot have written. */
export function readForPost(): ForPost | undefined | "broken" {
  const state = getState(KEY);
  if (state === NONE || state === "") return undefined;
  const left = read(ForPost, parseJson(state));
  return left !== undefined && isSound(left) ? left : "broken";
}

const Signed = schema(() => z.looseObject({ mac: z.string() }));

/** Whether main left this very state, with this secret among its inputs: a later step can have put another in its place. */
export function isSignedWith(secret: string): boolean {
  const signed = read(Signed, parseJson(getState(KEY)));
  if (signed === undefined) return false;
  const { mac, ...rest } = signed;
  const [given, wanted] = [Buffer.from(mac), Buffer.from(macOf(rest, secret))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** HMAC-SHA-256 (RFC 2104) over the JSON, in base64url. */
function macOf(rest: object, secret: string): string {
  return createHmac("sha256", secret).update(JSON.stringify(rest)).digest("base64url");
}
