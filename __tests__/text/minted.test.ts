import { afterEach, describe, expect, test } from "@jest/globals";
import { type Fault, services, startQa, startTuleap, startVirtuozzo } from "../../sandbox/services/index.ts";
import type { Service } from "../../sandbox/services/service.ts";
import { pooled, WAYS } from "../kit/fault-stages.ts";
import { closeServices, endedWithin, inputsOf, runAction, runMain, shown, started } from "../kit/support.ts";

afterEach(closeServices);

const answer =
  (status: number, body: string): Fault =>
  (_request, _req, res) => {
    res.writeHead(status, { "content-type": "application/json" }).end(body);
    return true;
  };

async function qaThatMints(response: object, more: Record<string, string> = {}) {
  const qa = await started(startQa({}));
  const grant = answer(200, JSON.stringify({ access_token: "good-access-token-1", expires_in: 36000, ...response }));
  qa.fault((request, req, res) => (request.path === "/oauth2/token/" ? grant(request, req, res) : false));
  return { provider: "qa", url: qa.url, probe: "false", ...qa.accounts["client-credentials"]?.inputs, ...more };
}

describe("a minted value that is no token", () => {
  test("is masked line by line, and no line of fewer than 4 characters is", async () => {
    const main = await runMain(await qaThatMints({ refresh_token: "e\na\no\n1\nlonger-line\r\nabc\n   x   \nabcd" }));
    expect(main.exitCode).toBe(0);
    expect(main.outputs.token).toBe("good-access-token-1");
    for (const short of ["e", "a", "o", "1", "abc", "x", "   x   "]) expect(main.masks).not.toContain(short);
    for (const long of ["longer-line", "abcd", "good-access-token-1"]) expect(main.masks).toContain(long);
  });

  test("makes no more than 64 KiB of masks and their encoded forms", async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => (index * 7_919 + 1_000_000).toString(36)).join("\n");
    const main = await runMain(await qaThatMints({ refresh_token: lines }));
    expect(main.exitCode).toBe(0);
    expect(main.raw.length).toBeLessThan(65_536 * 20);
  });

  test.each(["session", "token"])("is no mask on single letters as %s of another service either", async (which) => {
    const service = which === "session" ? await started(startVirtuozzo({})) : await started(startTuleap({}));
    const method = which === "session" ? "session" : "token";
    const minted = "e\na\nsecond-line";
    service.fault(answer(200, JSON.stringify({ result: 0, session: minted, token: minted, user_id: 7 })));
    const provider = which === "session" ? "virtuozzo" : "tuleap";
    const main = await runMain({ provider, method, url: service.url, ...service.accounts[method]?.inputs });
    expect(main.outputs.failure).toBe("bad-response");
    expect(main.masks).not.toContain("e");
    expect(main.masks).toContain("second-line");
  });

  test("of another type beside a good one is no failure, and an ID token is masked too", async () => {
    const main = await runMain(await qaThatMints({ refresh_token: { a: 1 }, id_token: "the-id-token-of-it" }));
    expect(main.exitCode).toBe(0);
    expect(main.masks).toContain("the-id-token-of-it");
  });

  test("is masked also where the answer is a refusal", async () => {
    const qa = await started(startQa({}));
    qa.fault(answer(400, JSON.stringify({ access_token: 7, refresh_token: "refresh-token-in-a-refusal" })));
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    const main = await runMain(inputs);
    expect(main.masks).toContain("refresh-token-in-a-refusal");
    expect(shown(main)).not.toContain("refresh-token-in-a-refusal");
  });
});

describe("a minted value at a status that no service mints with", () => {
  const MINTED = "Minted-Value_0123456789";
  const field = (name: string) => JSON.stringify({ [name]: MINTED, user_id: 7 });
  const BODIES: Readonly<Record<string, string>> = {
    "QA token": field("access_token"),
    "refresh token": field("refresh_token"),
    "Virtuozzo session": `{"response":${field("session")}}`,
    "Tuleap token": field("token"),
    "Tuleap key": field("identifier"),
    "ReportPortal key": field("api_key"),
    "Xray token": `"${MINTED}.e30.e30"`,
    "with its name and value escaped": `{"access_token" : "${MINTED}\\"${MINTED}"}`,
  };

  test("is never shown, whatever the service", async () => {
    const cases = Object.values(WAYS).flatMap((way) =>
      Object.entries(BODIES).flatMap(([what, body]) =>
        [302, 400, 401, 403, 404, 409, 429, 500, 503].map((status) => ({ way, what, body, status })),
      ),
    );
    const seen = await pooled(cases, async ({ way, body, status }) => {
      const service = await started<Service>(services[way.provider]({}));
      service.fault(answer(status, body));
      const main = await runMain({ ...inputsOf(way, service), retries: "0" });
      return main.exitCode === 1 && !shown(main).includes(MINTED);
    });
    expect(cases.filter((_, index) => seen[index] !== true)).toEqual([]);
  });

  test.each(['"Unauthorized client"', '{"error":"token","token":"is not valid"}'])(
    "hides no words of a service: %s",
    async (body) => {
      const service = await started(startQa({}));
      service.fault(answer(400, body));
      const main = await runMain({
        provider: "qa",
        url: service.url,
        ...service.accounts["client-credentials"]?.inputs,
      });
      expect(main.annotations[0]?.message).toContain(`“${body}”`);
    },
  );
});

describe("a text that was made to be costly", () => {
  const slow = `a ${"+".repeat(16_000)}c`;

  test("of a refusal that fits the password ends the step at once", async () => {
    const tuleap = await started(startTuleap({}));
    tuleap.fault(answer(401, JSON.stringify({ error: { code: 401, message: slow } })));
    const inputs = { provider: "tuleap", method: "token", url: tuleap.url, username: "ci", password: "a + + b" };
    const main = await runMain({ ...inputs, timeout: "5" });
    expect(main.outputs.failure).toBe("refused");
    expect(endedWithin(main, 5)).toBe(true);
  });

  test("that fits a token which the service chose itself ends main and post", async () => {
    const qa = await started(startQa({}));
    const token = "abcd + + + + + end";
    qa.fault((request, req, res) => {
      const body = request.path === "/oauth2/token/" ? JSON.stringify({ access_token: token }) : `abcd ${slow}`;
      return answer(request.path === "/oauth2/token/" ? 200 : 400, body)(request, req, res);
    });
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    const { main, post } = await runAction(inputs);
    expect(main.masks).toContain(token);
    expect(endedWithin(main, 5)).toBe(true);
    expect(post?.exitCode).toBe(0);
    expect(post && endedWithin(post, 5)).toBe(true);
  });
});

describe("the job summary after a redirect", () => {
  test("shows neither the suggestion nor a path", async () => {
    const qa = await started(startQa({}));
    qa.fault((_request, _req, res) => {
      res.writeHead(301, { location: "/people/jane.doe@example.org/oauth2/token/" }).end();
      return true;
    });
    const inputs = { provider: "qa", url: qa.url, ...qa.accounts["client-credentials"]?.inputs };
    const main = await runMain(inputs);
    expect(main.annotations.at(-1)?.message).toContain(`Set "url: ${qa.url}/people/jane.doe@example.org"`);
    expect(main.summary).toContain("What happened");
    expect(main.summary).not.toContain("jane.doe");
  });
});
