import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type IdTokens, startIdTokens } from "../../sandbox/runner/id-token.ts";
import { definitions, platforms, type Service, type StartOptions, services } from "../../sandbox/services/index.ts";
import { findProvider, providerNames } from "../../src/providers/index.ts";
import { transcript } from "./transcript.ts";

type Start = (options?: StartOptions) => Promise<Service>;

/** What `TRANSCRIPTS=write npm test -- transcripts` does: what is heard becomes what is expected, to be read and committed. */
const ACCEPTS = process.env.TRANSCRIPTS === "write";
const FOLDER = import.meta.dirname;

const providers: Readonly<Record<string, Start>> = { ...services, ...platforms };

/** A step that has a transcript: `file` is its name. */
interface Step {
  readonly file: string;
  readonly start: Start;
  readonly method: string;
  readonly inputs: Readonly<Record<string, string>>;
}

async function stepsByProvider([provider, start]: readonly [string, Start]): Promise<Step[]> {
  const found = await findProvider(provider);
  if (found === undefined || !("methods" in found)) throw new Error(`There is no provider ${provider}`);
  return found.methods.map(({ id: method }) => ({
    file: `${provider}.${method}.txt`,
    start,
    method,
    inputs: { provider, method },
  }));
}

/** The methods of a definition in `examples/definitions`; the one of a definition with one method is not named. */
async function stepsByDefinition([name, start]: readonly [string, Start]): Promise<Step[]> {
  const definition = `examples/definitions/${name}.json`;
  const custom = await findProvider("custom");
  if (custom === undefined || !("define" in custom)) throw new Error("There is no provider custom");
  return custom.define(readFileSync(definition, "utf8")).methods.map(({ id: method }) => ({
    file: `${["custom", name, ...(method === "custom" ? [] : [method])].join(".")}.txt`,
    start,
    method,
    inputs: { provider: "custom", definition, ...(method !== "custom" && { method }) },
  }));
}

async function stepsOf<Each>(all: readonly Each[], of: (each: Each) => Promise<Step[]>): Promise<Step[]> {
  return (await Promise.all(all.map(of))).flat();
}

const steps: readonly Step[] = [
  ...(await stepsOf(Object.entries(providers), stepsByProvider)),
  ...(await stepsOf(Object.entries(definitions), stepsByDefinition)),
];

let idTokens: IdTokens;
beforeAll(async () => {
  idTokens = await startIdTokens();
});
afterAll(() => idTokens.close());

/** Plays a step with the right account, at a stand-in that nothing was asked of before. */
async function played({ file, start, method, inputs }: Step, change?: string): Promise<string> {
  const service = await start({ trusts: idTokens });
  try {
    const account = service.accounts[method];
    if (account === undefined) throw new Error(`The stand-in has no account for the method ${method}`);
    const title = file.split(".").slice(0, -1).join(", ");
    const step = { title, service, inputs, account: account.inputs, idTokens };
    return await transcript({ ...step, ...(change !== undefined && { change }) });
  } finally {
    await service.close();
  }
}

function committed(file: string): string {
  const path = join(FOLDER, file);
  return existsSync(path) ? readFileSync(path, "utf8") : "There is no such transcript yet.\n";
}

describe("runner and service hear what the transcripts say; to accept a change: TRANSCRIPTS=write npm test -- transcripts", () => {
  test.each(steps)("$file", async (step) => {
    const heard = await played(step);
    if (ACCEPTS) writeFileSync(join(FOLDER, step.file), heard);
    expect(heard).toBe(committed(step.file));
  });

  test("every transcript is of a method that there is", () => {
    const files = globSync("*.txt", { cwd: FOLDER });
    const left = files.filter((file) => !steps.some((step) => step.file === file));
    if (ACCEPTS) for (const file of left) rmSync(join(FOLDER, file));
    else expect(left).toEqual([]);
  });

  test("every provider has a stand-in", async () => {
    const found = await Promise.all(providerNames().map(findProvider));
    const ids = new Set(found.flatMap((provider) => (provider === undefined ? [] : [provider.id])));
    expect([...ids].sort()).toEqual([...Object.keys(providers), "custom"].sort());
  });

  test("the stand-ins have an account for each method, and for no other", async () => {
    for (const [name, start] of Object.entries({ ...providers, ...definitions })) {
      const service = await start();
      await service.close();
      const methods = steps.filter((step) => step.start === start).map(({ method }) => method);
      expect([name, Object.keys(service.accounts).sort()]).toEqual([name, methods.sort()]);
    }
  });
});

describe("a transcript sees", () => {
  const FILE = "qa.client-credentials.txt";

  /** The lines that a change adds to a transcript, and those that it takes away. */
  async function difference(change: string): Promise<{ more: string[]; less: string[] }> {
    const step = steps.find(({ file }) => file === FILE);
    if (step === undefined) throw new Error(`There is no ${FILE}`);
    const [now, before] = [await played(step, change), committed(FILE)].map((text) => text.split("\n")) as [
      string[],
      string[],
    ];
    expect(now.join("\n") === before.join("\n")).toBe(change === "");
    return { more: without(now, before), less: without(before, now) };
  }

  /** The lines of the one text that the other has not, or not as often. */
  function without(lines: readonly string[], others: readonly string[]): string[] {
    const left = [...others];
    return lines.filter((line) => {
      const index = left.indexOf(line);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
  }

  /** Other headers in each request. */
  const withHeaders = (changed: string) => `
    import http from "node:http";
    import { syncBuiltinESMExports } from "node:module";
    const { request } = http;
    http.request = (options, ...rest) => {
      const { "user-agent": agent, accept, ...others } = options.headers;
      return request({ ...options, headers: ${changed} }, ...rest);
    };
    syncBuiltinESMExports();`;

  /** The first output is written after the second. */
  const OTHER_ORDER = `
    import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const append = fs.appendFileSync;
    let held;
    fs.appendFileSync = (path, ...rest) => {
      if (path !== process.env.GITHUB_OUTPUT || held === "done") return append(path, ...rest);
      if (held === undefined) return void (held = rest);
      append(path, ...rest);
      append(path, ...held);
      held = "done";
    };
    syncBuiltinESMExports();`;

  test.each([
    { what: "nothing where nothing has changed", change: "", more: [], less: [] },
    { what: "another order", change: OTHER_ORDER, more: [], less: [] },
    {
      what: "one more line of the log",
      change: 'process.stdout.write("more\\n");',
      more: ["runner: log more", "runner: log more"],
      less: [],
    },
    {
      what: "a mask more",
      change: 'process.stdout.write("::add-mask::another-secret\\n");',
      more: ["runner: mask <another secret>", "runner: mask <another secret>"],
      less: [],
    },
    {
      what: "a header more",
      change: withHeaders('{ ...options.headers, "x-added": "yes" }'),
      more: Array.from({ length: 3 }, () => "service:   x-added: yes"),
      less: [],
    },
    {
      what: "a header less, be it one that all requests have",
      change: withHeaders("others"),
      more: Array.from({ length: 3 }, () => "service:   without user-agent"),
      less: [
        "service:   accept: application/json",
        "service:   accept: application/vnd.api+json, application/json;q=0.9",
        "service:   accept: application/json",
      ],
    },
  ])("$what", async ({ change, more, less }) => {
    expect(await difference(change)).toEqual({ more, less });
  });
});
