import { afterEach, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import {
  type Fault,
  loseAnswer,
  type RecordedRequest,
  type Service,
  startQa,
  startReportPortal,
  startTuleap,
  startVirtuozzo,
} from "../../sandbox/services/index.ts";
import {
  answerWith,
  closeServices,
  inputsOf,
  once,
  preload,
  runAction,
  runMain,
  started,
  staySilent,
} from "../kit/support.ts";

afterEach(closeServices);

describe("a key whose creation stays without an answer", () => {
  test("is looked for and deleted within a short `timeout`", async () => {
    const reportportal = await started(startReportPortal({ personality: "new" }));
    reportportal.fault((request, _req, res) => {
      if (request.method !== "POST" || !request.path.endsWith("/api-keys")) return false;
      // The service does its work, and the answer never leaves.
      res.end = () => res;
      return false;
    });
    const { main, post } = await runAction({
      provider: "reportportal",
      url: reportportal.url,
      method: "ephemeral-api-key",
      timeout: "10",
      ...reportportal.accounts["ephemeral-api-key"]?.inputs,
    });
    expect(main.outputs.failure).toBe("timeout");
    expect(post?.exitCode).toBe(0);
    expect(reportportal.requests.map(({ method }) => method)).toContain("DELETE");
    expect(reportportal.live()).toEqual([]);
  });
});

const CREATING = [
  {
    name: "reportportal ephemeral-api-key",
    start: (): Promise<Service> => startReportPortal({ personality: "new" }),
    chosen: { provider: "reportportal", method: "ephemeral-api-key" },
    byHand: "ReportPortal > your profile > API Keys",
    ends: /$/,
    noId: '{"name":"ate-x","api_key":"ate-x_bCV0dcQfRuCo0Eq1Uv2hizk4pHnssmV6qMLCEHGcyabsGAQxTQ1gWJaX0kVHPM"}',
  },
  {
    name: "tuleap ephemeral-access-key",
    start: (): Promise<Service> => startTuleap(),
    chosen: { provider: "tuleap", method: "ephemeral-access-key" },
    byHand: "Tuleap > Preferences > Keys & Tokens",
    ends: /ends by itself at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/,
    noId: '{"identifier":"a-key-without-a-number"}',
  },
];

function isCreation({ method, path }: Pick<RecordedRequest, "method" | "path">): boolean {
  return method === "POST" && /\/(?:api-keys|access_keys)$/.test(path);
}
function isList({ method, path }: Pick<RecordedRequest, "method" | "path">): boolean {
  return method === "GET" && /\/(?:api-keys|access_keys)(?:\?|$)/.test(path);
}
const isDeletion = ({ method }: Pick<RecordedRequest, "method">): boolean => method === "DELETE";

/** The first fault that wants the request. */
function either(...faults: readonly Fault[]): Fault {
  return (...args) => faults.some((fault) => fault(...args));
}

/** The chosen requests do their work, but another body comes back. */
function anotherBody(chosen: (request: RecordedRequest) => boolean, body: string): Fault {
  return (request, _req, res) => {
    if (!chosen(request)) return false;
    const [head, end] = [res.writeHead.bind(res), res.end.bind(res)];
    res.writeHead = ((status: number) => head(status, { "content-type": "application/json" })) as typeof res.writeHead;
    res.end = (() => end(body)) as typeof res.end;
    return false;
  };
}

/** The service does its work, but says nothing more of it. */
function forgetsToAnswer(chosen: (request: RecordedRequest) => boolean): Fault {
  return (request, _req, res) => {
    if (chosen(request)) res.end = () => res;
    return false;
  };
}

function names({ requests }: Service): string[] {
  return requests.filter(isCreation).map(({ body }) => {
    const { name, description } = JSON.parse(body);
    return name ?? description;
  });
}

/** Variables that make main send itself a signal when a creation is on its way. */
function signalledInCreation(signal: string): Record<string, string> {
  return preload(`
    import { subscribe } from "node:diagnostics_channel";
    subscribe("http.client.request.start", ({ request: { method, path } }) => {
      if (method === "POST" && /api-keys|access_keys/.test(path)) {
        setTimeout(() => process.kill(process.pid, ${JSON.stringify(signal)}), 500);
      }
    });
  `);
}

const warnings = ({ annotations }: StageResult) => annotations.filter(({ type }) => type === "warning");
const HTML = { "content-type": "text/html" };

describe.each(CREATING)("$name", ({ start, chosen, byHand, ends, noId }) => {
  /** Main and post with the fault; post meets no fault any more. */
  async function run(fault: Fault, more: Readonly<Record<string, string>> = {}) {
    const service = await started(start());
    service.fault(fault);
    const { main, post } = await runAction(
      { ...inputsOf(chosen, service), ...more },
      { between: () => service.fault(undefined) },
    );
    if (post === undefined) throw new Error("post did not run");
    return { service, main, post };
  }

  /** One key was asked for and lives; main and post each name it, where it is and how it is removed. */
  function expectTold({ service, main, post }: Awaited<ReturnType<typeof run>>): void {
    const [name = "no name", ...others] = names(service);
    expect(others).toEqual([]);
    expect(service.live()).toEqual([expect.stringContaining(name)]);
    expect(main.exitCode).toBe(1);
    expect(main.annotations.map(({ type }) => type).sort()).toEqual(["error", "warning"]);
    expect(post).toMatchObject({ exitCode: 0, outcome: "success" });
    expect(post.log).not.toContain("Nothing to take back");
    for (const [told, ...more] of [warnings(main), warnings(post)]) {
      expect(more).toEqual([]);
      expect(told?.title).toBe("A key may be left");
      expect(told?.message).toContain(`A key named ${name} may be left at 127.0.0.1:${service.port}`);
      expect(told?.message).toContain(`by hand: ${byHand}`);
      expect(told?.message).toMatch(ends);
    }
  }

  test.each<{ what: string; fault: Fault }>([
    { what: "is down", fault: answerWith(isList, 503, "down") },
    { what: "breaks off", fault: (request, req) => isList(request) && !req.socket.destroy().writable },
    { what: "is forbidden", fault: answerWith(isList, 403, '{"errorCode":4003,"message":"no"}') },
    { what: "is a page", fault: answerWith(isList, 200, "<html></html>", HTML) },
    { what: "is something else", fault: answerWith(isList, 200, '{"keys":[]}') },
    { what: "holds what cannot be read", fault: answerWith(isList, 200, '[{"id":"x"}]') },
  ])("where the answer is lost and the list $what, nothing is made again and the key is named", async ({ fault }) => {
    expectTold(await run(either(loseAnswer(isCreation), fault), { retries: "1" }));
  });

  test.each<{ what: string; fault: Fault }>([
    { what: "is down", fault: answerWith(isDeletion, 503, "down") },
    { what: "is forbidden", fault: answerWith(isDeletion, 403, "{}") },
    { what: "is answered with a page", fault: answerWith(isDeletion, 200, "<html></html>", HTML) },
  ])(
    "where the answer is lost and the deletion $what, nothing is made again and the key is named",
    async ({ fault }) => {
      expectTold(await run(either(loseAnswer(isCreation), fault), { retries: "1" }));
    },
  );

  test.each([
    { what: "{}", body: "{}" },
    { what: "no JSON", body: "created" },
    { what: "no id", body: noId },
  ])("where the answer holds $what and the list is down, the key is named", async ({ body }) => {
    const fault = either(anotherBody(isCreation, body), answerWith(isList, 503, "down"));
    const told = await run(fault, { retries: "1" });
    expectTold(told);
    expect(told.main.outputs.failure).toBe("bad-response");
    // Whatever looks like a key is masked, of use or not.
    const key = /"(?:api_key|identifier)":"([^"]+)"/.exec(body)?.[1];
    if (key !== undefined) expect(told.main.masks).toContain(key);
  });

  test("where the answer holds no id but the list can be read, the key is gone and nothing is said", async () => {
    const { service, main, post } = await run(anotherBody(isCreation, noId));
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "bad-response" } });
    expect(warnings(main)).toEqual([]);
    expect(service.live()).toEqual([]);
    expect(post.log).toBe("Nothing to take back.\n");
  });

  test("where the time runs out before the answer, the key is named", async () => {
    const silent = either(staySilent(isList), forgetsToAnswer(isCreation));
    const told = await run(silent, { timeout: "9" });
    expectTold(told);
    expect(told.main.outputs.failure).toBe("timeout");
  });

  test.each(["SIGINT", "SIGTERM"])("where %s ends main before the answer, post names the key", async (signal) => {
    const service = await started(start());
    service.fault(forgetsToAnswer(isCreation));
    const { main, post } = await runAction(inputsOf(chosen, service), { env: signalledInCreation(signal) });
    expect(main).toMatchObject({ exitCode: 1, signal: null, annotations: [] });
    const [name = "no name"] = names(service);
    expect(service.live()).toEqual([expect.stringContaining(name)]);
    expect(post?.exitCode).toBe(0);
    expect(post?.annotations).toEqual([
      { type: "warning", title: "A key may be left", message: expect.stringContaining(`A key named ${name} may be`) },
    ]);
    expect(Object.keys(JSON.parse(main.state.revocation ?? "")).sort()).toEqual(["kind", "text", "title"]);
    expect(main.state.revocation).not.toContain("handle");
  });

  test("where the second key is the one that is lost, that one is named", async () => {
    let lists = 0;
    const downLater = answerWith((request) => isList(request) && lists++ > 0, 503, "down");
    const { service, main, post } = await run(either(loseAnswer(isCreation), downLater), { retries: "1" });
    const [first = "", second = "", ...more] = names(service);
    expect(more).toEqual([]);
    expect(service.live()).toEqual([expect.stringContaining(second)]);
    for (const [told] of [warnings(main), warnings(post)]) {
      expect(told?.message).toContain(second);
      expect(told?.message).not.toContain(first);
    }
  });

  test("where the service takes no requests for now, nothing can be left and nothing is said", async () => {
    const { service, main, post } = await run(
      either(answerWith(isCreation, 429, "{}"), answerWith(isList, 503, "down")),
      { retries: "1" },
    );
    expect(main.outputs.failure).toBe("rate-limited");
    expect(warnings(main)).toEqual([]);
    expect(service.live()).toEqual([]);
    expect(post.log).toBe("Nothing to take back.\n");
  });

  test.each([400, 401, 403, 409])(
    "where the service answers %i, nothing is left and nothing is said",
    async (status) => {
      const { service, main, post } = await run(answerWith(isCreation, status, '{"message":"no"}'));
      expect(main.exitCode).toBe(1);
      expect(warnings(main)).toEqual([]);
      expect(service.requests.filter(isList)).toEqual([]);
      expect(post.log).toBe("Nothing to take back.\n");
    },
  );

  test("with `revoke: false` a lost key is named all the same, and one that is in hand is kept", async () => {
    expectTold(await run(either(loseAnswer(isCreation), answerWith(isList, 403, "{}")), { revoke: "false" }));
    const service = await started(start());
    const main = await runMain({ ...inputsOf(chosen, service), revoke: "false" });
    expect(JSON.parse(main.state.revocation ?? "")).toMatchObject({ kind: "told" });
  });

  test("a lost answer that was mended leaves no trace of the first name", async () => {
    const { service, main, post } = await run(loseAnswer(once(isCreation)));
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.state.revocation).not.toContain(names(service)[0]);
    expect(post.log).toContain("is revoked at");
  });
});

test.each(CREATING)("$name: a creation that never left the runner leaves nothing", async ({ start, chosen }) => {
  const service = await started(start());
  const inputs = inputsOf(chosen, service);
  if (chosen.provider === "tuleap") await service.close();
  // The request before the creation is the last one that is answered.
  service.fault(({ path }, _req, res) => {
    if (path !== "/api/users") return false;
    res.setHeader("connection", "close");
    res.once("finish", () => void service.close());
    return false;
  });
  const { main, post } = await runAction({ ...inputs, retries: "1" });
  expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "unavailable" } });
  expect(main.annotations.at(-1)?.message).toContain("the connection was refused");
  expect(service.requests.filter(isCreation)).toEqual([]);
  expect(warnings(main)).toEqual([]);
  expect(post?.log).toBe("Nothing to take back.\n");
});

describe("what was minted but is of no use", () => {
  test("as a session that is too short for a token is signed out all the same", async () => {
    const service = await started(startVirtuozzo());
    const isSignIn = ({ path }: RecordedRequest) => path.endsWith("/signin");
    service.fault(anotherBody(isSignIn, '{"result":0,"session":"abcdefg"}'));
    const inputs = inputsOf({ provider: "virtuozzo", method: "session" }, service);
    const { main } = await runAction(inputs, { between: () => service.fault(undefined) });
    expect(main.outputs.failure).toBe("bad-response");
    expect(service.requests.at(-1)).toMatchObject({
      path: "/1.0/users/authentication/rest/signout",
      body: "session=abcdefg",
    });
  });

  test.each([
    ["refresh_token", 7],
    ["refresh_token", "two\nlines"],
    ["expires_in", {}],
    ["token_type", 1],
    ["scope", null],
  ])("a good token of QA beside a %s of %p is used, and revoked in the end", async (name, value) => {
    const service = await started(startQa());
    const token = "mF9gL2nQ7rT4vX8zB1cD5eH3jK6mP0";
    const isExchange = ({ path }: RecordedRequest) => path === "/oauth2/token/";
    service.fault(anotherBody(isExchange, JSON.stringify({ access_token: token, [name]: value })));
    const inputs = { ...inputsOf({ provider: "qa", method: "client-credentials" }, service), probe: "false" };
    const { main } = await runAction(inputs, { between: () => service.fault(undefined) });
    expect(main).toMatchObject({ exitCode: 0, outputs: { token } });
    expect(service.requests.at(-1)?.path).toBe("/oauth2/revoke_token/");
    expect(service.requests.at(-1)?.body).toContain(`token=${token}`);
  });

  test.each([undefined, "1/2", null])(
    "a login token of Tuleap with the user id %p is ended at once",
    async (user_id) => {
      const service = await started(startTuleap());
      service.fault((request, _req, res) => {
        if (request.path !== "/api/tokens") return false;
        const [head, end] = [res.writeHead.bind(res), res.end.bind(res)];
        res.writeHead = ((status: number) =>
          head(status, { "content-type": "application/json" })) as typeof res.writeHead;
        res.end = ((body: string) => end(JSON.stringify({ ...JSON.parse(body), user_id }))) as typeof res.end;
        return false;
      });
      const { main } = await runAction(inputsOf({ provider: "tuleap", method: "token" }, service));
      expect(main.outputs.failure).toBe("bad-response");
      expect(service.live()).toEqual([]);
      expect(warnings(main)).toEqual([]);
    },
  );
});
