import * as z from "zod/mini";
import { type Failure, reworded } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { type Parsed, read, schema } from "../text/json.ts";
import { judge, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, plainly, quoting, type Refusal } from "./kit/refusals.ts";
import type { Unproven } from "./provider.ts";

const BAD_CREDENTIALS = 4003;
const ADDRESS_LOCKED = 4004;
const BAD = /bad credentials/i;

const Text = () => z.catch(z.string(), "");
/** ReportPortal's own errors (`errorCode`, `message`), those of OAuth2 and what Spring Boot writes by itself (`path`). */
const Said = schema(() =>
  z.object({
    errorCode: z.optional(z.unknown()),
    message: Text(),
    error: Text(),
    error_description: Text(),
    path: Text(),
  }),
);
const NOTHING: Parsed<typeof Said> = { message: "", error: "", error_description: "", path: "" };

function said({ json }: Answer): Parsed<typeof Said> {
  return read(Said, json) ?? NOTHING;
}

/** From 5.14 on every fault at login is told as 400 with 4003, that of a database or a directory too. */
const OUTAGE = /exception|connection|\bJDBC\b|\bJPA\b|timed? ?out|unreachable/i;

/** Spring asks for the lock before the password, and ReportPortal's "locked" is "not active" (`ReportPortalUser`). */
const DEACTIVATED = /locked|disabled|suspended|expired|inactive|deactivated/i;

const LOST_HEADER = "Something on the way may drop the Authorization header: ask who runs the proxy in front of it.";

/** What ReportPortal says in an answer, without the JSON around it. */
export function saying(answer: Answer): string {
  const { message, error_description, error } = said(answer);
  return message || error_description || error || plainly(answer);
}

/** An API that knows no token endpoint answers 401 to the client's Basic header; it says nothing of the password. */
export function isApiWithoutEndpoint(answer: Answer): boolean {
  const { errorCode, error } = said(answer);
  return answer.status === 401 && answer.json !== undefined && errorCode === undefined && error !== "invalid_client";
}

/** What the token endpoint at this place means by an answer without a token. */
export function judgeGrant(answer: Answer, http: Http, place: string, isOwnClient: boolean): Failure {
  const failure = judge(quoted(answer), http, grantWord(isOwnClient));
  return reworded(failure, uncutPrefix(answer, [place]) ?? failure.hint);
}

/**
 * What the API means by an answer to a token.
 * @throws {Failure} where it is no refusal of the token
 */
export function refusalOf(answer: Answer, http: Http, token: string): Unproven {
  const isOfTheWay = answer.status === 401 && isNobody(answer);
  return refusedOrThrow(quoted(answer), http, apiWord(token), { isOfTheWay });
}

/** Why one of these places has got a path that nobody expects there; undefined where it has not. */
export function uncutPrefix(answer: Answer, places: readonly string[]): string | undefined {
  const path = said(answer).path.split("?")[0] ?? "";
  const place = places.find((candidate) => path.endsWith(candidate));
  if (place === undefined) return undefined;
  return `The ingress in front does not cut the prefix ${place.slice(0, place.indexOf("/", 1))} off: ask who runs it.`;
}

function quoted(answer: Answer): Answer {
  return answer.body.trim() === "" ? answer : quoting(answer, saying(answer));
}

/** In every generation: nobody has signed in, although this action always sends a header for it. */
function isNobody(answer: Answer): boolean {
  const { message, error_description, error } = said(answer);
  return /full authentication is required/i.test(message || error_description) || /^unauthorized$/i.test(error);
}

/** Told with the code of a wrong password, though it says something else. */
function isOfLogin(answer: Answer, words: RegExp): boolean {
  const { errorCode, message } = said(answer);
  return errorCode === BAD_CREDENTIALS && words.test(message) && !BAD.test(message);
}

const LOCKED: Refusal = {
  when: (answer) => said(answer).errorCode === ADDRESS_LOCKED || /address is locked/i.test(said(answer).message),
  failure: "locked",
  says: "has locked this runner's address after several wrong passwords",
  do: "It ends after about 30 seconds. Correct the password before you re-run the job; on shared runners another job can be the cause.",
};

/** What every place of ReportPortal may say but a refusal. */
const NO_REFUSALS: readonly Refusal[] = [
  LOCKED,
  {
    when: (answer) =>
      isOfLogin(answer, OUTAGE) || /^(?:server_error|temporarily_unavailable)$/.test(said(answer).error),
    failure: "unavailable",
    says: "met a fault of its own at login",
    do: "Its database or directory (LDAP) failed, whatever the password. Re-run the job later; if it stays, ask who runs it.",
  },
  {
    when: (answer) => isOfLogin(answer, DEACTIVATED),
    failure: "forbidden",
    says: "knows the user but does not let it in",
    do: "It is deactivated: an administrator has to activate it. Waiting does not help.",
  },
];

const apiWord = (token: string) =>
  ownWords(
    [
      {
        when: (answer) => answer.status === 401 && isNobody(answer),
        failure: "refused",
        says: "answers as if no token had been sent",
        do: `${LOST_HEADER}${token.split(".").length === 3 ? "" : " An API key whose user is deactivated gets the same answer."}`,
      },
      ...NO_REFUSALS,
      {
        when: (answer) => said(answer).error === "invalid_token",
        failure: "refused",
        says: "refuses the token",
        do: "Give the whole API key, with its name and the underscore in front. Or it was revoked, or holds characters that ReportPortal 25.1 and later do not take.",
      },
    ],
    saying,
    "ReportPortal",
  );

const grantWord = (isOwnClient: boolean) =>
  ownWords(
    [
      ...NO_REFUSALS,
      { ...LOCKED, when: ({ status, body }) => status === 401 && body.trim() === "" },
      {
        when: (answer) => said(answer).error === "invalid_client",
        failure: "refused",
        says: "refuses the client",
        do: isOwnClient
          ? 'Leave out "client-id" and "client-secret": ReportPortal knows no client but its own "ui".'
          : 'It knows another client than "ui": ask who runs it for "client-id" and "client-secret".',
      },
      {
        when: (answer) => isNobody(answer) && answer.status === 401 && said(answer).error !== "",
        ...NO_CLIENT,
        // Old servers say the same of a client that they do not know and of a request without one.
        do: `${LOST_HEADER} Old servers with another client secret say the same: ${isOwnClient ? "check" : "give its"} "client-id" and "client-secret".`,
      },
      { when: (answer) => isNobody(answer) && isOfLogin(answer, /./), ...NO_CLIENT },
      {
        when: isWrongPassword,
        failure: "refused",
        says: "refuses the user name or password",
        do: 'Check "username" (the login, not the full name) and "password". An account of a single sign-on has no password here: use an API key as "token".',
      },
    ],
    saying,
    "ReportPortal",
  );

const NO_CLIENT = { failure: "refused", says: "answers as if no client had signed in", do: LOST_HEADER } as const;

/** With 403 the same code tells of a permission ("Access is denied"). */
function isWrongPassword(answer: Answer): boolean {
  const { errorCode, error, message } = said(answer);
  const isOther = /grant type/i.test(message) || (answer.status === 403 && !BAD.test(message));
  return error === "invalid_grant" || (errorCode === BAD_CREDENTIALS && !isOther);
}
