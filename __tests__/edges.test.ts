import { afterEach, describe, expect, test } from "@jest/globals";
import { type Fault, type Service, startQa, startReportPortal, startTuleap } from "../sandbox/services/index.ts";
import { writeSummary } from "../src/runner/summary.ts";
import { runAction, runMain } from "./support.ts";

const open: Service[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((service) => service.close()));
});

async function started<Started extends Service>(starting: Promise<Started>): Promise<Started> {
  const service = await starting;
  open.push(service);
  return service;
}

const json =
  (status: number, body: unknown): Fault =>
  (_request, _req, res) => {
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    return true;
  };

describe("an answer that nobody asked for", () => {
  test("a switch of protocols is no HTTP answer, and no defect of the action", async () => {
    const qa = await started(startQa({}));
    qa.fault((_request, req) => {
      req.socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
      return true;
    });
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    const main = await runMain(inputs);
    expect(main.outputs.failure).toBe("bad-response");
  });

  test.each([200, 400, 404, 422])("Tuleap's own word counts at status %s too", async (status) => {
    const tuleap = await started(startTuleap({}));
    const inputs = { provider: "tuleap", url: tuleap.url, ...tuleap.accounts.token?.inputs };
    tuleap.fault(json(status, { error: { code: 401, message: "Unauthorized: Invalid Password Or User Name" } }));
    expect((await runMain(inputs)).outputs.failure).toBe("refused");
    tuleap.fault(json(status, { error: { code: 403, message: "Forbidden: Account Suspended" } }));
    expect((await runMain(inputs)).outputs.failure).toBe("forbidden");
  });

  test("QA's list of errors with status 200 is no acceptance", async () => {
    const qa = await started(startQa({}));
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    qa.fault((request, req, res) =>
      request.path.startsWith("/restapi") ? json(200, { errors: [{ status: "401" }] })(request, req, res) : false,
    );
    expect((await runMain(inputs)).outputs.probe).toBe("inconclusive");
  });

  test("half of a surrogate pair in a token is a bad response", async () => {
    const qa = await started(startQa({}));
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    qa.fault((_request, _req, res) => {
      res.end('{"access_token":"abcdefgh\\ud800"}');
      return true;
    });
    expect((await runMain(inputs)).outputs.failure).toBe("bad-response");
  });
});

describe("an expiry far ahead", () => {
  test("is told as the service tells it", async () => {
    const tuleap = await started(startTuleap({}));
    const inputs = { provider: "tuleap", url: tuleap.url, ...tuleap.accounts["access-key"]?.inputs };
    const key = { expiration_date: "2099-01-01T00:00:00+00:00", scopes: [{ identifier: "write:rest" }] };
    tuleap.fault((request, req, res) =>
      request.path === "/api/access_keys/self" ? json(200, key)(request, req, res) : false,
    );
    expect((await runMain(inputs)).outputs["expires-at"]).toBe("2099-01-01T00:00:00Z");
  });
});

describe("a key whose creation stays without an answer", () => {
  test("is looked for and deleted within a short `timeout`", async () => {
    const reportportal = await started(startReportPortal({ personality: "new" }));
    reportportal.fault((request, _req, res) => {
      if (request.method !== "POST" || !request.path.endsWith("/api-keys")) return false;
      // The service does its work, and the answer never leaves.
      res.end = () => res;
      return false;
    });
    const { main, post } = await runAction({
      provider: "reportportal",
      url: reportportal.url,
      method: "ephemeral-api-key",
      timeout: "10",
      ...reportportal.accounts["ephemeral-api-key"]?.inputs,
    });
    expect(main.outputs.failure).toBe("timeout");
    expect(post?.exitCode).toBe(0);
    expect(reportportal.requests.map(({ method }) => method)).toContain("DELETE");
    expect(reportportal.live()).toEqual([]);
  });
});

describe("what cannot be a token", () => {
  test("is refused as the pair of HTTP Basic too", async () => {
    const inputs = { provider: "tuleap", url: "http://127.0.0.1:9", method: "basic", username: "u", password: "p" };
    const main = await runMain(inputs);
    expect(main.outputs.failure).toBe("invalid-input");
    expect(main.annotations.at(-1)?.message).toContain('"password"');
  });
});

describe("a summary that cannot be written", () => {
  test("is a line in the log, and no fault of the step", () => {
    const file = process.env.GITHUB_STEP_SUMMARY;
    process.env.GITHUB_STEP_SUMMARY = "/nonexistent/summary";
    try {
      expect(() => writeSummary("API token", [["Service", "QA"]])).not.toThrow();
    } finally {
      if (file === undefined) delete process.env.GITHUB_STEP_SUMMARY;
      else process.env.GITHUB_STEP_SUMMARY = file;
    }
  });
});
