import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { startReportPortal } from "../../sandbox/services/index.ts";
import { closeServices, own, type Services, secretsOf, services, startServices, step } from "../kit/five-services.ts";
import { leaks } from "../kit/support.ts";

beforeAll(startServices);
afterAll(closeServices);

interface Refusal {
  readonly what: string;
  readonly at: keyof Services;
  readonly provider: string;
  readonly inputs: (all: Services) => Readonly<Record<string, string>>;
  /** Turns a switch of the stand-in; the switch is turned back after the test. */
  readonly turn?: (all: Services) => void;
  readonly failure: string;
  readonly requests: number;
  readonly probe?: string;
}

const WRONG_KEY = "tlp-k1-22.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const WRONG_OAUTH2 = "tlp-oauth2-at1-7.3329b8ac4401eaf03cf7776d6bab1809883624eef7a2e2dd2dc4d07696d32504";
const WRONG_RP_KEY = "test2_bCV0dcQfRuCo0Eq1Uv2_hizk4pHnssmV6qMLCEHGcyabsGAQxTQ1_gWJaX0kVHPM";
const WRONG = `wr%C3 öng"pa&ss+word='`;

const REFUSALS: readonly Refusal[] = [
  ...(["legacy", "current", "next"] as const).flatMap((at): Refusal[] => [
    {
      what: "a wrong password",
      at,
      provider: "reportportal",
      inputs: (all) => ({ ...own(all[at], "password"), password: WRONG }),
      failure: "refused",
      requests: at === "next" ? 2 : 1,
    },
    {
      what: "a wrong client",
      at,
      provider: "reportportal",
      inputs: (all) => ({ ...own(all[at], "password"), "client-id": "fork", "client-secret": WRONG }),
      failure: "refused",
      requests: at === "next" ? 2 : 1,
    },
    {
      what: "a wrong API key",
      at,
      provider: "reportportal",
      inputs: () => ({ token: WRONG_RP_KEY }),
      failure: "refused",
      requests: 1,
      probe: "refused",
    },
  ]),
  {
    what: "a wrong API key, which the answer repeats",
    at: "legacy",
    provider: "reportportal",
    inputs: () => ({ token: WRONG_RP_KEY }),
    turn: ({ legacy }) => {
      legacy.behaviour.echoToken = true;
    },
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong password for an ephemeral key",
    at: "current",
    provider: "reportportal",
    inputs: ({ current }) => ({ method: "ephemeral-api-key", ...own(current, "password"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a disabled user",
    at: "current",
    provider: "reportportal",
    inputs: ({ current }) => own(current, "password"),
    turn: ({ current }) => {
      current.behaviour.userDisabled = true;
    },
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "a wrong secret",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => ({ ...own(xray, "client-credentials"), "client-secret": WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong secret inside of credentials",
    at: "xray",
    provider: "xray",
    inputs: () => ({ credentials: JSON.stringify({ client_id: "5F2A", client_secret: WRONG }) }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a licence that is not valid",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => own(xray, "client-credentials"),
    turn: ({ xray }) => {
      xray.behaviour.licenceInvalid = true;
    },
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "data in another region",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => own(xray, "client-credentials"),
    turn: ({ xray }) => {
      xray.behaviour.wrongRegion = true;
    },
    failure: "wrong-url",
    requests: 2,
  },
  {
    what: "the refusal of the CDN",
    at: "xray",
    provider: "xray",
    inputs: ({ xray }) => own(xray, "client-credentials"),
    turn: ({ xray }) => {
      xray.behaviour.cdnRefuses = "authenticate";
    },
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "a wrong password",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => ({ ...own(virtuozzo, "session"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password, told below an outer 0",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => ({ ...own(virtuozzo, "session"), password: WRONG }),
    turn: ({ virtuozzo }) => {
      virtuozzo.behaviour.nestedErrors = true;
    },
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password, told with HTTP 500",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => ({ ...own(virtuozzo, "session"), password: WRONG }),
    turn: ({ virtuozzo }) => {
      virtuozzo.behaviour.errorStatus = 500;
    },
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong personal access token",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: () => ({ token: "0123456789abcdef0123456789abcdef01234567" }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "an account with a second factor",
    at: "virtuozzo",
    provider: "virtuozzo",
    inputs: ({ virtuozzo }) => virtuozzo.twoFactor.inputs,
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "a wrong access key",
    at: "tuleap",
    provider: "tuleap",
    inputs: () => ({ token: WRONG_KEY }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a malformed access key",
    at: "tuleap",
    provider: "tuleap",
    inputs: () => ({ token: "tlp.k1.1026.not-a-key" }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong access key where strangers are let in",
    at: "openTuleap",
    provider: "tuleap",
    inputs: () => ({ token: WRONG_KEY }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a key for git alone",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ token: tuleap.gitOnlyKey }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong OAuth2 access token",
    at: "tuleap",
    provider: "tuleap",
    inputs: () => ({ token: WRONG_OAUTH2 }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "a wrong password",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ ...own(tuleap, "token"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "an account with a passkey",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => tuleap.passkeyOnly.inputs,
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password for an ephemeral key",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ method: "ephemeral-access-key", ...own(tuleap, "token"), password: WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a wrong password for basic",
    at: "openTuleap",
    provider: "tuleap",
    inputs: ({ openTuleap }) => ({ method: "basic", ...own(openTuleap, "basic"), password: WRONG }),
    failure: "refused",
    requests: 1,
    probe: "refused",
  },
  {
    what: "the key of a suspended account",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => ({ token: tuleap.suspended.accessKey }),
    failure: "forbidden",
    requests: 1,
  },
  {
    what: "the token of a suspended account, which is refused once it is used",
    at: "tuleap",
    provider: "tuleap",
    inputs: ({ tuleap }) => tuleap.suspended.password.inputs,
    failure: "forbidden",
    requests: 2,
  },
  {
    what: "headers that a proxy strips where strangers are let in",
    at: "openTuleap",
    provider: "tuleap",
    inputs: ({ openTuleap }) => own(openTuleap, "token"),
    turn: ({ openTuleap }) => {
      openTuleap.behaviour.stripsAuthHeaders = true;
    },
    failure: "refused",
    requests: 2,
    probe: "refused",
  },
  {
    what: "a wrong secret",
    at: "qa",
    provider: "qa",
    inputs: ({ qa }) => ({ ...own(qa, "client-credentials"), "client-secret": WRONG }),
    failure: "refused",
    requests: 1,
  },
  {
    what: "a key pair that was replaced",
    at: "qa",
    provider: "qa",
    inputs: ({ qa }) => own(qa, "client-credentials"),
    turn: ({ qa }) => {
      qa.behaviour.keyPairReplaced = true;
    },
    failure: "refused",
    requests: 1,
  },
];

describe("a service's no ends the step at once, in one annotation, with nothing exported and nothing leaked", () => {
  let turnBack: (() => void)[] = [];
  afterEach(() => {
    for (const restore of turnBack) restore();
    turnBack = [];
  });

  test.each(REFUSALS)(
    "$at: $what is $failure",
    async ({ at, provider, inputs, turn, failure, requests: count, probe }) => {
      const service = services[at];
      if ("behaviour" in service) {
        const before = { ...service.behaviour };
        turnBack.push(() => Object.assign(service.behaviour, before));
      }
      turn?.(services);
      const given = inputs(services);
      const { main, requests } = await step(service, provider, given);

      const { method, ...outputs } = main.outputs;
      expect(outputs).toEqual({ failure, provider, url: service.url, ...(probe && { probe }) });
      expect(method).not.toBe("");
      expect(main.env).toEqual({});
      expect(main.exitCode).toBe(1);
      // No wait and no second try: a refusal is final.
      expect(requests).toHaveLength(count);
      expect(main.log).not.toMatch(/^Attempt /m);

      const errors = main.annotations.filter(({ type }) => type === "error");
      expect(errors).toHaveLength(1);
      expect(errors[0]?.title).toMatch(/^[A-Z][^\n]{3,60}$/);
      expect(errors[0]?.message).not.toContain("\n");
      expect(main.summary).toContain(failure);
      expect(main.summary).not.toContain("robot");
      expect(leaks(main, secretsOf(given))).toEqual([]);
    },
  );
});

test.each([
  { personality: "legacy", statuses: [403] },
  { personality: "new", statuses: [401] },
  { personality: "6.0", statuses: [404, 401] },
] as const)(
  "an address that ReportPortal $personality has locked is locked, even with the right password",
  async ({ personality, statuses }) => {
    const service = await startReportPortal({ personality });
    const place = personality === "6.0" ? "/api" : "/uat";
    try {
      const given = own(service, "password");
      for (let wrong = 0; wrong < 4; wrong++) {
        await fetch(`${service.url}${place}/sso/oauth/token`, {
          method: "POST",
          headers: { authorization: "Basic dWk6dWltYW4=" },
          body: new URLSearchParams({ grant_type: "password", username: given.username ?? "", password: "wrong" }),
        });
      }
      const { main, requests } = await step(service, "reportportal", given);
      expect(main.outputs.failure).toBe("locked");
      expect(requests.map(({ status }) => status)).toEqual(statuses);
    } finally {
      await service.close();
    }
  },
);
