/** GitHub's ID token, asked for and sent in the place of a stored secret. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { startIdTokens } from "../../../sandbox/runner/id-token.ts";
import type { Fault } from "../../../sandbox/services/service.ts";
import { answer, faults, json, page } from "../../kit/faults.ts";
import { answerWith, endedWithin, leaks } from "../../kit/support.ts";
import { closeStages, failureOf, first, jwtOf, kept, stage } from "./stage.ts";

afterEach(closeStages);

const SECRETLESS = ["client-assertion", "jwt-bearer", "token-exchange"];
const NAMES = ["client_assertion", "assertion", "subject_token"];

function sentTokens(bodies: readonly { form: URLSearchParams }[]): string[] {
  return bodies.flatMap(({ form }) => NAMES.flatMap((name) => form.get(name) ?? []));
}

describe("the service of the local runner", () => {
  const github = {
    repository: "octo-org/octo-repo",
    repository_owner: "octo-org",
    ref: "refs/heads/main",
    run_id: "7",
  };

  async function asked(query: string, token?: string) {
    const idTokens = await kept(startIdTokens());
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url = "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: own = "" } =
      idTokens.variables(github);
    const response = await fetch(url + query, { headers: { authorization: `Bearer ${token ?? own}` } });
    return { status: response.status, body: (await response.json()) as { value?: string } };
  }

  test("gives a token for the audience that is asked for, else for the owner", async () => {
    const { body } = await asked("&audience=https%3A%2F%2Fa.example%2F%3Fb%26c");
    expect(jwtOf(body.value ?? "").claims.aud).toBe("https://a.example/?b&c");
    expect(jwtOf((await asked("")).body.value ?? "").claims).toMatchObject({
      aud: "https://github.com/octo-org",
      sub: "repo:octo-org/octo-repo:ref:refs/heads/main",
      run_id: "7",
    });
  });

  test("refuses a wrong request token, and an audience that is none or two", async () => {
    expect((await asked("", "another")).status).toBe(401);
    expect((await asked("&audience=")).status).toBe(400);
    expect((await asked("&audience=a&audience=b")).status).toBe(400);
  });
});

describe("the ID token", () => {
  test.each(SECRETLESS)("is asked for with the issuer as its audience (%s)", async (method) => {
    const { main, server, idTokens, tokenRequests } = await stage();
    const ended = await main(method, { probe: "false" });
    expect(ended.outputs.failure).toBe("");
    const request = first(idTokens.requests);
    expect(request.path).toMatch(/\?api-version=2\.0&audience=[^&]+$/);
    expect(new URL(request.path, idTokens.url).searchParams.get("audience")).toBe(server.url);
    expect(request.headers["user-agent"]).toMatch(/^api-token-exchange\//);
    expect(sentTokens(tokenRequests()).map((token) => jwtOf(token).claims.aud)).toEqual([server.url]);
  });

  test.each(SECRETLESS)("is asked for with the audience that is given (%s)", async (method) => {
    const audience = "api://Exchange & more/é";
    const { main, tokenRequests } = await stage({ idTokenAudience: audience });
    expect((await main(method, { "id-token-audience": audience })).outputs.failure).toBe("");
    expect(sentTokens(tokenRequests()).map((token) => jwtOf(token).claims.aud)).toEqual([audience]);
  });

  test("has to be given an audience where nothing else tells it", async () => {
    for (const method of SECRETLESS) {
      const { main, server, idTokens } = await stage();
      const ended = await main(method, { url: "", "token-url": `${server.url}/token` });
      expect(failureOf(ended)).toMatch(/^invalid-input: The input "id-token-audience" is empty/);
      expect([server.requests, idTokens.requests]).toEqual([[], []]);
    }
  });

  test("is for the issuer where `url` names it beside `token-url`", async () => {
    const { main, server } = await stage();
    const ended = await main("client-assertion", { "token-url": `${server.url}/token`, probe: "false" });
    expect(ended.outputs.failure).toBe("");
  });

  test.each(SECRETLESS)("and the token to ask with are masked before they are used (%s)", async (method) => {
    const { main, tokenRequests, idTokens } = await stage();
    const ended = await main(method);
    const requestToken = first(idTokens.requests).headers.authorization?.replace("Bearer ", "") ?? "";
    const masks = [requestToken, ...sentTokens(tokenRequests())];
    expect(ended.masks).toEqual(expect.arrayContaining(masks));
    expect(leaks(ended, masks)).toEqual([]);
    expect(JSON.stringify(ended.state)).not.toContain(masks[1]);
  });

  test.each(SECRETLESS)("is a new one for each attempt (%s)", async (method) => {
    const { main, server, tokenRequests } = await stage();
    let left = 2;
    // The server has taken the first two, and the answers are lost.
    server.fault((request, req, res) => {
      if (request.path !== "/token" || left-- <= 0) return false;
      res.end = () => {
        req.socket.destroy();
        return res;
      };
      return false;
    });
    const ended = await main(method);
    expect(ended.outputs.failure).toBe("");
    const tokens = sentTokens(tokenRequests());
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(3);
  });

  test("proves the client again where the token is introspected and taken back, a new one each time", async () => {
    const { run, server, idTokens } = await stage();
    const { main, post } = await run("client-assertion");
    expect(main.outputs.probe).toBe("accepted");
    expect(post?.log).toContain("is revoked");
    const tokens = server.requests.flatMap(({ body }) => new URLSearchParams(body).get("client_assertion") ?? []);
    expect(new Set(tokens).size).toBe(3);
    expect(idTokens.requests).toHaveLength(3);
    expect(post?.masks).toEqual(expect.arrayContaining(tokens.slice(2)));
    expect(server.live()).toEqual([]);
  });

  test("that the service does not trust is shown by `iss`, `sub` and `aud`, but not in the summary", async () => {
    for (const method of SECRETLESS) {
      const { main, server, idTokens } = await stage({}, {}, { immutableSubject: true });
      const ended = await main(method);
      expect(ended.outputs.failure).toBe("refused");
      const failure = failureOf(ended);
      expect(failure).toContain(`iss "${idTokens.issuer}"`);
      expect(failure).toContain('sub "repo:octo-org@9919/octo-repo@1296269:ref:refs/heads/main"');
      expect(failure).toContain(`aud "${server.url}"`);
      expect(ended.summary).toContain("issuer, subject and audience");
      expect(ended.summary).not.toContain("octo-repo");
    }
  });

  test("can begin no command by what it says", async () => {
    const { main } = await stage({}, {}, { environment: "##[error]x\n::set-output name=token::forged" });
    const ended = await main("client-assertion");
    expect(ended.outputs).toMatchObject({ failure: "refused" });
    expect(ended.outputs.token).toBeUndefined();
    expect(
      ended.raw.split("\n").filter((line) => line.includes("##[error]x") || line.startsWith("::set-output")),
    ).toEqual([]);
  });
});

describe("without an ID token", () => {
  test.each(SECRETLESS)("%s shows the permission to add", async (method) => {
    const { main, tokenRequests } = await stage();
    const ended = await main(method, {}, { idTokens: undefined } as object);
    const failure = failureOf(ended);
    expect(failure).toMatch(/^missing-secret: /);
    for (const words of ["permissions:", "id-token: write", "fork", "called workflow"])
      expect(failure).toContain(words);
    expect(tokenRequests()).toEqual([]);
  });

  test.each<{ what: string; fault: Fault; code: string; requests: number }>([
    { what: "a page", fault: page(200), code: "bad-response", requests: 1 },
    { what: "nothing in its answer", fault: answer(200), code: "bad-response", requests: 1 },
    { what: "an answer without a value", fault: json(200, '{"count":1}'), code: "bad-response", requests: 1 },
    { what: "an empty value", fault: json(200, '{"value":""}'), code: "bad-response", requests: 1 },
    { what: "a value that is no text", fault: json(200, '{"value":7}'), code: "bad-response", requests: 1 },
    { what: "1 MiB and more", fault: faults["sends without an end"], code: "bad-response", requests: 1 },
    { what: "401", fault: json(401, '{"message":"no"}'), code: "forbidden", requests: 1 },
    { what: "403", fault: json(403, '{"message":"no"}'), code: "forbidden", requests: 1 },
    { what: "a redirect", fault: faults["302 to another host"], code: "wrong-url", requests: 1 },
    { what: "a fault of its own", fault: faults["503"], code: "unavailable", requests: 2 },
    { what: "silence", fault: faults["stays silent"], code: "timeout", requests: 1 },
    { what: "a closed connection", fault: faults["closes without an answer"], code: "unavailable", requests: 2 },
  ])("but with $what the step fails as $code, and sends nothing on", async ({ fault, code, requests }) => {
    const { main, idTokens, tokenRequests } = await stage();
    idTokens.fault(fault);
    const ended = await main("jwt-bearer", { retries: "1", timeout: "5" });
    expect(failureOf(ended)).toMatch(new RegExp(`^${code}: `));
    expect(idTokens.requests).toHaveLength(requests);
    expect(tokenRequests()).toEqual([]);
    expect(endedWithin(ended, 5)).toBe(true);
  });

  test("that can be sent, the value is no token", async () => {
    const { main, idTokens, tokenRequests } = await stage();
    idTokens.fault(json(200, JSON.stringify({ value: "two\nlines of it" })));
    const ended = await main("client-assertion");
    expect(failureOf(ended)).toMatch(/^bad-response: /);
    expect(tokenRequests()).toEqual([]);
    expect(leaks(ended, ["lines of it"])).toEqual([]);
  });

  test("an audience that the service refuses is told with what it answered", async () => {
    const { main, idTokens } = await stage();
    idTokens.fault(answerWith(() => true, 400, '{"message":"The audience is not valid."}'));
    expect(failureOf(await main("jwt-bearer"))).toMatch(/^bad-response: .*status 400/);
  });
});
