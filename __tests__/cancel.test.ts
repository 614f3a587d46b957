import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { later, when } from "../sandbox/faults.ts";
import { readPairs } from "../sandbox/files.ts";
import { PROJECT } from "../sandbox/runner.ts";
import { services } from "../sandbox/services/index.ts";
import type { Fault } from "../sandbox/services/service.ts";
import { pooled, SERVICES, type StageName, WAYS, type Way } from "./fault-stages.ts";
import { keepSection, table, together } from "./reliability.ts";
import { runAction } from "./support.ts";

/** Milliseconds that a process may take to notice a signal on a busy machine; any wait that goes on is far longer. */
const AT_ONCE = 2_000;

/** Milliseconds in which a step ends that waits for an answer which never comes: five seconds, and time for a busy machine. */
const AFTER_WAITING = 20_000;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cancel-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly printed: string;
  readonly state: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** From the signal to the end. */
  readonly milliseconds: number;
}

/** Starts a stage and sends it the signal as soon as the promise says so, and another half a second later. */
async function signalled(
  stage: "main" | "post",
  variables: Readonly<Record<string, string>>,
  signal: NodeJS.Signals,
  moment: Promise<void>,
  again?: NodeJS.Signals,
): Promise<Ended> {
  const own = mkdtempSync(join(folder, "run-"));
  const file = (name: string) => {
    const path = join(own, name);
    writeFileSync(path, "");
    return path;
  };
  const [state, outputs, env] = [file("state"), file("output"), file("env")];
  const child = spawn(process.execPath, [join(PROJECT, "dist", `${stage}.js`)], {
    env: { ...variables, GITHUB_STATE: state, GITHUB_OUTPUT: outputs, GITHUB_ENV: env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      printed += chunk;
    });
  }
  const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once("close", (exitCode, by) => resolve({ exitCode, signal: by }));
  });
  await Promise.race([moment, ended]);
  const start = performance.now();
  child.kill(signal);
  const second = setTimeout(() => child.kill(again), again === undefined ? 2 ** 31 - 1 : 500);
  const how = await ended;
  clearTimeout(second);
  const read = (path: string) => Object.fromEntries(readPairs(readFileSync(path, "utf8")));
  const milliseconds = performance.now() - start;
  return { ...how, printed, state: read(state), outputs: read(outputs), env: read(env), milliseconds };
}

/** A fault that takes the requests of one stage and answers none, and the moment when the first has come. */
function holdUp(way: Way, stage: StageName, fault: Fault = () => true): { fault: Fault; moment: Promise<void> } {
  let met = () => {};
  const moment = new Promise<void>((resolve) => {
    met = resolve;
  });
  const placed = when(way.stages[stage] ?? (() => false), (...args) => {
    // The answer, if there is one, has to be there before the signal.
    setTimeout(met, 100);
    return fault(...args);
  });
  return { fault: placed, moment };
}

function variablesOf(way: Way, url: string, inputs: Readonly<Record<string, string>> = {}): Record<string, string> {
  const given = { provider: way.provider, method: way.method, url, timeout: "60", ...inputs };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const MOMENTS = [
  { moment: "waits for the exchange", stage: "exchange", fault: () => true },
  { moment: "waits for the probe", stage: "probe", fault: () => true },
  { moment: "waits for a retry", stage: "exchange", fault: later(503, () => "30") },
] as const;

test("a signal ends the step at once, or when an answer that may bring a secret is given up, with what was minted left for post", async () => {
  const cases = SERVICES.flatMap((service) =>
    SIGNALS.flatMap((signal) => MOMENTS.map((moment) => ({ service, signal, ...moment }))),
  );
  const seen = await pooled(
    cases,
    async ({ service: name, signal, moment, stage, fault }) => {
      const way = WAYS[name];
      const service = await services[way.provider]({});
      try {
        const held = holdUp(way, stage, fault);
        service.fault(held.fault);
        const variables = variablesOf(way, service.url, service.accounts[way.method]?.inputs);
        const ended = await signalled("main", variables, signal, held.moment);
        return {
          name,
          signal,
          moment,
          exitCode: ended.exitCode,
          killed: ended.signal,
          annotations: ended.printed.match(/^::(?:error|warning|notice)/gm)?.length ?? 0,
          inTime: ended.milliseconds < (signal === "SIGINT" && stage === "exchange" ? AFTER_WAITING : AT_ONCE),
          left: kindLeft(ended.state.revocation),
          failure: ended.outputs.failure,
          token: ended.outputs.token,
          exported: Object.keys(ended.env),
        };
      } finally {
        await service.close();
      }
    },
    4,
  );
  const left: Readonly<Record<string, string>> = {
    ReportPortal: "expires",
    Xray: "expires",
    Virtuozzo: "revocable",
    Tuleap: "revocable",
    QA: "revocable",
  };
  expect(seen).toEqual(
    cases.map(({ service, signal, moment, stage }) => ({
      name: service,
      signal,
      moment,
      exitCode: 1,
      killed: null,
      annotations: 0,
      inTime: true,
      left: stage === "probe" ? left[service] : "none",
      failure: undefined,
      token: undefined,
      exported: [],
    })),
  );
  keepSection(
    "cancel",
    table(
      ["Signal", "While the step", "Exit code", "Annotations", "Left for post"],
      SIGNALS.flatMap((signal) =>
        MOMENTS.map(({ moment }) => {
          const cells = seen.filter((one) => one.signal === signal && one.moment === moment);
          return [
            signal,
            moment,
            together(cells.map(({ name, exitCode }) => [name, String(exitCode)])),
            together(cells.map(({ name, annotations }) => [name, String(annotations)])),
            together(cells.map(({ name, left }) => [name, left])),
          ];
        }),
      ),
    ),
  );
}, 120_000);

test("a second signal ends at once the step that waits for an answer", async () => {
  const way = WAYS.Virtuozzo;
  const seen = await pooled(SIGNALS, async (again) => {
    const service = await services[way.provider]({});
    try {
      const held = holdUp(way, "exchange");
      service.fault(held.fault);
      const variables = variablesOf(way, service.url, service.accounts[way.method]?.inputs);
      const ended = await signalled("main", variables, "SIGINT", held.moment, again);
      return [
        ended.exitCode,
        ended.signal,
        ended.milliseconds < 500 + AT_ONCE,
        /^::(?:error|warning)/m.test(ended.printed),
      ];
    } finally {
      await service.close();
    }
  });
  expect(seen).toEqual(SIGNALS.map(() => [1, null, true, false]));
});

function kindLeft(state = ""): string {
  return state === "none" ? state : JSON.parse(state).kind;
}

test("a job that is cancelled during the probe takes back in post what the step had minted", async () => {
  const revocable = [WAYS.Virtuozzo, WAYS.Tuleap, WAYS.QA];
  const seen = await pooled(revocable, async (way) => {
    const service = await services[way.provider]({});
    try {
      service.fault(holdUp(way, "probe").fault);
      const account = service.accounts[way.method]?.inputs;
      const inputs = { provider: way.provider, method: way.method, url: service.url, ...account };
      const live: number[] = [];
      const { main, post } = await runAction(inputs, {
        cancelAfter: 2_000,
        between: () => {
          live.push(service.live().length);
        },
      });
      return {
        outcome: main.outcome,
        exitCode: main.exitCode,
        annotations: main.annotations.length,
        live,
        post: post?.exitCode,
        revoked: post?.log.includes("is revoked at"),
        leftLive: service.live().length,
      };
    } finally {
      await service.close();
    }
  });
  const wanted = { outcome: "cancelled", exitCode: 1, annotations: 0, live: [1], post: 0, revoked: true, leftLive: 0 };
  expect(seen).toEqual(revocable.map(() => wanted));
}, 30_000);

test("a key that was created before the cancellation is left for post, too", async () => {
  const seen = await pooled([WAYS["ReportPortal key"], WAYS["Tuleap key"]], async (way) => {
    const service = await services[way.provider]({});
    try {
      // Everything but the requests that lead to the key waits.
      const before = service.live().length;
      const path = way.provider === "tuleap" ? "/api/users/self" : "/api/users";
      let created = false;
      service.fault((request) => {
        if (request.method === "POST" && way.stages.exchange(request.method, request.path)) created = true;
        return created && request.method === "GET" && request.path.startsWith(path);
      });
      const account = service.accounts[way.method]?.inputs;
      const inputs = { provider: way.provider, method: way.method, url: service.url, ...account };
      const { main, post } = await runAction(inputs, { cancelAfter: 2_000, between: () => service.fault(undefined) });
      return [created, main.outcome, main.exitCode, post?.exitCode, service.live().length - before];
    } finally {
      await service.close();
    }
  });
  expect(seen).toEqual([
    [true, "cancelled", 1, 0, 0],
    [true, "cancelled", 1, 0, 0],
  ]);
}, 30_000);

test("a signal ends post at once, without failing the job", async () => {
  const seen = await pooled(SIGNALS, async (signal) => {
    const way = WAYS.Tuleap;
    const service = await services[way.provider]({});
    try {
      const account = service.accounts[way.method]?.inputs ?? {};
      const { main } = await runAction(
        { provider: way.provider, method: way.method, url: service.url, ...account },
        { post: false },
      );
      const held = holdUp(way, "revocation");
      service.fault(held.fault);
      const variables = {
        ...variablesOf(way, service.url, account),
        STATE_revocation: main.state.revocation ?? "",
      };
      const ended = await signalled("post", variables, signal, held.moment);
      return [ended.exitCode, ended.signal, ended.milliseconds < AT_ONCE, /^::error/m.test(ended.printed)];
    } finally {
      await service.close();
    }
  });
  expect(seen).toEqual([
    [0, null, true, false],
    [0, null, true, false],
  ]);
});
