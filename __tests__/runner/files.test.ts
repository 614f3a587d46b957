import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { runPost, type StageResult } from "../../sandbox/runner/runner.ts";
import { startTuleap, startXray } from "../../sandbox/services/index.ts";
import { pooled } from "../kit/fault-stages.ts";
import {
  closeServices,
  fullDisk,
  inputsOf,
  leaks,
  line,
  preload,
  REVOCABLE,
  type Revocable,
  type RunnerFile,
  runAction,
  runMain,
  started,
} from "../kit/support.ts";

const FILES: readonly RunnerFile[] = ["STATE", "OUTPUT", "ENV"];

/** What a step that fails tells beside `failure`. */
const COMPANY = ["provider", "method", "url", "probe", "failure"];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-files-"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(closeServices);

/** The outputs and variables with a value that a step which fails must not leave. */
function leftOver({ outputs, env }: StageResult): string[] {
  const set = Object.entries(outputs).filter(([name, value]) => value !== "" && !COMPANY.includes(name));
  return [...set, ...Object.entries(env).filter(([, value]) => value !== "")].map(([name]) => name);
}

/** A file that is not what the runner should offer, and what the failure says of it. */
interface Broken {
  readonly what: string;
  readonly path: () => string;
  readonly says: RegExp;
}

const BROKEN: readonly Broken[] = [
  { what: "is not named", path: () => "", says: /is not there\. .*cleared the variable/ },
  { what: "is not there", path: () => join(folder, "gone"), says: /is not there\. .*RUNNER_TEMP/ },
  { what: "is in a folder that is not there", path: () => join(folder, "no", "file"), says: /is not there\./ },
  { what: "is below a file", path: () => "/dev/null/file", says: /is not there\.|ENOTDIR/ },
  { what: "is a folder", path: () => folder, says: /is no file\./ },
  { what: "is a pipe that nobody reads", path: () => join(folder, "pipe"), says: /is no file\./ },
  {
    what: "is on a full disk",
    path: () => "/dev/full",
    says: /cannot be written\. .*“ENOSPC: .*”\. The disk is full .*df -h/,
  },
];

describe.each(FILES)("GITHUB_%s", (file) => {
  test.each(BROKEN)("that $what is the runner's fault, said so, and leaves nothing behind", async ({ path, says }) => {
    const service = await started(startTuleap());
    const inputs = inputsOf({ provider: "tuleap", method: "token" }, service);
    const live: number[] = [];
    const { main, post } = await runAction(inputs, {
      commandFiles: { [`GITHUB_${file}`]: path() },
      timeLimit: 30_000,
      between: () => {
        live.push(service.live().length);
      },
    });
    expect(main.exitCode).toBe(1);
    if (file !== "OUTPUT") expect(main.outputs.failure).toBe("runner");
    expect(leftOver(main)).toEqual([]);
    // One annotation; no command that the runner no longer wants, with the token in clear behind it.
    expect(main.annotations.map(({ type, title }) => [type, title])).toEqual([["error", "Fault of the runner"]]);
    expect(main.annotations[0]?.message).toMatch(says);
    expect(main.annotations[0]?.message).toContain(`GITHUB_${file}`);
    expect(main.annotations[0]?.message).toMatch(/\(runner\)$/);
    expect(main.annotations[0]?.message).not.toMatch(/report|issue tracker|defect/i);
    expect(main.commands.filter(({ name }) => name !== "add-mask" && name !== "error")).toEqual([]);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.live()).toEqual([]);
    // What cannot be handed over is not minted, as far as that shows beforehand.
    if (path() !== "/dev/full" || file !== "ENV") expect(live).toEqual([0]);
  });
});

test.each(["EACCES", "EPERM", "EROFS", "EIO"])("%s is told as what it is", async (code) => {
  const service = await started(startXray());
  const env = preload(`
    import fs from "node:fs";
    const append = fs.appendFileSync;
    fs.appendFileSync = (path, ...rest) => {
      if (path === process.env.GITHUB_ENV) throw Object.assign(new Error("${code}: no, open"), { code: "${code}" });
      append(path, ...rest);
    };
  `);
  const main = await runMain(inputsOf({ provider: "xray", method: "client-credentials" }, service), { env });
  expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "runner", probe: "accepted" } });
  expect(leftOver(main)).toEqual([]);
  expect(main.annotations[0]?.message).toContain(`cannot be written. The system says: “${code}: no, open”.`);
});

test("a file that may not be written is told before anything is minted", async () => {
  const service = await started(startXray());
  const inputs = inputsOf({ provider: "xray", method: "client-credentials" }, service);
  // Root may write everywhere, so the check of the file is what fails here.
  const env = preload(`
    import fs from "node:fs";
    fs.accessSync = () => { throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }); };
  `);
  const main = await runMain(inputs, { env });
  expect(main.outputs.failure).toBe("runner");
  expect(service.requests).toEqual([]);
  // Who exports nothing has no need of the file.
  const commandFiles = { GITHUB_ENV: "" };
  expect((await runMain({ ...inputs, "export-env": "false" }, { commandFiles })).outputs.failure).toBe("");
});

test("post needs none of these files: it takes back what main left, whatever they are", async () => {
  for (const { path } of BROKEN) {
    const service = await started(startTuleap());
    const inputs = inputsOf({ provider: "tuleap", method: "token" }, service);
    const main = await runMain(inputs);
    const variables = Object.fromEntries([...FILES, "STEP_SUMMARY"].map((file) => [`GITHUB_${file}`, path()]));
    const post = await runPost({ inputs, commandFiles: variables, timeLimit: 30_000 }, main);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.live()).toEqual([]);
  }
});

test("a summary that is a pipe which nobody reads holds nothing up", async () => {
  const commandFiles = { GITHUB_STEP_SUMMARY: join(folder, "pipe") };
  const main = await runMain({ provider: "nobody" }, { commandFiles, timeLimit: 30_000 });
  expect(main.outputs.failure).toBe("invalid-input");
  expect(main.log).toContain("The job summary could not be written.");
});

/** How often a step of this method writes to each of the files. */
const WRITES = { STATE: 3, OUTPUT: 13, ENV: 2 } as const;

const CURRENT = REVOCABLE.filter(({ name }) => !/legacy|6\.0/.test(name));

interface Case {
  readonly revocable: Revocable;
  readonly file: RunnerFile;
  readonly number: number;
  readonly forGood: boolean;
}

/** Every write once, with the disk full for good; and where that may differ, with a later write that goes through again. */
const CASES: readonly Case[] = CURRENT.flatMap((revocable) =>
  FILES.flatMap((file) =>
    Array.from({ length: WRITES[file] }, (_, index) => index + 1)
      .filter((number) => file !== "ENV" || number === 1 || revocable.method === "token")
      .flatMap((number) => [
        { revocable, file, number, forGood: true },
        ...(file === "STATE" || number === WRITES[file] ? [{ revocable, file, number, forGood: false }] : []),
      ]),
  ),
);

async function playFullDisk({ revocable, file, number, forGood }: Case) {
  const service = await revocable.start();
  try {
    const inputs = inputsOf(revocable, service);
    const minted: string[] = [];
    let between: string[] = [];
    const { main, post } = await runAction(inputs, {
      env: fullDisk(file, number, forGood),
      between: ({ masks }) => {
        minted.push(...masks);
        between = service.live();
      },
    });
    const [annotation, ...more] = main.annotations;
    return {
      exitCode: main.exitCode,
      failure: file === "OUTPUT" && forGood ? "runner" : main.outputs.failure,
      title: annotation?.title,
      more: more.length,
      leftOver: leftOver(main),
      leaks: leaks(main, [inputs.password ?? "", inputs["client-secret"] ?? ""].filter(Boolean)),
      printed: main.commands.filter(({ name }) => name !== "add-mask" && name !== "error").length,
      // What cannot be saved for post is gone before it.
      unsaved: file === "STATE" ? between.length : 0,
      post: [post?.exitCode, post?.annotations.length],
      live: service.live().length,
    };
  } finally {
    await service.close();
  }
}

test("a disk that is full at any write leaves nothing set, nothing exported, and nothing alive", async () => {
  const seen = await pooled(CASES, playFullDisk, 4);
  const wanted = {
    exitCode: 1,
    failure: "runner",
    title: "Fault of the runner",
    more: 0,
    leftOver: [],
    leaks: [],
    printed: 0,
    unsaved: 0,
    post: [0, 0],
    live: 0,
  };
  const wrong = seen.flatMap((one, index) => {
    const { revocable, file, number, forGood } = CASES[index] as Case;
    return JSON.stringify(one) === JSON.stringify(wanted)
      ? []
      : [{ at: [revocable.name, file, number, forGood], ...one }];
  });
  expect(wrong).toEqual([]);
});

test("the writes of those cases are all that a step does", async () => {
  const service = await started(startTuleap());
  const main = await runMain(inputsOf({ provider: "tuleap", method: "token" }, service));
  const count = (file: string) => main.writes.filter((write) => write.file === file).length;
  expect({ STATE: count("state"), OUTPUT: count("output"), ENV: count("env") }).toEqual(WRITES);
});

describe("a step that seals", () => {
  const KEY = Buffer.alloc(32, 7).toString("base64");

  test("gives up its revocation only when all is handed over: a full disk at any write leaves nothing alive", async () => {
    const cases = [
      ...Array.from({ length: 14 }, (_, index) => ({ file: "OUTPUT" as const, number: index + 1 })),
      ...Array.from({ length: 4 }, (_, index) => ({ file: "STATE" as const, number: index + 1 })),
    ];
    const seen = await pooled(
      cases,
      async ({ file, number }) => {
        const service = await startTuleap();
        try {
          const inputs = { ...inputsOf({ provider: "tuleap", method: "token" }, service), "seal-key": KEY };
          const { main, post } = await runAction(inputs, { env: fullDisk(file, number, false) });
          return [main.exitCode, main.outputs.failure, leftOver(main), post?.exitCode, service.live().length];
        } finally {
          await service.close();
        }
      },
      4,
    );
    expect(seen).toEqual(cases.map(() => [1, "runner", [], 0, 0]));
  });

  test("and one that opens to revoke takes back at once what it cannot save", async () => {
    const service = await started(startTuleap());
    const inputs = { ...inputsOf({ provider: "tuleap", method: "token" }, service), "seal-key": KEY };
    const { sealed = "" } = (await runMain(inputs)).outputs;
    expect(service.live()).toHaveLength(1);
    const sent = service.requests.length;
    const opening = { sealed, "seal-key": KEY, revoke: "true" };
    const main = await runMain(opening, { env: fullDisk("STATE", 2, true) });
    expect(main.outputs.failure).toBe("runner");
    expect(service.requests.slice(sent).map(line)).toEqual([expect.stringMatching(/^DELETE \/api\/tokens\//)]);
    expect(service.live()).toEqual([]);
  });
});

test("what cannot be saved and cannot be taken back is one warning of where to remove it", async () => {
  const service = await started(startTuleap());
  const inputs = inputsOf({ provider: "tuleap", method: "token" }, service);
  service.fault((request, _req, res) => {
    if (request.method !== "DELETE") return false;
    res.writeHead(403, { "content-type": "application/json" }).end('{"error":{"code":403,"message":"Forbidden"}}');
    return true;
  });
  const main = await runMain(inputs, { env: fullDisk("STATE", 2, true) });
  expect(main.annotations.map(({ title }) => title)).toEqual(["Not revoked", "Fault of the runner"]);
  expect(main.annotations[0]?.message).toContain("Keys & Tokens");
});

test("`revoke: false` holds there, too: nothing is taken back", async () => {
  const service = await started(startTuleap());
  const inputs = { ...inputsOf({ provider: "tuleap", method: "token" }, service), revoke: "false" };
  const main = await runMain(inputs, { env: fullDisk("STATE", 2, true) });
  expect(main.outputs.failure).toBe("runner");
  expect(service.live()).toHaveLength(1);
});
