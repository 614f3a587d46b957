import { connect as connectTo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { json } from "../../sandbox/services/answers.ts";
import { type Listening, serve } from "../../sandbox/services/serve.ts";
import type { Fault, StartOptions } from "../../sandbox/services/service.ts";
import { Failure } from "../../src/failure.ts";
import { type Client, type ClientOptions, openClient, type Retry } from "../../src/http/client.ts";
import { type Http, naming, type Request } from "../../src/http/http.ts";
import { selfSigned } from "../kit/certificates.ts";
import { answer, bytes, later, listen } from "../kit/faults.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

/** A service that takes whatever it is sent. */
async function service(options: StartOptions = {}): Promise<Listening> {
  const started = await serve(options, () => json(200, {}));
  open.push(started);
  return started;
}

interface Opened {
  readonly client: Client;
  readonly retries: readonly Retry[];
}

/** A client whose waits are as short as they can be. */
function opened(baseUrl: string, more: Partial<ClientOptions> = {}): Opened {
  const retries: Retry[] = [];
  const client = openClient({ baseUrl, onRetry: (retry) => retries.push(retry), random: () => 0.01, ...more });
  open.push(client);
  return { client, retries };
}

function stage(baseUrl: string, more: Partial<ClientOptions> = {}): Http {
  return opened(baseUrl, more).client.stage({ seconds: 60, retries: 4 });
}

/** Plays one fault after the other, and then lets the service answer. */
function inTurn(...list: readonly Fault[]): Fault {
  let next = 0;
  return (...args) => list[next++]?.(...args) ?? false;
}

/** The failure that it ends with. */
async function failing(work: () => unknown): Promise<Failure> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("it did not fail");
}

describe("a request that is built for each attempt", () => {
  test("is built anew for each, and for none more", async () => {
    const token = await service();
    token.fault(inTurn(answer(503), bytes("", "reset")));
    const built: number[] = [];
    const answered = await stage(token.url).send(async (attempt) => {
      built.push(attempt);
      return { method: "POST", path: "/token", form: { assertion: `number ${attempt}` } };
    });
    expect(answered.status).toBe(200);
    expect(built).toEqual([1, 2, 3]);
    expect(token.requests.map(({ body }) => body)).toEqual([1, 2, 3].map((number) => `assertion=number+${number}`));
  });

  test("tells each time how it may be sent again", async () => {
    const token = await service();
    token.fault(answer(503));
    const failure = await failing(() =>
      stage(token.url).send(async (attempt) => ({
        method: "POST",
        path: "/token",
        resend: attempt < 3 ? "freely" : "never",
      })),
    );
    expect(failure).toMatchObject({ code: "unavailable" });
    expect(token.requests).toHaveLength(3);
  });

  test("that holds a password stays at one more time once it may have arrived", async () => {
    const token = await service();
    token.fault(bytes("", "close"));
    await failing(() => stage(token.url).send(async () => ({ method: "POST", path: "/token", resend: "once" })));
    expect(token.requests).toHaveLength(2);
  });

  test("that cannot be built is not sent, and its failure is told as it is", async () => {
    const token = await service();
    const said = new Failure("missing-secret", "There is no ID token.", { hint: "Ask for one." });
    expect(await failing(() => stage(token.url).send(() => Promise.reject(said)))).toBe(said);
    expect(token.requests).toHaveLength(0);
  });
});

describe("a request that is good for one use", () => {
  const once: Request = { method: "POST", path: "/token", form: { refresh_token: "one" }, resend: "unwritten" };

  test("is sent again where the connection broke off before it was written", async () => {
    const tls = selfSigned(["127.0.0.1"]);
    const token = await service({ tls });
    let met = 0;
    const lead = (socket: Socket): void => {
      if (met++ < 2) socket.destroy();
      else socket.pipe(connectTo(token.port, "127.0.0.1")).pipe(socket);
    };
    const front = await listen(lead);
    open.push(front);
    const http = stage(`https://127.0.0.1:${front.port}`, { ca: [tls.cert] });
    expect((await http.send(once)).status).toBe(200);
    expect(front.connections()).toBe(3);
    expect(token.requests).toHaveLength(1);
  });

  test.each([
    ["the connection closes", bytes("", "close"), "unavailable"],
    ["the connection is reset", bytes("", "reset"), "unavailable"],
    ["the answer breaks off", bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "close"), "unavailable"],
    ["the answer is 500", answer(500), "unavailable"],
    ["the answer is 503", answer(503), "unavailable"],
    ["the answer is 429 with a time", later(429, () => "0.01"), "rate-limited"],
  ])("is not sent again where %s", async (_, fault, code) => {
    const token = await service();
    token.fault(fault);
    expect(await failing(() => stage(token.url).send(once))).toMatchObject({ code });
    expect(token.requests).toHaveLength(1);
  });
});

describe("another place of the service", () => {
  const get: Request = { method: "GET", path: "/.well-known/keys" };

  test("has its own base URL and host, and hears what goes there", async () => {
    const [first, second] = [await service(), await service({ basePath: "/realms/one" })];
    const http = stage(first.url);
    const there = http.at(second.url);
    expect([there.baseUrl, there.host]).toEqual([second.url, `127.0.0.1:${second.port}`]);
    expect((await there.send(get)).status).toBe(200);
    expect((await http.send(get)).status).toBe(200);
    expect(second.requests.map(({ path, headers }) => [path, headers.host])).toEqual([
      ["/realms/one/.well-known/keys", there.host],
    ]);
    expect(first.requests.map(({ path, headers }) => [path, headers.host])).toEqual([[get.path, http.host]]);
  });

  test("is talked to over one connection by all stages, until the client is closed", async () => {
    const [first, second] = [await service(), await service()];
    const { client } = opened(first.url);
    const ask = () => client.stage({ seconds: 60, retries: 0 }).at(second.url).send(get);
    await ask();
    await ask();
    client.close();
    await ask();
    expect(second.requests.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  test("shares a connection where it is at the same origin", async () => {
    const first = await service();
    const http = stage(first.url);
    await http.send(get);
    await http.at(`${first.url}/realms/one`).send(get);
    expect(first.requests.map(({ path, connection }) => [path, connection])).toEqual([
      [get.path, 1],
      [`/realms/one${get.path}`, 1],
    ]);
  });

  test("is trusted by the same certificates", async () => {
    const tls = selfSigned(["127.0.0.1"]);
    const [first, second] = [await service(), await service({ tls })];
    const trusting = stage(first.url, { ca: [tls.cert] });
    expect((await trusting.at(second.url).send(get)).status).toBe(200);
    const failure = await failing(() => stage(first.url).at(second.url).send(get));
    expect(failure).toMatchObject({ code: "tls", title: "Certificate not trusted" });
    expect(failure.message).toContain(`127.0.0.1:${second.port}`);
  });

  test("has no time of its own", async () => {
    const [first, second] = [await service(), await service()];
    first.fault(inTurn(later(429, () => "2.5")));
    second.fault(inTurn(later(429, () => "3")));
    const http = opened(first.url).client.stage({ seconds: 5, retries: 4 });
    const there = http.at(second.url);
    expect((await http.send(get)).status).toBe(200);
    const failure = await failing(() => there.send(get));
    expect(failure.message).toContain('asks to wait 3 seconds, longer than is left of the "timeout" of 5 seconds');
    expect(second.requests).toHaveLength(1);
  });

  test("has the same retries, and names them alike", async () => {
    const [first, second] = [await service(), await service()];
    second.fault(answer(503));
    const { client, retries } = opened(first.url);
    const http = naming(client.stage({ seconds: 60, retries: 2 }), "Asking for the keys");
    await failing(() => http.at(second.url).send(get));
    await failing(() => http.at(second.url).send(async () => get));
    expect(second.requests).toHaveLength(6);
    expect(retries.map(({ what, attempt }) => [what, attempt])).toEqual(
      [1, 2, 1, 2].map((attempt) => ["Asking for the keys", attempt]),
    );
  });

  test("tells the time as the service does", async () => {
    const [first, second] = [await service(), await service()];
    const date = new Date(Date.now() - 3_600_000).toUTCString();
    second.fault(answer(200, { date }));
    const { client } = opened(first.url);
    const http = client.stage({ seconds: 60, retries: 0 });
    expect(client.clockAhead()).toBeUndefined();
    await http.at(second.url).send(get);
    expect(client.clockAhead()).toBeGreaterThan(3_500);
    await http.send(get);
    expect(client.clockAhead()).toBeLessThan(300);
  });

  test("is made known once for each origin, before anything is sent there", async () => {
    const [first, second] = [await service(), await service()];
    const known: [string, number][] = [];
    const http = stage(first.url, { onRoute: (url) => known.push([url, second.requests.length]) });
    for (const path of ["", "/one", "/two"]) await http.at(second.url + path).send(get);
    http.at(first.url);
    expect(known).toEqual([
      [first.url, 0],
      [second.url, 0],
    ]);
  });

  test.each([
    ["http://192.0.2.1", false, "192.0.2.1"],
    ["http://id.example.com:8080/realms", false, "id.example.com:8080"],
    ["http://id.example.com", true, undefined],
    ["http://127.0.0.1:8080", false, undefined],
    ["http://localhost", false, undefined],
    ["http://[::1]:8080", false, undefined],
    ["https://id.example.com", false, undefined],
  ])("at %s, with plain http allowed: %s, is refused: %s", async (url, allowHttp, refused) => {
    const known: string[] = [];
    const first = await service();
    const http = stage(first.url, { allowHttp, onRoute: (baseUrl) => known.push(baseUrl) });
    if (refused === undefined) {
      http.at(url);
      expect(known).toEqual([first.url, url]);
    } else {
      const failure = await failing(() => http.at(url));
      expect(failure).toMatchObject({ code: "wrong-url" });
      expect(failure.message).toContain(refused);
      expect(known).toEqual([first.url]);
    }
  });
});
