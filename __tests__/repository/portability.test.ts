/** What can be proven of Windows and macOS from Linux; `ci.yml` runs the whole suite on all three. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { absoluteCertificate, certificatesForPost } from "../../src/http/tls.ts";
import { trimmed } from "../../src/input/credentials.ts";
import { selfSigned } from "../kit/certificates.ts";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(join("src", name), "utf8") }));

test.each(sources)("$name starts no program and no shell", ({ text }) => {
  expect(text).not.toMatch(/child_process|\bspawn/);
});

test.each(sources)("$name names no folder of one system", ({ text }) => {
  expect(text).not.toMatch(/["'`](?:\/tmp|\/etc|\/dev|\/proc|\/usr|\/home|[A-Z]:\\\\)/);
});

test.each(sources)("$name waits for no signal that Windows does not know", ({ text }) => {
  const signals = [...text.matchAll(/"(SIG[A-Z]+)"/g)].map(([, signal]) => signal);
  expect(signals.filter((signal) => signal !== "SIGINT" && signal !== "SIGTERM")).toEqual([]);
});

test("a PEM file with the line ends of Windows is read like any other", () => {
  const { cert } = selfSigned(["localhost"]);
  const windows = cert.replaceAll("\n", "\r\n");
  expect(certificatesForPost(windows).replaceAll("\r", "").trim()).toBe(cert.trim());
});

test("PEM text is no path, and a relative path starts in the workspace", () => {
  expect(absoluteCertificate("-----BEGIN CERTIFICATE-----", "/checkout")).toBe("-----BEGIN CERTIFICATE-----");
  expect(absoluteCertificate("certs/ca.pem", "/checkout")).toBe(resolve("/checkout/certs/ca.pem"));
});

test("a password loses the final line break of either kind", () => {
  expect(trimmed("password", " secret \r\n")).toBe(" secret ");
  expect(trimmed("password", " secret \n")).toBe(" secret ");
});
