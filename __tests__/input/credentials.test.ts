import { describe, expect, test } from "@jest/globals";
import { startQa, startXray } from "../../sandbox/services/index.ts";
import { readCredentials } from "../../src/input/credentials.ts";
import { inputsOf, TOKEN } from "../kit/given.ts";
import { runMain } from "../kit/support.ts";

describe("credentials", () => {
  test.each([
    ["kebab-case", '{"client-id":"5F2A","client-secret":"abcdef"}'],
    ["snake_case", '{"client_id":"5F2A","client_secret":"abcdef"}'],
    ["camelCase", '{"clientId":"5F2A","clientSecret":"abcdef"}'],
    ["the file of Xray's documentation", '{ "client_id": "5F2A","client_secret": "abcdef" }'],
    ["several lines", '{\n  "client_id": "5F2A",\n  "client_secret": "abcdef"\n}'],
    ["spaces around the values", '{"client_id":" 5F2A ","client_secret":"abcdef\\n"}'],
  ])("may be written in %s", (_, credentials) => {
    expect(readCredentials(inputsOf({ credentials }))).toEqual({ "client-id": "5F2A", "client-secret": "abcdef" });
  });

  test("may hold what looks like JSON in a value", () => {
    const credentials = JSON.stringify({ username: '"username":', password: '{"password":"\\"}' });
    expect(readCredentials(inputsOf({ credentials }))).toEqual({
      username: '"username":',
      password: '{"password":"\\"}',
    });
  });

  test("hold any of the five fields", () => {
    const all = '{"token":"a-long-token","username":"a","password":"b","client-id":"c","client-secret":"d"}';
    expect(readCredentials(inputsOf({ credentials: all }))).toEqual({
      token: "a-long-token",
      username: "a",
      password: "b",
      "client-id": "c",
      "client-secret": "d",
    });
  });

  test("share the work with the inputs of their own", () => {
    const given = { username: "ci-robot", credentials: '{"password":" with spaces "}' };
    expect(readCredentials(inputsOf(given))).toEqual({ username: "ci-robot", password: " with spaces " });
  });

  test("leave a field to the input where they hold it empty", () => {
    expect(readCredentials(inputsOf({ token: TOKEN, credentials: '{"token":""}' }))).toEqual({ token: TOKEN });
  });

  test("on several lines work, get one notice, and mask the secret but neither brace nor user", async () => {
    const service = await startXray({});
    try {
      const { "client-id": id = "", "client-secret": secret = "" } =
        service.accounts["client-credentials"]?.inputs ?? {};
      const credentials = JSON.stringify({ client_id: id, client_secret: secret }, null, 2);
      const main = await runMain({ provider: "xray", url: service.url, credentials });
      expect(main.outputs.failure).toBe("");
      const notices = main.annotations.filter(({ type }) => type === "notice");
      expect(notices).toHaveLength(1);
      expect(notices[0]?.message).toMatch(/one line/);
      expect(main.masks).toContain(secret);
      expect(main.masks.filter((mask) => mask.length < 4 || mask.includes("\n"))).toEqual([]);
      expect(main.masks).not.toContain(id);
    } finally {
      await service.close();
    }
  });

  test("on one line are masked as a whole too, and get no notice", async () => {
    const service = await startQa({});
    try {
      const { "client-id": id = "", "client-secret": secret = "" } =
        service.accounts["client-credentials"]?.inputs ?? {};
      const credentials = `{ "client_id": "${id}","client_secret": "${secret}" }`;
      const main = await runMain({ provider: "qa", url: service.url, credentials });
      expect(main.outputs).toMatchObject({ failure: "", probe: "accepted", method: "client-credentials" });
      expect(main.annotations).toEqual([]);
      expect(main.masks).toEqual(expect.arrayContaining([credentials, secret]));
      expect(main.masks).not.toContain(id);
    } finally {
      await service.close();
    }
  });
});
