import { createServer } from "node:net";
import { expect, test } from "@jest/globals";
import { services } from "../../sandbox/services/index.ts";
import { pooled, SERVICES, WAYS } from "../kit/fault-stages.ts";
import { listen, ports } from "../kit/faults.ts";
import { table, together, writeChapter } from "../kit/reliability.ts";
import { endedWithin, preload, runMain } from "../kit/support.ts";

interface Row {
  readonly scheme: "http" | "https";
  readonly port: keyof typeof ports;
  readonly failure: string;
  /** Connections per service, in the order of `SERVICES`. All is run with `retries: 2`. */
  readonly connections: readonly number[];
  readonly seconds?: number;
  readonly says: string;
}

const ONE = [1, 1, 1, 1, 1];
/** Before the handshake is done nothing has been sent, so a password goes out as often as anything. */
const EVERY_RETRY = [3, 3, 3, 3, 3];
/** Without TLS a request is written as soon as the connection stands. */
const MAY_HAVE_ARRIVED = [2, 3, 2, 2, 3];

const SILENT = "takes the connection and says nothing";

const ROWS: readonly Row[] = [
  { scheme: "https", port: SILENT, failure: "timeout", connections: ONE, seconds: 5, says: "did not answer within" },
  { scheme: "https", port: "closes every connection", failure: "unavailable", connections: EVERY_RETRY, says: "reset" },
  { scheme: "https", port: "resets every connection", failure: "unavailable", connections: EVERY_RETRY, says: "reset" },
  { scheme: "https", port: "speaks plain HTTP", failure: "tls", connections: ONE, says: "may speak plain HTTP" },
  { scheme: "https", port: "speaks another protocol", failure: "tls", connections: ONE, says: "no TLS connection" },
  { scheme: "http", port: SILENT, failure: "timeout", connections: ONE, seconds: 5, says: "did not answer within" },
  {
    scheme: "http",
    port: "closes every connection",
    failure: "unavailable",
    connections: MAY_HAVE_ARRIVED,
    says: "reset",
  },
  { scheme: "http", port: "speaks another protocol", failure: "bad-response", connections: ONE, says: "not HTTP" },
];

const ACCOUNTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  reportportal: { username: "ci", password: "a password" },
  xray: { "client-id": "0123", "client-secret": "a client secret" },
  virtuozzo: { username: "ci@example.org", password: "a password" },
  tuleap: { username: "ci", password: "a password" },
  qa: { "client-id": "0123", "client-secret": "a client secret" },
};

test("a port that is no service fails the step in time, and in its own words", async () => {
  const seen = await pooled(
    ROWS.flatMap((row) => SERVICES.map((service) => ({ row, service }))),
    async ({ row, service }) => {
      const { provider, method } = WAYS[service];
      const port = await listen(ports[row.port]);
      try {
        const seconds = row.seconds ?? 10;
        const url = `${row.scheme}://127.0.0.1:${port.port}`;
        const limits = { retries: "2", timeout: String(seconds) };
        const main = await runMain({ provider, method, url, ...ACCOUNTS[provider], ...limits });
        return {
          row,
          service,
          failure: main.outputs.failure ?? "",
          connections: port.connections(),
          exitCode: main.exitCode,
          said: main.annotations.map(({ message }) => message).join("\n"),
          stderr: main.stderr,
          inTime: endedWithin(main, seconds),
        };
      } finally {
        await port.close();
      }
    },
  );
  const wrong = seen.filter(
    ({ row, service, failure, connections, exitCode, said, stderr, inTime }) =>
      !(
        failure === row.failure &&
        connections === row.connections[SERVICES.indexOf(service)] &&
        exitCode === 1 &&
        said.includes(row.says) &&
        stderr === "" &&
        inTime
      ),
  );
  expect(wrong).toEqual([]);

  const lines = ROWS.map((row) => {
    const cells = seen.filter((one) => one.row === row);
    return [
      row.scheme,
      row.port,
      together(cells.map(({ service, failure }) => [service, failure])),
      together(cells.map(({ service, connections }) => [service, String(connections)])),
      `${row.seconds ?? 10} s`,
    ];
  });
  writeChapter("connections", table(["`url`", "The port", "`failure`", "Connections", "Ends within"], lines));
});

test("a port where nothing listens is tried again, and named as such", async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const address = free.address();
  await new Promise((resolve) => free.close(resolve));
  const port = typeof address === "object" ? address?.port : 0;
  const main = await runMain({
    provider: "tuleap",
    url: `https://127.0.0.1:${port}`,
    username: "ci",
    password: "a password",
    retries: "2",
  });
  expect(main.outputs.failure).toBe("unavailable");
  expect(main.log.match(/^Attempt \d failed \(the connection was refused\)/gm)).toHaveLength(2);
  expect(main.annotations[0]?.message).toContain("the connection was refused. This was attempt 3, the last.");
});

test("an unknown host is never tried again", async () => {
  // Too long for a name, so no resolver has to be asked to know that there is no such host.
  const url = `https://${"x".repeat(64)}.example`;
  const main = await runMain({ provider: "tuleap", url, username: "ci", password: "a password" });
  expect(main.outputs.failure).toBe("unavailable");
  expect(main.annotations[0]?.message).toContain("the host name is unknown");
  expect(main.log).not.toContain("Attempt 1 failed");
});

/** Variables that make every name meet a fault of the resolver. */
function resolverFault(code: string): Record<string, string> {
  return preload(`
    import dns from "node:dns";
    dns.lookup = (name, options, done) =>
      setImmediate(done, Object.assign(new Error(\`getaddrinfo ${code} \${name}\`), { code: "${code}", syscall: "getaddrinfo" }));
  `);
}

/** A token that was brought makes the probe the first request. */
const BROUGHT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  reportportal: { token: "a-brought-api-key" },
  virtuozzo: { token: "a-brought-token" },
  tuleap: { token: `tlp-k1-1.${"a".repeat(64)}` },
};

test("an unknown host fails the step also where only the probe asks for it", async () => {
  const cases = Object.entries(BROUGHT).flatMap(([provider, token]) =>
    ["true", "strict"].map((probe) => ({ provider, token, probe })),
  );
  const seen = await pooled(cases, async ({ provider, token, probe }) => {
    const inputs = { provider, url: "https://tuleap.exmaple.invalid", probe, ...token };
    const main = await runMain(inputs, { env: resolverFault("ENOTFOUND") });
    const { failure, probe: proof, token: set } = main.outputs;
    const says = main.annotations.at(-1)?.message.includes("the host name is unknown");
    return [provider, probe, main.exitCode, failure, proof, set, says, main.log.includes("failed (")];
  });
  expect(seen).toEqual(
    cases.map(({ provider, probe }) => [provider, probe, 1, "unavailable", undefined, undefined, true, false]),
  );
});

test("a name that cannot be resolved for now, and a proxy that is down, leave the probe inconclusive", async () => {
  const inputs = { provider: "tuleap", url: "https://tuleap.exmaple.invalid", retries: "1", ...BROUGHT.tuleap };
  const passing = await runMain(inputs, { env: resolverFault("EAI_AGAIN") });
  expect([passing.exitCode, passing.outputs.probe]).toEqual([0, "inconclusive"]);
  expect(passing.log).toContain("Attempt 1 failed (the name could not be resolved for now)");
  const closed = await listen(() => {});
  await closed.close();
  const proxied = await runMain(inputs, { env: { https_proxy: `127.0.0.1:${closed.port}` } });
  expect([proxied.exitCode, proxied.outputs.probe]).toEqual([0, "inconclusive"]);
});

test("exchange and probe share one connection at every service", async () => {
  const seen = await pooled(SERVICES, async (name) => {
    const { provider, method } = WAYS[name];
    const service = await services[provider]({});
    try {
      const main = await runMain({ provider, method, url: service.url, ...service.accounts[method]?.inputs });
      const connections = new Set(service.requests.map(({ connection }) => connection));
      return [name, main.exitCode, service.requests.length, connections.size];
    } finally {
      await service.close();
    }
  });
  expect(seen).toEqual(SERVICES.map((name) => [name, 0, 2, 1]));
});
