/** What holds at every OAuth2 server, with what each says in its own way. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner.ts";
import { leaks, runAction, runMain } from "../support.ts";
import { basic, form, type Pair } from "./pair.ts";
import { lines, type Recorder } from "./recorder.ts";

/** A server that nobody here wrote. */
export interface RealServer extends Recorder {
  readonly client: Pair;
  readonly user: Pair;
  /** What the server's own store says of an access token. */
  isAlive(token: string): boolean;
}

export type Inputs = Readonly<Record<string, string>>;

/** How a server differs from the others. */
export interface Subject<Server extends RealServer> {
  start(): Promise<Server>;
  /** What names the server, beside what proves its client. */
  inputs(server: Server): Inputs;
  readonly tokenPath: string;
  /** The client of the password grant, where it is another. */
  passwordClient?(server: Server): Pair;
  /** The status of the token endpoint for each form of the awkward pair. */
  readonly forms: Readonly<Record<"basic" | "basic-plain" | "post", number>>;
  /** What `client-auth: auto` sends and gets: with the metadata, and with nothing but the token endpoint. */
  readonly auto: { readonly discovered?: readonly string[]; readonly undiscovered: readonly string[] };
  /** Each mistake, as the server answers it and as the step ends. */
  readonly refusals: readonly Refusal[];
  readonly probe: "accepted" | "skipped";
  /** Whether the token is dead at the end of the job. */
  readonly revokes: boolean;
}

export interface Refusal {
  readonly what: string;
  readonly method: "client-credentials" | "password";
  readonly wrong: Inputs;
  /** What came of it at the token endpoint. */
  readonly requests: readonly string[];
  readonly failure: string;
  readonly says: string;
}

/** The tests that every server has; the returned function gives the server, once they run. */
export function proof<Server extends RealServer>(subject: Subject<Server>): () => Server {
  let started: Server | undefined;
  const server = (): Server => {
    if (started === undefined) throw new Error("the server is not started yet");
    return started;
  };
  beforeAll(async () => {
    started = await subject.start();
  });
  afterAll(() => started?.stop());
  describe("the server itself", () => proveServer(subject, server));
  describe("client-credentials", () => proveClientCredentials(subject, server));
  describe("password", () => provePassword(subject, server));
  describe("a mistake", () => proveRefusals(subject, server));
  return server;
}

/** The inputs of a step with one of the two methods. */
function inputsOf<Server extends RealServer>(subject: Subject<Server>, server: Server, method: string): Inputs {
  const { id, secret } = method === "password" ? (subject.passwordClient?.(server) ?? server.client) : server.client;
  const user = { username: server.user.id, password: server.user.secret };
  return {
    provider: "oauth2",
    method,
    "client-id": id,
    "client-secret": secret,
    ...(method === "password" && user),
    ...subject.inputs(server),
  };
}

/** What was asked of the token endpoint while something ran, with how the client was proven and the answer's status. */
export async function tokenRequests(
  { requests }: Recorder,
  path: string,
  run: () => Promise<unknown>,
): Promise<readonly string[]> {
  const before = requests.length;
  await run();
  const prefix = `POST ${path} `;
  return lines(requests.slice(before)).flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
}

function proveServer<Server extends RealServer>(subject: Subject<Server>, server: () => Server): void {
  test("takes the pair of a client, with all that is awkward in it, in the forms that it knows", async () => {
    const { url, client } = server();
    const { scope } = subject.inputs(server());
    const grant = { grant_type: "client_credentials", ...(scope !== undefined && { scope }) };
    const asked = {
      basic: form(grant, { authorization: basic(client, "encoded") }),
      "basic-plain": form(grant, { authorization: basic(client, "plain") }),
      post: form({ ...grant, client_id: client.id, client_secret: client.secret }),
    };
    const statuses: Record<string, number> = {};
    for (const [name, request] of Object.entries(asked)) {
      statuses[name] = (await fetch(url + subject.tokenPath, request)).status;
    }
    expect(statuses).toEqual(subject.forms);
  });
}

function proveClientCredentials<Server extends RealServer>(subject: Subject<Server>, server: () => Server): void {
  const isGood = (form: keyof typeof subject.forms): boolean => subject.forms[form] === 200;

  test("the token lives while the job runs, and no secret shows", async () => {
    const { isAlive, client } = server();
    let whileItRuns = false;
    const { main, post } = await runAction(inputsOf(subject, server(), "client-credentials"), {
      between: ({ outputs }) => {
        whileItRuns = isAlive(outputs.token ?? "");
      },
    });
    const { token = "" } = main.outputs;
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.outputs).toMatchObject({ failure: "", probe: subject.probe, authorization: `Bearer ${token}` });
    expect(Number(main.outputs["expires-in"])).toBeGreaterThan(500);
    expect(whileItRuns).toBe(true);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(isAlive(token)).toBe(!subject.revokes);
    for (const stage of [main, post]) expect(stage && leaks(stage, [client.secret, token])).toEqual([]);
  });

  const { discovered, undiscovered } = subject.auto;
  const ways = [
    ...(discovered === undefined ? [] : [{ what: "what the metadata list", requests: discovered, more: {} }]),
    { what: "nothing that lists the forms", requests: undiscovered, more: { url: "" } },
  ];
  test.each(ways)("`client-auth: auto` gets in by $what, in $requests, and says how", async ({ requests, more }) => {
    const inputs = inputsOf(subject, server(), "client-credentials");
    const tokenUrl = more.url === "" ? { "token-url": server().url + subject.tokenPath } : {};
    let main: StageResult | undefined;
    const sent = await tokenRequests(server(), subject.tokenPath, async () => {
      main = await runMain({ ...inputs, ...more, ...tokenUrl });
    });
    expect(main?.outputs.failure).toBe("");
    expect(sent).toEqual(requests);
    expect(sent.length).toBeLessThanOrEqual(2);
    const [form] = requests.at(-1)?.split(" ") ?? [];
    expect(main?.log).toContain(`The service takes the client as \`client-auth: ${form}\``);
  });

  test.each(["basic", "basic-plain", "post"] as const)("`client-auth: %s` is sent as it says, once", async (name) => {
    const inputs = { ...inputsOf(subject, server(), "client-credentials"), "client-auth": name };
    let main: StageResult | undefined;
    const sent = await tokenRequests(server(), subject.tokenPath, async () => {
      main = await runMain(inputs);
    });
    expect(sent).toEqual([`${name === "post" ? "post" : "basic"} ${subject.forms[name]}`]);
    expect(main?.outputs.failure === "").toBe(isGood(name));
  });
}

function provePassword<Server extends RealServer>(subject: Subject<Server>, server: () => Server): void {
  test("the token of a user lives while the job runs, and no secret shows", async () => {
    const { isAlive, user } = server();
    const inputs = inputsOf(subject, server(), "password");
    let whileItRuns = false;
    const { main, post } = await runAction(inputs, {
      between: ({ outputs }) => {
        whileItRuns = isAlive(outputs.token ?? "");
      },
    });
    const { token = "" } = main.outputs;
    expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { failure: "", probe: subject.probe } });
    expect(whileItRuns).toBe(true);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(isAlive(token)).toBe(!subject.revokes);
    const secrets = [user.secret, inputs["client-secret"] ?? "", token];
    for (const stage of [main, post]) expect(stage && leaks(stage, secrets)).toEqual([]);
  });
}

function proveRefusals<Server extends RealServer>(subject: Subject<Server>, server: () => Server): void {
  test.each(subject.refusals)("$what at $method is $failure, and nothing is handed over", async (refusal) => {
    const inputs = { ...inputsOf(subject, server(), refusal.method), ...refusal.wrong };
    let main: StageResult | undefined;
    const sent = await tokenRequests(server(), subject.tokenPath, async () => {
      main = await runMain(inputs);
    });
    expect(sent).toEqual(refusal.requests);
    expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure: refusal.failure } });
    expect(main?.annotations.map(({ type }) => type)).toEqual(["error"]);
    expect(main?.annotations[0]?.message).toContain(refusal.says);
    expect(main && leaks(main, [inputs["client-secret"] ?? "", server().user.secret])).toEqual([]);
  });
}
