import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { startQa } from "../../sandbox/services/index.ts";
import { fieldsInside } from "../../src/input/credentials.ts";
import { innerForms, oddity } from "../../src/input/oddity.ts";
import { addressFlaw } from "../../src/input/site.ts";
import { passwordsIn } from "../../src/input/user-info.ts";
import { qa } from "../../src/providers/qa.ts";
import { WAYS } from "../kit/fault-stages.ts";
import { closeServices, inputsOf, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

test("a file of certificates that is nothing but backslashes is refused at once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "costly-"));
  const file = join(folder, "ca.pem");
  const [begin, end] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"];
  writeFileSync(file, begin + "\\".repeat(1_000_000) + end);
  try {
    const service = await started(startQa({}));
    const main = await runMain({ ...inputsOf(WAYS.QA, service), "ca-certificate": file }, { timeLimit: 90_000 });
    expect(main).toMatchObject({ exitCode: 1, signal: null, outputs: { failure: "invalid-input" } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("what is read of an input takes a time that grows with its length alone", () => {
  const LENGTH = 262_144;
  const COSTLY: Readonly<Record<string, () => unknown>> = {
    "escaped quotes in `credentials`": () => fieldsInside(`{"password":${'\\"'.repeat(LENGTH / 2)}`),
    "invisible characters inside of a secret": () => oddity(`a${"\u00ad".repeat(LENGTH)}b`),
    "quotes around quotes": () => innerForms('"'.repeat(LENGTH)),
    "one scheme before another": () => innerForms("Bearer ".repeat(LENGTH / 8)),
    "colons in an address": () => addressFlaw(`h/${":".repeat(LENGTH)}`, qa),
    "slashes in an address": () => addressFlaw(`h${"/".repeat(LENGTH)}a`, qa),
    "colons before an @": () => passwordsIn(`${":".repeat(LENGTH / 8)}@host`),
  };
  test.each(Object.keys(COSTLY))("%s", (what) => {
    const start = process.cpuUsage();
    COSTLY[what]?.();
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000_000).toBeLessThan(10);
  });
});

test("an address that is longer than any is refused without a piece of it", () => {
  expect(addressFlaw(`https://host/${"a".repeat(2_000)}`, qa)).toBe("has more than 2000 characters");
});
