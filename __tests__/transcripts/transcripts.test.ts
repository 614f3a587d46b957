import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type IdTokens, startIdTokens } from "../../sandbox/id-token.ts";
import { platforms, type Service, type StartOptions, services } from "../../sandbox/services/index.ts";
import { transcript } from "./transcript.ts";

type Start = (options?: StartOptions) => Promise<Service>;

/** Where a new transcript is accepted: `TRANSCRIPTS=write npm test -- transcripts`. */
const ACCEPTS = process.env.TRANSCRIPTS === "write";
const FOLDER = import.meta.dirname;

const starts: readonly (readonly [string, Start])[] = Object.entries({ ...services, ...platforms });

let idTokens: IdTokens;
beforeAll(async () => {
  idTokens = await startIdTokens();
});
afterAll(() => idTokens.close());

function fileOf(provider: string, method: string): string {
  return join(FOLDER, `${provider}.${method}.txt`);
}

/** What is committed, or a hint where it is not. */
function committed(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8");
  return "There is no transcript yet: run `TRANSCRIPTS=write npm test -- transcripts`, read it, and commit it.\n";
}

describe("what runner and service hear is what is committed; to accept a change, TRANSCRIPTS=write npm test -- transcripts", () => {
  const methods: string[] = [];

  test.each(starts)("%s", async (provider, start) => {
    const service = await start({ trusts: idTokens });
    try {
      for (const method of Object.keys(service.accounts)) {
        const file = fileOf(provider, method);
        methods.push(basename(file));
        const heard = await transcript({ provider, method, service, idTokens });
        if (ACCEPTS) writeFileSync(file, heard);
        expect(heard).toBe(committed(file));
      }
    } finally {
      await service.close();
    }
  });

  test("no transcript is of a method that is gone", () => {
    expect(
      globSync(join(FOLDER, "*.txt"))
        .map((file) => basename(file))
        .sort(),
    ).toEqual(methods.sort());
  });
});

describe("a transcript sees", () => {
  async function played(change: string): Promise<string> {
    const service = await services.qa();
    try {
      return await transcript({ provider: "qa", method: "client-credentials", service, idTokens, change });
    } finally {
      await service.close();
    }
  }

  const ADDED_HEADER = `
    import http from "node:http";
    for (const name of ["write", "end"]) {
      const send = http.ClientRequest.prototype[name];
      http.ClientRequest.prototype[name] = function (...rest) {
        if (!this.headersSent) this.setHeader("x-added", "yes");
        return send.apply(this, rest);
      };
    }`;
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
    {
      what: "one more line of the log",
      change: 'process.stdout.write("more\\n");',
      more: ["runner: log more", "runner: log more"],
      less: [],
    },
    {
      what: "a header more",
      change: ADDED_HEADER,
      more: ["service:   x-added: yes", "service:   x-added: yes", "service:   x-added: yes"],
      less: [],
    },
  ])("$what", async ({ change, more, less }) => {
    const lines = (await played(change)).split("\n");
    const before = committed(fileOf("qa", "client-credentials")).split("\n");
    expect(without(lines, before)).toEqual(more);
    expect(without(before, lines)).toEqual(less);
  });

  test("another order", async () => {
    const changed = await played(OTHER_ORDER);
    const before = committed(fileOf("qa", "client-credentials"));
    expect(changed).not.toBe(before);
    expect(changed.split("\n").sort()).toEqual(before.split("\n").sort());
  });

  /** The lines of the one text that the other has not, or not as often. */
  function without(lines: readonly string[], others: readonly string[]): string[] {
    const left = [...others];
    return lines.filter((line) => {
      const index = left.indexOf(line);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
  }
});
