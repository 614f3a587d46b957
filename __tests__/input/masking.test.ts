import { describe, expect, test } from "@jest/globals";
import { startTuleap } from "../../sandbox/services/index.ts";
import type { InputName } from "../../src/input/table.ts";
import { runMain, trapped } from "../kit/support.ts";

type Given = Readonly<Partial<Record<InputName, string>>>;

const URL_ = "https://service.example.com";

const trap = trapped();

const tuleap = (given: Given): Given => ({ provider: "tuleap", url: URL_, ...given });

const xray = (given: Given): Given => ({ provider: "xray", ...given });

describe("what is masked", () => {
  test.each([
    { says: "one line break at its end", given: " p a s s \n", sent: "ci-robot: p a s s " },
    { says: "one line break of Windows", given: "p a s s\r\n", sent: "ci-robot:p a s s" },
    { says: "the last of two line breaks", given: "p a s s\n\n", sent: "ci-robot:p a s s\n" },
  ])("a password loses $says and no more, and both forms are masked", async ({ given, sent }) => {
    const main = await runMain(tuleap({ method: "basic", username: "ci-robot", password: given, probe: "false" }), {
      env: trap.env,
    });
    expect(Buffer.from(main.outputs.token ?? "", "base64").toString()).toBe(sent);
    expect(main.masks).toEqual(expect.arrayContaining([given, sent.slice("ci-robot:".length)]));
  });

  test("every other input is trimmed", async () => {
    const service = await startTuleap({});
    try {
      const token = `\n  ${service.accounts["access-key"]?.inputs.token}\t\n`;
      const given = { provider: " tuleap ", url: ` ${service.url}\n`, token, timeout: " 30 ", "env-name": " MY_KEY " };
      const main = await runMain(given);
      expect(main.outputs).toMatchObject({ token: token.trim(), probe: "accepted", url: service.url });
      expect(main.env).toEqual({ MY_KEY: token.trim() });
    } finally {
      await service.close();
    }
  });

  test("a secret of 3 characters is not, and a warning names its input; one of 4 is", async () => {
    for (const [password, warnings] of [
      ["abc", 1],
      ["abcd", 0],
    ] as const) {
      const main = await runMain(tuleap({ method: "basic", username: "robot", password, probe: "false" }), {
        env: trap.env,
      });
      const names = main.annotations.filter(({ message }) => message.includes('"password"'));
      expect(names.map(({ type }) => type)).toEqual(Array.from({ length: warnings }, () => "warning"));
      expect(main.masks.includes(password)).toBe(warnings === 0);
      expect(main.masks.filter((mask) => mask.trim().length < 4)).toEqual([]);
    }
  });

  test("a short secret inside of credentials is named as such", async () => {
    const main = await runMain(
      tuleap({ method: "basic", probe: "false", credentials: '{"username":"robot","password":"abc"}' }),
    );
    expect(main.annotations.map(({ message }) => message)).toEqual([expect.stringContaining('"credentials.password"')]);
  });

  test("every secret input is, before anything is said of it; user name and client id never are", async () => {
    const given = {
      provider: "jira",
      token: "the-token",
      username: "the-user",
      password: "the-password",
      "client-id": "the-client",
      "client-secret": "the-client-secret",
      "seal-key": "the-seal-key",
    };
    const main = await runMain(given);
    expect(main.masks).toEqual(
      expect.arrayContaining(["the-token", "the-password", "the-client-secret", "the-seal-key"]),
    );
    expect(main.masks.filter((mask) => ["the-user", "the-client"].includes(mask))).toEqual([]);
    const lines = main.raw.split("\n").filter(Boolean);
    const last = lines.findLastIndex((line) => line.startsWith("::add-mask::"));
    expect(last).toBeLessThan(lines.findIndex((line) => line.startsWith("::error")));
  });

  test("an input of several secrets in two spellings masks both, although it is refused", async () => {
    const main = await runMain(
      xray({ credentials: '{"client_secret":"first-secret","clientSecret":"second-secret"}' }),
    );
    expect(main.outputs.failure).toBe("invalid-input");
    expect(main.masks).toEqual(expect.arrayContaining(["first-secret", "second-secret"]));
  });
});
