import { type Failure, reworded } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { inconclusive, judge, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, type Refusal } from "./kit/refusals.ts";
import { type Spoken, spoken } from "./kit/said.ts";
import type { Inconclusive, Unproven } from "./provider.ts";

const BAD_CREDENTIALS = 4003;
const ADDRESS_LOCKED = 4004;
const BAD = /bad credentials/i;

/** From 5.14 on every fault at login is told as 400 with 4003, that of a database or a directory too. */
const OUTAGE = /exception|connection|\bJDBC\b|\bJPA\b|timed? ?out|unreachable/i;

/** Spring asks for the lock before the password, and ReportPortal's "locked" is "not active" (`ReportPortalUser`). */
const DEACTIVATED = /locked|disabled|suspended|expired|inactive|deactivated/i;

const LOST_HEADER = "Something on the way may drop the Authorization header: ask who runs the proxy.";

/** An API that knows no token endpoint answers 401 to the client's Basic header; it says nothing of the password. */
export function isApiWithoutEndpoint(answer: Answer): boolean {
  const { status, json, errorCode, error } = spoken(answer);
  return status === 401 && json !== undefined && errorCode === undefined && error !== "invalid_client";
}

/** What the token endpoint at this place means by an answer without a token. */
export function judgeGrant(answer: Answer, http: Http, place: string, isOwnClient: boolean): Failure {
  const failure = judge(spoken(answer), http, grantWord(isOwnClient));
  return reworded(failure, uncutPrefix(answer, [place]) ?? failure.hint);
}

/**
 * What the API means by an answer to a token.
 * @throws {Failure} where it is no refusal of the token
 */
export function refusalOf(answer: Answer, http: Http, token: string): Unproven {
  const heard = spoken(answer);
  return refusedOrThrow(heard, http, apiWord(token), { isOfTheWay: isNobody(heard) });
}

/** What it means that this place, like the others, does not tell whose a token is. */
export function nowhere(answer: Answer, http: Http, token: string, places: readonly string[]): Inconclusive {
  const failure = judge(spoken(answer), http, apiWord(token));
  const told = reworded(failure, uncutPrefix(answer, places) ?? failure.hint);
  return inconclusive(told, answer.status === 403 ? "permission" : "answer");
}

/** Why one of these places has got a path that nobody expects there; undefined where it has not. */
function uncutPrefix(answer: Answer, places: readonly string[]): string | undefined {
  const path = spoken(answer).path.split("?")[0] ?? "";
  const place = places.find((candidate) => path.endsWith(candidate));
  if (place === undefined) return undefined;
  return `The ingress in front does not cut the prefix ${place.slice(0, place.indexOf("/", 1))} off: ask who runs it.`;
}

/** In every generation: nobody has signed in, although this action always sends a header for it. */
function isNobody({ message, error_description, error }: Spoken): boolean {
  return /full authentication is required/i.test(message || error_description) || /^unauthorized$/i.test(error);
}

/** Told with the code of a wrong password, though it says something else. */
function isOfLogin({ errorCode, message }: Spoken, words: RegExp): boolean {
  return errorCode === BAD_CREDENTIALS && words.test(message) && !BAD.test(message);
}

/** With 403 the same code tells of a permission ("Access is denied"). */
function isWrongPassword({ errorCode, message, status }: Spoken): boolean {
  return errorCode === BAD_CREDENTIALS && !/grant type/i.test(message) && (status !== 403 || BAD.test(message));
}

const LOCKED: Refusal = {
  when: ({ errorCode, message }) => errorCode === ADDRESS_LOCKED || /address is locked/i.test(message),
  failure: "locked",
  says: "has locked this runner's address for now",
  do: "It ends after 30 seconds. Check the password; another job on this address can be the cause, too.",
};

/** What every place of ReportPortal may say but a refusal. */
const NO_REFUSALS: readonly Refusal[] = [
  LOCKED,
  {
    when: (answer) => isOfLogin(answer, OUTAGE) || /^(?:server_error|temporarily_unavailable)$/.test(answer.error),
    failure: "unavailable",
    says: "met a fault of its own at login",
    do: "Its database or directory failed, whatever the password: re-run the job later.",
  },
  {
    when: (answer) => isOfLogin(answer, DEACTIVATED),
    failure: "forbidden",
    says: "knows the user but does not let it in",
    do: "It is deactivated: an administrator has to activate it.",
  },
];

const apiWord = (token: string) =>
  ownWords(
    [
      {
        when: (answer) => answer.status === 401 && isNobody(answer),
        says: "answers as if no token had been sent",
        do: `${LOST_HEADER}${token.split(".").length === 3 ? "" : " A key of a deactivated user gets the same answer."}`,
      },
      ...NO_REFUSALS,
      {
        when: ({ error }) => error === "invalid_token",
        says: "refuses the token",
        do: "Give the whole API key, with its name in front. It may also be revoked, or hold characters that ReportPortal 25.1 no longer takes.",
      },
    ],
    "ReportPortal",
  );

const NO_CLIENT = { says: "answers as if no client had signed in", do: LOST_HEADER };

const grantWord = (isOwnClient: boolean) =>
  ownWords(
    [
      ...NO_REFUSALS,
      { ...LOCKED, when: ({ status, body }) => status === 401 && body.trim() === "" },
      {
        when: ({ error }) => error === "invalid_client",
        says: "refuses the client",
        do: isOwnClient
          ? 'Leave out "client-id" and "client-secret".'
          : 'It wants another client: ask who runs it for "client-id" and "client-secret".',
      },
      {
        when: (answer) => isNobody(answer) && answer.status === 401 && answer.error !== "",
        ...NO_CLIENT,
        // Old servers say the same of a client that they do not know and of a request without one.
        do: `${LOST_HEADER} Old servers with another client secret say the same: ${isOwnClient ? "check" : "give its"} "client-id" and "client-secret".`,
      },
      { when: (answer) => isNobody(answer) && isOfLogin(answer, /./), ...NO_CLIENT },
      {
        when: (answer) => answer.error === "invalid_grant" || isWrongPassword(answer),
        says: "refuses the user name or password",
        do: 'Check "username" (the login name) and "password". Who signs in by single sign-on has none here: use an API key as "token".',
      },
    ],
    "ReportPortal",
  );
