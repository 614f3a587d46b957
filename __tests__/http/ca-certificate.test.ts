import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Server } from "proxy-chain";
import { runPost, type StepOptions, type StepResult } from "../../sandbox/runner/runner.ts";
import { startTuleap } from "../../sandbox/services/index.ts";
import { createAuthority } from "../kit/certificates.ts";
import { pooled } from "../kit/fault-stages.ts";
import { preload, runAction, runMain } from "../kit/support.ts";

const HOST = "127.0.0.1";
const company = createAuthority("Company Root");
const other = createAuthority("Another Root");
const tls = company.issue([HOST]);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ca-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Main and post against a Tuleap whose certificate the company issued. */
async function step(inputs: Readonly<Record<string, string>>, more: Partial<StepOptions> = {}): Promise<StepResult> {
  const service = await startTuleap({ tls });
  try {
    const account = service.accounts.token?.inputs;
    const all = { provider: "tuleap", method: "token", url: service.url, ...account, ...inputs };
    return await runAction(all, { workspace: folder, ...more });
  } finally {
    await service.close();
  }
}

const bundle = `# Roots\n${other.cert}subject=CN = Company Root\n${company.cert}`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

const FORMS: Readonly<Record<string, string>> = {
  "PEM on one line with literal \\n": company.cert.trim().replaceAll("\n", "\\n"),
  "PEM on one line with literal \\r\\n": company.cert.trim().replaceAll("\n", "\\r\\n"),
  "PEM on one line with literal \\\\n": company.cert.trim().replaceAll("\n", "\\\\n"),
  "PEM on one line with blanks": company.cert.trim().replaceAll("\n", " "),
  "PEM on one line with nothing": company.cert.replaceAll("\n", ""),
  "PEM in quotes": JSON.stringify(company.cert),
  "a bundle on one line with literal \\n": bundle.replaceAll("\n", "\\n"),
  "PEM that is indented": company.cert.replaceAll("\n", "\n    "),
  base64: base64(company.cert),
  "base64 of PEM with CR LF": base64(company.cert.replaceAll("\n", "\r\n")),
  "base64 in lines": base64(company.cert).replace(/.{76}/g, "$&\n"),
  "base64 without padding": base64(company.cert).replace(/=+$/, ""),
  "base64 of a bundle with text before it": base64(bundle),
  "base64 of PEM with literal \\n": base64(company.cert.trim().replaceAll("\n", "\\n")),
  "base64url of a bundle": Buffer.from(bundle).toString("base64url"),
};

test("`ca-certificate` is taken as people store it, in main and in post", async () => {
  const seen = await pooled(Object.entries(FORMS), async ([form, ca]) => {
    const { main, post } = await step({ "ca-certificate": ca });
    return [form, main.exitCode, main.outputs.probe, main.annotations, post?.log.includes("is revoked at")];
  });
  expect(seen).toEqual(Object.keys(FORMS).map((form) => [form, 0, "accepted", [], true]));
});

test("what is in a file may be on one line too", async () => {
  const path = join(folder, "line.pem");
  writeFileSync(path, company.cert.replaceAll("\n", "\\n"));
  expect((await step({ "ca-certificate": path })).main.exitCode).toBe(0);
});

test("base64 of anything else is a path that is not there", async () => {
  const { main } = await step({ "ca-certificate": base64("nothing of the kind ".repeat(20)) });
  expect(main.outputs.failure).toBe("invalid-input");
  expect(main.annotations[0]?.message).toContain("neither PEM text nor the path of a readable file");
});

/** It has some megabytes, and says that it has none. */
const GROWING = ["/proc/kallsyms"].filter((path) => existsSync(path));

describe("a path that is no regular file of at most 1 MiB", () => {
  const paths = () => {
    const at = (name: string) => join(folder, name);
    rmSync(at("pipe"), { force: true });
    execFileSync("mkfifo", [at("pipe")]);
    mkdirSync(at("directory"), { recursive: true });
    writeFileSync(at("large.pem"), company.cert + "#".repeat(1024 * 1024));
    return [at("pipe"), "/dev/zero", at("directory"), at("large.pem"), "/dev/stdin", "/dev/null", ...GROWING];
  };

  test("is an invalid input at once, in main", async () => {
    const wanted = paths();
    const seen = await pooled(wanted, async (path) => {
      const { main } = await step({ "ca-certificate": path }, { timeLimit: 30_000 });
      const isTold = main.annotations[0]?.message.includes(
        "neither PEM text nor the path of a readable file of at most",
      );
      return [path, main.exitCode, main.outputs.failure, isTold];
    });
    expect(seen).toEqual(wanted.map((path) => [path, 1, "invalid-input", true]));
  });

  test("is one warning in post, where the file has become it since", async () => {
    const { main } = await step({ "ca-certificate": company.cert });
    const left: object = JSON.parse(main.state.revocation ?? "");
    const wanted = paths();
    const seen = await pooled(wanted, async (path) => {
      const revocation = JSON.stringify({ ...left, caCertificate: path });
      const post = await runPost({ inputs: {}, timeLimit: 30_000 }, { state: { revocation } });
      return [path, post.exitCode, post.annotations.map(({ title }) => title)];
    });
    expect(seen).toEqual(wanted.map((path) => [path, 0, ["Not revoked"]]));
  });

  test("of exactly 1 MiB is read", async () => {
    const path = join(folder, "full.pem");
    writeFileSync(path, company.cert.padEnd(1024 * 1024, "#"));
    expect((await step({ "ca-certificate": path })).main.exitCode).toBe(0);
  });
});

describe("on a Node that cannot be told once for all what to trust, as 24.0 to 24.4", () => {
  const lacking = preload(`
    import tls from "node:tls";
    import { syncBuiltinESMExports } from "node:module";
    delete tls.setDefaultCACertificates;
    syncBuiltinESMExports();
  `);

  test("the given certificates are trusted in main and in post, beside NODE_EXTRA_CA_CERTS", async () => {
    const path = join(folder, "extra.pem");
    writeFileSync(path, company.cert);
    const given = await step({ "ca-certificate": company.cert }, { env: lacking });
    expect([given.main.exitCode, given.main.annotations, given.post?.annotations]).toEqual([0, [], []]);
    expect(given.post?.log).toContain("is revoked at");
    const beside = await step({ "ca-certificate": other.cert }, { env: { ...lacking, NODE_EXTRA_CA_CERTS: path } });
    expect(beside.main.exitCode).toBe(0);
    const wrong = await step({ "ca-certificate": other.cert }, { env: lacking });
    expect(wrong.main.outputs.failure).toBe("tls");
    const gone = { ...lacking, NODE_EXTRA_CA_CERTS: join(folder, "gone.pem") };
    expect((await step({ "ca-certificate": company.cert }, { env: gone })).main.exitCode).toBe(0);
  });

  test("they are trusted through a proxy, and by a proxy that speaks TLS", async () => {
    const service = await startTuleap({ tls: company.issue(["no.example.invalid"]) });
    const dnsLookup = (_name: string, wanted: { all?: boolean }, done: (...result: unknown[]) => void) =>
      wanted.all === true ? done(null, [{ address: HOST, family: 4 }]) : done(null, HOST, 4);
    const httpsOptions = { key: tls.key, cert: tls.cert };
    const server = new Server({
      serverType: "https",
      httpsOptions,
      port: 0,
      host: HOST,
      prepareRequestFunction: () => ({ dnsLookup: dnsLookup as never }),
    });
    await server.listen();
    try {
      const url = `https://no.example.invalid:${service.port}`;
      const inputs = { provider: "tuleap", method: "token", url, ...service.accounts.token?.inputs };
      const env = { ...lacking, https_proxy: `https://${HOST}:${server.port}` };
      const main = await runMain({ ...inputs, "ca-certificate": company.cert }, { env });
      expect([main.exitCode, main.outputs.probe]).toEqual([0, "accepted"]);
    } finally {
      await server.close(true);
      await service.close();
    }
  });
});
