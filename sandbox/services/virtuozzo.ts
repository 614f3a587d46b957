import { randomBytes } from "node:crypto";
import { type Answer, html, json, Refusal } from "./answers.ts";
import { formFields } from "./credentials.ts";
import { type Call, serve } from "./serve.ts";
import type { Account, Service, StartOptions } from "./service.ts";

/** Switches; all can be turned while the service runs. */
export interface VirtuozzoBehaviour {
  /** Errors come inside of an outer `result` 0, as newer platforms do it. */
  nestedErrors: boolean;
  /** HTTP status of errors; the real one is 200. */
  errorStatus: number;
  /** What is said of a session that never was, or of a token. */
  unknownSession: { result: number; error: string };
  /** The result for a session that has ended; no readable source gives the real number. */
  endedSession: number;
}

export interface Virtuozzo extends Service {
  readonly behaviour: VirtuozzoBehaviour;
  /** An account with a second factor: its password is right, but it gets no session. */
  readonly twoFactor: Account;
  /** A personal access token that works but may not call `getuserinfo`. */
  readonly narrowToken: string;
}

interface User {
  readonly uid: number;
  readonly login: string;
  readonly password: string;
  readonly name: string;
  readonly twoFactor: boolean;
}

interface Platform {
  readonly behaviour: VirtuozzoBehaviour;
  readonly users: readonly User[];
  readonly sessions: Map<string, User>;
  readonly ended: Set<string>;
  /** Personal access tokens with the methods that each may call. */
  readonly tokens: Map<string, { readonly user: User; readonly methods: readonly string[] }>;
}

const ROBOT: User = {
  uid: 1163,
  login: "ci.robot@example.org",
  password: `pä%26 ss"w&rd+1=' `,
  name: "ci.robot@example.org",
  twoFactor: false,
};
const CAREFUL: User = {
  uid: 1164,
  login: "careful@example.org",
  password: "c0rrect-horse-battery",
  name: "careful@example.org",
  twoFactor: true,
};

/** Starts a Virtuozzo Application Platform. */
export async function startVirtuozzo(options: StartOptions = {}): Promise<Virtuozzo> {
  const token = newPersonalAccessToken();
  const narrowToken = newPersonalAccessToken();
  const platform: Platform = {
    behaviour: {
      nestedErrors: false,
      errorStatus: 200,
      unknownSession: { result: 3, error: "invalid parameter [session]" },
      endedSession: 702,
    },
    users: [ROBOT, CAREFUL],
    sessions: new Map(),
    ended: new Set(),
    tokens: new Map([
      [token, { user: ROBOT, methods: ["users.account.GetUserInfo", "environment.control.GetEnvs"] }],
      [narrowToken, { user: ROBOT, methods: ["environment.control.RedeployContainers"] }],
    ]),
  };
  const listening = await serve(options, (call) => route(platform, call));
  return {
    ...listening,
    accounts: {
      "personal-access-token": { inputs: { token } },
      session: { inputs: login(ROBOT) },
    },
    behaviour: platform.behaviour,
    twoFactor: { inputs: login(CAREFUL) },
    narrowToken,
    live: () => [...platform.sessions].map(([session, user]) => `session ${session} of ${user.login}`),
  };
}

function login(user: User): Account["inputs"] {
  return { username: user.login, password: user.password };
}

/** 40 hex characters, as in every published example. */
function newPersonalAccessToken(): string {
  return randomBytes(20).toString("hex");
}

type Method = (platform: Platform, form: ReadonlyMap<string, string>) => Answer;

const METHODS: Readonly<Record<string, Method>> = {
  "/1.0/users/authentication/rest/signin": signIn,
  "/1.0/users/authentication/rest/signout": signOut,
  "/1.0/users/account/rest/getuserinfo": getUserInfo,
};

function route(platform: Platform, call: Call): Answer {
  const method = METHODS[call.route];
  if (method === undefined) return html(404, "404 Not Found", "The requested resource is not available.");
  // The real service takes GET and query strings too, but a secret must never travel in a URL.
  if (call.method !== "POST" || call.query.size > 0) {
    return failure(platform, 1, "this stand-in takes POST forms only: a URL lands in access logs");
  }
  return method(platform, formFields(call));
}

function signIn(platform: Platform, form: ReadonlyMap<string, string>): Answer {
  const name = required(platform, form, "login");
  const password = required(platform, form, "password");
  const user = platform.users.find((candidate) => candidate.login === name && candidate.password === password);
  if (user === undefined) return failure(platform, 701, "authentication failed");
  // The object comes with every sign-in; it says whether the account has a second factor.
  const requiredAuthCheck = {
    id: 7,
    type: "GOOGLE_AUTHENTICATOR",
    isActive: user.twoFactor,
    isConfigured: user.twoFactor,
    useObjectHash: false,
  };
  const about = { uid: user.uid, result: 0, email: user.login, name: user.name, requiredAuthCheck };
  if (user.twoFactor) return json(200, { ...about, session: "" });
  const session = `48bx${randomBytes(16).toString("hex")}`;
  platform.sessions.set(session, user);
  return json(200, { ...about, session });
}

function signOut(platform: Platform, form: ReadonlyMap<string, string>): Answer {
  const session = required(platform, form, "session");
  // What it does to a personal access token is not known; here it breaks, so that a test would notice.
  const known = platform.sessions.delete(session) || platform.tokens.delete(session);
  if (!known) return unknownSession(platform, session);
  platform.ended.add(session);
  return json(200, { result: 0 });
}

function getUserInfo(platform: Platform, form: ReadonlyMap<string, string>): Answer {
  const session = required(platform, form, "session");
  const token = platform.tokens.get(session);
  const user = platform.sessions.get(session) ?? token?.user;
  if (user === undefined) return unknownSession(platform, session);
  const method = "users.account.GetUserInfo";
  if (token && !token.methods.includes(method)) {
    return failure(platform, 8202, `access token has no permission [${method}]`);
  }
  return json(200, { result: 0, uid: user.uid, email: user.login, name: user.name, status: 1 });
}

function required(platform: Platform, form: ReadonlyMap<string, string>, field: string): string {
  const value = form.get(field);
  if (!value) throw new Refusal(failure(platform, 3, `invalid parameter [${field}]`));
  return value;
}

/** In the vendor's own scripts the answer for a dead session begins with its masked id, and is no `result` 3. */
function unknownSession(platform: Platform, session: string): Answer {
  const { unknownSession, endedSession } = platform.behaviour;
  if (platform.ended.has(session)) {
    return failure(platform, endedSession, `session [${session.slice(0, 4)}xxx] is not authenticated`);
  }
  return failure(platform, unknownSession.result, unknownSession.error);
}

/** Errors come with HTTP 200; `result` tells (the vendor's own scripts read it there). */
function failure(platform: Platform, result: number, error: string): Answer {
  const { nestedErrors, errorStatus } = platform.behaviour;
  const body = { result, source: "JEL", error };
  return json(errorStatus, nestedErrors ? { result: 0, response: body } : body);
}
