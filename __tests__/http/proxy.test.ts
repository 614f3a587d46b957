import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type HttpServerOptions, type HttpsServerOptions, Server } from "proxy-chain";
import { runPost, type StageResult, type StepResult } from "../../sandbox/runner/runner.ts";
import { services, startTuleap, type Tuleap } from "../../sandbox/services/index.ts";
import { createAuthority } from "../kit/certificates.ts";
import { pooled, SERVICES, WAYS } from "../kit/fault-stages.ts";
import { listen } from "../kit/faults.ts";
import { table, writeChapter } from "../kit/reliability.ts";
import { endedWithin, formsOf, leaks, preload, runAction, runMain } from "../kit/support.ts";

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
  const { host = "127.0.0.1" } = options;
  const common: HttpServerOptions = {
    port: 0,
    host,
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
  return {
    host: `${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    tunnels,
    close: () => server.close(true),
  };
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

  test("may be written without a scheme, by name or address, with or without user and password, in either case", async () => {
    const port = new URL(`http://${proxy.host}`).port;
    const strictPort = new URL(`http://${strict.host}`).port;
    const user = `ci%40corp:${encodeURIComponent(PASSWORD)}`;
    const ways = [
      ["https_proxy", `localhost:${port}`, securedInputs()],
      ["HTTPS_PROXY", `LocalHost:${port}`, securedInputs()],
      ["https_proxy", `127.0.0.1:${port}`, securedInputs()],
      ["https_proxy", ` 127.0.0.1:${port}/ `, securedInputs()],
      ["https_proxy", `//localhost:${port}`, securedInputs()],
      ["HTTPS_PROXY", `HTTP://localhost:${port}`, securedInputs()],
      ["HTTPS_PROXY", `${user}@localhost:${strictPort}`, securedInputs()],
      ["http_proxy", `localhost:${port}`, plainInputs()],
      ["HTTP_PROXY", `127.0.0.1:${port}`, plainInputs()],
      ["http_proxy", `${user}@127.0.0.1:${strictPort}`, plainInputs()],
    ] as const;
    const seen = await pooled(ways, async ([name, value, inputs]) => {
      const main = await runMain(inputs, { env: { [name]: value } });
      return [name, value, main.exitCode, main.outputs.probe, main.annotations];
    });
    const plainHttp = expect.objectContaining({ title: "No TLS" });
    expect(seen).toEqual(
      ways.map(([name, value]) => [name, value, 0, "accepted", /https/i.test(name) ? [] : [plainHttp]]),
    );
  });

  test("on IPv6 may be written without a scheme", async () => {
    const own = await startProxy({ host: "::1" });
    try {
      for (const value of [own.host, `http://${own.host}`]) {
        const main = await runMain(securedInputs(), { env: { https_proxy: value } });
        expect([value, main.exitCode]).toEqual([value, 0]);
        expect(main.log).toContain(`through the proxy ${own.host}`);
      }
    } finally {
      await own.close();
    }
  });

  test("of the other scheme is not taken", async () => {
    const before = proxy.tunnels.length;
    const main = await runMain(securedInputs(), { env: { http_proxy: `http://${proxy.host}` } });
    expect(main.annotations[0]?.message).toContain("the host name is unknown");
    expect(proxy.tunnels).toHaveLength(before);
  });

  test.each(["no_proxy", "NO_PROXY"])("is passed by where %s names the host", async (name) => {
    const lists = [
      HOST,
      ".example",
      "*.example",
      "example",
      `other.test, ${HOST}:${secured.port}`,
      `other.test ${HOST}:${secured.port}`,
      `10.0.0.0/8\t*.example:${secured.port}`,
      "*",
    ];
    const before = proxy.tunnels.length;
    const seen = await pooled(lists, async (list) => {
      const main = await runMain(securedInputs(), { env: { https_proxy: `http://${proxy.host}`, [name]: list } });
      return [main.outputs.failure, main.annotations[0]?.message.includes("the host name is unknown")];
    });
    expect(seen).toEqual(lists.map(() => ["unavailable", true]));
    expect(proxy.tunnels).toHaveLength(before);
  });

  test("is used where `no_proxy` names other hosts", async () => {
    const env = { https_proxy: `http://${proxy.host}`, no_proxy: "localhost,corp.test,.other.example,0.0.0.0/0,::/0" };
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
        `The proxy ${own.host} could not be used: its certificate comes from an authority that this runner does not know. Its certificate is issued by: “Proxy Root”.`,
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
  writeChapter(
    "proxies",
    table(
      ["A proxy that", "`failure`", "Named as", "Sent again"],
      seen.map(({ what, failure, title, retried }) => [what, failure, title ?? "", String(retried)]),
    ),
  );
});

test("a proxy that stays silent is told as silent, also where the machine pauses once the tunnel is asked for", async () => {
  const { value, close } = await raw(() => {})();
  const pausing = preload(`
    import http from "node:http";
    const { request } = http;
    http.request = (options, ...more) => {
      const outgoing = request(options, ...more);
      if (options.method !== "CONNECT") return outgoing;
      const { end } = outgoing;
      outgoing.end = (...body) => {
        const ended = end.apply(outgoing, body);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        return ended;
      };
      return outgoing;
    };
  `);
  const main = await runMain({ ...securedInputs(), timeout: "2" }, { env: { https_proxy: value, ...pausing } });
  await close?.();
  expect(main.outputs.failure).toBe("unavailable");
  expect(main.annotations.map(({ message }) => message)).toEqual([
    expect.stringMatching(/could not be used: it did not answer within [\d.]+ seconds?\./),
  ]);
});

test("a variable that holds no URL of a proxy is told by its name, and its password is not", async () => {
  for (const value of [
    "http://",
    "http://ci:s3cr3t-word@127.0.0.1:99999",
    "socks5://ci:s3cr3t-word@127.0.0.1:1080",
    "SOCKS4A://ci:s3cr3t#word@127.0.0.1:1080",
    "ftp://ci:s3cr3t-word@127.0.0.1:1080",
  ]) {
    const main = await runMain(securedInputs(), { env: { HTTPS_PROXY: value } });
    expect([value, main.outputs.failure]).toEqual([value, "unavailable"]);
    expect(main.annotations[0]?.message).toContain(
      'The variable "https_proxy" does not hold the URL of an HTTP proxy. Set it as http://',
    );
    expect(leaks(main, ["s3cr3t-word", "s3cr3t#word"])).toEqual([]);
  }
});

/** A user and a password as they stand in a variable, with a piece of it that must not show. */
const UNENCODED = [
  ["ci:2024#Geheim1", ["2024#Geheim1", "2024", "Geheim1"]],
  ["ci:Geheim1/Wort2", ["Geheim1/Wort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1?Wort2", ["Geheim1?Wort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1@Wort2", ["Geheim1@Wort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1%Wort2", ["Geheim1%Wort2"]],
  ["ci:Geheim1%4", ["Geheim1%4"]],
  ["ci:Geheim1%FF", ["Geheim1%FF"]],
  ["ci:Geheim1\\Wort2", ["Geheim1\\Wort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1 Wort2", ["Geheim1 Wort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1\tWort2", ["Geheim1\tWort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1[Wort2]", ["Geheim1[Wort2]", "Geheim1", "Wort2"]],
  ["ci:Geheim1://Wort2", ["Geheim1://Wort2", "Geheim1", "Wort2"]],
  ["ci:Geheim1#%C3%BCWort2", ["Geheim1#%C3%BCWort2", "Geheim1#üWort2", "Geheim1", "üWort2"]],
  ["CORP\\ci:Geheim1", ["Geheim1"]],
  ["ci@corp:Geheim1", ["Geheim1"]],
  ["ci#Geheim1", ["ci#Geheim1"]],
] as const;

test("a user or password that is not percent-encoded is said to be so, masked in all its pieces, and shown in none", async () => {
  const cases = UNENCODED.flatMap(([info, secrets]) =>
    ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"].flatMap((name, index) =>
      index === 0 || info === "ci:2024#Geheim1"
        ? ["http://", ""].map((scheme) => ({ name, value: `${scheme}${info}@127.0.0.1:1`, secrets, info }))
        : [],
    ),
  );
  const seen = await pooled(cases, async ({ name, value, secrets, info }) => {
    const inputs = /^https/i.test(name) ? securedInputs() : plainInputs();
    const main = await runMain({ ...inputs, summary: "true" }, { env: { [name]: value } });
    const [user = "", ...rest] = info.split(":");
    const pair = Buffer.from(`${user}:${rest.join(":")}`).toString("base64");
    return {
      name,
      value,
      failure: main.outputs.failure,
      says: main.annotations.at(-1)?.message.includes("Percent-encode them"),
      names: main.annotations.at(-1)?.message.includes(`"${name.toLowerCase()}"`),
      // A line break inside of a mask is none of the runner's.
      unmasked: [...secrets, pair].filter((secret) => !main.masks.includes(secret)),
      leaks: leaks(main, [...secrets, pair]),
    };
  });
  const wanted = { failure: "unavailable", says: true, names: true, unmasked: [], leaks: [] };
  expect(seen).toEqual(cases.map(({ name, value }) => ({ name, value, ...wanted })));
});

test("a password that came to be unusable since main is masked in post too, which warns once", async () => {
  const state: Record<string, string> = {};
  const main = await runMain(securedInputs(), { env: { https_proxy: `http://${proxy.host}` } });
  Object.assign(state, main.state);
  const post = await runPost({ inputs: {}, env: { https_proxy: "http://ci:2024#Geheim1@127.0.0.1:1" } }, { state });
  expect([post.exitCode, post.annotations.length, post.annotations[0]?.title]).toEqual([0, 1, "Not revoked"]);
  expect(post.masks).toEqual(expect.arrayContaining(["2024#Geheim1", "Geheim1"]));
  expect(leaks(post, ["2024#Geheim1", "Geheim1"])).toEqual([]);
});

test("a password is masked as it is and as it stands in the variable", async () => {
  // Neither form is the one that the action would write itself.
  const written = "p%40ss%77%3aord-%c3%bc";
  const main = await runMain(securedInputs(), { env: { https_proxy: `http://ci:${written}@${strict.host}` } });
  expect(main.outputs.failure).toBe("unavailable");
  expect(main.masks).toEqual(
    expect.arrayContaining([written, "p@ssw:ord-ü", ...formsOf("ci:p@ssw:ord-ü").slice(1, 2)]),
  );
});

/** What a proxy asks for with 407, and what the text makes of it. */
const CHALLENGES = [
  [["NTLM"], "NTLM"],
  [["Negotiate", "NTLM"], "Negotiate or NTLM"],
  [["Negotiate, NTLM TlRMTVNTUAACAAAA=="], "Negotiate or NTLM"],
  [['Digest realm="a, Basic b", nonce="x", algorithm=MD5, qop="auth"'], "Digest"],
  [["Kerberos"], "Kerberos"],
  [['Bearer realm="::error::Basic"', "Digest realm = x"], "Bearer or Digest"],
] as const;

test("a proxy that offers no Basic is told by what it offers, with a way out", async () => {
  const seen = await pooled(CHALLENGES, async ([challenges]) => {
    const headers = challenges.map((challenge) => `Proxy-Authenticate: ${challenge}\r\n`).join("");
    const { value, close } = await refusal(`407 Proxy Authentication Required\r\n${headers.trimEnd()}`)();
    try {
      const main = await runMain(securedInputs(), { env: { https_proxy: value } });
      const message = main.annotations[0]?.message ?? "";
      const [, schemes] = /it wants (.*), and only Basic is spoken here/.exec(message) ?? [];
      const isRepeated = main.log.includes("failed (");
      return [main.outputs.failure, schemes, message.includes("Run a relay"), message.includes("no_proxy"), isRepeated];
    } finally {
      await close?.();
    }
  });
  expect(seen).toEqual(CHALLENGES.map(([, schemes]) => ["unavailable", schemes, true, true, false]));
});

test("a proxy that offers Basic among others, or says nothing, wants another user or password", async () => {
  for (const challenge of ["NTLM\r\nProxy-Authenticate: BASIC realm=x", 'Digest realm="x", Basic realm="y"', ""]) {
    const { value, close } = await refusal(`407 No${challenge && `\r\nProxy-Authenticate: ${challenge}`}`)();
    const main = await runMain(securedInputs(), { env: { https_proxy: value } });
    await close?.();
    expect(main.annotations[0]?.message).toContain("It wants another user or password");
  }
});

test("a proxy that was spoken to in the wrong scheme is told so", async () => {
  const { value, close } = await raw((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))();
  const main = await runMain(securedInputs(), { env: { https_proxy: value.replace("http:", "https:") } });
  await close?.();
  expect(main.outputs.failure).toBe("unavailable");
  expect(main.annotations[0]?.message).toMatch(
    /^The proxy \S+ could not be used: no TLS connection came about \(wrong version number\)\. Check scheme and port in "https_proxy"/,
  );
});

test("a success says which proxy it went through, and only then", async () => {
  const through = await runMain({ ...securedInputs(), summary: "true" }, { env: { https_proxy: proxy.host } });
  expect(through.log).toContain(`Service: Tuleap at ${HOST}:${secured.port}, through the proxy ${proxy.host}\n`);
  expect(through.summary).toContain(`through the proxy ${proxy.host}`);
  const direct = await runMain({ ...plainInputs(), url: plain.url }, { env: { http_proxy: proxy.host } });
  expect(direct.log).toContain(`Service: Tuleap at 127.0.0.1:${plain.port}\n`);
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
