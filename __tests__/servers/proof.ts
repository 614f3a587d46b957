/** What holds at every OAuth2 server, with what each says in its own way. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import { leaks, runAction, runMain } from "../kit/support.ts";
import { basic, form, type Pair } from "./pair.ts";
import { lines, type Recorded, type Recorder } from "./recorder.ts";

/** A server that nobody here wrote. */
export interface RealServer extends Recorder {
  readonly client: Pair;
  readonly user: Pair;
  /** What the server's own store says of an access token. */
  isAlive(token: string): boolean;
}

/** What a server mints that a job does not use is masked all the same: names of RFC 6749 and OpenID Connect. */
const MINTED = ["access_token", "refresh_token", "id_token"] as const;

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
  /** Every request of a job, as the server knows its client: to find it, for the token, to prove it and to take it back. */
  readonly job: readonly string[];
  /** Whether a refresh token is good for one use; undefined where the password grant gives none. */
  readonly rotates?: boolean;
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
  if (subject.rotates !== undefined) describe("refresh-token", () => proveRefresh(subject, server));
  describe("a seal", () => proveHandOff(subject, server));
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
    const { isAlive, client, requests } = server();
    const before = requests.length;
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
    expect(lines(requests.slice(before))).toEqual(subject.job);
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
    const { isAlive, user, requests } = server();
    const inputs = inputsOf(subject, server(), "password");
    const before = requests.length;
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
    const minted = requests.slice(before).flatMap(mintedBy);
    expect(minted).toContain(token);
    expect(main.masks).toEqual(expect.arrayContaining(minted));
    const secrets = [user.secret, inputs["client-secret"] ?? "", ...minted];
    for (const stage of [main, post]) expect(stage && leaks(stage, secrets)).toEqual([]);
  });
}

/** Every secret that an answer brought. */
function mintedBy({ answer }: Recorded): string[] {
  if (!answer.includes('"access_token"')) return [];
  const body: Readonly<Record<string, unknown>> = JSON.parse(answer);
  return MINTED.flatMap((name) => (typeof body[name] === "string" ? [body[name]] : []));
}

function proveRefresh<Server extends RealServer>(subject: Subject<Server>, server: () => Server): void {
  const { tokenPath, rotates } = subject;

  /** What a person stores as the secret of a job. */
  async function refreshToken(): Promise<string> {
    const { "client-id": id = "", "client-secret": secret = "", ...given } = inputsOf(subject, server(), "password");
    const { username = "", password = "", scope } = given;
    const asked = { grant_type: "password", username, password, ...(scope !== undefined && { scope }) };
    await fetch(server().url + tokenPath, form({ ...asked, client_id: id, client_secret: secret }));
    const minted = server().requests.slice(-1).flatMap(mintedBy);
    expect(minted).toHaveLength(2);
    return minted[1] ?? "";
  }

  function inputs(token: string): Inputs {
    const { username: _, password: __, "revocation-url": ___, ...given } = inputsOf(subject, server(), "password");
    // The first form is the one to take: a refresh token is never tried in another.
    return { ...given, method: "refresh-token", "client-auth": "post", token };
  }

  test("a refresh token gets a token, which lives on with the stored secret; a new one is masked and told of", async () => {
    const { isAlive, requests } = server();
    const stored = await refreshToken();
    const before = requests.length;
    const { main, post } = await runAction(inputs(stored));
    expect(main.outputs).toMatchObject({ failure: "", probe: subject.probe });
    expect(main.annotations.map(({ title }) => title)).toEqual(rotates ? ["Refresh token renewed"] : []);
    expect(post?.annotations ?? []).toEqual([]);
    const sent = requests.slice(before);
    const minted = sent.flatMap(mintedBy);
    expect(main.masks).toEqual(expect.arrayContaining(minted));
    for (const stage of [main, post]) expect(stage && leaks(stage, [stored, ...minted])).toEqual([]);
    expect(lines(sent).some((line) => /revo/.test(line))).toBe(false);
    expect(isAlive(main.outputs.token ?? "")).toBe(true);
    const again = await runMain(inputs(stored));
    expect(again.outputs.failure).toBe(rotates ? "refused" : "");
    if (rotates) expect(again.annotations[0]?.message).toContain("was used before");
  });

  test("a refresh token is sent once, also where its answer was lost", async () => {
    const stored = await refreshToken();
    server().loseAnswer(tokenPath);
    let main: StageResult | undefined;
    const sent = await tokenRequests(server(), tokenPath, async () => {
      main = await runMain(inputs(stored));
    });
    expect(sent).toEqual(["post 200"]);
    expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure: "unavailable" } });
    expect(main && leaks(main, [stored])).toEqual([]);
  });
}

/** A token that one job sealed for another, who knows nothing of it but what is in the seal. */
function proveHandOff<Server extends RealServer>(subject: Subject<Server>, server: () => Server): void {
  test("a sealed token is taken by another job, and revoked by the one that closes", async () => {
    const { isAlive, client } = server();
    const key = { "seal-key": randomBytes(32).toString("base64") };
    const inputs = inputsOf(subject, server(), "client-credentials");
    const { main, post } = await runAction({ ...inputs, ...key });
    const { token = "", sealed = "" } = main.outputs;
    expect([main.outputs.failure, post?.annotations ?? [], isAlive(token)]).toEqual(["", [], true]);
    const pair = { "client-id": client.id, "client-secret": client.secret };
    const closing = { sealed, ...key, ...(subject.revokes && { ...pair, revoke: "true" }) };
    const other = await runAction(closing);
    expect(other.main.outputs).toMatchObject({ token, failure: "" });
    expect(isAlive(token)).toBe(!subject.revokes);
    const secrets = [client.secret, token];
    for (const stage of [main, other.main, other.post]) expect(stage && leaks(stage, secrets)).toEqual([]);
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
