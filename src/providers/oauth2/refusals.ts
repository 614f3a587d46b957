import { Failure, type FailureCode } from "../../failure.ts";
import type { Http } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { CHECK_PASSWORD, hasNothing, judge, MEANINGS } from "../kit/judge.ts";
import { NOT_ALLOWED } from "../kit/oauth2.ts";
import type { TokenAnswer } from "./answer.ts";
import type { ClientAuth } from "./client.ts";
import type { Fields } from "./fields.ts";
import type { Parameters } from "./parameters.ts";

/** What a refusal is explained by. */
export interface Asked {
  readonly given: Fields;
  readonly parameters: Parameters;
  /** How the client proved itself, in the order in which it was tried. */
  readonly tried: readonly ClientAuth[];
  /** What GitHub's ID token says of the run, where one was sent. */
  readonly claims: string | undefined;
  readonly grant: "client" | "password" | "refresh-token" | "id-token";
}

type Word = readonly [FailureCode, says: string, hint: string];

const NAME_IT = "Name one that the service has and this client may ask for.";
const TRUST =
  "Compare issuer, subject and audience of the ID token with what the service trusts: repositories made or renamed since July 2026 have ids in the subject.";
const NOT_TAKEN: Word = [
  "bad-response",
  "does not take the request",
  'It may want more "parameters", another "client-auth" or `body: json`.',
];

/** What an `invalid_grant` refuses, and what to do beside looking at the client. */
const GRANTS: Readonly<Record<Asked["grant"], readonly [what: string, hint: string]>> = {
  client: ["the grant", ""],
  password: ["the user or the password", CHECK_PASSWORD],
  "refresh-token": ["the refresh token", "It has expired, was revoked, or was used before: store a new one."],
  "id-token": ["GitHub's ID token", TRUST],
};

function clientHint({ given, tried: [first, second] }: Asked): string {
  switch (first) {
    case "private-key":
      return 'Check "client-id", the key that is registered there, and `assertion-audience` in "parameters".';
    case "id-token":
      return TRUST;
    case "none":
      return `${given["client-id"] ? "Check" : "Give"} "client-id"; a client that has a secret needs "client-secret" too.`;
  }
  const other =
    second === undefined
      ? `Or set \`client-auth: ${first === "post" ? "basic" : "post"}\`.`
      : `Neither ${first} nor ${second} works; some services want \`client-auth: basic-plain\`.`;
  return `Check "client-id" and "client-secret": one may be wrong or renewed. ${other}`;
}

/** RFC 6749, section 5.2; RFC 8693, section 2.2.2; RFC 8707, section 2; and words that servers use in their place. */
function ownWord(asked: Asked, { status, told }: TokenAnswer): Word | undefined {
  const { given, grant, parameters } = asked;
  const isResource = given.audience === undefined && parameters.sent.has("resource");
  const target = isResource ? '`resource` in the input "parameters"' : 'the input "audience"';
  const unknown: Word = ["refused", "does not know the client by this proof", clientHint(asked)];
  switch (told?.error) {
    case "invalid_client":
      return unknown;
    case "unauthorized_client":
      return status === 401 ? unknown : ["forbidden", ...NOT_ALLOWED];
    case "invalid_grant":
      return ["refused", `refuses ${GRANTS[grant][0]}`, GRANTS[grant][1] || clientHint(asked)];
    case "invalid_scope":
    case "scope_invalid":
      return given.scope === undefined
        ? wants('the input "scope"')
        : ["invalid-input", 'does not grant what the input "scope" asks for', NAME_IT];
    case "access_denied":
      if (isResource || given.audience !== undefined) break;
      return [
        status === 401 ? "refused" : "forbidden",
        "denies access",
        `${clientHint(asked)} It may lack a permission, or the service wants an "audience".`,
      ];
    case "invalid_target":
      break;
    case "unsupported_grant_type":
      return ["invalid-input", 'does not know the grant of the input "method"', "Choose another, or allow it there."];
    case "invalid_request":
      return missing(asked, told.error_description);
    case "temporarily_unavailable":
    case "server_error":
      return ["unavailable", ...MEANINGS.unavailable];
    case "slow_down":
      return ["rate-limited", ...MEANINGS["rate-limited"]];
    default:
      return undefined;
  }
  return ["invalid-input", `gives no token for what ${target} names`, NAME_IT];
}

function wants(what: string): Word {
  return ["invalid-input", `wants ${what}`, NAME_IT];
}

/** What is missing, where the server says it. */
function missing({ given }: Asked, description = ""): Word {
  const name = /\b(?:audience|scope|resource)\b/i.exec(description)?.[0].toLowerCase();
  if (name === undefined || !/missing|required|must|empty|need/i.test(description)) return NOT_TAKEN;
  if (name === "resource") return wants('a `resource` in the input "parameters"');
  return name === "scope" && given.scope !== undefined ? NOT_TAKEN : wants(`the input "${name}"`);
}

/** What a refusal means that has no word for it; pages and places where nothing is are judged as everywhere. */
function byStatus(asked: Asked, { status, isHtml, body, told }: TokenAnswer): Word | undefined {
  if (status < 300 && told?.error) return ["refused", "answered with an error, not with a token", clientHint(asked)];
  if (isHtml || status < 300 || hasNothing(status)) return undefined;
  const hint = [...new Set([GRANTS[asked.grant][1], clientHint(asked)])].join(" ").trim();
  const isEmpty = body.trim() === "" && status !== 401;
  if (![401, 403].includes(status) && !(isEmpty && status === 400)) return NOT_TAKEN;
  const code = status === 401 ? "refused" : status === 403 ? "forbidden" : "bad-response";
  // Some servers refuse a client, a password, a scope or a grant so.
  return [code, `${isEmpty ? "may refuse this: its answer is empty" : "refuses this"} (status ${status})`, hint];
}

/** Why the answer brought no token. */
export function refusal(answer: TokenAnswer, http: Http, asked: Asked): Failure {
  return judge(
    answer,
    http,
    () => failed(ownWord(asked, answer) ?? byStatus(asked, answer), answer, http, asked),
    'The token endpoint is elsewhere: check "url" or "token-url".',
  );
}

/** What the ID token says of the run names the repository, so it stays out of the summary. */
function failed(word: Word | undefined, answer: TokenAnswer, { host }: Http, { claims }: Asked): Failure | undefined {
  if (word === undefined) return undefined;
  const [code, says, hint] = word;
  const { error, error_description: description } = answer.told ?? {};
  return new Failure(code, `${host} ${says}.`, {
    hint,
    ...(claims !== undefined && { suggestion: `${hint} The ID token says: ${claims}.` }),
    ...(error && description !== undefined ? { answered: `${error}: ${description}` } : quoted(answer)),
  });
}
