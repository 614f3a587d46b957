import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { services } from "../../sandbox/services/index.ts";
import type { Fault } from "../../sandbox/services/service.ts";
import { play, pooled, SERVICES, type StageName, WAYS } from "../kit/fault-stages.ts";
import { tokenAnswers } from "../kit/faults.ts";
import { endedWithin, leaks, runAction, shown } from "../kit/support.ts";

const CODERS = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  GZip: gzipSync,
  deflate: deflateSync,
  "deflate (raw)": deflateRawSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  "gzip, br": (body: Buffer) => brotliCompressSync(gzipSync(body)),
  "deflate , identity, zstd,gzip": (body: Buffer) => gzipSync(zstdCompressSync(deflateSync(body))),
  identity: (body: Buffer) => body,
} as const;

type Coding = keyof typeof CODERS;
const CODINGS = Object.keys(CODERS) as Coding[];

function nameOf(coding: Coding): string {
  return coding.replace(" (raw)", "");
}

/** Codes whatever the service answers, in pieces of a few bytes. */
function recode(coding: Coding): Fault {
  return (_request, _req, res) => {
    const end = res.end.bind(res);
    const writeHead = res.writeHead.bind(res);
    res.writeHead = ((status: number, headers: Record<string, unknown>) => {
      const { "content-length": _, ...rest } = headers;
      return writeHead(status, { ...rest, "content-encoding": nameOf(coding) } as never);
    }) as ServerResponse["writeHead"];
    res.end = ((body: string) => {
      const coded = CODERS[coding](Buffer.from(body));
      // The first byte alone: what tells the two forms of deflate apart is in the second.
      res.write(coded.subarray(0, 1));
      setImmediate(() => end(coded.subarray(1)));
      return res;
    }) as ServerResponse["end"];
    return false;
  };
}

function coded(status: number, coding: string, body: Buffer, more: Readonly<Record<string, string>> = {}): Fault {
  return (_request, _req, res) => {
    res.writeHead(status, { "content-type": "application/json", "content-encoding": coding, ...more }).end(body);
    return true;
  };
}

const WITH_REVOCATION = SERVICES.filter((name) => "revocation" in WAYS[name].stages);

describe("an answer in a coding that nobody asked for", () => {
  test("is decoded at every service, in exchange, probe and revocation; `identity` is asked for", async () => {
    const cases = CODINGS.flatMap((coding) => SERVICES.map((name) => ({ coding, name })));
    const seen = await pooled(cases, async ({ coding, name }) => {
      const { provider, method } = WAYS[name];
      const service = await services[provider]({});
      try {
        service.fault(recode(coding));
        const inputs = { provider, method, url: service.url, ...service.accounts[method]?.inputs };
        const { main, post } = await runAction(inputs);
        const asked = new Set(service.requests.map(({ headers }) => headers["accept-encoding"]));
        return [coding, name, main.exitCode, main.outputs.probe, [...asked], post?.annotations, service.live()];
      } finally {
        await service.close();
      }
    });
    expect(seen).toEqual(cases.map(({ coding, name }) => [coding, name, 0, "accepted", ["identity"], [], []]));
  });

  test("is judged as a refusal where it is one", async () => {
    const seen = await pooled(CODINGS, async (coding) => {
      const said = CODERS[coding](
        Buffer.from('{"error":{"code":401,"message":"Unauthorized: Username or password incorrect"}}'),
      );
      const { main } = await play(WAYS.Tuleap, "exchange", coded(401, nameOf(coding), said), {});
      return [coding, main.outputs.failure, main.annotations[0]?.message.includes("password incorrect")];
    });
    expect(seen).toEqual(CODINGS.map((coding) => [coding, "refused", true]));
  });

  test("is read up to 1 MiB of what comes out, and may be larger in its coded form", async () => {
    const token = "opaque-token-1";
    const padded = (size: number) => {
      const noise = randomBytes(600_000).toString("base64");
      const body = JSON.parse(tokenAnswers.qa?.(token) ?? "");
      return Buffer.from(JSON.stringify({ ...body, noise }).padEnd(size));
    };
    // Stored, not compressed: larger than what it holds.
    const stored = gzipSync(padded(1024 * 1024), { level: 0 });
    expect(stored.length).toBeGreaterThan(1024 * 1024);
    const fits = await play(WAYS.QA, "exchange", coded(200, "gzip", stored), { probe: "false" });
    expect([fits.main.exitCode, fits.main.outputs.token]).toEqual([0, token]);
    const above = gzipSync(padded(1024 * 1024 + 1), { level: 0 });
    const { main, requests } = await play(WAYS.QA, "exchange", coded(200, "gzip", above), { probe: "false" });
    expect([main.outputs.failure, requests]).toEqual(["bad-response", 1]);
    expect(main.annotations[0]?.message).toContain("larger than 1 MiB");
  });
});

const ZEROS = Buffer.alloc(64 * 1024 * 1024);
const DONE = tokenAnswers.qa?.("opaque-token-1") ?? "";

/** A stream that swells for ever, and whose connection stays open: only a limit while it is read ends it early. */
const endless: Fault = (_request, _req, res) => {
  res.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
  const gzip = createGzip();
  gzip.pipe(res);
  gzip.write(Buffer.alloc(4 * 1024 * 1024));
  gzip.flush();
  return true;
};

/** Blocks of nothing without an end: no byte ever comes out. */
const hollow: Fault = (_request, _req, res) => {
  res.writeHead(200, { "content-type": "application/json", "content-encoding": "deflate" });
  const blocks = Buffer.from("000000ffff".repeat(10_000), "hex");
  const pour = () => {
    while (!res.destroyed && res.write(blocks));
    if (!res.destroyed) res.once("drain", pour);
  };
  pour();
  return true;
};

const BAD: readonly (readonly [what: string, fault: Fault, says: string])[] = [
  ["a bomb of gzip", coded(200, "gzip", gzipSync(ZEROS)), "larger than 1 MiB"],
  ["a bomb of br", coded(200, "br", brotliCompressSync(ZEROS)), "larger than 1 MiB"],
  ["a bomb of zstd", coded(200, "zstd", zstdCompressSync(ZEROS)), "larger than 1 MiB"],
  ["a bomb of bombs", coded(200, "gzip, gzip", gzipSync(gzipSync(ZEROS))), "larger than 1 MiB"],
  ["a bomb that stays open", endless, "larger than 1 MiB"],
  ["a stream of nothing", hollow, "larger than 1 MiB"],
  ["an unknown coding", coded(200, "compress", Buffer.from(DONE)), "The coding is: “compress”"],
  ["an unknown one among others", coded(200, "gzip, sdch, br", Buffer.from(DONE)), "The coding is: “sdch”"],
  ["an unknown one of a refusal", coded(401, "exi", Buffer.from("{}")), "The coding is: “exi”"],
  ["the name of a property", coded(200, "constructor", Buffer.from(DONE)), "The coding is: “constructor”"],
  ["a coding that is a command", coded(200, "##[add-mask]a", Buffer.from(DONE)), "The coding is: “## [add-mask]a”"],
  ["too many codings", coded(200, Array(20).fill("gzip").join(), gzipSync(DONE)), "The coding is: “gzip, gzip"],
  [
    "no gzip at all",
    coded(200, "gzip", Buffer.from(DONE)),
    "cannot be decoded: it is not whole, or not what it says. The coding is: “gzip”",
  ],
  ["no br at all", coded(200, "br", Buffer.from(DONE)), "not what it says. The coding is: “br”"],
  ["no zstd at all", coded(200, "zstd", Buffer.from(DONE)), "not what it says. The coding is: “zstd”"],
  [
    "no deflate at all",
    coded(200, "deflate", Buffer.from("\u00ff\u00ff\u00ff")),
    "not what it says. The coding is: “deflate”",
  ],
  ["gzip that is cut", coded(200, "gzip", gzipSync(DONE).subarray(0, -9)), "not what it says. The coding is: “gzip”"],
  [
    "zstd that is cut",
    coded(200, "zstd", zstdCompressSync(DONE).subarray(0, -9)),
    "not what it says. The coding is: “zstd”",
  ],
  [
    "br that is cut",
    coded(200, "br", brotliCompressSync(DONE).subarray(0, -9)),
    "not what it says. The coding is: “br”",
  ],
  ["deflate of one byte", coded(200, "deflate", Buffer.from("x")), "not what it says. The coding is: “deflate”"],
];

const STAGES: readonly StageName[] = ["exchange", "probe"];

test("what an answer says by its status alone is heard where its body cannot be read", async () => {
  const bodies = { compress: Buffer.from("{}"), gzip: Buffer.from("no gzip at all"), br: brotliCompressSync(ZEROS) };
  const statuses = { 302: "wrong-url", 408: "timeout", 429: "rate-limited", 500: "unavailable", 503: "unavailable" };
  const cases = Object.entries(bodies).flatMap(([coding, body]) =>
    Object.entries(statuses).map(([status, failure]) => ({ coding, body, status: Number(status), failure })),
  );
  const seen = await pooled(cases, async ({ coding, body, status }) => {
    const fault = coded(status, coding, body, status === 302 ? { location: "/login" } : { "retry-after": "0" });
    const exchange = await play(WAYS.QA, "exchange", fault, { retries: "1" });
    const probe = await play(WAYS.QA, "probe", fault, { retries: "0" });
    return [coding, status, exchange.main.outputs.failure, exchange.requests, probe.main.outputs.failure];
  });
  expect(seen).toEqual(
    cases.map(({ coding, status, failure }) =>
      status === 302 ? [coding, 302, failure, 1, failure] : [coding, status, failure, 2, ""],
    ),
  );
});

test("what swells, is damaged or unknown is a bad response, is not asked for again and shows nothing of itself", async () => {
  const cases = BAD.flatMap(([what, fault, says]) => STAGES.map((stage) => ({ what, fault, says, stage })));
  const seen = await pooled(
    cases,
    async ({ what, fault, says, stage }) => {
      const { main, requests } = await play(WAYS.QA, stage, fault, { timeout: "60" });
      const message = main.annotations[0]?.message ?? "";
      return {
        what,
        stage,
        failure: main.outputs.failure,
        requests,
        says: message.includes(says) ? says : message,
        leaks: leaks(main, ["opaque-token-1"]),
        inTime: endedWithin(main, 60),
        commands: main.commands.map(({ name }) => name).filter((name) => name !== "add-mask"),
        readable: !/[^\p{L}\p{N}\p{P}\p{S}\p{Zs}\n]/u.test(shown(main)),
      };
    },
    4,
  );
  const wanted = { failure: "bad-response", requests: 1, leaks: [], inTime: true, commands: ["error"], readable: true };
  expect(seen).toEqual(cases.map(({ what, says, stage }) => ({ what, stage, says, ...wanted })));
});

test("a coded answer whose connection breaks off is a network fault, which passes", async () => {
  const cut: Fault = (_request, req) => {
    const body = gzipSync(randomBytes(5_000));
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    req.socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, 2_000)]), () => req.socket.destroy());
    return true;
  };
  const { main, requests } = await play(WAYS.QA, "exchange", cut, { retries: "2" });
  expect([main.outputs.failure, requests]).toEqual(["unavailable", 3]);
});

test("an answer without a body may name a coding", async () => {
  const seen = await pooled(["gzip", "br", "zstd", "deflate"], async (coding) => {
    const { main } = await play(WAYS.QA, "exchange", coded(401, coding, Buffer.alloc(0)), {});
    return [coding, main.outputs.failure];
  });
  expect(seen).toEqual(["gzip", "br", "zstd", "deflate"].map((coding) => [coding, "refused"]));
});

test("a coded answer at the revocation is understood, and one that cannot be is a warning", async () => {
  const seen = await pooled(WITH_REVOCATION, async (name) => {
    const { post } = await play(WAYS[name], "revocation", coded(200, "compress", Buffer.from("{}")), {});
    return [name, post?.exitCode, post?.annotations.map(({ title }) => title)];
  });
  expect(seen).toEqual(WITH_REVOCATION.map((name) => [name, 0, ["Not revoked"]]));
});
