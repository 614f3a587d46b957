import { afterEach, describe, expect, test } from "@jest/globals";
import { startQa, startTuleap } from "../../sandbox/services/index.ts";
import { answerWith, closeServices, runMain, started } from "../kit/support.ts";

afterEach(closeServices);

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
    const answer = (error: object) => tuleap.fault(answerWith(() => true, status, JSON.stringify({ error })));
    answer({ code: 401, message: "Unauthorized: Invalid Password Or User Name" });
    expect((await runMain(inputs)).outputs.failure).toBe("refused");
    answer({ code: 403, message: "Forbidden: Account Suspended" });
    expect((await runMain(inputs)).outputs.failure).toBe("forbidden");
  });

  test("QA's list of errors with status 200 is no acceptance", async () => {
    const qa = await started(startQa({}));
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    qa.fault(answerWith(({ path }) => path.startsWith("/restapi"), 200, '{"errors":[{"status":"401"}]}'));
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
