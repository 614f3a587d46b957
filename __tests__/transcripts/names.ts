import type { IdTokens } from "../../sandbox/runner/id-token.ts";
import type { RecordedRequest } from "../../sandbox/services/index.ts";

/** Texts that differ from run to run, each with what is shown in its place, the longest first. */
export type Names = readonly (readonly [text: string, name: string])[];

/** What a run was given and gave, and all that was heard of it. */
export interface Run {
  readonly url: string;
  readonly account: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly requests: readonly RecordedRequest[];
  readonly idTokens: IdTokens;
  /** The journal as it was written. */
  readonly journal: string;
}

const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** What differs from run to run, with the name of what it is. */
export function namesOf({ url, account, outputs, requests, idTokens, journal }: Run): Names {
  const headers: Record<string, string> = JSON.parse(outputs.headers || "{}");
  const sent = requests.map(({ headers, body }) => `${headers.authorization ?? ""} ${body}`);
  const jwts = [journal, ...sent].flatMap((text) => text.match(JWT) ?? []);
  const named: [text: string | undefined, name: string | undefined][] = [
    [url, "<url>"],
    [new URL(url).host, "<host>"],
    [idTokens.url, "<id-tokens>"],
    ...Object.entries(account).map(([name, value]): [string, string] => [value, `<${name}>`]),
    [pair(account.username, account.password), "<username:password>"],
    [pair(account["client-id"], account["client-secret"]), "<client-id:client-secret>"],
    [pair(account.token, ""), "<token:>"],
    [outputs.token, "<minted token>"],
    ...Object.entries(headers).map(([name, value]): [string, string] => [withoutScheme(value), `<${name}>`]),
    [outputs["expires-at"], "<expiry>"],
    [outputs["user-id"], "<user-id>"],
    ...jwts.map((jwt): [string, string | undefined] => [jwt, nameOfJwt(jwt, idTokens)]),
    ...requests.flatMap(({ headers: { authorization = "" } }): [string, string][] =>
      authorization.startsWith("Bearer ") ? [[withoutScheme(authorization), "<access token on the way>"]] : [],
    ),
  ];
  const known = named.flatMap(([text, name]) =>
    text !== undefined && name !== undefined && text.length > 2 ? [[text, name] as const] : [],
  );
  // What has two names goes by the first.
  return [...new Map(known.toReversed())].toReversed().sort(([one], [other]) => other.length - one.length);
}

function pair(user: string | undefined, secret: string | undefined): string | undefined {
  return user && secret !== undefined ? Buffer.from(`${user}:${secret}`).toString("base64") : undefined;
}

function withoutScheme(authorization: string): string {
  return authorization.replace(/^[A-Za-z]+ /, "");
}

/** Who made it for whom tells what it is; undefined where that tells nothing. */
function nameOfJwt(jwt: string, { issuer }: IdTokens): string | undefined {
  const payload = Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString();
  const { iss, sub, scp }: Record<string, unknown> = JSON.parse(payload);
  if (iss === issuer) return "<ID token>";
  if (typeof scp === "string" && scp.startsWith("Actions.GenerateIdToken")) return "<request token>";
  return iss !== undefined && iss === sub ? "<signed assertion>" : undefined;
}

/** A text with names in the place of what differs from run to run. */
export function shown(text: string, names: Names): string {
  let named = text;
  for (const [value, name] of names) {
    for (const form of new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), html(value)])) {
      // What is short can be in the middle of something else by chance.
      named = named.replaceAll(
        form.length < 8 ? new RegExp(`(?<!\\w)${form.replace(/\W/g, "\\$&")}(?!\\w)`, "g") : form,
        name,
      );
    }
  }
  return named
    .replace(JWT, "<jwt>")
    .replace(/\bate-[0-9a-f]{8}-\d+-\d+-[0-9a-f]{6}\b/g, "<key name>")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00|\+0000)/g, "<time>")
    .replace(/\b\d{4}-\d\d-\d\d\b/g, "<day>")
    .replace(/\bin (?:\d+ (?:d|h|min|s) ?)+/g, "in <span>")
    .replace(/"expires":\d+/g, '"expires":<seconds>')
    .replace(/^\d{2,}$/g, "<seconds>")
    .replace(/(?=[\w+=-]*\d)[\w+=-]{24,}/g, "<value>")
    .replaceAll("\n", " ⏎ ");
}

/** What a mask is on: something with a name, a piece of it (the line of a key, one cookie of several), or what has none. */
export function nameOfMask(mask: string, names: Names): string {
  const whole = names.find(([text]) => text.trim() === mask.trim());
  if (whole !== undefined) return whole[1];
  const around = names.find(([text]) => text.split(/[\s;]+|\b=\b/).includes(mask));
  return around === undefined ? "<another secret>" : `a piece of ${around[1]}`;
}

/** Whether a mask is on nothing but another form of a secret: in base64, percent-encoded, in JSON or in HTML. */
export function isFormOf(secret: string, mask: string): boolean {
  if (secret === "" || mask.length < 4) return false;
  const shifted = [0, 1, 2].map((bytes) => Buffer.from("\0".repeat(bytes) + secret).toString("base64url"));
  return shifted.some((base64) => base64.includes(base64Url(mask))) || readings(mask).includes(secret);
}

function base64Url(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What a text says to those who read forms, URLs, JSON or HTML. */
function readings(text: string): (string | undefined)[] {
  return [
    text.trim(),
    attempt(() => decodeURIComponent(text)),
    attempt(() => decodeURIComponent(text.replaceAll("+", " "))),
    attempt(() => String(JSON.parse(`"${text}"`))),
    text
      .replace(/&#(?:39|x27|039);/g, "'")
      .replaceAll("&quot;", '"')
      .replaceAll("&gt;", ">")
      .replaceAll("&lt;", "<")
      .replaceAll("&amp;", "&"),
  ];
}

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
