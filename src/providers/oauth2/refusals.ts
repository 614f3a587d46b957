import { Failure, type FailureCode } from "../../failure.ts";
import type { Http } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { judge } from "../kit/judge.ts";
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

type Word = (asked: Asked, answer: TokenAnswer) => readonly [FailureCode, sentence: string, hint: string];

const LATER = "Re-run the job later; the status page of the service may tell more.";

/** RFC 6749, section 5.2; RFC 8693, section 2.2.2; RFC 8707, section 2; and words that servers use in their place. */
const WORDS: Readonly<Record<string, Word>> = {
  invalid_client: (asked) => ["refused", "does not know the client, or not with this proof", clientHint(asked)],
  unauthorized_client: (asked, { status }) =>
    status === 401
      ? ["refused", "refuses the client", clientHint(asked)]
      : ["forbidden", "does not let this client use this grant", "Allow it in the settings of the client there."],
  invalid_grant: (asked) => ["refused", `refuses ${SUBJECTS[asked.grant]}`, grantHint(asked)],
  invalid_scope: () => ["invalid-input", 'does not grant what the input "scope" asks for', SCOPE_HINT],
  scope_invalid: () => ["invalid-input", 'does not grant what the input "scope" asks for', SCOPE_HINT],
  invalid_target: (asked) => ["invalid-input", `does not know what ${targetOf(asked)} names`, TARGET_HINT],
  access_denied: (asked, { status }) =>
    hasTarget(asked)
      ? ["invalid-input", `gives no access to what ${targetOf(asked)} names`, TARGET_HINT]
      : status === 401
        ? ["refused", "denies access", `${clientHint(asked)} Some services say so where they want an "audience".`]
        : ["forbidden", "denies access", 'Allow the client in the settings there, or name the "audience" it is for.'],
  unsupported_grant_type: () => [
    "invalid-input",
    'does not know the grant that the input "method" stands for',
    "Choose a method that the service has, or turn the grant on in its settings.",
  ],
  invalid_request: invalidRequest,
  temporarily_unavailable: () => ["unavailable", "is not available for now", LATER],
  server_error: () => ["unavailable", "has a fault of its own", LATER],
  slow_down: () => ["rate-limited", "takes no more requests for now", LATER],
};

const SCOPE_HINT =
  "Name a scope that the service has and this client may ask for, as its documentation writes it. Some services want one always.";
const TARGET_HINT = "Name it as the service's documentation writes it, character by character.";

const SUBJECTS: Readonly<Record<Asked["grant"], string>> = {
  client: "the grant",
  password: "the user or the password",
  "refresh-token": "the refresh token",
  "id-token": "GitHub's ID token",
};

function clientHint({ given, tried }: Asked): string {
  const [first, second] = tried;
  switch (first) {
    case "private-key":
      return 'Check "client-id", that this key is registered for it, with its key id, and that the service wants its issuer as the audience: else set `assertion-audience` in "parameters".';
    case "id-token":
      return TRUST_HINT;
    case "none":
      return given["client-id"] === undefined
        ? 'The service may want to know the client: give "client-id", and "client-secret" if it has one.'
        : 'Check "client-id"; a client that has a secret needs "client-secret" too.';
  }
  const check = 'Check "client-id" and "client-secret": they are wrong, were renewed, or are of another client.';
  if (second === undefined) {
    const isAutomatic = (given["client-auth"] ?? "auto") === "auto";
    const another = `set \`client-auth: ${first === "post" ? "basic" : "post"}\``;
    const advice = isAutomatic ? another : 'leave "client-auth" out to try both';
    return `${check} Or the service wants them in another form: ${advice}.`;
  }
  return `${check} Both forms were tried, ${first} and ${second}; for a service that takes the pair unencoded set \`client-auth: basic-plain\`.`;
}

const TRUST_HINT =
  "Compare what its ID token says of this run with what the service trusts: issuer, subject and audience have to be the same, character by character. Repositories made, renamed or moved since July 2026 have ids in their subject.";

function grantHint(asked: Asked): string {
  switch (asked.grant) {
    case "password":
      return 'Check "username" and "password".';
    case "refresh-token":
      return "It has expired, was revoked, or was used before: get a new one and store it in the secret.";
    case "id-token":
      return TRUST_HINT;
    case "client":
      return asked.claims === undefined ? clientHint(asked) : TRUST_HINT;
  }
}

function hasTarget({ given, parameters }: Asked): boolean {
  return given.audience !== undefined || parameters.has("resource");
}

function targetOf({ given, parameters }: Asked): string {
  if (given.audience === undefined && parameters.has("resource")) return '`resource` in the input "parameters"';
  return 'the input "audience"';
}

/** What is missing, where the server says it. */
const MISSING =
  /\b(audience|scope|resource)\b.*\b(?:missing|required|must|empty|need)|(?:missing|required|must|need)\w*\b.*\b(audience|scope|resource)\b/is;

function invalidRequest({ given }: Asked, { description = "" }: TokenAnswer): ReturnType<Word> {
  const [, before, after] = MISSING.exec(description) ?? [];
  const missing = (before ?? after)?.toLowerCase();
  if (missing === "resource") {
    return ["invalid-input", 'wants a `resource` in the input "parameters"', TARGET_HINT];
  }
  if (missing === "audience" || (missing === "scope" && given.scope === undefined)) {
    return ["invalid-input", `wants the input "${missing}"`, "Give it as the service's documentation writes it."];
  }
  return ["bad-response", "does not take the request", REQUEST_HINT];
}

const REQUEST_HINT = 'Its documentation may ask for more "parameters", another "client-auth" or `body: json`.';

/** Why the answer brought no token. */
export function refusal(answer: TokenAnswer, http: Http, asked: Asked): Failure {
  const { given } = asked;
  const place = given["token-url"] === undefined ? "its metadata" : '"token-url"';
  const failure = judge(
    answer,
    http,
    () => ownWord(answer, http, asked),
    `The token endpoint is not where ${place} has it: check it.`,
  );
  return asked.claims === undefined ? failure : withClaims(failure, asked.claims);
}

function ownWord(answer: TokenAnswer, { host }: Http, asked: Asked): Failure | undefined {
  const { error, status } = answer;
  const word = error === undefined ? undefined : errorWord(answer, host, asked, error);
  if (word !== undefined) return word;
  if (status === 415) {
    return failed("bad-response", `${host} takes the token request in another format (status 415).`, BODY_HINT, answer);
  }
  const hint = asked.grant === "client" ? clientHint(asked) : `${grantHint(asked)} ${clientHint(asked)}`;
  if (status === 401 && !answer.isHtml) {
    return failed("refused", `${host} refuses the credentials (status 401).`, hint, answer);
  }
  if (answer.body.trim() !== "" || (status !== 400 && status !== 403)) return undefined;
  // Some servers refuse a client, a password, a scope or a grant so.
  const sentence = `${host} gives no token and does not say why (an empty answer with status ${status}).`;
  return failed(status === 403 ? "forbidden" : "bad-response", sentence, `It may be a refusal. ${hint}`, answer);
}

const BODY_HINT = 'Set "body" to `json`, or leave it out for a form, as the service\'s documentation has it.';

function errorWord(answer: TokenAnswer, host: string, asked: Asked, error: string): Failure | undefined {
  const word = Object.hasOwn(WORDS, error) ? WORDS[error]?.(asked, answer) : undefined;
  if (word !== undefined) {
    const [code, what, hint] = word;
    return failed(code, `${host} ${what}.`, hint, answer);
  }
  // A word of its own; with a good status nothing but the word tells that it is a refusal.
  if (answer.status >= 300) return undefined;
  return failed("refused", `${host} answered with an error, not with a token.`, clientHint(asked), answer);
}

function failed(code: FailureCode, sentence: string, hint: string, answer: TokenAnswer): Failure {
  const { error, description } = answer;
  const said = error !== undefined && description !== undefined ? { answered: `${error}: ${description}` } : undefined;
  return new Failure(code, sentence, { hint, ...(said ?? quoted(answer)) });
}

/** What the ID token says of the run names the repository, so it stays out of the summary. */
function withClaims(failure: Failure, claims: string): Failure {
  const { code, title, message, hint, answered, answeredBy, cause } = failure;
  if (code !== "refused" && code !== "forbidden" && code !== "bad-response") return failure;
  const suggestion = `${hint} The ID token says: ${claims}.`;
  return new Failure(code, message, { title, hint, suggestion, answered, answeredBy, cause });
}
