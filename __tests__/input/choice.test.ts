import { describe, expect, test } from "@jest/globals";
import {
  chosen,
  type Given,
  KEY,
  LOGIN,
  PAIR,
  qa,
  reportportal,
  TOKEN,
  tuleap,
  URL_,
  virtuozzo,
  xray,
} from "../kit/given.ts";

const OAUTH2 = "tlp-oauth2-at1-7.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";

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
