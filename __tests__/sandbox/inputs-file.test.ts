import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { InputsFileError, parseInputs } from "../../sandbox/inputs-file.ts";
import { startTuleap } from "../../sandbox/services/index.ts";

const KNOWN = ["provider", "method", "url", "token", "password", "credentials", "timeout", "ca-certificate"];
const read = (...lines: string[]) => parseInputs(lines.join("\n"), KNOWN);

const folder = mkdtempSync(join(tmpdir(), "inputs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a file of inputs may hold", () => {
  test("lines input=value, with the value as it is", () => {
    expect(read("provider=tuleap", "", "# a comment", 'password= a = b # c: "d" ', "URL=https://a:1")).toEqual({
      provider: "tuleap",
      password: ' a = b # c: "d" ',
      url: "https://a:1",
    });
  });

  test("the lines that stand under `with:`, as they are in a workflow", () => {
    const pasted = [
      "        with:",
      "          provider: tuleap # the service",
      '          url: "https://tuleap.example.com"',
      "          token: tlp-k1-22.abc=:x",
      "          timeout: 60",
      "          method:",
      "          password: 'it''s'",
      "          ca-certificate: |",
      "            first",
      "",
      "            second",
    ];
    expect(read(...pasted)).toEqual({
      ...{
        provider: "tuleap",
        url: "https://tuleap.example.com",
        token: "tlp-k1-22.abc=:x",
        timeout: "60",
        method: "",
      },
      ...{ password: "it's", "ca-certificate": "first\n\nsecond\n" },
    });
  });

  test("both, and blocks between two equal words", () => {
    expect(read("provider: tuleap", "ca-certificate<<END", "a: b", "c=d", "END", 'credentials={"token":"a"}')).toEqual({
      provider: "tuleap",
      "ca-certificate": "a: b\nc=d",
      credentials: '{"token":"a"}',
    });
  });

  test("a password in quotes that belong to it", () => {
    expect(read('password="a"')).toEqual({ password: '"a"' });
  });

  test("the line ends of Windows and a byte order mark", () => {
    expect(parseInputs("\ufeffprovider: tuleap\r\nurl=https://a\r\n", KNOWN)).toEqual({
      provider: "tuleap",
      url: "https://a",
    });
  });
});

describe("what cannot be read says so by its line, and never repeats a value:", () => {
  test.each<{ lines: string[]; says: string }>([
    {
      lines: ["", 'provider="tuleap"'],
      says: "line 2: after = a value is taken as it is: write provider without quotes",
    },
    { lines: ["token='s3cr3t'"], says: "line 1: after = a value is taken as it is: write token without quotes" },
    {
      lines: ["token: $", `url: \${{ secrets.s3cr3t }}`],
      says: "line 2: url holds an expression, which only a workflow fills in",
    },
    { lines: [`token=\${{ secrets.s3cr3t }}`], says: "line 1: token holds an expression" },
    { lines: ["token: [s3cr3t]"], says: 'line 1: what follows "token:" is no text in YAML' },
    { lines: ['token: "s3cr3t'], says: 'line 1: what follows "token:" is no text in YAML' },
    { lines: ["tokens=s3cr3t"], says: "line 1: there is no input tokens. The inputs are: provider," },
    { lines: ["tokens: s3cr3t"], says: "line 1: there is no input tokens. The inputs are: provider," },
    { lines: ["s3cr3t"], says: "line 1 is neither input=value nor input: value nor input<<EOF" },
    { lines: ["token:s3cr3t"], says: "line 1 is neither input=value nor input: value nor input<<EOF" },
    { lines: ["token=a", "token: s3cr3t"], says: "line 2: token is given twice" },
    { lines: ["token<<EOF", "s3cr3t"], says: "line 1: no line ends the value of token" },
  ])("$says", ({ lines, says }) => {
    expect(() => read(...lines)).toThrow(InputsFileError);
    expect(() => read(...lines)).toThrow(says);
    expect(() => read(...lines)).not.toThrow("s3cr3t");
  });
});

describe("npm start -- --inputs", () => {
  const start = (file: string) =>
    new Promise<{ code: number; text: string }>((resolve) => {
      execFile(process.execPath, ["sandbox/start.ts", "--inputs", file], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
      });
    });

  test("of a file that is not there names the place, and of a folder says that it is one", async () => {
    const missing = join(folder, "no-such-file");
    expect(await start(missing)).toEqual({ code: 1, text: `There is no file ${missing}\n` });
    expect(await start(folder)).toEqual({ code: 1, text: `${folder} is a folder\n` });
  });

  test("runs the action on what was pasted from a workflow", async () => {
    const service = await startTuleap({});
    try {
      const file = join(folder, "pasted");
      const token = service.accounts["access-key"]?.inputs.token ?? "";
      writeFileSync(file, `with:\n  provider: tuleap\n  url: "${service.url}"\n  token: '${token}'\n`);
      const { code, text } = await start(file);
      expect(text).toContain("Probe: accepted");
      expect(text).not.toContain(token);
      expect(code).toBe(0);
    } finally {
      await service.close();
    }
  });
});

describe("npm start", () => {
  test("ends with what a wrong secret looks like, which is no failure of the command", async () => {
    const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
      execFile(process.execPath, ["sandbox/start.ts", "qa"], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
      });
    });
    expect(code).toBe(0);
    expect(text).toContain("Probe: accepted");
    expect(text).toMatch(/^── qa · client-credentials, with a wrong client-secret ─+\n##\[error\].*\(refused\)$/m);
    expect(text).toMatch(/^qa +wrong client-secret +refused /m);
    expect(text).toMatch(/\n\n2 of 2 runs went as they should\.\n$/);
  });
});
