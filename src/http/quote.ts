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
  if (!isHtml) return "";
  const start = body.slice(0, TITLE_WITHIN);
  const tag = /<title(?:\s[^>]{0,200})?>/i.exec(start);
  if (tag === null) return "";
  const rest = start.slice(tag.index + tag[0].length);
  const end = rest.search(/<\/title/i);
  return end < 0 ? "" : resolved(rest.slice(0, end)).trim();
}

/** The named character references that titles hold; all others are numeric or stay as they are. */
const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  hellip: "…",
  ndash: "–",
  mdash: "—",
  middot: "·",
  rsquo: "’",
  copy: "©",
};

/** A text of HTML with its character references resolved (HTML, section 13.5). */
function resolved(html: string): string {
  return html.replace(/&(?:#[xX]([0-9a-fA-F]{1,8})|#(\d{1,10})|(\w{2,8}));?/g, (found, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? found;
    const code = Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : found;
  });
}

/**
 * Why the service asks for other credentials: `error_description` of `WWW-Authenticate`, or `error` (RFC 6750, section 3).
 * Servers are known that forget a quote, so what begins without one, or never ends, counts too.
 */
function challengeOf({ headers }: Answer): string {
  const challenge = headers["www-authenticate"] ?? "";
  return parameter(challenge, DESCRIPTION) || parameter(challenge, ERROR);
}

const DESCRIPTION = /(?:^|[\s,;"'])error_description\s*=\s*/i;
const ERROR = /(?:^|[\s,;"'])error\s*=\s*/i;

function parameter(challenge: string, name: RegExp): string {
  const start = name.exec(challenge);
  if (start === null) return "";
  const value = challenge.slice(start.index + start[0].length);
  const inQuotes = /^(["'])((?:(?!\1)[^\\]|\\.)*)\1/s.exec(value)?.[2];
  // A quote that closes nothing may be the first of the next parameter.
  const text =
    inQuotes === undefined
      ? value.replace(/^["']/, "").replace(/,\s*[\w-]+\s*=.*$/s, "")
      : inQuotes.replace(/,\s*[\w-]+\s*=\s*$/, "").replace(/\\(.)/gs, "$1");
  return text.trim();
}

/** Titles of pages that a web application firewall or a check for robots shows. */
const FIREWALL =
  /request (?:rejected|denied|unsuccessful)|request could not be satisfied|access (?:to this \w+ )?(?:has been |is |was )?(?:denied|restricted)|\bblocked\b|attention required|just a moment|one moment,? please|checking your (?:browser|connection)|security (?:check|verification)|human verification|(?:you are|are you) (?:a )?(?:human|robot)|captcha|pardon our interruption|not acceptable|application firewall|\bwaf\b/i;

/** Titles of pages that ask people to sign in. */
const LOGIN =
  /\b(?:sign|log)(?:ging|ing)?[ -]?(?:in|on)\b|single sign|\bsso\b|\bauthentication\b|\banmeld(?:en|ung)\b/i;

/** What a page may be, by its title: something in front of the service, never for sure. Undefined where nothing speaks for it. */
export function inFront(answer: Answer): string | undefined {
  const title = titleOf(answer);
  if (FIREWALL.test(title)) {
    return "By its title it may come from a web application firewall: ask who runs the service to let calls of its API from this runner pass.";
  }
  if (LOGIN.test(title)) {
    return "By its title it may be a login wall: ask who runs the service to let calls of its API pass without a sign-in.";
  }
  return undefined;
}
