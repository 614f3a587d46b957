import { describe, expect, test } from "@jest/globals";
import { chosen, type Given, KEY, PAIR, qa, TOKEN } from "../kit/given.ts";
import { runMain, shown, trapped } from "../kit/support.ts";

const trap = trapped();

describe("the base URL", () => {
  const inputsFor: Readonly<Record<string, Given>> = {
    reportportal: { token: TOKEN },
    xray: PAIR,
    virtuozzo: { token: TOKEN },
    jelastic: { token: TOKEN },
    tuleap: { token: KEY },
    qa: PAIR,
    "cloud-academy": PAIR,
  };

  test.each([
    ["xray", "", "https://xray.cloud.getxray.app"],
    ["qa", "", "https://app.qa.com"],
    ["cloud-academy", "", "https://cloudacademy.com"],
    ["CLOUD-ACADEMY", "", "https://cloudacademy.com"],
    ["cloud-academy", "https://platform.qa.com", "https://platform.qa.com"],

    ["reportportal", "rp.example.com", "https://rp.example.com"],
    ["reportportal", "rp.example.com:8443/rp", "https://rp.example.com:8443/rp"],
    ["reportportal", "HTTPS://RP.Example.com/", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com:443", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com///", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/RP/", "https://rp.example.com/RP"],

    ["reportportal", "https://rp.example.com/ui", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/#", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/#login", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui#login", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/ui/#demo/launches/all?page.page=1", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/rp/ui/#login", "https://rp.example.com/rp"],
    ["reportportal", "https://rp.example.com/uat", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/uat/sso/oauth/token", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/rp/uat/sso/oauth/token/", "https://rp.example.com/rp"],
    ["reportportal", "https://rp.example.com/api", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/api/v1", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/api/v2/", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/api/v3", "https://rp.example.com/api/v3"],
    ["reportportal", "https://rp.example.com/api/ui//", "https://rp.example.com"],
    ["reportportal", "https://rp.example.com/gui", "https://rp.example.com/gui"],
    ["reportportal", "https://rp.example.com/ui/rp", "https://rp.example.com/ui/rp"],

    ["xray", "https://eu.xray.cloud.getxray.app/api/v2", "https://eu.xray.cloud.getxray.app"],
    ["xray", "https://eu.xray.cloud.getxray.app/api/v1/", "https://eu.xray.cloud.getxray.app"],
    ["xray", "eu.xray.cloud.getxray.app/api/v1/authenticate", "https://eu.xray.cloud.getxray.app"],
    ["xray", "https://eu.xray.cloud.getxray.app/api/v2/graphql/", "https://eu.xray.cloud.getxray.app"],
    ["xray", "https://proxy.example.com/xray/api/v2", "https://proxy.example.com/xray"],

    ["virtuozzo", "app.example.com", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.0", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.0/", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.0/users/account/rest/getuserinfo", "https://app.example.com"],
    ["jelastic", "https://app.example.com/1.0/development/scripting/rest/eval", "https://app.example.com"],
    ["virtuozzo", "https://app.example.com/1.01", "https://app.example.com/1.01"],
    ["virtuozzo", "https://app.example.com/100", "https://app.example.com/100"],

    ["tuleap", "https://tuleap.example.com/api", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/v1", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/v2/tokens", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/api/tokens/", "https://tuleap.example.com"],
    ["tuleap", "https://tuleap.example.com/tokens", "https://tuleap.example.com/tokens"],

    ["qa", "https://app.qa.com/oauth2", "https://app.qa.com"],
    ["qa", "https://app.qa.com/oauth2/token", "https://app.qa.com"],
    ["qa", "https://platform.qa.com/oauth2/token/", "https://platform.qa.com"],
    ["qa", "https://platform.qa.com/restapi", "https://platform.qa.com"],
    ["qa", "https://platform.qa.com/restapi/", "https://platform.qa.com"],

    ["qa", "http://localhost:8080/", "http://localhost:8080"],
    ["qa", "http://LOCALHOST:8080", "http://localhost:8080"],
    ["qa", "http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["qa", "http://127.1.2.3", "http://127.1.2.3"],
    ["qa", "http://[::1]:8080/qa", "http://[::1]:8080/qa"],
    ["qa", "localhost:8080", "https://localhost:8080"],
  ])("of %s, given %p, is %s", async (provider, url, expected) => {
    expect((await chosen({ provider, url, ...inputsFor[provider.toLowerCase()] })).url).toBe(expected);
  });

  test("plain http to another host wants allow-http, and is warned of", async () => {
    const given = qa({ url: "http://service.example.com/oauth2/", "allow-http": "true" });
    expect((await chosen(given)).url).toBe("http://service.example.com");
    const main = await runMain({ ...given, retries: "0" }, { env: trap.env });
    expect(main.annotations.filter(({ type }) => type === "warning")).toHaveLength(1);
    expect(shown(main)).toMatch(/plain http/);
  });
});
