import { describe, expect, test } from "@jest/globals";
import type { Fault } from "../../sandbox/services/service.ts";
import { ALL, play, pooled, WAYS } from "../kit/fault-stages.ts";
import { bytes, listen } from "../kit/faults.ts";
import { runMain } from "../kit/support.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

interface Row {
  readonly what: string;
  readonly fault: Fault;
  /** The parser's own reason, and what is said of it. */
  readonly says: readonly string[];
}

const TAKEN = "is HTTP that is not taken here";

const ROWS: readonly Row[] = [
  {
    what: "17 kB of headers",
    fault: bytes(`${OK}${Array.from({ length: 17 }, (_, at) => `x-${at}: ${"a".repeat(1000)}\r\n`).join("")}\r\n{}`),
    says: [`${TAKEN} (Header overflow)`, "16 KiB"],
  },
  {
    what: "a header with a blank in its name",
    fault: bytes(`${OK}x a: b\r\n\r\n{}`),
    says: [`${TAKEN} (Invalid header token)`, "RFC 9112"],
  },
  {
    what: "a header with a control character",
    fault: bytes(`${OK}x-a: \u0001\r\n\r\n{}`),
    says: [TAKEN, "Invalid header"],
  },
  {
    what: "two lengths",
    fault: bytes(`${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
    says: [TAKEN, "Content-Length"],
  },
  {
    what: "a length and chunks",
    fault: bytes(`${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    says: [TAKEN],
  },
  {
    what: "a chunk of no length",
    fault: bytes(`${CHUNKED}xyz\r\n{}`),
    says: [`${TAKEN} (Invalid character in chunk size)`],
  },
  {
    what: "a chunk extension of 100 kB",
    fault: bytes(`${CHUNKED}2;${"a".repeat(100_000)}\r\n{}\r\n0\r\n\r\n`, "stay"),
    says: [TAKEN],
  },
  {
    what: "a trailer of 100 kB",
    fault: bytes(`${CHUNKED}2\r\n{}\r\n0\r\nx-long: ${"a".repeat(100_000)}\r\n\r\n`, "stay"),
    says: [`${TAKEN} (Header overflow)`],
  },
  {
    what: "a trailer that is none",
    fault: bytes(`${CHUNKED}2\r\n{}\r\n0\r\nx a: b\r\n\r\n`, "stay"),
    says: [TAKEN],
  },
  {
    what: "another protocol",
    fault: bytes("SSH-2.0-OpenSSH_9.6\r\n"),
    says: ["is not HTTP (Expected HTTP/", "Another service listens there"],
  },
];

describe("what the parser does not take", () => {
  test("is a bad response with the parser's reason, and is sent once, at every service", async () => {
    const cases = ROWS.flatMap((row) => ALL.map((service) => ({ row, service })));
    const seen = await pooled(cases, async ({ row, service }) => {
      const { main, requests } = await play(WAYS[service], "exchange", row.fault, { retries: "2", timeout: "20" });
      const message = main.annotations[0]?.message ?? "";
      const missing = row.says.filter((words) => !message.includes(words)).map((words) => [words, message]);
      const blames = /Another service/.test(message);
      return [row.what, service, main.outputs.failure, requests, missing, blames, /broke off/.test(main.log + message)];
    });
    expect(seen).toEqual(
      cases.map(({ row, service }) => [
        row.what,
        service,
        "bad-response",
        1,
        [],
        row.what === "another protocol",
        false,
      ]),
    );
  });

  test("is a warning at the revocation", async () => {
    const { post, requests } = await play(WAYS.Tuleap, "revocation", ROWS[0]?.fault ?? bytes(""), { retries: "2" });
    expect([post?.exitCode, requests, post?.annotations.map(({ title }) => title)]).toEqual([0, 1, ["Not revoked"]]);
    expect(post?.annotations[0]?.message).toContain("Header overflow");
  });

  test("of a proxy is the proxy's", async () => {
    const port = await listen((socket) => {
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nx-long: ${"a".repeat(100_000)}\r\n\r\n`));
    });
    const inputs = { provider: "tuleap", url: "https://no.example.invalid", username: "ci", password: "a password" };
    const main = await runMain(inputs, { env: { https_proxy: `127.0.0.1:${port.port}` } });
    await port.close();
    expect(main.outputs.failure).toBe("unavailable");
    expect(main.annotations[0]?.message).toContain(
      `The proxy 127.0.0.1:${port.port} could not be used: it does not speak HTTP as a proxy does (Header overflow)`,
    );
  });
});

/** Bodies that end with the connection, of which nobody can tell whether they are whole. */
function unending(piece: string): Fault {
  return (_request, req) => {
    req.socket.write(`${OK}content-type: application/json\r\n\r\n`);
    const timer = setInterval(() => req.socket.write(piece), 20);
    req.socket.once("close", () => clearInterval(timer));
    return true;
  };
}

test("a body without a length that drips past the time is no answer in time", async () => {
  const seen = await pooled(ALL, async (service) => {
    const { main, requests } = await play(WAYS[service], "exchange", unending(" "), { timeout: "5" });
    return [service, main.outputs.failure, requests, main.annotations[0]?.message.includes("within 5 seconds")];
  });
  expect(seen).toEqual(ALL.map((service) => [service, "timeout", 1, true]));
});

test("a body without a length that is reset broke off, and passes", async () => {
  const reset = bytes(`${OK}content-type: application/json\r\n\r\n{"access_token":"`, "reset");
  const { main, requests } = await play(WAYS.QA, "exchange", reset, { retries: "2" });
  expect([main.outputs.failure, requests]).toEqual(["unavailable", 3]);
});

test("a body without a length that ends with its connection is taken", async () => {
  const body = '{"access_token":"opaque-token-1","token_type":"Bearer","expires_in":3600}';
  const { main } = await play(WAYS.QA, "exchange", bytes(`${OK}\r\n${body}`), { probe: "false" });
  expect([main.exitCode, main.outputs.token]).toEqual([0, "opaque-token-1"]);
});

test("what follows a whole answer does not spoil it", async () => {
  const body = '{"access_token":"opaque-token-1","token_type":"Bearer","expires_in":3600}';
  const more = bytes(`${OK}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}and more\r\n\r\n`);
  const { main } = await play(WAYS.QA, "exchange", more, { probe: "false" });
  expect([main.exitCode, main.outputs.token]).toEqual([0, "opaque-token-1"]);
});
