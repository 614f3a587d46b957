import type { IncomingHttpHeaders } from "node:http";

/** One request to the service, relative to its base URL. */
export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query below the base URL; begins with `/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Body as `application/x-www-form-urlencoded`; a name with several values is repeated. */
  readonly form?: Readonly<Record<string, string | readonly string[]>>;
  /** Body as `application/json`. */
  readonly json?: unknown;
  readonly resend?: Resend;
  /** The input that holds the whole URL of this request, or would; where it is absent that is `url` and the path. */
  readonly urlInput?: string;
  /** What to do about a redirect, where no input holds the place that is asked. */
  readonly ofRedirect?: string;
  /** What it is for, as a retry's log line begins: given where a stage sends several requests. */
  readonly what?: string;
  /** Its answer brings a secret: a step that is cancelled meanwhile waits for it for a moment. */
  readonly mints?: true;
  /** It undoes a creation that nobody may know of: a step that is cancelled meanwhile waits for it for a moment. */
  readonly cleansUp?: true;
  /** It stands in the place of a creation that met a fault, and nothing is sent in its own. */
  readonly isReplacement?: true;
  /** Tells that this answer is the service's own word, whatever its status: it is then neither retried nor judged. */
  readonly isFinal?: (answer: Answer) => boolean;
  /** What else an answer that the client judges itself may mean at this service: a sentence for its hint. */
  readonly mayMean?: (answer: Answer) => string | undefined;
}

/**
 * What may follow a passing fault.
 * - `freely`: the request is sent again, as often as the retries allow (the default).
 * - `once`: it holds a password, so once it may have reached the service it is sent again one time at most.
 * - `unwritten`: what it holds is good for one use, so it is sent again only while nothing of it can have been written.
 * - `never`: it is not sent again.
 * - a function: the request creates something, so it is never sent again. After every fault the function is told whether
 *   the service may have acted on it, undoes what there may be, and gives another request to send in its place, one time at
 *   most; none where it cannot tell what the service has made. That request is built only when it is sent.
 */
export type Resend =
  | "freely"
  | "once"
  | "unwritten"
  | "never"
  | ((mayHaveActed: boolean) => Promise<(() => Request | Promise<Request>) | undefined>);

/** What the service answered, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As text, without the values of fields that are named as those of secrets. */
  readonly body: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
  /** The body is a page for people: a login form, a portal, an error page. */
  readonly isHtml: boolean;
}

/** The client of one stage, bound to one base URL: what a provider gets to see of the network. */
export interface Http {
  readonly baseUrl: string;
  /** Host with port, for texts. */
  readonly host: string;
  /**
   * Sends the request until it is answered for good.
   * Resolves with any answer that is not a fault, of whatever status.
   * @throws {Failure} `tls`, `wrong-url` (a redirect), `rate-limited`, `timeout`, `unavailable` or `bad-response`
   */
  send(request: Request | BuildRequest): Promise<Answer>;
  /**
   * Another place of the same service, by its base URL: same clock, same guards.
   * @throws {Failure} `wrong-url` for plain http that is not allowed
   */
  at(baseUrl: string): Http;
}

/** Builds a request anew for each attempt (from 1), where it holds what is good for one use only. */
export type BuildRequest = (attempt: number) => Promise<Request>;

/** The same client, whose requests have these properties unless they say otherwise. */
function withDefaults(http: Http, defaults: Partial<Request>): Http {
  return {
    ...http,
    send: (request) =>
      http.send(
        typeof request === "function"
          ? async (attempt) => ({ ...defaults, ...(await request(attempt)) })
          : { ...defaults, ...request },
      ),
    at: (baseUrl) => withDefaults(http.at(baseUrl), defaults),
  };
}

/** The same client, whose retries tell what is attempted. */
export function naming(http: Http, what: string): Http {
  return withDefaults(http, { what });
}

/** The same client, for looking for a key whose creation met a fault, and deleting it. */
export function undoing(http: Http): Http {
  return withDefaults(http, { what: "Looking for the key", cleansUp: true });
}
