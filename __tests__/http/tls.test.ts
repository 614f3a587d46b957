import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { StageResult, StepOptions } from "../../sandbox/runner/runner.ts";
import { runPost } from "../../sandbox/runner/runner.ts";
import { services, startTuleap } from "../../sandbox/services/index.ts";
import type { Service } from "../../sandbox/services/service.ts";
import { trustedWith } from "../../src/http/tls.ts";
import { type Certificate, createAuthority, selfSigned } from "../kit/certificates.ts";
import { pooled, SERVICES, WAYS } from "../kit/fault-stages.ts";
import { table, writeChapter } from "../kit/reliability.ts";
import { runAction, runMain } from "../kit/support.ts";

const HOST = "127.0.0.1";
const DAY = 24 * 3_600_000;

const company = createAuthority("Company Root");
const other = createAuthority("Another Company's Root");
const trusted = company.issue([HOST]);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tls-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function inputsFor(service: Service): Record<string, string> {
  return { provider: "tuleap", method: "token", url: service.url, ...service.accounts.token?.inputs };
}

/** Runs main against a Tuleap that shows this certificate. */
async function main(
  tls: Certificate,
  inputs: Readonly<Record<string, string>> = {},
  more: Partial<StepOptions> = {},
): Promise<{ main: StageResult; requests: number }> {
  const service = await startTuleap({ tls });
  try {
    const result = await runMain({ ...inputsFor(service), ...inputs }, more);
    return { main: result, requests: service.requests.length };
  } finally {
    await service.close();
  }
}

describe("a certificate that is not trusted", () => {
  const now = Date.now();
  const ROWS = [
    {
      what: "from an unknown authority",
      tls: () => trusted,
      ca: "",
      says: "comes from an authority that this runner does not know",
      hint: 'give its root certificate as "ca-certificate"',
    },
    {
      what: "self-signed",
      tls: () => selfSigned([HOST]),
      ca: "",
      says: "is self-signed",
      hint: 'give the certificate itself as "ca-certificate"',
    },
    {
      what: "expired",
      tls: () => company.issue([HOST], { from: now - 3 * DAY, until: now - DAY }),
      ca: company.cert,
      says: "has expired",
      hint: "has to renew it",
    },
    {
      what: "not valid yet",
      tls: () => company.issue([HOST], { from: now + DAY, until: now + 3 * DAY }),
      ca: company.cert,
      says: "is not valid yet",
      hint: "check the runner's clock",
    },
    {
      what: "for another host",
      tls: () => company.issue(["reports.example.com"]),
      ca: company.cert,
      says: "is for another host",
      hint: "Use the host name that the certificate is made for",
    },
    {
      what: "from an authority other than the given one",
      tls: () => trusted,
      ca: other.cert,
      says: "comes from an authority that this runner does not know",
      hint: 'give its root certificate as "ca-certificate"',
    },
    {
      what: "from a known name with another key",
      tls: () => trusted,
      ca: createAuthority("Company Root").cert,
      says: "is not trusted (CERT_SIGNATURE_FAILURE)",
      hint: "mend its certificate",
    },
  ];

  test("fails with `tls` in its own words, at once and before anything is sent", async () => {
    const seen = await pooled(ROWS, async ({ what, tls, ca, says, hint }) => {
      const { main: result, requests } = await main(tls(), { "ca-certificate": ca });
      const [annotation] = result.annotations;
      return {
        what,
        failure: result.outputs.failure ?? "",
        exitCode: result.exitCode,
        annotations: result.annotations.length,
        says: annotation?.message.includes(says) === true && annotation.message.includes(hint),
        retried: result.log.includes("failed ("),
        requests,
      };
    });
    const wanted = { failure: "tls", exitCode: 1, annotations: 1, says: true, retried: false, requests: 0 };
    expect(seen).toEqual(ROWS.map(({ what }) => ({ what, ...wanted })));
    writeChapter(
      "tls",
      table(
        ["A certificate", "`failure`", "Requests", "What it says"],
        ROWS.map(({ what, says }, index) => [what, seen[index]?.failure ?? "", String(seen[index]?.requests), says]),
      ),
    );
  });

  test("fails at every service, in the exchange", async () => {
    const seen = await pooled(SERVICES, async (name) => {
      const { provider, method } = WAYS[name];
      const service = await services[provider]({ tls: trusted });
      try {
        const result = await runMain({ provider, method, url: service.url, ...service.accounts[method]?.inputs });
        return [name, result.exitCode, result.outputs.failure, service.requests.length];
      } finally {
        await service.close();
      }
    });
    expect(seen).toEqual(SERVICES.map((name) => [name, 1, "tls", 0]));
  });

  test("is not trusted by any variable", async () => {
    for (const env of [
      { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_EXTRA_CA_CERTS: "" },
      { GIT_SSL_NO_VERIFY: "1", NPM_CONFIG_STRICT_SSL: "false", NODE_NO_WARNINGS: "1" },
    ]) {
      const { main: result, requests } = await main(selfSigned([HOST]), {}, { env });
      expect([result.exitCode, result.outputs.failure, requests]).toEqual([1, "tls", 0]);
      expect(result.stderr).toBe("");
    }
  });
});

describe("`ca-certificate`", () => {
  test("is trusted as PEM text, also among several certificates with text around them", async () => {
    const bundle = `# Roots of the company\n${other.cert}\nsubject=CN = Company Root\n${company.cert}`;
    for (const ca of [company.cert, bundle, company.cert.replaceAll("\n", "\r\n"), company.cert.trim()]) {
      const { main: result } = await main(trusted, { "ca-certificate": ca });
      expect([result.exitCode, result.outputs.probe]).toEqual([0, "accepted"]);
      expect(result.annotations).toEqual([]);
    }
  });

  test("is trusted as a path, absolute or from the workspace, in main and in post", async () => {
    const path = join(folder, "root.pem");
    writeFileSync(path, other.cert + company.cert);
    for (const ca of [path, "root.pem", "./root.pem"]) {
      const service = await startTuleap({ tls: trusted });
      try {
        const inputs = { ...inputsFor(service), "ca-certificate": ca };
        const { main: result, post } = await runAction(inputs, { workspace: folder });
        expect([result.exitCode, result.outputs.probe]).toEqual([0, "accepted"]);
        expect(post?.log).toContain("is revoked at");
        expect(service.live()).toEqual([]);
      } finally {
        await service.close();
      }
    }
  });

  test("makes a self-signed certificate trusted by itself", async () => {
    const own = selfSigned([HOST]);
    const { main: result } = await main(own, { "ca-certificate": own.cert });
    expect(result.exitCode).toBe(0);
  });

  test("serves every service", async () => {
    const seen = await pooled(SERVICES, async (name) => {
      const { provider, method } = WAYS[name];
      const service = await services[provider]({ tls: trusted });
      try {
        const account = service.accounts[method]?.inputs;
        const inputs = { provider, method, url: service.url, "ca-certificate": company.cert, ...account };
        const { main: result, post } = await runAction(inputs);
        const connections = new Set(service.requests.slice(0, 2).map(({ connection }) => connection));
        return [name, result.exitCode, result.outputs.probe, connections.size, post?.exitCode, service.live().length];
      } finally {
        await service.close();
      }
    });
    expect(seen).toEqual(SERVICES.map((name) => [name, 0, "accepted", 1, 0, 0]));
  });

  test("is trusted beside NODE_EXTRA_CA_CERTS, which also works alone", async () => {
    const path = join(folder, "extra.pem");
    writeFileSync(path, company.cert);
    for (const inputs of [{}, { "ca-certificate": other.cert }]) {
      const { main: result } = await main(trusted, inputs, { env: { NODE_EXTRA_CA_CERTS: path } });
      expect(result.exitCode).toBe(0);
    }
    const { main: both } = await main(
      other.issue([HOST]),
      { "ca-certificate": other.cert },
      { env: { NODE_EXTRA_CA_CERTS: path } },
    );
    expect(both.exitCode).toBe(0);
  });

  test("that holds no certificate is an invalid input, whatever it is", async () => {
    const empty = join(folder, "empty.pem");
    writeFileSync(empty, "");
    const key = join(folder, "key.pem");
    writeFileSync(key, trusted.key);
    for (const ca of [
      "no such file",
      folder,
      empty,
      key,
      trusted.key,
      "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----",
      company.cert.slice(0, 200),
      `${company.cert}-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----`,
    ]) {
      const { main: result, requests } = await main(trusted, { "ca-certificate": ca });
      expect([result.exitCode, result.outputs.failure, requests]).toEqual([1, "invalid-input", 0]);
      expect(result.annotations[0]?.message).toContain('"ca-certificate"');
      expect(result.raw).not.toContain("PRIVATE KEY");
    }
  });
});

test("the revocation trusts what main trusted, whatever has become of the file", async () => {
  const service = await startTuleap({ tls: trusted });
  const path = join(folder, "vanishing.pem");
  writeFileSync(path, `${company.cert}\n-----BEGIN PRIVATE KEY-----\nnot for the state\n-----END PRIVATE KEY-----\n`);
  try {
    const { main: result, post } = await runAction(
      { ...inputsFor(service), "ca-certificate": path },
      { between: () => writeFileSync(path, other.cert) },
    );
    expect(result.exitCode).toBe(0);
    expect(result.state.revocation).not.toContain("PRIVATE KEY");
    expect(post?.annotations).toEqual([]);
    expect(service.live()).toEqual([]);
  } finally {
    await service.close();
  }
});

test("a certificate file that goes while the token is minted does not keep it from being revoked", async () => {
  const service = await startTuleap({ tls: trusted });
  const path = join(folder, "going.pem");
  writeFileSync(path, company.cert);
  service.fault(({ method }) => {
    if (method === "POST") rmSync(path);
    return false;
  });
  try {
    const { main: result, post } = await runAction({ ...inputsFor(service), "ca-certificate": path });
    expect(result.exitCode).toBe(0);
    expect(post?.annotations).toEqual([]);
    expect(service.live()).toEqual([]);
  } finally {
    await service.close();
  }
});

test("a certificate fault at the revocation is one warning", async () => {
  const service = await startTuleap({ tls: trusted });
  const { port } = service;
  const inputs = { ...inputsFor(service), "ca-certificate": company.cert };
  try {
    const result = await runMain(inputs);
    const left: object = JSON.parse(result.state.revocation ?? "");
    const post = await runPost(
      { inputs },
      { state: { revocation: JSON.stringify({ ...left, caCertificate: other.cert }) } },
    );
    expect(post.exitCode).toBe(0);
    expect(post.annotations.map(({ type }) => type)).toEqual(["warning"]);
    expect(post.annotations[0]?.message).toContain(
      `${HOST}:${port} could not be used: its certificate comes from an authority`,
    );
  } finally {
    await service.close();
  }
});

test("a certificate fault at the probe fails the step as such", async () => {
  const service = await startTuleap({ tls: company.issue([HOST]) });
  const stranger = await startTuleap({ tls: selfSigned([HOST]) });
  try {
    // A ready-made key makes the probe the first request.
    const inputs = { provider: "tuleap", url: stranger.url, ...service.accounts["access-key"]?.inputs };
    const result = await runMain(inputs);
    expect([result.exitCode, result.outputs.failure, stranger.requests.length]).toEqual([1, "tls", 0]);
  } finally {
    await service.close();
    await stranger.close();
  }
});

test("the public roots stay trusted beside a given certificate", () => {
  const bare = (pem: string) => pem.replace(/\s/g, "");
  const before = getCACertificates("default").map(bare);
  const after = new Set(trustedWith(company.cert + other.cert)?.map(bare));
  expect(before.length).toBeGreaterThan(100);
  expect(before.filter((root) => !after.has(root))).toEqual([]);
  expect([company.cert, other.cert].filter((root) => !after.has(bare(root)))).toEqual([]);
});
