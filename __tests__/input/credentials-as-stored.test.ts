import { describe, expect, test } from "@jest/globals";
import { refused, trap } from "../kit/refused.ts";
import { leaks, runMain } from "../kit/support.ts";

describe("`credentials`", () => {
  test.each<{ what: string; credentials: string; masks: string[] }>([
    {
      what: "an escaped quote",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"ab\"cdefg"}`,
      masks: ['ab"cdefg', String.raw`ab\"cdefg`],
    },
    {
      what: "escaped letters",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"ab\u00e4cd\u0065fg"}`,
      masks: ["abäcdefg", String.raw`ab\u00e4cd\u0065fg`],
    },
    {
      what: "an escaped slash",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"ab\/cdefg"}`,
      masks: ["ab/cdefg", String.raw`ab\/cdefg`],
    },
    {
      what: "an escaped key",
      credentials: String.raw`{"client_id":"5F2A","client\u005fsecret":"ab\\cdefg"}`,
      masks: ["ab\\cdefg", String.raw`ab\\cdefg`],
    },
    {
      what: "one key twice",
      credentials: '{"client_secret":"first-secret","client_secret":"second-secret"}',
      masks: ["first-secret", "second-secret"],
    },
    {
      what: "a key in another case",
      credentials: '{"CLIENT_SECRET":"first-secret","clientID":"x"}',
      masks: ["first-secret"],
    },
    {
      what: "a comma too many",
      credentials: '{"client_id":"5F2A","client_secret":"first-secret",}',
      masks: ["first-secret"],
    },
    {
      what: "an object in the object",
      credentials: '{"xray":{"client_secret":"first-secret"}}',
      masks: ["first-secret"],
    },
    {
      what: "JSON in a text",
      credentials: JSON.stringify('{"client_secret":"first-secret"}'),
      masks: ["first-secret"],
    },
    { what: "quotes round it", credentials: `'{"client_secret":"first-secret"}'`, masks: ["first-secret"] },
    {
      what: "a quoted secret",
      credentials: String.raw`{"client_id":"5F2A","client_secret":"\"first-secret\""}`,
      masks: ["first-secret", '"first-secret"'],
    },
  ])("with $what are masked as a whole, and each secret in them as it is and as it stands there", async (given) => {
    const main = await runMain({ provider: "qa", retries: "0", credentials: given.credentials }, { env: trap.env });
    expect(main.masks).toEqual(expect.arrayContaining([given.credentials, ...given.masks]));
    expect(leaks(main, given.masks)).toEqual([]);
  });

  test.each([
    ["null", "is no JSON object"],
    ["[]", "is no JSON object"],
    ['"x"', "stands in quotes"],
    ["5", "is no JSON object"],
    ["true", "is no JSON object"],
    [`'{"client_id":"5F2A"}'`, "stands in quotes"],
    ["client_id: 5F2A", "is no JSON object"],
    ["{", "is no JSON object"],
  ])("that are %s: %s, and no word of the message is a mask", async (credentials, says) => {
    const { main, message } = await refused({ provider: "qa", credentials });
    expect(message).toContain(`"credentials" ${says}`);
    expect(message).not.toContain("***");
    expect(main.masks).not.toContain("null");
  });

  test.each(["{}", "{ }", "{\n}", '{"client_id":""}', '{"client_id":" ","client_secret":"\\n"}', '{"password":"  "}'])(
    "that are %j hold no credential",
    async (credentials) => {
      const { message } = await refused({ provider: "qa", credentials }, "missing-secret");
      expect(message).toContain('No value arrived in "credentials".');
    },
  );

  test.each([
    ["clientID", "client-id"],
    ["ClientId", "client-id"],
    ["CLIENT_SECRET", "client-secret"],
    ["client secret", "client-secret"],
    ["clientsecret", "client-secret"],
    ["user", "username"],
    ["user_name", "username"],
    ["pasword", "password"],
    ["api_token", "token"],
  ])("with the key %s are told which was meant", async (key, meant) => {
    const { message } = await refused({ provider: "qa", credentials: JSON.stringify({ [key]: "abcdefgh" }) });
    expect(message).toContain(`The key is: “${key}”.`);
    expect(message).toContain(`Did you mean "${meant}"?`);
  });

  test("on several lines get a notice that is not shredded itself", async () => {
    const credentials = '{\n  "client_id": "5F2A",\n  "client_secret": "first-secret"\n}';
    const secrets = credentials.split("\n");
    const main = await runMain({ provider: "qa", retries: "0", credentials }, { env: trap.env, secrets });
    const [notice] = main.annotations.filter(({ type }) => type === "notice");
    expect(notice?.message).toContain("also a lone brace");
    expect(notice?.message).not.toMatch(/\*\*\*|[{}]/);
  });
});
