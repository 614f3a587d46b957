import type { FailureDetails } from "../failure.ts";
import type { Answer } from "./http.ts";

/** How far into a page its title is looked for, in characters. */
const TITLE_WITHIN = 65_536;

/**
 * What of an answer may be quoted: of a page its title, of an empty answer what its `WWW-Authenticate` tells, else the body.
 * Raw and untrusted, as every `answered`.
 */
export function quoted(answer: Answer): Pick<FailureDetails, "answered" | "answeredBy"> {
  if (answer.isHtml) return { answered: titleOf(answer), answeredBy: "Its page is titled" };
  return { answered: answer.body.trim() === "" ? challengeOf(answer) : answer.body };
}

/** The title of a page, with its character references resolved; empty where it has none. */
export function titleOf({ isHtml, body }: Answer): string {
  const [, rest = ""] = isHtml ? body.slice(0, TITLE_WITHIN).split(/<title(?:\s[^>]{0,200})?>/i, 2) : [];
  const [title = "", end] = rest.split(/<\/title/i, 2);
  return end === undefined ? "" : resolved(title).trim();
}

/** The named character references that are resolved; others are numeric or stay as they are. */
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " ", hellip: "…" };

/** A text of HTML with its character references resolved (HTML, section 13.5). */
function resolved(html: string): string {
  return html.replace(/&(?:#(x[\da-f]{1,8}|\d{1,10})|(\w{2,8}));?/gi, (found, number, name) => {
    if (name !== undefined) return NAMED[name] ?? found;
    const code = Number(`0${number}`);
    return code <= 0x10ffff ? String.fromCodePoint(code) : found;
  });
}

/** Why the service asks for other credentials: `error_description` of `WWW-Authenticate`, or `error` (RFC 6750, section 3). */
function challengeOf({ headers }: Answer): string {
  const challenge = headers["www-authenticate"] ?? "";
  return (
    valueAfter(challenge, /(?:^|[\s,;"'])error_description\s*=\s*/i) ||
    valueAfter(challenge, /(?:^|[\s,;"'])error\s*=\s*/i)
  );
}

/** Servers are known that forget a quote, so what begins without one, or never ends, counts up to the next parameter. */
function valueAfter(challenge: string, name: RegExp): string {
  const start = name.exec(challenge);
  const rest = start === null ? "" : challenge.slice(start.index + start[0].length);
  const [, , value = rest] = /^(["'])((?:(?!\1)[^\\]|\\.)*)/s.exec(rest) ?? [];
  return value
    .replace(/,\s*[\w-]+\s*=.*$/s, "")
    .replace(/\\(.)/gs, "$1")
    .trim();
}

/** Titles of pages that a web application firewall or a check for robots shows. */
const FIREWALL =
  /request (?:rejected|denied|unsuccessful|could not)|access .*(?:denied|restricted)|\bblocked\b|attention required|(?:just a|one) moment|checking your|verification|security check|captcha|\b(?:human|robot)\b|pardon our|not acceptable|firewall|\bwaf\b/i;

/** Titles of pages that ask people to sign in. */
const LOGIN = /\b(?:sign|log)(?:ging|ing)?[ -]?(?:in|on)\b|single sign|\bsso\b|\bauthentication\b|\banmeld/i;

/** What a page may be, by its title: something in front of the service, never for sure. Undefined where nothing speaks for it. */
export function inFront(answer: Answer): string | undefined {
  const title = titleOf(answer);
  const isFirewall = FIREWALL.test(title);
  if (!isFirewall && !LOGIN.test(title)) return undefined;
  return `By its title it may ${isFirewall ? "come from a web application firewall" : "be a login wall"}: ask who runs the service to let calls of its API from this runner pass.`;
}
