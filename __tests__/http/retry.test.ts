import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { loseAnswer, services, startReportPortal, startTuleap, startXray } from "../../sandbox/services/index.ts";
import type { Fault, RecordedRequest, Service } from "../../sandbox/services/service.ts";
import { Failure } from "../../src/failure.ts";
import { openClient, type Retry } from "../../src/http/client.ts";
import { backoff, retryAfterSeconds, toldBackoff } from "../../src/http/retry.ts";
import { pooled, WAYS } from "../kit/fault-stages.ts";
import { answer, bytes, later, when } from "../kit/faults.ts";
import { table, writeChapter } from "../kit/reliability.ts";
import { runAction, runMain } from "../kit/support.ts";

describe("the wait before a retry", () => {
  test("is any part of half a second, then of twice as much each time, and of ten seconds at most", () => {
    const retries = [0, 1, 2, 3, 4, 5, 6, 9];
    expect(retries.map((retry) => backoff(retry, () => 1))).toEqual([0.5, 1, 2, 4, 8, 10, 10, 10]);
    expect(retries.map((retry) => backoff(retry, () => 0.5))).toEqual([0.25, 0.5, 1, 2, 4, 5, 5, 5]);
    expect(retries.map((retry) => backoff(retry, () => 0))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("is never less than what the service told, and spreads wider with each retry", () => {
    const two = { now: 2, longest: 2, left: 1000 };
    expect([0, 1, 2].map((retry) => toldBackoff(two, retry, () => 1))).toEqual([4, 6, 10]);
    expect([0, 1, 2].map((retry) => toldBackoff(two, retry, () => 0))).toEqual([2, 2, 2]);
    // Near the end of a window little is told, but the spread stays as wide as the window.
    expect(toldBackoff({ now: 0.1, longest: 2, left: 1000 }, 1, () => 1)).toBeCloseTo(4.1);
    const seconds = fc.double({ min: 0.001, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        seconds,
        fc.nat(9),
        seconds,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (told, retry, left, chance) => {
          const wait = toldBackoff({ now: told, longest: told, left }, retry, () => chance);
          expect(wait).toBeGreaterThanOrEqual(told);
          expect(wait).toBeLessThanOrEqual(told + told * 2 ** retry);
          // Where the told time fits into what is left, an attempt still fits behind the wait.
          if (told < left) expect(wait).toBeLessThanOrEqual(left);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("is read from Retry-After in seconds, in fractions and as a date", () => {
    const now = Date.UTC(2026, 10, 22, 16, 20, 4);
    const read = (header: string | undefined) => retryAfterSeconds(header, now);
    expect(read("120")).toBe(120);
    expect(read(" 7 ")).toBe(7);
    expect(read("0.25")).toBe(0.25);
    expect(read("12.5")).toBe(12.5);
    expect(read("Sun, 22 Nov 2026 16:20:34 GMT")).toBe(30);
    // RFC 9110, section 5.6.7: the two forms that are obsolete, and must be read all the same.
    expect(read("Sunday, 22-Nov-26 16:20:34 GMT")).toBe(30);
    expect(read("Sun Nov 22 16:20:34 2026")).toBe(30);
    expect(read("99999999999999999999")).toBe(1e20);
  });

  test("is the action's own where Retry-After is past or nonsense", () => {
    const now = Date.UTC(2026, 10, 22, 16, 20, 4);
    for (const header of [
      undefined,
      "",
      "0",
      "-5",
      "soon",
      "1e3",
      "0x10",
      "NaN",
      "Infinity",
      "5 seconds",
      "5, 10",
      "Sun, 22 Nov 2026 16:20:04 GMT",
      "Sun, 22 Nov 1970 16:20:04 GMT",
      "Sun, 99 Nov 2026 99:99:99 GMT",
    ]) {
      expect([header, retryAfterSeconds(header, now)]).toEqual([header, undefined]);
    }
  });
});

test.each(["America/New_York", "Asia/Tokyo"])("a date in Retry-After is in UTC on a runner in %s", async (TZ) => {
  const [day, date, month, year, time] = new Date(Date.now() + 600_000).toUTCString().split(/,? /);
  const told = `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
  const service = await startXray({});
  try {
    service.fault(answer(429, { "retry-after": told }, ""));
    const inputs = { provider: "xray", url: service.url, ...service.accounts["client-credentials"]?.inputs };
    const main = await runMain(inputs, { env: { TZ } });
    expect(main.annotations[0]?.message).toMatch(/It asks to wait (?:5\d\d|600) seconds, longer than/);
    expect(service.requests).toHaveLength(1);
  } finally {
    await service.close();
  }
});

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

async function started<Started extends Service>(starting: Promise<Started>): Promise<Started> {
  const service = await starting;
  open.push(service);
  return service;
}

/** Sends one request at a time through the client itself, with chance at a hundredth. */
async function sendOnce(fault: Fault, limits: { seconds: number; retries: number }) {
  const xray = await started(startXray({}));
  xray.fault(fault);
  const retries: Retry[] = [];
  const client = openClient({ baseUrl: xray.url, onRetry: (retry) => retries.push(retry), random: () => 0.01 });
  open.push(client);
  const result = await client
    .stage(limits)
    .send({ method: "POST", path: "/api/v2/authenticate", json: {} })
    .catch((failure: unknown) => failure);
  return { result, retries, requests: xray.requests };
}

/** Plays one fault after the other, and then lets the service answer. */
function inTurn(...list: readonly Fault[]): Fault {
  let next = 0;
  return (...args) => list[next++]?.(...args) ?? false;
}

describe("a request that met a passing fault", () => {
  test("is sent again as often as `retries` says, each time after a longer wait", async () => {
    for (const retries of [0, 1, 4, 10]) {
      const seen = await sendOnce(answer(503), { seconds: 60, retries });
      expect(seen.result).toBeInstanceOf(Failure);
      expect(seen.requests).toHaveLength(retries + 1);
      expect(seen.retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].slice(0, retries));
      expect(seen.retries.map(({ wait }) => wait)).toEqual(
        [0.005, 0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1, 0.1, 0.1].slice(0, retries),
      );
      expect(new Set(seen.retries.map(({ reason }) => reason)).size).toBe(Math.min(1, retries));
    }
  });

  test("ends with the last attempt's fault", async () => {
    const seen = await sendOnce(inTurn(answer(503), answer(429), answer(408)), { seconds: 60, retries: 2 });
    expect(seen.result).toMatchObject({ code: "timeout" });
    expect(seen.retries.map(({ reason }) => reason)).toEqual([
      "status 503 Service Unavailable",
      "status 429 Too Many Requests",
    ]);
  });

  test("is answered after all", async () => {
    const seen = await sendOnce(inTurn(answer(503), answer(502)), { seconds: 60, retries: 4 });
    expect(seen.result).toMatchObject({ status: 400 });
    expect(seen.retries).toHaveLength(2);
  });

  test("waits at least as long as the service told", async () => {
    const events: string[] = [];
    // The service's own clock, started before its answer leaves: the order is the proof.
    const tells =
      (status: number, seconds: number): Fault =>
      (...args) => {
        events.push("asked");
        setTimeout(() => events.push(`${seconds} s are over`), seconds * 1000);
        return later(status, () => String(seconds))(...args);
      };
    const answers: Fault = () => events.push("asked") === 0;
    const seen = await sendOnce(inTurn(tells(429, 0.4), tells(503, 0.3), answers), { seconds: 60, retries: 4 });
    expect(events).toEqual(["asked", "0.4 s are over", "asked", "0.3 s are over", "asked"]);
    // 0.4 + 0.01 × 0.4, then 0.3 + √0.01 × 2 × 0.4.
    expect(seen.retries.map(({ wait }) => wait.toFixed(3))).toEqual(["0.404", "0.380"]);
  });

  test("fails at once where the told time outlasts what is left, and names both", async () => {
    const seen = await sendOnce(
      later(429, () => "31"),
      { seconds: 30, retries: 4 },
    );
    expect(seen.result).toMatchObject({ code: "rate-limited" });
    expect(String(seen.result)).toContain(
      'asks to wait 31 seconds, longer than is left of the "timeout" of 30 seconds',
    );
    expect(seen.requests).toHaveLength(1);
  });
});

test("the log has one line for each retry: attempt, reason, wait", async () => {
  const xray = await started(startXray({}));
  xray.fault(inTurn(answer(503), bytes("", "reset"), answer(429)));
  const main = await runMain({ provider: "xray", url: xray.url, ...xray.accounts["client-credentials"]?.inputs });
  expect(main.exitCode).toBe(0);
  const lines = main.log.split("\n").filter((line) => line.startsWith("Attempt"));
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^Attempt 1 failed \(status 503 Service Unavailable\); the next one follows in 0\.\d s\.$/);
  expect(lines[1]).toMatch(/^Attempt 2 failed \(the connection was reset\); the next one follows in [01]\.\d s\.$/);
  expect(lines[2]).toMatch(
    /^Attempt 3 failed \(status 429 Too Many Requests\); the next one follows in [012]\.\d s\.$/,
  );
});

const PASSWORDS = [WAYS.ReportPortal, WAYS.Virtuozzo, WAYS.Tuleap];
const LOST = bytes("", "close");

/** What the service does in turn, and then it answers; how often the password goes out, and what becomes of the step. */
const TURNS = [
  { what: "closes, answers", faults: [LOST], sent: 2, failure: "" },
  { what: "closes, closes", faults: [LOST, LOST], sent: 2, failure: "unavailable" },
  { what: "closes, 503", faults: [LOST, answer(503)], sent: 2, failure: "unavailable" },
  { what: "500, closes", faults: [answer(500), LOST], sent: 2, failure: "unavailable" },
  { what: "500, 429", faults: [answer(500), answer(429)], sent: 2, failure: "rate-limited" },
  { what: "503, 429, answers", faults: [answer(503), answer(429)], sent: 3, failure: "" },
  { what: "503, closes, answers", faults: [answer(503), LOST], sent: 3, failure: "" },
  { what: "503, closes, 503", faults: [answer(503), LOST, answer(503)], sent: 3, failure: "unavailable" },
];

test("a password goes out once more at most when it may have arrived, whatever else goes wrong", async () => {
  const seen = await pooled(
    TURNS.flatMap((turn) => PASSWORDS.map((way) => ({ turn, way }))),
    async ({ turn, way }) => {
      const service = await services[way.provider]({});
      try {
        const chosen = way.stages.exchange;
        service.fault(when(chosen, inTurn(...turn.faults)));
        const account = service.accounts[way.method]?.inputs;
        const main = await runMain({ provider: way.provider, method: way.method, url: service.url, ...account });
        const sent = service.requests.filter(({ method, path }) => chosen(method, path)).length;
        return { what: turn.what, sent, failure: main.outputs.failure };
      } finally {
        await service.close();
      }
    },
  );
  expect(seen).toEqual(TURNS.flatMap(({ what, sent, failure }) => PASSWORDS.map(() => ({ what, sent, failure }))));
  writeChapter(
    "retries",
    table(
      ["To a password the service does in turn", "The password goes out", "`failure`"],
      TURNS.map(({ what }) => {
        const one = seen.find((turn) => turn.what === what);
        return [what, `${one?.sent} times`, one?.failure || "none"];
      }),
    ),
  );
});

test("a password is never sent again after a refusal", async () => {
  const seen = await pooled(
    [WAYS.ReportPortal, WAYS.Virtuozzo, WAYS.Tuleap, WAYS["ReportPortal key"], WAYS["Tuleap key"]],
    async ({ provider, method }) => {
      const service = await services[provider]({});
      try {
        const password = "not the right one";
        const inputs = { provider, method, url: service.url, ...service.accounts[method]?.inputs, password };
        const main = await runMain({ ...inputs, retries: "10" });
        return [main.outputs.failure, service.requests.length];
      } finally {
        await service.close();
      }
    },
  );
  expect(seen).toEqual(seen.map(() => ["refused", 1]));
});

interface Creating {
  readonly name: string;
  readonly start: () => Promise<Service>;
  readonly provider: string;
  readonly method: string;
  readonly creates: (request: Pick<RecordedRequest, "method" | "path">) => boolean;
  /** What the key is called in the request that creates it. */
  readonly nameOf: (body: string) => string;
}

const CREATING: readonly Creating[] = [
  {
    name: "a ReportPortal key",
    start: () => startReportPortal({ personality: "new" }),
    provider: "reportportal",
    method: "ephemeral-api-key",
    creates: ({ method, path }) => method === "POST" && path.endsWith("/api-keys"),
    nameOf: (body) => JSON.parse(body).name,
  },
  {
    name: "a Tuleap key",
    start: () => startTuleap({}),
    provider: "tuleap",
    method: "ephemeral-access-key",
    creates: ({ method, path }) => method === "POST" && path === "/api/access_keys",
    nameOf: (body) => JSON.parse(body).description,
  },
];

describe.each(CREATING)("the creation of $name", ({ start, provider, method, creates, nameOf }) => {
  /** Runs main and post with a fault at the creation. */
  async function run(fault: (count: () => number) => Fault, inputs: Readonly<Record<string, string>> = {}) {
    const service = await started(start());
    const before = service.live().length;
    let met = 0;
    service.fault(fault(() => met++));
    const between = { live: 0 };
    const account = service.accounts[method]?.inputs;
    const { main, post } = await runAction(
      { provider, method, url: service.url, ...account, ...inputs },
      {
        between: () => {
          service.fault(undefined);
          between.live = service.live().length - before;
        },
      },
    );
    const created = service.requests.filter(creates);
    return {
      failure: main.outputs.failure,
      exitCode: main.exitCode,
      post: post?.exitCode,
      names: created.map(({ body }) => nameOf(body)),
      liveAfterMain: between.live,
      liveAfterPost: service.live().length - before,
      requests: service.requests.map(({ method: verb, path }) => `${verb} ${path}`),
    };
  }

  test("whose answer is lost is not sent again: its key is looked for, deleted, and one more made", async () => {
    const seen = await run((count) => loseAnswer((request) => creates(request) && count() === 0));
    expect([seen.exitCode, seen.post, seen.failure]).toEqual([0, 0, ""]);
    expect(seen.names).toHaveLength(2);
    expect(new Set(seen.names).size).toBe(2);
    expect(seen.liveAfterMain).toBe(1);
    expect(seen.liveAfterPost).toBe(0);
    expect(seen.requests.filter((request) => request.startsWith("DELETE "))).toHaveLength(2);
  });

  test("whose answer is always lost makes one more and no third, and leaves nothing behind", async () => {
    const seen = await run(() => loseAnswer(creates), { retries: "10", timeout: "20" });
    expect([seen.exitCode, seen.post, seen.failure]).toEqual([1, 0, "unavailable"]);
    expect(seen.names).toHaveLength(2);
    expect(new Set(seen.names).size).toBe(2);
    expect(seen.liveAfterMain).toBe(0);
  });

  test("that must not be tried again still leaves nothing behind", async () => {
    const seen = await run(() => loseAnswer(creates), { retries: "0" });
    expect([seen.exitCode, seen.failure]).toEqual([1, "unavailable"]);
    expect(seen.names).toHaveLength(1);
    expect(seen.liveAfterMain).toBe(0);
  });

  test("that the service put off is made once more, under a new name", async () => {
    const seen = await run((count) =>
      when((verb, path) => creates({ method: verb, path }) && count() < 1, answer(429)),
    );
    expect([seen.exitCode, seen.post, seen.failure]).toEqual([0, 0, ""]);
    expect(new Set(seen.names).size).toBe(2);
    expect(seen.liveAfterMain).toBe(1);
    expect(seen.liveAfterPost).toBe(0);
  });
});

test("a retry line names what is attempted where an exchange sends several requests", async () => {
  const seen = await pooled(
    [
      ["ReportPortal key", "POST", "/sso/oauth/token", "Signing in: attempt 1 failed (status 503"],
      ["ReportPortal key", "GET", "/api/users", "Asking for the user: attempt 1 failed (status 503"],
      ["ReportPortal key", "POST", "/api-keys", "Creating the key: attempt 1 failed (status 503"],
      ["Tuleap key", "POST", "/api/access_keys", "Creating the key: attempt 1 failed (status 503"],
      ["Tuleap", "POST", "/api/tokens", "Attempt 1 failed (status 503"],
    ] as const,
    async ([name, method, path, says]) => {
      const { provider, method: id } = WAYS[name];
      const service = await services[provider]({});
      try {
        let left = 1;
        const unavailable = answer(503);
        service.fault((request, req, res) => {
          const isIt = request.method === method && request.path.endsWith(path) && left-- > 0;
          return isIt && unavailable(request, req, res);
        });
        const main = await runMain({ provider, method: id, url: service.url, ...service.accounts[id]?.inputs });
        const lines = main.log.split("\n").filter((line) => line.includes("ttempt 1 failed"));
        return [name, path, main.exitCode, lines.length, lines[0]?.startsWith(says) === true ? says : lines[0]];
      } finally {
        await service.close();
      }
    },
  );
  for (const [, , exitCode, lines] of seen) expect([exitCode, lines]).toEqual([0, 1]);
  expect(seen.map(([, , , , line]) => line)).toEqual([
    "Signing in: attempt 1 failed (status 503",
    "Asking for the user: attempt 1 failed (status 503",
    "Creating the key: attempt 1 failed (status 503",
    "Creating the key: attempt 1 failed (status 503",
    "Attempt 1 failed (status 503",
  ]);
});
