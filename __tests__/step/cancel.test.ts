import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readPairs } from "../../sandbox/runner/files.ts";
import { PROJECT } from "../../sandbox/runner/runner.ts";
import { services } from "../../sandbox/services/index.ts";
import type { Fault } from "../../sandbox/services/service.ts";
import { pooled, SERVICES, type StageName, WAYS, type Way } from "../kit/fault-stages.ts";
import { later } from "../kit/faults.ts";
import { table, together, writeChapter } from "../kit/reliability.ts";
import { endedWithin, holdUp, preload, runAction } from "../kit/support.ts";

/** `timeout` of the step: an attempt may then last a quarter of an hour, and a wait that was begun lasts half of one. */
const AN_HOUR = "3600";
const HALF_AN_HOUR = "1800";

/** Makes the five seconds that a cancelled step waits for an answer last for weeks. */
const WAITS_ON = preload(`
  const start = globalThis.setTimeout;
  globalThis.setTimeout = (work, wait, ...rest) => start(work, wait === 5_000 ? 2 ** 31 - 1 : wait, ...rest);
`);

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

/** Starts a stage and sends it the signal as soon as the promise says so and the text is in its log, perhaps another later. */
async function signalled(
  stage: "main" | "post",
  variables: Readonly<Record<string, string>>,
  signal: NodeJS.Signals,
  moment: Promise<void>,
  { text = "", again }: { readonly text?: string; readonly again?: NodeJS.Signals } = {},
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
  const said = new Promise<void>((resolve) => {
    if (text === "") resolve();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        printed += chunk;
        if (printed.includes(text)) resolve();
      });
    }
  });
  const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once("close", (exitCode, by) => resolve({ exitCode, signal: by }));
  });
  await Promise.race([Promise.all([moment, said]), ended]);
  const start = performance.now();
  child.kill(signal);
  const second = setTimeout(() => child.kill(again), again === undefined ? 2 ** 31 - 1 : 500);
  const how = await ended;
  clearTimeout(second);
  const read = (path: string) => Object.fromEntries(readPairs(readFileSync(path, "utf8")));
  const milliseconds = performance.now() - start;
  return { ...how, printed, state: read(state), outputs: read(outputs), env: read(env), milliseconds };
}

/** A fault in the requests of one stage, silence unless told, and the moment when the first has come. */
function holdUpIn(way: Way, stage: StageName, fault: Fault = () => true): { fault: Fault; came: Promise<void> } {
  const chosen = way.stages[stage] ?? (() => false);
  const { fault: noted, came } = holdUp(({ method, path }) => chosen(method, path));
  return { fault: (...args) => noted(...args) && fault(...args), came };
}

function variablesOf(way: Way, url: string, inputs: Readonly<Record<string, string>> = {}): Record<string, string> {
  const given = { provider: way.provider, method: way.method, url, timeout: AN_HOUR, ...inputs };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const MOMENTS = [
  { moment: "waits for the exchange", stage: "exchange", fault: () => true, text: "" },
  { moment: "waits for the probe", stage: "probe", fault: () => true, text: "" },
  { moment: "waits for a retry", stage: "exchange", fault: later(503, () => HALF_AN_HOUR), text: "Attempt 1 failed" },
] as const;

test("a signal ends the step at once, or when an answer that may bring a secret is given up, with what was minted left for post", async () => {
  const cases = SERVICES.flatMap((service) =>
    SIGNALS.flatMap((signal) => MOMENTS.map((moment) => ({ service, signal, ...moment }))),
  );
  const seen = await pooled(
    cases,
    async ({ service: name, signal, moment, stage, fault, text }) => {
      const way = WAYS[name];
      const service = await services[way.provider]({});
      try {
        const held = holdUpIn(way, stage, fault);
        service.fault(held.fault);
        const variables = variablesOf(way, service.url, service.accounts[way.method]?.inputs);
        const ended = await signalled("main", variables, signal, held.came, { text });
        return {
          name,
          signal,
          moment,
          exitCode: ended.exitCode,
          killed: ended.signal,
          annotations: ended.printed.match(/^::(?:error|warning|notice)/gm)?.length ?? 0,
          atOnce: endedWithin(ended, 0),
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
    ReportPortal: "told",
    Xray: "told",
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
      atOnce: true,
      left: stage === "probe" ? left[service] : "none",
      failure: undefined,
      token: undefined,
      exported: [],
    })),
  );
  writeChapter(
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
});

test("a second signal ends at once the step that waits for an answer", async () => {
  const way = WAYS.Virtuozzo;
  const seen = await pooled(SIGNALS, async (again) => {
    const service = await services[way.provider]({});
    try {
      const held = holdUpIn(way, "exchange");
      service.fault(held.fault);
      const variables = { ...variablesOf(way, service.url, service.accounts[way.method]?.inputs), ...WAITS_ON };
      const ended = await signalled("main", variables, "SIGINT", held.came, { again });
      return [ended.exitCode, ended.signal, endedWithin(ended, 0), /^::(?:error|warning)/m.test(ended.printed)];
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
      const held = holdUpIn(way, "probe");
      service.fault(held.fault);
      const account = service.accounts[way.method]?.inputs;
      const inputs = { provider: way.provider, method: way.method, url: service.url, ...account };
      const live: number[] = [];
      const { main, post } = await runAction(inputs, {
        cancelWhen: held.came,
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
});

test("a key that was created before the cancellation is left for post, too", async () => {
  const seen = await pooled([WAYS["ReportPortal key"], WAYS["Tuleap key"]], async (way) => {
    const service = await services[way.provider]({});
    try {
      // Everything but the requests that lead to the key waits.
      const before = service.live().length;
      const path = way.provider === "tuleap" ? "/api/users/self" : "/api/users";
      let created = false;
      const held = holdUp(({ method, path: asked }) => {
        if (way.stages.exchange(method, asked)) created = true;
        return created && method === "GET" && asked.startsWith(path);
      });
      service.fault(held.fault);
      const account = service.accounts[way.method]?.inputs;
      const inputs = { provider: way.provider, method: way.method, url: service.url, ...account };
      const { main, post } = await runAction(inputs, {
        cancelWhen: held.came,
        between: () => service.fault(undefined),
      });
      return [created, main.outcome, main.exitCode, post?.exitCode, service.live().length - before];
    } finally {
      await service.close();
    }
  });
  expect(seen).toEqual([
    [true, "cancelled", 1, 0, 0],
    [true, "cancelled", 1, 0, 0],
  ]);
});

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
      const held = holdUpIn(way, "revocation");
      service.fault(held.fault);
      const variables = {
        ...variablesOf(way, service.url, account),
        STATE_revocation: main.state.revocation ?? "",
      };
      const ended = await signalled("post", variables, signal, held.came);
      // Had it waited for the answer, a warning would say so.
      return [ended.exitCode, ended.signal, /^::(?:error|warning)/m.test(ended.printed)];
    } finally {
      await service.close();
    }
  });
  expect(seen).toEqual([
    [0, null, false],
    [0, null, false],
  ]);
});
