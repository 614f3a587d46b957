import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { Server } from "proxy-chain";
import { startTuleap } from "../../sandbox/services/index.ts";
import { preload, runMain } from "../kit/support.ts";

/** A port whose connections stand only after a while, as from afar. */
interface Slow {
  readonly port: number;
  /** Lets connections come about from now on. */
  wake(): void;
  close(): void;
}

/** A relay in a process that is held, with a queue so short and full that the kernel answers no more. */
async function startSlow(to: number): Promise<Slow> {
  const script = `
    import { connect, createServer } from "node:net";
    const server = createServer((socket) => {
      const other = connect(${to}, "127.0.0.1");
      socket.pipe(other).pipe(socket);
      for (const end of [socket, other]) end.on("error", () => {});
    });
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
  `;
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve) => child.stdout?.once("data", (line) => resolve(Number(line))));
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  let isFull = false;
  while (!isFull && fillers.length < 20) {
    const filler = connect(port, "127.0.0.1");
    filler.on("error", () => {});
    fillers.push(filler);
    isFull = await Promise.race([
      new Promise<boolean>((resolve) => filler.once("connect", () => resolve(false))),
      after(700, true),
    ]);
  }
  expect(isFull).toBe(true);
  return {
    port,
    wake() {
      for (const filler of fillers) filler.destroy();
      child.kill("SIGCONT");
    },
    close() {
      for (const filler of fillers) filler.destroy();
      child.kill("SIGKILL");
    },
  };
}

/** Runs main where a name has two addresses: the first connects after a while, the second refuses. */
async function runFromAfar(
  slow: Slow,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
) {
  const folder = mkdtempSync(join(tmpdir(), "addresses-"));
  const asked = join(folder, "asked");
  const twoAddresses = preload(`
    import dns from "node:dns";
    import { writeFileSync } from "node:fs";
    dns.lookup = (name, options, done) => {
      writeFileSync(${JSON.stringify(asked)}, name);
      const all = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
      setImmediate(() => options.all ? done(null, all) : done(null, all[0].address, 4));
    };
  `);
  try {
    const running = runMain({ ...inputs, retries: "0" }, { env: { ...env, ...twoAddresses } });
    for (let waited = 0; waited < 600 && !existsSync(asked); waited++) await after(50);
    // Longer than Node's own quarter of a second.
    await after(600);
    slow.wake();
    return await running;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the first address of the service has time to connect from afar", async () => {
  const service = await startTuleap({});
  const slow = await startSlow(service.port);
  try {
    const url = `http://far.example.invalid:${slow.port}`;
    const inputs = { provider: "tuleap", method: "token", url, "allow-http": "true" };
    const main = await runFromAfar(slow, { ...inputs, ...service.accounts.token?.inputs }, {});
    expect([main.outputs.failure, main.exitCode, main.outputs.probe]).toEqual(["", 0, "accepted"]);
  } finally {
    slow.close();
    await service.close();
  }
});

test("and so has that of a proxy", async () => {
  const service = await startTuleap({});
  const dnsLookup = (_name: string, wanted: { all?: boolean }, done: (...result: unknown[]) => void) =>
    wanted.all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
  const proxy = new Server({
    port: 0,
    host: "127.0.0.1",
    prepareRequestFunction: () => ({ dnsLookup: dnsLookup as never }),
  });
  await proxy.listen();
  const slow = await startSlow(proxy.port);
  try {
    const url = `http://far.example.invalid:${service.port}`;
    const inputs = { provider: "tuleap", method: "token", url, "allow-http": "true" };
    const env = { http_proxy: `proxy.example.invalid:${slow.port}` };
    const main = await runFromAfar(slow, { ...inputs, ...service.accounts.token?.inputs }, env);
    expect([main.outputs.failure, main.exitCode, main.outputs.probe]).toEqual(["", 0, "accepted"]);
  } finally {
    slow.close();
    await proxy.close(true);
    await service.close();
  }
});
