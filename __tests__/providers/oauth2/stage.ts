import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type IdTokenOptions, type IdTokens, startIdTokens } from "../../../sandbox/runner/id-token.ts";
import type { StageResult, StepOptions, StepResult } from "../../../sandbox/runner/runner.ts";
import { type OAuth2, type OAuth2Behaviour, startOAuth2 } from "../../../sandbox/services/oauth2.ts";
import type { RecordedRequest, StartOptions } from "../../../sandbox/services/service.ts";
import { runAction, runMain } from "../../kit/support.ts";

/** An authorization server, who gives the job its ID tokens, and the action run against both. */
export interface Stage {
  readonly server: OAuth2;
  readonly idTokens: IdTokens;
  /** The inputs of a step with this method. */
  inputs(method: string, more?: Readonly<Record<string, string>>): Record<string, string>;
  /** Main alone. */
  main(method: string, more?: Readonly<Record<string, string>>, options?: Partial<StepOptions>): Promise<StageResult>;
  /** Main and post. */
  run(method: string, more?: Readonly<Record<string, string>>, options?: Partial<StepOptions>): Promise<StepResult>;
  /** The requests to the server as `POST /token 200`. */
  lines(): string[];
  /** The token requests, with their form. */
  tokenRequests(): { readonly request: RecordedRequest; readonly form: URLSearchParams }[];
}

const running: { close(): Promise<void> }[] = [];

/** For `afterEach`. */
export async function closeStages(): Promise<void> {
  for (const one of running.splice(0)) await one.close();
}

/** Remembers to close something after the test. */
export async function kept<Kind extends { close(): Promise<void> }>(starting: Promise<Kind>): Promise<Kind> {
  const one = await starting;
  running.push(one);
  return one;
}

export async function stage(
  behaviour: Partial<OAuth2Behaviour> = {},
  options: StartOptions = {},
  idTokenOptions: IdTokenOptions = {},
): Promise<Stage> {
  const idTokens = await kept(startIdTokens(idTokenOptions));
  const server = await kept(startOAuth2({ trusts: idTokens, ...options }));
  Object.assign(server.behaviour, behaviour);
  const inputs = (method: string, more: Readonly<Record<string, string>> = {}) =>
    without({ provider: "oauth2", method, url: server.url, ...server.accounts[method]?.inputs, ...more });
  return {
    server,
    idTokens,
    inputs,
    main: (method, more, stepOptions) => runMain(inputs(method, more), { idTokens, ...stepOptions }),
    run: (method, more, stepOptions) => runAction(inputs(method, more), { idTokens, ...stepOptions }),
    lines: () => server.requests.map(({ method, path, status }) => `${method} ${path} ${status}`),
    tokenRequests: () =>
      server.requests
        .filter(({ method, path }) => method === "POST" && /\/token(?:\?|$)/.test(path))
        .map((request) => ({ request, form: new URLSearchParams(request.body) })),
  };
}

/** A proxy that leads to one port of this machine, whichever host is asked for. */
export async function startTunnel(port: number) {
  const asked: string[] = [];
  const server = createServer().on("connect", ({ url = "" }, socket) => {
    asked.push(url);
    const onwards = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onwards).pipe(socket);
    });
    // Either side ends as it likes.
    for (const [one, other] of [[socket, onwards] as const, [onwards, socket] as const]) {
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Host and port of every tunnel. */
    asked,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** An input that is given as the empty text counts as left out; here it makes the log shorter. */
function without(inputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== ""));
}

/** What a token request's `Authorization: Basic` holds, as it was sent. */
export function basicOf({ headers }: RecordedRequest): string {
  return Buffer.from((headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString();
}

/** Header and claims of a JWT. */
export function jwtOf(token: string | null): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = "", claims = ""] = (token ?? "").split(".").map((part) => Buffer.from(part, "base64url").toString());
  return { header: JSON.parse(header), claims: JSON.parse(claims) };
}

/** The first of a list that has one. */
export function first<Item>(list: readonly Item[]): Item {
  const [item] = list;
  if (item === undefined) throw new Error("There is none");
  return item;
}

/** The message of the one annotation that fails the step, with its code. */
export function failureOf(main: StageResult): string {
  const errors = main.annotations.filter(({ type }) => type === "error");
  return errors.length === 1 ? `${main.outputs.failure}: ${errors[0]?.message}` : `${errors.length} errors`;
}
