import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type Service, services, startQa, startVirtuozzo, startXray } from "../../sandbox/services/index.ts";
import { answerWith, closeServices, inputsOf, runAction, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

const QA = { provider: "qa", method: "client-credentials" };
const XRAY = { provider: "xray", method: "client-credentials" };

describe("406 at the probe", () => {
  const METHODS = [
    { provider: "reportportal", method: "password", probe: "/api/users" },
    { provider: "reportportal", method: "api-key", probe: "/api/users" },
    { provider: "xray", method: "client-credentials", probe: "/api/v2/graphql" },
    { provider: "virtuozzo", method: "personal-access-token", probe: "/1.0/users/account/rest/getuserinfo" },
    { provider: "virtuozzo", method: "session", probe: "/1.0/users/account/rest/getuserinfo" },
    { provider: "tuleap", method: "access-key", probe: "/api/access_keys/self" },
    { provider: "tuleap", method: "ephemeral-access-key", probe: "/api/users/self" },
    { provider: "tuleap", method: "oauth2-access-token", probe: "/oauth2/userinfo" },
    { provider: "tuleap", method: "token", probe: "/api/users/self" },
    { provider: "tuleap", method: "basic", probe: "/api/users/self" },
    { provider: "qa", method: "client-credentials", probe: "/restapi/" },
  ];
  const start: Readonly<Record<string, (options?: object) => Promise<Service>>> = services;

  test.each(METHODS)("tells nothing of a credential: $provider $method", async ({ provider, method, probe }) => {
    const service = await started((start[provider] ?? startQa)());
    service.fault(answerWith(({ path }) => path.startsWith(probe), 406, '{"detail":"Not Acceptable"}'));
    const inputs = inputsOf({ provider, method }, service);
    const main = await runMain(inputs);
    expect(main).toMatchObject({ exitCode: 0, outputs: { probe: "inconclusive", failure: "" } });
    expect(main.annotations.map(({ type }) => type)).toEqual(["warning"]);
    expect(main.annotations[0]?.message).toMatch(/status 406.*Not Acceptable/);

    const strict = await runMain({ ...inputs, probe: "strict" });
    expect(strict).toMatchObject({ exitCode: 1, env: {}, outputs: { probe: "inconclusive", failure: "bad-response" } });
  });
});

describe("QA", () => {
  test("a right key pair of a client that was made for another grant is not called wrong", async () => {
    const qa = await started(startQa());
    const main = await runMain({ provider: "qa", url: qa.url, ...qa.otherGrant.inputs });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "forbidden" } });
    expect(main.annotations[0]?.message).toContain("unauthorized_client");
  });

  test.each(["401", "403", "empty 403"] as const)(
    "an API that does not know a token (%s) leaves the probe open right after the exchange, and refuses what was sealed",
    async (unknownToken) => {
      const qa = await started(startQa());
      Object.assign(qa.behaviour, { unknownToken });
      const sealKey = randomBytes(32).toString("base64");
      const first = await runMain({ ...inputsOf(QA, qa), "seal-key": sealKey });
      expect(first.outputs).toMatchObject({ probe: "accepted", failure: "" });

      qa.behaviour.api = "elsewhere";
      const fresh = await runMain(inputsOf(QA, qa));
      expect(fresh.outputs).toMatchObject({ probe: "inconclusive", failure: "" });
      expect(fresh.annotations.map(({ type }) => type)).toEqual(["warning"]);
      for (const host of ["app.qa.com", "platform.qa.com", "cloudacademy.com"]) {
        expect(fresh.annotations[0]?.message).toContain(`https://${host}`);
      }

      const opened = await runMain({ sealed: first.outputs.sealed ?? "", "seal-key": sealKey });
      expect(opened.outputs).toMatchObject({ probe: "refused", failure: "refused" });
    },
  );

  test("no text of a run promises that a new key pair would end the token", async () => {
    const qa = await started(startQa());
    const { post } = await runAction(inputsOf(QA, qa), {
      between: () => {
        qa.behaviour.keyPairReplaced = true;
      },
    });
    expect(post?.annotations).toMatchObject([{ type: "warning", title: "Not revoked" }]);
    expect(post?.annotations[0]?.message).toContain("the key pair has changed since");
    expect(post?.annotations[0]?.message).toContain("may leave its tokens");
    expect(qa.live()).toHaveLength(1);
  });
});

describe("Xray", () => {
  test("a page at the API after a good exchange names the regions, and keeps what 5xx means", async () => {
    const xray = await started(startXray());
    xray.behaviour.wrongRegion = "page";
    const main = await runMain({ ...inputsOf(XRAY, xray), retries: "0" });
    expect(main).toMatchObject({ exitCode: 0, outputs: { probe: "inconclusive", failure: "" } });
    const said = main.annotations[0]?.message ?? "";
    expect(said).toContain("Its page is titled: “ERROR: The request could not be satisfied”.");
    for (const region of ["us.", "eu.", "au.", ""]) expect(said).toContain(`https://${region}xray.cloud.getxray.app`);

    const strict = await runMain({ ...inputsOf(XRAY, xray), retries: "0", probe: "strict" });
    expect(strict.outputs.failure).toBe("unavailable");
    expect(strict.annotations[0]?.message).toContain("https://eu.xray.cloud.getxray.app");
  });

  test("another product's address has the advice to leave `url` out", async () => {
    const jira = await started(startVirtuozzo());
    const main = await runMain({ ...XRAY, url: jira.url, "client-id": "5F2A", "client-secret": "s3cret-of-xray" });
    expect(main.outputs.failure).toBe("wrong-url");
    expect(main.annotations[0]?.message).toContain('leave "url" out');
  });
});

describe("Virtuozzo", () => {
  test.each([
    { endedSession: 1, nestedErrors: false },
    { endedSession: 702, nestedErrors: false },
    { endedSession: 99, nestedErrors: true },
    { endedSession: 8202, nestedErrors: true },
  ])("a session that someone has ended is gone, whatever its result ($endedSession)", async (behaviour) => {
    const platform = await started(startVirtuozzo());
    Object.assign(platform.behaviour, behaviour);
    const { main, post } = await runAction(inputsOf({ provider: "virtuozzo", method: "session" }, platform), {
      between: async ({ outputs }) => {
        const body = new URLSearchParams({ session: outputs.token ?? "" });
        await fetch(`${platform.url}/1.0/users/authentication/rest/signout`, { method: "POST", body });
      },
    });
    expect(main.outputs.probe).toBe("accepted");
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("the credential was already gone at");
  });
});
