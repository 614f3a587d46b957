import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type RecordedRequest,
  type Service,
  services,
  startReportPortal,
  startTuleap,
} from "../../sandbox/services/index.ts";
import { answerWith, closeServices, inputsOf, runAction, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

const SEAL_KEY = randomBytes(32).toString("base64");

interface Way {
  readonly provider: keyof typeof services;
  readonly method: string;
  readonly brought?: true;
  /** How the service says that it does not know a credential. */
  readonly no: readonly [status: number, body: string];
}

const TOKEN_ERROR = '{"error":"invalid_token","error_description":"Invalid access token"}';
const restError = (text: string) => `{"error":{"code":401,"message":"Unauthorized: ${text}"}}`;

const WAYS: readonly Way[] = [
  { provider: "reportportal", method: "password", no: [401, TOKEN_ERROR] },
  { provider: "reportportal", method: "ephemeral-api-key", no: [401, TOKEN_ERROR] },
  { provider: "reportportal", method: "api-key", brought: true, no: [401, TOKEN_ERROR] },
  { provider: "xray", method: "client-credentials", no: [401, '{"error":"Authentication failed. Invalid JWT."}'] },
  { provider: "virtuozzo", method: "session", no: [200, '{"result":3,"error":"invalid parameter [session]"}'] },
  {
    provider: "virtuozzo",
    method: "personal-access-token",
    brought: true,
    no: [200, '{"result":702,"error":"token not found"}'],
  },
  { provider: "tuleap", method: "token", no: [401, restError("Invalid Token")] },
  { provider: "tuleap", method: "ephemeral-access-key", no: [401, restError("Invalid access key")] },
  { provider: "tuleap", method: "access-key", brought: true, no: [401, restError("Invalid access key")] },
  { provider: "tuleap", method: "basic", brought: true, no: [401, restError("Basic Authentication Required")] },
  { provider: "tuleap", method: "oauth2-access-token", brought: true, no: [401, ""] },
  { provider: "qa", method: "client-credentials", no: [401, '{"errors":[{"status":"401"}]}'] },
];

/** A request that shows the credential, and so is none of an exchange. */
function isProbe({ method, path, headers }: RecordedRequest): boolean {
  const isOfExchange = method === "POST" && !/graphql|getuserinfo/.test(path);
  // The access token on the way to an ephemeral key asks the same place.
  const isOnTheWay = path === "/api/users" && (headers.authorization ?? "").startsWith("Bearer ey");
  return !isOfExchange && !isOnTheWay;
}

const refusing = ({ method, no: [status, body] }: Way) =>
  answerWith(method === "password" ? ({ path }) => path === "/api/users" : isProbe, status, body);

const INPUT_NAMES = /"(?:token|username|password|client-id|client-secret)"/g;

async function startOf({ provider }: Way): Promise<Service> {
  const start: (options: object) => Promise<Service> = services[provider];
  return started(start({}));
}

describe.each(WAYS)("$provider $method, which the probe refuses", (way) => {
  const { provider, method, brought = false } = way;

  test("is explained by where it came from, and names no input that was not given", async () => {
    const service = await startOf(way);
    const inputs = inputsOf({ provider, method }, service);
    service.fault(refusing(way));
    const main = await runMain(inputs);
    if (provider === "qa") {
      // Its API may live on another of its hosts.
      expect(main.outputs).toMatchObject({ probe: "inconclusive", failure: "" });
      expect(main.annotations[0]?.message).toContain("cloudacademy.com");
      return;
    }
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "refused" } });
    const text = main.annotations.at(-1)?.message ?? "";
    for (const name of text.match(INPUT_NAMES) ?? []) expect(Object.keys(inputs)).toContain(name.slice(1, -1));
    if (brought) {
      expect(text).toContain("check the secrets");
      expect(text).not.toMatch(/minted|re-run all/i);
      if (provider === "virtuozzo") expect(text).not.toMatch(/"(?:username|password)"/);
    } else {
      expect(text).toContain("minted a moment ago and not known now");
      expect(text).toContain("another installation behind this address");
      // Whatever is odd about the password, the service has just taken it.
      expect(text).not.toMatch(/check the secrets|re-run all|password/i);
      expect(text.match(INPUT_NAMES)).toBeNull();
    }
  });

  test("out of a seal is mended by a new run of all jobs, and names no secret of this job", async () => {
    const service = await startOf(way);
    const sealing = await runMain({ ...inputsOf({ provider, method }, service), "seal-key": SEAL_KEY });
    service.fault(refusing(way));
    const main = await runMain({ sealed: sealing.outputs.sealed ?? "", "seal-key": SEAL_KEY });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "refused" } });
    const text = main.annotations.at(-1)?.message ?? "";
    expect(text).toContain("re-run all jobs");
    expect(text).not.toMatch(/minted|check the secrets/i);
    expect(text.match(INPUT_NAMES)).toBeNull();
  });
});

test("what a closing job of an earlier attempt revoked is mended by a new run of all jobs", async () => {
  const service = await started(startTuleap());
  const chosen = { provider: "tuleap", method: "ephemeral-access-key" };
  const sealing = await runMain({ ...inputsOf(chosen, service), "seal-key": SEAL_KEY });
  const opening = { sealed: sealing.outputs.sealed ?? "", "seal-key": SEAL_KEY };
  const closing = await runAction({ ...opening, revoke: "true" });
  expect(closing.post?.log).toContain("is revoked at");
  const main = await runMain(opening);
  expect(main.outputs.failure).toBe("refused");
  expect(main.annotations.at(-1)?.message).toContain("re-run all jobs");
});

test.each(["password", "ephemeral-api-key"])(
  "ReportPortal's %s: a token of another installation is told as one",
  async (method) => {
    const service = await started(startReportPortal({ personality: "new" }));
    service.behaviour.foreignApi = true;
    const main = await runMain(inputsOf({ provider: "reportportal", method }, service));
    expect(main.outputs.failure).toBe("refused");
    const text = main.annotations.at(-1)?.message ?? "";
    expect(text).toContain("minted a moment ago and not known now");
    expect(text.match(INPUT_NAMES)).toBeNull();
  },
);

test.each(["legacy", "new", "6.0"] as const)(
  "ReportPortal %s: a header that gets lost is named",
  async (personality) => {
    const service = await started(startReportPortal({ personality }));
    service.behaviour.dropsAuthorization = true;
    for (const method of ["password", "api-key"]) {
      const main = await runMain(inputsOf({ provider: "reportportal", method }, service));
      expect(main.outputs.failure).toBe("refused");
      expect(main.annotations.at(-1)?.message).toContain("may drop the Authorization header");
    }
  },
);

test.each([
  { method: "access-key", strips: "stripsAuthHeaders" },
  { method: "token", strips: "stripsAuthHeaders" },
  { method: "ephemeral-access-key", strips: "stripsAuthHeaders" },
  { method: "ephemeral-access-key", strips: "stripsAuthorization" },
  { method: "basic", strips: "stripsAuthorization" },
  { method: "oauth2-access-token", strips: "stripsAuthorization" },
] as const)("Tuleap's $method: a header that gets lost ($strips) is named", async ({ method, strips }) => {
  for (const anonymous of [false, true]) {
    const service = await started(startTuleap({ anonymous }));
    service.behaviour[strips] = true;
    const main = await runMain(inputsOf({ provider: "tuleap", method }, service));
    expect(main.outputs.failure).toBe("refused");
    expect(main.annotations.at(-1)?.message).toContain("may strip the X-Auth or Authorization headers");
  }
});

test("an ingress that keeps ReportPortal's prefix is named, with its own code", async () => {
  const service = await started(startReportPortal({ personality: "new" }));
  service.behaviour.keepsUatPrefix = true;
  const main = await runMain(inputsOf({ provider: "reportportal", method: "password" }, service));
  expect(main.outputs.failure).toBe("forbidden");
  expect(main.annotations.at(-1)?.message).toMatch(/ingress .* \/uat /);
});

test.each(["legacy", "new", "6.0"] as const)(
  "ReportPortal %s: a deactivated user is forbidden",
  async (personality) => {
    const service = await started(startReportPortal({ personality }));
    service.behaviour.userDisabled = true;
    const login = await runMain(inputsOf({ provider: "reportportal", method: "password" }, service));
    expect(login.outputs.failure).toBe("forbidden");
    expect(login.annotations.at(-1)?.message).toContain("administrator has to activate it");
    const key = await runMain(inputsOf({ provider: "reportportal", method: "api-key" }, service));
    expect(key.outputs.failure).toBe("refused");
    if (personality !== "legacy") expect(key.annotations.at(-1)?.message).toContain("deactivated");
  },
);

test.each(["new", "6.0"] as const)("ReportPortal %s: an outage at login is no wrong password", async (personality) => {
  const service = await started(startReportPortal({ personality }));
  service.behaviour.loginFault = "ldap:389; nested exception is javax.naming.CommunicationException: ldap:389";
  const main = await runMain(inputsOf({ provider: "reportportal", method: "password" }, service));
  expect(main.outputs.failure).toBe("unavailable");
  expect(main.annotations.at(-1)?.message).not.toContain('"password"');
  // A 400 is never sent again.
  expect(service.requests).toHaveLength(personality === "new" ? 1 : 2);
});

test.each([
  { account: "pending", says: "Account pending" },
  { account: "passwordExpired", says: "Password expired" },
] as const)("Tuleap mints for an account that is out ($account), and its use tells why", async ({ account, says }) => {
  const service = await started(startTuleap());
  const inputs = { provider: "tuleap", url: service.url, ...service[account].inputs };
  const main = await runMain({ ...inputs, method: "token" });
  expect(main.outputs.failure).toBe("forbidden");
  expect(main.annotations.at(-1)?.message).toContain(says);
  const basic = await runMain({ ...inputs, method: "basic" });
  expect(basic.outputs.failure).toBe("refused");
  expect(basic.annotations.at(-1)?.message).toMatch(/suspended, pending .* password has expired/);
});

test.each(["oauth2Expired", "oauth2OfSuspended"] as const)(
  "Tuleap's reason in the challenge is quoted: %s",
  async (token) => {
    const service = await started(startTuleap());
    const main = await runMain({ provider: "tuleap", url: service.url, token: service[token] });
    expect(main.outputs.failure).toBe("refused");
    const reason = token === "oauth2Expired" ? "Access token has expired" : "Cannot authenticate user";
    expect(main.annotations.at(-1)?.message).toContain(`“${reason}”`);
  },
);
