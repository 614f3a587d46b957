import { describe, expect, test } from "@jest/globals";
import { plan } from "../../src/input/plan.ts";
import { parseSettings } from "../../src/input/settings.ts";
import { INPUTS, type InputName, type Inputs } from "../../src/input/table.ts";

type Given = Readonly<Partial<Record<InputName, string>>>;

const KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const OAUTH2 = "tlp-oauth2-at1-7.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const LOGIN = { username: "ci-robot", password: "correct-horse" } as const;
const PAIR = { "client-id": "5F2A", "client-secret": "battery-staple" } as const;
const URL_ = "https://service.example.com";
const TOKEN = "a-ready-made-token";

/** A step of QA, which needs no URL, with these inputs in addition. */
const qa = (given: Given = {}): Given => ({ provider: "qa", ...PAIR, ...given });
const tuleap = (given: Given): Given => ({ provider: "tuleap", url: URL_, ...given });
const reportportal = (given: Given): Given => ({ provider: "reportportal", url: URL_, ...given });
const virtuozzo = (given: Given): Given => ({ provider: "virtuozzo", url: URL_, ...given });
const xray = (given: Given): Given => ({ provider: "xray", ...given });

const inputsOf = (given: Given): Inputs => {
  const empty = Object.fromEntries(INPUTS.map((name) => [name, ""])) as Record<InputName, string>;
  return { ...empty, ...given };
};

const RUN = { server: "", repository: "", workflow: "", job: "", id: "1", attempt: "1", selfHosted: false };

async function chosen(given: Given) {
  const inputs = inputsOf(given);
  const { target } = await plan(inputs, parseSettings(inputs), {
    run: RUN,
    tell: () => {},
    secret: () => {},
    definition: () => "",
  });
  return { provider: target.provider.id, method: target.method.id, url: target.url, envName: target.envName };
}

describe("provider and method", () => {
  test.each<[Given, string, string, string]>([
    [reportportal({ ...LOGIN }), "reportportal", "password", "RP_API_KEY"],
    [reportportal({ ...LOGIN, "client-id": "ui", "client-secret": "uiman" }), "reportportal", "password", "RP_API_KEY"],
    [reportportal({ token: TOKEN }), "reportportal", "api-key", "RP_API_KEY"],
    [reportportal({ method: "ephemeral-api-key", ...LOGIN }), "reportportal", "ephemeral-api-key", "RP_API_KEY"],
    [xray({ ...PAIR }), "xray", "client-credentials", "XRAY_TOKEN"],
    [virtuozzo({ token: TOKEN }), "virtuozzo", "personal-access-token", "JELASTIC_TOKEN"],
    [virtuozzo({ ...LOGIN }), "virtuozzo", "session", "JELASTIC_TOKEN"],
    [tuleap({ token: KEY }), "tuleap", "access-key", "TULEAP_ACCESS_KEY"],
    [tuleap({ token: OAUTH2 }), "tuleap", "oauth2-access-token", "TULEAP_TOKEN"],
    [tuleap({ token: "no-prefix-that-is-known" }), "tuleap", "access-key", "TULEAP_ACCESS_KEY"],
    [tuleap({ ...LOGIN }), "tuleap", "token", "TULEAP_TOKEN"],
    [tuleap({ method: "basic", ...LOGIN }), "tuleap", "basic", "TULEAP_TOKEN"],
    [tuleap({ method: "ephemeral-access-key", ...LOGIN }), "tuleap", "ephemeral-access-key", "TULEAP_ACCESS_KEY"],
    // A method that is named is taken at its word.
    [tuleap({ method: "access-key", token: OAUTH2 }), "tuleap", "access-key", "TULEAP_ACCESS_KEY"],
    [qa(), "qa", "client-credentials", "QA_TOKEN"],
    [{ provider: "QA", ...PAIR }, "qa", "client-credentials", "QA_TOKEN"],
    [{ provider: "ReportPortal", url: URL_, token: TOKEN }, "reportportal", "api-key", "RP_API_KEY"],
    [{ provider: "jelastic", url: URL_, token: TOKEN }, "virtuozzo", "personal-access-token", "JELASTIC_TOKEN"],
    [{ provider: "JELASTIC", url: URL_, ...LOGIN }, "virtuozzo", "session", "JELASTIC_TOKEN"],
    [{ provider: "Cloud-Academy", ...PAIR }, "qa", "client-credentials", "QA_TOKEN"],
    [
      { provider: "qa", credentials: '{"client_id":"5F2A","client_secret":"abcdef"}' },
      "qa",
      "client-credentials",
      "QA_TOKEN",
    ],
    [tuleap({ credentials: `{"token":"${OAUTH2}"}` }), "tuleap", "oauth2-access-token", "TULEAP_TOKEN"],
    [qa({ "env-name": "MY_TOKEN" }), "qa", "client-credentials", "MY_TOKEN"],
  ])("%j is %s's %s, exported as %s", async (given, provider, method, envName) => {
    expect(await chosen(given)).toMatchObject({ provider, method, envName });
  });
});
