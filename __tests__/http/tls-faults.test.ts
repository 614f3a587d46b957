import { describe, expect, test } from "@jest/globals";
import { type HttpsServerOptions, Server } from "proxy-chain";
import { runPost } from "../../sandbox/runner/runner.ts";
import { startTuleap } from "../../sandbox/services/index.ts";
import type { StartOptions } from "../../sandbox/services/service.ts";
import { createAuthority } from "../kit/certificates.ts";
import { pooled } from "../kit/fault-stages.ts";
import { listen } from "../kit/faults.ts";
import { runMain } from "../kit/support.ts";

const HOST = "127.0.0.1";
const company = createAuthority("Company Root");
const other = createAuthority("Another Root");
const good = company.issue([HOST]);
/** A server that shows whatever it has: the client is the one to judge. */
const LAX = { ciphers: "DEFAULT@SECLEVEL=0" };
const CLIENTS = { requestCert: true, rejectUnauthorized: true, ca: other.cert };

interface Row {
  readonly what: string;
  readonly tls: NonNullable<StartOptions["tls"]>;
  /** What the annotation holds, of OpenSSL and of the action. */
  readonly says: readonly string[];
}

const ROWS: readonly Row[] = (["TLSv1.2", "TLSv1.3"] as const).flatMap((version) => {
  const only = { minVersion: version, maxVersion: version };
  const wanted = version === "TLSv1.3";
  return [
    {
      what: `signed with SHA-1, ${version}`,
      tls: { ...company.issue([HOST], { weak: "digest" }), ...LAX, ...only },
      says: ["CA signature digest algorithm too weak", "has to have it issued anew, with SHA-256"],
    },
    {
      what: `with a short key, ${version}`,
      tls: { ...company.issue([HOST], { weak: "key" }), ...LAX, ...only },
      says: ["EE certificate key too weak", "and a key of today"],
    },
    {
      what: `signed by a namesake, ${version}`,
      tls: { ...createAuthority("Company Root").issue([HOST]), ...only },
      says: [
        "(CERT_SIGNATURE_FAILURE); OpenSSL says “certificate signature failure”",
        'The given "ca-certificate" has',
      ],
    },
    {
      what: `from another authority, ${version}`,
      tls: { ...other.issue([HOST]), ...only },
      says: ['The given "ca-certificate" did not issue it.', "is issued by: “Another Root”"],
    },
    {
      what: `beside a wish for one of the client, ${version}`,
      tls: { ...good, ...CLIENTS, ...only },
      says: ["client certificate", wanted ? "alert certificate required" : "alert handshake failure"],
    },
  ];
});

const CA = { "ca-certificate": company.cert, retries: "2" };

describe("a handshake that fails over a certificate is `tls`, is not tried again, and says why", () => {
  test("at the exchange", async () => {
    const seen = await pooled(ROWS, async ({ what, tls, says }) => {
      const service = await startTuleap({ tls });
      try {
        const inputs = { provider: "tuleap", method: "token", url: service.url, ...service.accounts.token?.inputs };
        const main = await runMain({ ...inputs, ...CA });
        const message = main.annotations[0]?.message ?? "";
        const missing = says.filter((words) => !message.includes(words)).map((words) => [words, message]);
        return [what, main.outputs.failure, service.requests.length, main.log.includes("failed ("), missing];
      } finally {
        await service.close();
      }
    });
    expect(seen).toEqual(ROWS.map(({ what }) => [what, "tls", 0, false, []]));
  });

  test("at the probe of a token that was brought", async () => {
    const seen = await pooled(ROWS, async ({ what, tls }) => {
      const service = await startTuleap({ tls });
      try {
        const account = service.accounts["access-key"]?.inputs;
        const main = await runMain({ provider: "tuleap", url: service.url, ...account, ...CA });
        return [what, main.exitCode, main.outputs.failure, service.requests.length];
      } finally {
        await service.close();
      }
    });
    expect(seen).toEqual(ROWS.map(({ what }) => [what, 1, "tls", 0]));
  });

  test("at the revocation, where it is one warning", async () => {
    const minting = await startTuleap({ tls: good });
    const inputs = { provider: "tuleap", method: "token", url: minting.url, ...minting.accounts.token?.inputs };
    const main = await runMain({ ...inputs, ...CA });
    await minting.close();
    const left: object = JSON.parse(main.state.revocation ?? "");
    const seen = await pooled(ROWS, async ({ what, tls, says }) => {
      const service = await startTuleap({ tls });
      try {
        const revocation = JSON.stringify({ ...left, url: service.url });
        const post = await runPost({ inputs }, { state: { revocation } });
        const [warning] = post.annotations;
        const isTold = warning?.message.includes(says[0]?.replace(/^The given.*/, "authority") ?? "");
        return [what, post.exitCode, post.annotations.length, warning?.title, isTold, service.requests.length];
      } finally {
        await service.close();
      }
    });
    expect(seen).toEqual(ROWS.map(({ what }) => [what, 0, 1, "Not revoked", true, 0]));
  });

  test("at a proxy that speaks TLS, where it is the proxy's", async () => {
    const seen = await pooled(ROWS, async ({ what, tls, says }) => {
      const options = { serverType: "https" as const, httpsOptions: tls as HttpsServerOptions["httpsOptions"] };
      const server = new Server({ ...options, port: 0, host: HOST });
      await server.listen();
      try {
        const inputs = {
          provider: "tuleap",
          url: "https://no.example.invalid",
          username: "ci",
          password: "a password",
        };
        const env = { https_proxy: `https://${HOST}:${server.port}` };
        const main = await runMain({ ...inputs, ...CA }, { env });
        const message = main.annotations[0]?.message ?? "";
        const missing = says.filter((words) => !message.includes(words)).map((words) => [words, message]);
        const isProxys = message.startsWith(`The proxy ${HOST}:${server.port} could not be used: `);
        return [
          what,
          main.outputs.failure,
          isProxys,
          message.includes('"url"'),
          main.log.includes("failed ("),
          missing,
        ];
      } finally {
        await server.close(true);
      }
    });
    expect(seen).toEqual(ROWS.map(({ what }) => [what, "unavailable", true, false, false, []]));
  });
});

test("a server that answers over HTTP that it wants a client certificate is told as one", async () => {
  const service = await startTuleap({ tls: good });
  const page = (title: string) => `<html>\r\n<head><title>${title}</title></head>\r\n<body>${title}</body></html>\r\n`;
  try {
    for (const [status, body] of [
      [400, page("400 No required SSL certificate was sent")],
      [403, page("403.7 - Forbidden: Client certificate required")],
    ] as const) {
      service.fault((_request, _req, res) => {
        res.writeHead(status, { "content-type": "text/html" }).end(body);
        return true;
      });
      const inputs = { provider: "tuleap", method: "token", url: service.url, ...service.accounts.token?.inputs };
      const main = await runMain({ ...inputs, ...CA });
      expect(main.outputs.failure).toBe("tls");
      expect(main.annotations[0]?.title).toBe("Client certificate wanted");
    }
  } finally {
    await service.close();
  }
});

test("plain http to a port that resets says that it may speak https", async () => {
  for (const speaks of ["https", "nothing"]) {
    const service = await startTuleap({ tls: good });
    const port = await listen((socket) => socket.resetAndDestroy());
    const host = speaks === "https" ? new URL(service.url).host : `${HOST}:${port.port}`;
    const inputs = { provider: "tuleap", url: `http://${host}`, username: "ci", password: "a password", retries: "0" };
    const main = await runMain(inputs);
    expect(main.annotations[0]?.message).toContain("or the port speaks https");
    const secure = await runMain({ ...inputs, url: `https://${HOST}:${port.port}` });
    expect(secure.annotations[0]?.message).not.toContain("speaks https");
    await Promise.all([service.close(), port.close()]);
  }
});
