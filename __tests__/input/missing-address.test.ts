import { describe, expect, test } from "@jest/globals";
import { refused } from "../kit/refused.ts";

const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";

const REASONS = [/fork/, /Dependabot/, /"environment"/, /"secrets: inherit"/];

describe("an address from a secret that is not there", () => {
  test.each<{ what: string; given: Record<string, string>; names: string[] }>([
    { what: "and no credential", given: {}, names: ["No value arrived", 'nor in "url"'] },
    {
      what: "and the method named",
      given: { method: "token" },
      names: ["No value arrived", 'nor in "url"'],
    },
    {
      what: "and credentials empty",
      given: { credentials: "{}" },
      names: ["No value arrived", 'nor in "url"'],
    },
    { what: "and half a login", given: { username: "ci-robot" }, names: ['"password", nor in "url"'] },
    {
      what: "and blanks for a password",
      given: { username: "ci-robot", password: "\n" },
      names: ['"password", nor in "url"'],
    },
  ])("$what is a missing secret", async ({ given, names }) => {
    for (const provider of ["tuleap", "virtuozzo", "reportportal"]) {
      if (given.method !== undefined && provider !== "tuleap") continue;
      const inputs = { provider, url: "", username: "", password: "", ...given };
      const { message } = await refused(inputs, "missing-secret");
      for (const name of names) expect(message).toContain(name);
      for (const reason of REASONS) expect(message).toMatch(reason);
    }
  });

  const withoutHost = ["https://", "http://", "https:///", "https://:8443", "https://:8443/", "/", "//"];
  const withPath = ["https:///tuleap", "https:///tuleap/api/v1", "https://:8443/tuleap", "/tuleap", ":8443/tuleap"];

  // The part behind the secret is no host either: the password would be sent to whoever is called so.
  test.each([...withoutHost, ...withPath])("within %s is one just so", async (url) => {
    const missing = await refused({ provider: "tuleap", url }, "missing-secret");
    expect(missing.message).toContain('nor in "url"');
    const { message } = await refused({ provider: "tuleap", url, token: KEY });
    expect(message).toContain('"url" names no host');
    for (const reason of REASONS) expect(message).toMatch(reason);
  });

  test.each<Record<string, string>>([
    { provider: "tuleap", token: KEY },
    { provider: "tuleap", username: "ci-robot", password: "correct-horse" },
    { provider: "reportportal", credentials: '{"token":"a-ready-made-token"}' },
    { provider: "jelastic", token: "a-ready-made-token" },
  ])("alone is invalid-input, with the same reasons: %j", async (given) => {
    const { message } = await refused({ ...given, url: " " });
    expect(message).toContain('"url" is empty');
    for (const reason of REASONS) expect(message).toMatch(reason);
  });
});
