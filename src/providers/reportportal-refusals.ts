import * as z from "zod/mini";
import { Failure, reworded } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { quoted as quote } from "../http/quote.ts";
import { read, schema } from "../text/json.ts";
import { judge, refusedOrThrow } from "./kit/judge.ts";
import { ownWords, type Refusal } from "./kit/refusals.ts";
import type { Unproven } from "./provider.ts";

const BAD_CREDENTIALS = 4003;
const ADDRESS_LOCKED = 4004;

const ApiError = schema(() => z.object({ errorCode: z.number(), message: z.optional(z.string()) }));
const OAuthError = schema(() => z.object({ error: z.string(), error_description: z.optional(z.string()) }));
/** What Spring Boot writes by itself. */
const SpringError = schema(() => z.object({ path: z.string() }));
const Message = schema(() => z.object({ message: z.string().check(z.regex(/./s)) }));
const HasErrorCode = schema(() => z.object({ errorCode: z.unknown() }));

/** From 5.14 on every fault at login is told as 400 with 4003, that of a database or a directory too. */
const OUTAGE = /exception|connection|\bJDBC\b|\bJPA\b|timed? ?out|unreachable/i;

/** Spring asks for the lock before the password, and ReportPortal's "locked" is "not active" (`ReportPortalUser`). */
const DEACTIVATED = /locked|disabled|suspended|expired|inactive|deactivated/i;

/** In every generation: nobody has signed in, although this action always sends a header for it. */
const NOBODY = /full authentication is required/i;

const LOST_HEADER = "Something on the way may drop the Authorization header: ask who runs the proxy in front of it.";

/** What ReportPortal says in an answer, without the JSON around it. */
export function saying(answer: Answer): string {
  if (answer.isHtml) return "";
  const oauth = read(OAuthError, answer.json);
  return (
    read(Message, answer.json)?.message ?? oauth?.error_description ?? oauth?.error ?? quote(answer).answered ?? ""
  );
}

/** An API that knows no token endpoint answers 401 to the client's Basic header; it says nothing of the password. */
export function isApiWithoutEndpoint({ status, json }: Answer): boolean {
  const isOfEndpoint =
    read(HasErrorCode, json)?.errorCode !== undefined || read(OAuthError, json)?.error === "invalid_client";
  return status === 401 && json !== undefined && !isOfEndpoint;
}

/** What the token endpoint at this place means by an answer without a token. */
export function judgeGrant(answer: Answer, http: Http, asked: { place: string; isOwnClient: boolean }): Failure {
  const failure = judge(quoted(answer), http, grantWord(asked.isOwnClient));
  const hint = uncutPrefix(answer, [asked.place]);
  return hint === undefined ? failure : reworded(failure, hint);
}

/**
 * What the API means by an answer to a token.
 * @throws {Failure} where it is no refusal of the token
 */
export function refusalOf(answer: Answer, http: Http, token: string): Unproven {
  if (answer.status === 401 && isNobody(answer))
    return { kind: "refused", failure: unseen(answer, http.host, token), isOfTheWay: true };
  return refusedOrThrow(quoted(answer), http, apiWord);
}

/** Why one of these places has got a path that nobody expects there; undefined where it has not. */
export function uncutPrefix({ json }: Answer, places: readonly string[]): string | undefined {
  const path = read(SpringError, json)?.path.split("?")[0] ?? "";
  const place = places.find((candidate) => path.endsWith(candidate));
  if (place === undefined) return undefined;
  const prefix = place.slice(0, place.indexOf("/", 1));
  return `The ingress in front has to cut the prefix ${prefix} off, but hands "${place}" on: ask who runs it.`;
}

function quoted(answer: Answer): Answer {
  return answer.body.trim() === "" ? answer : { ...answer, body: saying(answer) || answer.body };
}

function isNobody({ json }: Answer): boolean {
  const oauth = read(OAuthError, json);
  const message = read(Message, json)?.message ?? oauth?.error_description ?? "";
  return NOBODY.test(message) || oauth?.error.toLowerCase() === "unauthorized";
}

function unseen(answer: Answer, host: string, token: string): Failure {
  const isKey = token.split(".").length !== 3;
  return new Failure("refused", `ReportPortal at ${host} answers as if no token had been sent.`, {
    hint: `${LOST_HEADER}${isKey ? " An API key whose user is deactivated gets the same answer." : ""}`,
    answered: saying(answer),
  });
}

const codeOf = ({ json }: Answer): number | undefined => read(ApiError, json)?.errorCode;
const messageOf = ({ json }: Answer): string => read(ApiError, json)?.message ?? "";
const errorOf = ({ json }: Answer): string => read(OAuthError, json)?.error ?? "";

/** Told with the code of a wrong password, though it says something else. */
const isOfLogin = (answer: Answer): boolean =>
  codeOf(answer) === BAD_CREDENTIALS && !/bad credentials/i.test(messageOf(answer));

const LOCKED: Refusal = {
  when: (answer) => codeOf(answer) === ADDRESS_LOCKED || /address is locked/i.test(messageOf(answer)),
  failure: "locked",
  says: "ReportPortal at {host} has locked this runner's address after several wrong passwords.",
  do: "It ends after about 30 seconds. Correct the password before you re-run the job; on shared runners another job can be the cause.",
};

/** What every place of ReportPortal may say but a refusal. */
const NO_REFUSALS: readonly Refusal[] = [
  LOCKED,
  {
    when: (answer) =>
      (isOfLogin(answer) && OUTAGE.test(messageOf(answer))) ||
      /^(server_error|temporarily_unavailable)$/.test(errorOf(answer)),
    failure: "unavailable",
    says: "ReportPortal at {host} met a fault of its own at login.",
    do: "Its database or directory (LDAP) failed, whatever the password. Re-run the job later; if it stays, ask who runs it.",
  },
  {
    when: (answer) => isOfLogin(answer) && DEACTIVATED.test(messageOf(answer)),
    failure: "forbidden",
    says: "ReportPortal at {host} knows the user but does not let it in.",
    do: "It is deactivated: an administrator has to activate it. Waiting does not help.",
  },
];

const apiWord = ownWords(
  [
    ...NO_REFUSALS,
    {
      when: (answer) => errorOf(answer) === "invalid_token",
      failure: "refused",
      says: "ReportPortal at {host} refuses the token.",
      do: "Give the whole API key, with its name and the underscore in front. Or it was revoked, or holds characters that ReportPortal 25.1 and later do not take.",
    },
  ],
  saying,
);

const grantWord = (isOwnClient: boolean) =>
  ownWords(
    [
      ...NO_REFUSALS,
      { ...LOCKED, when: ({ status, body }) => status === 401 && body.trim() === "" },
      {
        when: (answer) => errorOf(answer) === "invalid_client",
        failure: "refused",
        says: "ReportPortal at {host} refuses the client.",
        do: isOwnClient
          ? 'Leave out "client-id" and "client-secret": ReportPortal knows no other client than its own "ui".'
          : 'It knows another client than "ui": ask who runs it for "client-id" and "client-secret".',
      },
      {
        when: (answer) => isNobody(answer) && isSpring(answer),
        failure: "refused",
        says: NO_CLIENT,
        // Old servers say the same of a client that they do not know and of a request without one.
        do: `${LOST_HEADER} Old servers with another client secret say the same: ${isOwnClient ? 'check "client-id" and "client-secret"' : 'give its "client-id" and "client-secret"'}.`,
      },
      {
        when: (answer) => isNobody(answer) && codeOf(answer) === BAD_CREDENTIALS,
        failure: "refused",
        says: NO_CLIENT,
        do: LOST_HEADER,
      },
      {
        when: (answer) => errorOf(answer) === "invalid_grant" || isWrongPassword(answer),
        failure: "refused",
        says: "ReportPortal at {host} refuses the user name or password.",
        do: 'Check "username" (the login, not the full name) and "password". Accounts of a single sign-on have no password here: use an API key as "token". More than three wrong tries lock the address for half a minute.',
      },
    ],
    saying,
  );

const NO_CLIENT = "ReportPortal at {host} answers as if no client had signed in.";

function isSpring(answer: Answer): boolean {
  return answer.status === 401 && errorOf(answer) !== "";
}

/** With 403 the same code tells of a permission ("Access is denied"). */
function isWrongPassword(answer: Answer): boolean {
  const message = messageOf(answer);
  const isPermission = answer.status === 403 && !/bad credentials/i.test(message);
  return codeOf(answer) === BAD_CREDENTIALS && !isPermission && !/grant type/i.test(message);
}
