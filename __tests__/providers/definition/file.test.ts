import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { runMain, shown, startTrap } from "../../kit/support.ts";
import { HOME, removeWorkspaces, workspaceWith } from "./home.ts";

afterAll(removeWorkspaces);

const SECRET = "s3cret-of-the-workflow-0123456789";

/** Runs a definition where every request would be seen, whatever its host. */
async function tried(workspace: string, definition: string, github: Readonly<Record<string, string>> = {}) {
  const trap = await startTrap();
  const inputs = {
    provider: "custom",
    definition,
    url: "https://login.example.com",
    username: "robot",
    password: SECRET,
  };
  const main = await runMain({ ...inputs, retries: "0" }, { workspace, env: trap.env, github });
  trap.close();
  return { main, connections: trap.connections(), said: main.annotations.map(({ message }) => message).join("\n") };
}

/** A path of the input, and what stands there in a workspace. */
interface Place {
  readonly what: string;
  /** `d.json` unless said. */
  readonly path?: string;
  /** Puts it there; `at` is `d.json` in the workspace. */
  readonly make?: (at: string) => void;
  readonly says: string;
}

const outside = workspaceWith({ "secret.json": HOME, "note.txt": "what-stands-outside" });

const holding = (content: string | Buffer) => (at: string) => writeFileSync(at, content);

const ANYWHERE: readonly Place[] = [
  { what: "nothing", says: "cannot be read" },
  { what: "a folder", make: (at) => mkdirSync(at), says: "is no regular file of at most 64 KiB" },
  { what: "the workspace itself", path: ".", says: "outside of the workspace" },
  { what: "the folder above the workspace", path: "..", says: "outside of the workspace" },
  { what: "an absolute path outside", path: join(outside, "note.txt"), says: "outside of the workspace" },
  { what: "65 KiB", make: holding(" ".repeat(65 * 1024)), says: "is no regular file of at most 64 KiB" },
  { what: "no UTF-8", make: holding(Buffer.from([0x7b, 0xff, 0x7d])), says: "cannot be read" },
  { what: "an empty file", make: holding(""), says: "a value is expected" },
  { what: "a key twice", make: holding('{"name":"a","name":"b"}'), says: "/name: the key is given twice" },
  { what: "__proto__", make: holding('{"__proto__":{"name":"a"}}'), says: "/__proto__: no key is named so" },
];

/** What Windows has no plain way to make. */
const WITH_LINKS: readonly Place[] = [
  { what: "a link to a file outside", make: (at) => symlinkSync(join(outside, "note.txt"), at), says: "outside of" },
  {
    what: "a file behind a link to a folder outside",
    path: "d.json/secret.json",
    make: (at) => symlinkSync(outside, at),
    says: "outside of the workspace",
  },
  { what: "a link to the environment", make: (at) => symlinkSync("/proc/self/environ", at), says: "outside of" },
  { what: "a link to a device", make: (at) => symlinkSync("/dev/zero", at), says: "outside of the workspace" },
  { what: "a link to itself", make: (at) => symlinkSync(at, at), says: "cannot be read" },
  { what: "a pipe", make: (at) => spawnSync("mkfifo", [at]), says: "is no regular file of at most 64 KiB" },
];

const PLACES = process.platform === "win32" ? ANYWHERE : [...ANYWHERE, ...WITH_LINKS];

describe("the file of a definition", () => {
  test.each(PLACES)("is not read where $what stands, and nothing is sent", async ({ path = "d.json", make, says }) => {
    const workspace = workspaceWith({});
    make?.(join(workspace, "d.json"));
    const { main, connections, said } = await tried(workspace, path);
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(said.replaceAll('"', "")).toContain(says);
    expect(shown(main)).not.toMatch(/what-stands-outside|PATH=/);
    expect(connections).toBe(0);
  });

  test.each(["push", "pull_request"])("is read where it is fine, without a word on the event %s", async (event) => {
    const { main, connections } = await tried(workspaceWith({ "d.json": HOME }), "d.json", { event_name: event });
    expect(main.annotations.map(({ type }) => type)).toEqual(["error"]);
    expect(main.outputs.failure).toBe("unavailable");
    expect(connections).toBeGreaterThan(0);
  });

  test.each(["pull_request_target", "workflow_run"])(
    "may come from a fork on the event %s, which a warning says",
    async (event) => {
      const { main } = await tried(workspaceWith({ "d.json": HOME }), "d.json", { event_name: event });
      const warnings = main.annotations.filter(({ type }) => type === "warning");
      expect(warnings).toMatchObject([{ title: "Definition of a fork?" }]);
      expect(warnings[0]?.message).toContain(`On the event ${event}`);
    },
  );

  if (process.platform !== "win32") {
    test("may be a link to another file of the workspace", async () => {
      const workspace = workspaceWith({ "..real.json": HOME });
      symlinkSync("..real.json", join(workspace, "d.json"));
      const { connections } = await tried(workspace, join(workspace, "d.json"));
      expect(connections).toBeGreaterThan(0);
    });

    test("may lie in a workspace that is a link", async () => {
      const link = join(workspaceWith({}), "link");
      symlinkSync(workspaceWith({ "d.json": HOME }), link);
      const { connections } = await tried(link, "d.json");
      expect(connections).toBeGreaterThan(0);
    });
  }
});

describe("a definition of a stranger", () => {
  const exchanging = (more: object) => ({ ...HOME, exchange: { ...HOME.exchange, ...more } });

  test.each<[string, object]>([
    ["name another host in a path", exchanging({ path: "//evil.example.com/" })],
    ["name another host by its user part", exchanging({ path: "@evil.example.com/" })],
    ["name a whole URL", exchanging({ path: "https://evil.example.com/" })],
    ["put a secret into the host", exchanging({ path: ".{password}.evil.example.com/" })],
    ["leave the sub-path", exchanging({ path: "/../other" })],
    ["set the host", exchanging({ headers: { Host: "evil.example.com" } })],
    ["set a URL", { ...HOME, url: "https://evil.example.com" }],
    ["put a secret into the name of a header", exchanging({ headers: { "X-{password}": "x" } })],
    ["put a secret into the name of a variable", { ...HOME, env: { also: { "A_{password}": "x" } } }],
    ["put a secret into the log", { ...HOME, name: "{password}" }],
    ["start a command in the log", { ...HOME, name: "x\n::set-output name=a::b" }],
    ["start an old command in the log", { ...HOME, "by-hand": "##[error]x" }],
    ["read the environment", exchanging({ json: { a: "{env.HOME}" } })],
    ["read a file", exchanging({ json: { a: "{file./etc/passwd}" } })],
    ["loop", exchanging({ repeat: 10 })],
    ["run a script", exchanging({ script: "x" })],
    ["steer later steps", { ...HOME, env: { name: "NODE_OPTIONS" } }],
    ["steer later steps by another variable", { ...HOME, env: { also: { bash_env: "x" } } }],
    ["smuggle a header", exchanging({ headers: { "X-A": "b\r\nX-C: d" } })],
    ["speak to a proxy", exchanging({ headers: { "Proxy-Authorization": "{password}" } })],
  ])("cannot %s", async (_, definition) => {
    const { main, connections } = await tried(workspaceWith({ "d.json": definition }), "d.json");
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" }, env: {} });
    expect(main.annotations).toHaveLength(1);
    expect(main.commands.filter(({ name }) => !["add-mask", "error"].includes(name))).toEqual([]);
    expect(shown(main)).not.toContain(SECRET);
    expect(connections).toBe(0);
  });
});
