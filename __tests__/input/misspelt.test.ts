import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { refused } from "../kit/refused.ts";
import { leaks, shown } from "../kit/support.ts";

const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const URL_ = "https://service.example.com";

/** A value of 64 characters, as in a token or a client secret. */
const SECRET = randomBytes(32).toString("hex");

describe("a misspelt input is named where the one that it means is missing:", () => {
  test.each<{ given: Record<string, string>; failure?: string; says: string }>([
    {
      given: { provider: "xray", client_id: "5F2A", "client-secret": "abcdefgh" },
      says: 'You wrote "client_id", the input is "client-id".',
    },
    {
      given: { provider: "xray", "client-id": "5F2A", clientSecret: "abcdefgh" },
      says: 'You wrote "clientsecret", the input is "client-secret".',
    },
    {
      given: { provider: "xray", client_id: "5F2A", client_secret: "abcdefgh" },
      says: 'You wrote "client_secret", the input is "client-secret".',
    },
    {
      given: { provider: "tuleap", url: URL_, user_name: "ci-robot", password: "correct-horse" },
      says: 'You wrote "user_name", the input is "username".',
    },
    {
      given: { provider: "tuleap", url: URL_, username: "ci-robot", "pass-word": "correct-horse" },
      says: 'You wrote "pass-word", the input is "password".',
    },
    {
      given: { provider: "tuleap", url: URL_, "pass word": "correct-horse", username: "a" },
      says: 'You wrote "pass_word", the input is "password".',
    },
    { given: { provider: "tuleap", url: URL_, to_ken: KEY }, says: 'You wrote "to_ken", the input is "token".' },
    { given: { provider: "qa", "credential-s": "{}" }, says: 'You wrote "credential-s", the input is "credentials".' },
    {
      given: {
        provider: "reportportal",
        url: URL_,
        username: "a",
        password: "bcdef",
        "client-id": "ui",
        client_secret: "uiman",
      },
      says: 'You wrote "client_secret", the input is "client-secret".',
    },
    {
      given: { provider: "tuleap", u_rl: URL_, token: KEY },
      failure: "invalid-input",
      says: 'You wrote "u_rl", the input is "url".',
    },
    { given: { provider: "tuleap", u_rl: URL_ }, says: 'You wrote "u_rl", the input is "url".' },
    {
      given: { "pro-vider": "tuleap", token: KEY },
      failure: "invalid-input",
      says: 'You wrote "pro-vider", the input is "provider".',
    },
    { given: { sealed: "abc", seal_key: "abc" }, says: 'You wrote "seal_key", the input is "seal-key".' },
    {
      given: { seal_ed: "abc", "seal-key": "abc" },
      failure: "invalid-input",
      says: 'You wrote "seal_ed", the input is "sealed".',
    },
  ])("$says", async ({ given, failure, says }) => {
    const { message } = await refused(given, failure ?? "missing-secret");
    expect(message).toContain(says);
  });

  test.each<Record<string, string>>([
    { provider: "xray", "client-id": "5F2A", client_id: "5F2A" },
    { provider: "xray", "client-id": "5F2A", CLIENT_ID: "5F2A", sealkey: "x" },
  ])("and nowhere else: %j", async (given) => {
    const { message } = await refused(given, "missing-secret");
    expect(message).not.toContain("You wrote");
  });

  test("in any case it is the input itself", async () => {
    const { message } = await refused({ provider: "xray", "Client-ID": "5F2A" }, "missing-secret");
    expect(message).toContain('No value arrived in "client-secret"');
    expect(message).not.toContain("You wrote");
  });
});

describe("a name that is nearly right gets the right one:", () => {
  test.each([
    ["report-portal", "reportportal"],
    ["ReportPortl", "reportportal"],
    ["xray-cloud", "xray"],
    ["Xray Cloud", "xray"],
    ["tuleep", "tuleap"],
    ["virtuozo", "virtuozzo"],
    ["cloudacademy", "cloud-academy"],
    ["jelastik", "jelastic"],
  ])("provider %s", async (given, meant) => {
    const { message } = await refused({ provider: given, token: KEY });
    expect(message).toContain(`The value is: “${given}”.`);
    expect(message).toContain(`Did you mean "${meant}"?`);
    expect(message).toContain("Set it to one of");
  });

  test.each([
    ["tuleap", "access_key", "access-key"],
    ["tuleap", "AccessKey", "access-key"],
    ["tuleap", "oauth2", "oauth2-access-token"],
    ["reportportal", "apikey", "api-key"],
    ["virtuozzo", "sesion", "session"],
    ["xray", "client_credentials", "client-credentials"],
  ])("%s's method %s", async (provider, method, meant) => {
    const { message } = await refused({ provider, url: URL_, method, token: KEY });
    expect(message).toContain(`The value is: “${method}”.`);
    expect(message).toContain(`Did you mean "${meant}"?`);
  });

  test.each(["jira", "x", "qaa"])("but %s is near to none", async (provider) => {
    expect((await refused({ provider, token: KEY })).message).not.toContain("Did you mean");
  });

  test.each([SECRET, '"tuleip"', "https://tuleap.example.com", `tuleap ${SECRET}`, "a\nb", "x".repeat(60_000)])(
    "and what does not look like a name is not repeated",
    async (given) => {
      const { main } = await refused({ provider: given, token: KEY });
      expect(shown(main)).not.toContain(given);
      expect(shown(main)).not.toContain("The value is");
    },
  );

  test("nor is a secret in the place of a name", async () => {
    const { main } = await refused({ provider: "Correcthorse", token: KEY, password: "Correcthorse" });
    expect(leaks(main, ["Correcthorse"])).toEqual([]);
  });
});

describe("one is not told of as if it were many:", () => {
  test("one field that no method takes, at a provider with one method", async () => {
    const { message } = await refused({ provider: "xray", token: KEY });
    expect(message).toContain('No method of Xray Cloud takes "token". Set "method" to this and give just its inputs');
    expect(message).toContain("client-credentials (client-id, client-secret)");
  });

  test("one method that lacks a field", async () => {
    const { message } = await refused({ provider: "xray", "client-id": "5F2A" }, "missing-secret");
    expect(message).toContain("Xray Cloud takes client-credentials (client-id, client-secret).");
  });

  test("several are", async () => {
    const { message } = await refused({ provider: "virtuozzo", url: URL_, token: KEY, username: "a" });
    expect(message).toContain('takes "token" and "username" together. Set "method" to one of these');
    const missing = await refused({ provider: "virtuozzo", url: URL_ }, "missing-secret");
    expect(missing.message).toContain("Virtuozzo takes one of these: ");
  });
});
