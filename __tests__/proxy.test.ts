import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type HttpServerOptions, type HttpsServerOptions, Server } from "proxy-chain";
import { createAuthority } from "../sandbox/certificates.ts";
import { listen } from "../sandbox/faults.ts";
import type { StageResult, StepResult } from "../sandbox/runner.ts";
import { services, startTuleap, type Tuleap } from "../sandbox/services/index.ts";
import { pooled, SERVICES, WAYS } from "./fault-stages.ts";
import { keepSection, table } from "./reliability.ts";
import { endedWithin, leaks, runAction, runMain } from "./support.ts";

/** Longer than a name may be, so no resolver knows it: only a proxy of these tests leads there, or nothing does. */
const HOST = `${"x".repeat(64)}.example`;

const company = createAuthority("Company Root");
const tls = company.issue([HOST]);

interface Proxy {
  readonly host: string;
  /** One entry per tunnel: what was asked for, and as whom. */
  readonly tunnels: { target: string; username: string; password: string }[];
  close(): Promise<void>;
}

/** A real proxy that leads every name to this machine, and refuses whom it does not know. */
async function startProxy(options: Partial<HttpsServerOptions> = {}, password?: string): Promise<Proxy> {
  const tunnels: Proxy["tunnels"] = [];
  const common: HttpServerOptions = {
    port: 0,
    host: "127.0.0.1",
    prepareRequestFunction: ({ username, password: given, hostname, port }) => {
      tunnels.push({ target: `${hostname}:${port}`, username, password: given });
      return {
        requestAuthentication: password !== undefined && given !== password,
        dnsLookup: ((_name: string, wanted: { all?: boolean }, done: (...result: unknown[]) => void) =>
          wanted.all === true
            ? done(null, [{ address: "127.0.0.1", family: 4 }])
            : done(null, "127.0.0.1", 4)) as never,
      };
    },
  };
  const { httpsOptions } = options;
  const server = new Server(httpsOptions === undefined ? common : { ...common, serverType: "https", httpsOptions });
  await server.listen();
  return { host: `127.0.0.1:${server.port}`, tunnels, close: () => server.close(true) };
}

let proxy: Proxy;
let strict: Proxy;
let secured: Tuleap;
let plain: Tuleap;
const PASSWORD = "p@ss%w:rd/ü";

beforeAll(async () => {
  proxy = await startProxy();
  strict = await startProxy({}, PASSWORD);
  secured = await startTuleap({ tls });
  plain = await startTuleap({});
});
afterAll(async () => {
  await Promise.all([proxy.close(), strict.close(), secured.close(), plain.close()]);
});

/** The inputs for the Tuleap with TLS, by a name that only a proxy can find. */
function securedInputs(): Record<string, string> {
  const url = `https://${HOST}:${secured.port}`;
  return {
    provider: "tuleap",
    method: "token",
    url,
    "ca-certificate": company.cert,
    ...secured.accounts.token?.inputs,
  };
}

function plainInputs(): Record<string, string> {
  const url = `http://${HOST}:${plain.port}`;
  return { provider: "tuleap", method: "token", url, "allow-http": "true", ...plain.accounts.token?.inputs };
}

function withPassword(password: string): string {
  return `http://ci%40corp:${encodeURIComponent(password)}@${strict.host}`;
}

describe("a proxy", () => {
  test("is taken from `https_proxy` for TLS and from `http_proxy` for plain HTTP, in either case", async () => {
    for (const [name, inputs] of [
      ["https_proxy", securedInputs()],
      ["HTTPS_PROXY", securedInputs()],
      ["http_proxy", plainInputs()],
      ["HTTP_PROXY", plainInputs()],
    ] as const) {
      const before = proxy.tunnels.length;
      const main = await runMain(inputs, { env: { [name]: `http://${proxy.host}` } });
      expect([name, main.exitCode, main.outputs.probe]).toEqual([name, 0, "accepted"]);
      expect(proxy.tunnels.slice(before).map(({ target }) => target)).toEqual([new URL(inputs.url ?? "").host]);
    }
  });

  test("may be written without a scheme", async () => {
    const main = await runMain(securedInputs(), { env: { https_proxy: proxy.host } });
    expect(main.exitCode).toBe(0);
  });

  test("of the other scheme is not taken", async () => {
    const before = proxy.tunnels.length;
    const main = await runMain(securedInputs(), { env: { http_proxy: `http://${proxy.host}` } });
    expect(main.annotations[0]?.message).toContain("the host name is unknown");
    expect(proxy.tunnels).toHaveLength(before);
  });

  test.each(["no_proxy", "NO_PROXY"])("is passed by where %s names the host", async (name) => {
    const lists = [HOST, ".example", "example", `other.test, ${HOST}:${secured.port}`, "*"];
    const before = proxy.tunnels.length;
    const seen = await pooled(lists, async (list) => {
      const main = await runMain(securedInputs(), { env: { https_proxy: `http://${proxy.host}`, [name]: list } });
      return [main.outputs.failure, main.annotations[0]?.message.includes("the host name is unknown")];
    });
    expect(seen).toEqual(lists.map(() => ["unavailable", true]));
    expect(proxy.tunnels).toHaveLength(before);
  });

  test("is used where `no_proxy` names other hosts", async () => {
    const env = { https_proxy: `http://${proxy.host}`, no_proxy: "localhost,corp.test,.other.example" };
    expect((await runMain(securedInputs(), { env })).exitCode).toBe(0);
  });

  test("is never used for loopback", async () => {
    const before = proxy.tunnels.length;
    const env = { http_proxy: `http://${proxy.host}`, https_proxy: `http://${proxy.host}` };
    const main = await runMain({ ...plainInputs(), url: plain.url }, { env });
    expect(main.exitCode).toBe(0);
    expect(proxy.tunnels).toHaveLength(before);
  });

  test("gets one tunnel for exchange and probe of every service, and TLS inside of it is the service's own", async () => {
    const seen = await pooled(SERVICES, async (name) => {
      const { provider, method } = WAYS[name];
      const service = await services[provider]({ tls });
      const own = await startProxy();
      try {
        const url = `https://${HOST}:${service.port}`;
        const inputs = { provider, method, url, ...service.accounts[method]?.inputs };
        const env = { https_proxy: `http://${own.host}` };
        const unknown = await runMain(inputs, { env });
        const refused = own.tunnels.length;
        const main = await runMain({ ...inputs, "ca-certificate": company.cert }, { env });
        return [name, unknown.outputs.failure, main.exitCode, service.requests.length, own.tunnels.length - refused];
      } finally {
        await own.close();
        await service.close();
      }
    });
    expect(seen).toEqual(SERVICES.map((name) => [name, "tls", 0, 2, 1]));
  });

  test("with TLS of its own is talked to over TLS", async () => {
    const authority = createAuthority("Proxy Root");
    const { key, cert } = authority.issue(["127.0.0.1"]);
    const own = await startProxy({ httpsOptions: { key, cert } });
    try {
      const env = { https_proxy: `https://${own.host}` };
      const both = { ...securedInputs(), "ca-certificate": company.cert + authority.cert };
      const main = await runMain(both, { env });
      expect(main.exitCode).toBe(0);
      const distrusted = await runMain(securedInputs(), { env });
      expect(distrusted.outputs.failure).toBe("unavailable");
      expect(distrusted.annotations[0]?.title).toBe("Proxy fault");
      expect(distrusted.annotations[0]?.message).toContain(
        `The proxy ${own.host} could not be used: the connection failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
      );
    } finally {
      await own.close();
    }
  });

  test("gets its user and password, which are masked before anything is sent", async () => {
    const env = { https_proxy: withPassword(PASSWORD) };
    const live = secured.live();
    const result: StepResult = await runAction(securedInputs(), { env });
    expect([result.main.exitCode, result.post?.exitCode]).toEqual([0, 0]);
    expect(strict.tunnels.at(-1)).toEqual({
      target: `${HOST}:${secured.port}`,
      username: "ci@corp",
      password: PASSWORD,
    });
    expect(result.post?.log).toContain("is revoked at");
    const pair = Buffer.from(`ci@corp:${PASSWORD}`).toString("base64");
    for (const stage of [result.main, result.post]) {
      expect(stage?.masks).toEqual(expect.arrayContaining([PASSWORD, pair]));
      expect(stage === undefined ? [] : leaks(stage, [PASSWORD, pair])).toEqual([]);
    }
    expect(secured.live()).toEqual(live);
  });
});

interface Row {
  readonly what: string;
  readonly variable: () => Promise<{ value: string; close?: () => Promise<void> }>;
  readonly says: (host: string) => string;
  /** How often the request is sent again with `retries: 2`. */
  readonly retried: number;
}

function raw(connected: Parameters<typeof listen>[0]): Row["variable"] {
  return async () => {
    const port = await listen(connected);
    return { value: `http://127.0.0.1:${port.port}`, close: port.close };
  };
}

function refusal(status: string): Row["variable"] {
  return raw((socket) => {
    socket.once("data", () => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`));
  });
}

const refused = (status: number) => (host: string) =>
  `The proxy ${host} refused the connection to ${HOST}:${secured.port} with status ${status}`;
const unusable = (host: string) => `The proxy ${host} could not be used`;

const ROWS: readonly Row[] = [
  {
    what: "wants another password",
    variable: async () => ({ value: withPassword("wrong-password") }),
    says: refused(407),
    retried: 0,
  },
  { what: "answers 403", variable: refusal("403 Forbidden"), says: refused(403), retried: 0 },
  {
    what: "is not there",
    variable: async () => {
      const port = await listen(() => {});
      await port.close();
      return { value: `http://127.0.0.1:${port.port}` };
    },
    says: (host) => `The proxy ${host} could not be used: the connection was refused`,
    retried: 2,
  },
  { what: "stays silent", variable: raw(() => {}), says: unusable, retried: 0 },
  { what: "resets", variable: raw((socket) => socket.resetAndDestroy()), says: unusable, retried: 2 },
  { what: "speaks no HTTP", variable: raw((socket) => socket.end("SSH-2.0-x\r\n")), says: unusable, retried: 0 },
];

test("a proxy that refuses or is dead is named as the proxy, never as the service", async () => {
  const seen = await pooled(ROWS, async ({ what, variable, says, retried }) => {
    const { value, close } = await variable();
    try {
      const limits = { retries: "2", timeout: what === "stays silent" ? "5" : "10" };
      const main: StageResult = await runMain({ ...securedInputs(), ...limits }, { env: { https_proxy: value } });
      const { host } = new URL(value);
      return {
        what,
        failure: main.outputs.failure ?? "",
        exitCode: main.exitCode,
        title: main.annotations[0]?.title,
        says: main.annotations[0]?.message.startsWith(says(host)) === true,
        retried: main.log.match(/^Attempt \d failed \(proxy: /gm)?.length ?? 0,
        right: (main.log.match(/^Attempt \d failed \(proxy: /gm)?.length ?? 0) === retried,
        annotations: main.annotations.length,
        leaks: leaks(main, ["wrong-password", secured.accounts.token?.inputs.password ?? ""]),
        inTime: endedWithin(main, Number(limits.timeout)),
      };
    } finally {
      await close?.();
    }
  });
  const wanted = { failure: "unavailable", exitCode: 1, title: "Proxy fault", says: true, annotations: 1, leaks: [] };
  expect(seen).toEqual(ROWS.map(({ what, retried }) => ({ what, ...wanted, retried, right: true, inTime: true })));
  keepSection(
    "proxies",
    table(
      ["A proxy that", "`failure`", "Named as", "Sent again"],
      seen.map(({ what, failure, title, retried }) => [what, failure, title ?? "", String(retried)]),
    ),
  );
});

test("a variable that holds no URL of a proxy is told by its name, and its password is not", async () => {
  for (const value of ["http://", "socks5://ci:s3cr3t-word@127.0.0.1:1080", "http://ci:s3cr3t%word@127.0.0.1:1"]) {
    const main = await runMain(securedInputs(), { env: { HTTPS_PROXY: value } });
    expect([value, main.outputs.failure]).toEqual([value, "unavailable"]);
    expect(main.annotations[0]?.message).toContain('The variable "https_proxy" does not hold the URL of a proxy.');
    expect(leaks(main, ["s3cr3t-word", "s3cr3t%word"])).toEqual([]);
  }
});

test("a proxy that dies before the revocation is one warning", async () => {
  const own = await startProxy();
  const { main, post } = await runAction(
    { ...securedInputs(), retries: "1" },
    { env: { https_proxy: `http://${own.host}` }, between: () => own.close() },
  );
  expect(main.exitCode).toBe(0);
  expect(post?.exitCode).toBe(0);
  expect(post?.annotations.map(({ type }) => type)).toEqual(["warning"]);
  expect(post?.annotations[0]?.message).toContain(`The proxy ${own.host} could not be used`);
});
