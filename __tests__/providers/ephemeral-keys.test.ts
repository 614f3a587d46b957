import { afterEach, describe, expect, test } from "@jest/globals";
import { runPost } from "../../sandbox/runner/runner.ts";
import {
  type Fault,
  loseAnswer,
  type RecordedRequest,
  type ReportPortal,
  type Service,
  startReportPortal,
  startTuleap,
  type Tuleap,
} from "../../sandbox/services/index.ts";
import {
  answerWith,
  closeServices,
  firstOf,
  inputsOf,
  leaks,
  line,
  once,
  preload,
  runAction,
  runMain,
  started,
} from "../kit/support.ts";

afterEach(closeServices);

const KEY = { provider: "reportportal", method: "ephemeral-api-key" };
const ACCESS_KEY = { provider: "tuleap", method: "ephemeral-access-key" };

/** `ate-<hash>-<run id>-<attempt>-<random>`. */
const NAME = /^ate-[0-9a-f]{8}-\d+-\d+-[0-9a-f]{6}$/;

/** Both methods that create a key for this run. */
const CREATING = [
  {
    name: "reportportal ephemeral-api-key",
    start: (): Promise<ReportPortal | Tuleap> => startReportPortal({ personality: "new" }),
    chosen: KEY,
    creation: "POST /api/users/42/api-keys",
    list: "GET /api/users/42/api-keys",
    deletion: /^DELETE \/api\/users\/42\/api-keys\/\d+$/,
  },
  {
    name: "tuleap ephemeral-access-key",
    start: (): Promise<ReportPortal | Tuleap> => startTuleap(),
    chosen: ACCESS_KEY,
    creation: "POST /api/access_keys",
    list: "GET /api/users/115/access_keys",
    deletion: /^DELETE \/api\/access_keys\/\d+$/,
  },
];

function isCreation(request: RecordedRequest): boolean {
  return request.method === "POST" && /\/(?:api-keys|access_keys)$/.test(request.path);
}

/** The names that keys were asked for, in order. */
function namesAsked(service: Service): string[] {
  return service.requests.filter(isCreation).map(({ body }) => {
    const { name, description } = JSON.parse(body);
    return name ?? description;
  });
}

/** The chosen requests do their work, but another body comes back. */
function anotherBody(chosen: (request: RecordedRequest) => boolean, body: string): Fault {
  return (request, _req, res) => {
    if (!chosen(request)) return false;
    const [head, end] = [res.writeHead.bind(res), res.end.bind(res)];
    res.writeHead = ((status: number) => head(status, { "content-type": "application/json" })) as typeof res.writeHead;
    res.end = (() => end(body)) as typeof res.end;
    return false;
  };
}

describe.each(CREATING)("$name", ({ start, chosen, creation, list, deletion }) => {
  test("the key is named after server, repository, workflow, job, run and attempt", async () => {
    const service = await started(start());
    const inputs = inputsOf(chosen, service);
    const github = { run_id: "99999999999", run_attempt: "12" };
    const named = async (more: Record<string, string>): Promise<string> => {
      expect((await runAction(inputs, { github: { ...github, ...more } })).main.exitCode).toBe(0);
      return namesAsked(service).at(-1) ?? "";
    };
    const name = await named({});
    expect(name).toMatch(/^ate-[0-9a-f]{8}-99999999999-12-[0-9a-f]{6}$/);
    expect(name.length).toBeLessThanOrEqual(40);
    const again = await named({ run_id: "100000000000", run_attempt: "1" });
    expect(again).toMatch(/^ate-[0-9a-f]{8}-100000000000-1-[0-9a-f]{6}$/);
    // One hash for one job, whatever the run; random is what is random.
    expect(again.slice(0, 12)).toBe(name.slice(0, 12));
    expect(again.slice(-6)).not.toBe(name.slice(-6));
    const hashes = [name.slice(4, 12)];
    for (const more of [
      { server_url: "https://ghes.example" },
      { repository: "o/r" },
      { workflow: "W" },
      { job: "j" },
    ]) {
      hashes.push((await named(more)).slice(4, 12));
    }
    expect(new Set(hashes).size).toBe(5);
    expect(service.live()).toEqual([]);
  });

  test("one request creates one key, which is all that main makes", async () => {
    const service = await started(start());
    const main = await runMain(inputsOf(chosen, service));
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.requests.map(line).filter((asked) => asked === creation)).toHaveLength(1);
    expect(service.live()).toEqual([expect.stringContaining(namesAsked(service)[0] ?? "no name")]);
    expect(main.outputs["env-name"]).toBe(chosen === KEY ? "RP_API_KEY" : "TULEAP_ACCESS_KEY");
    expect(main.env).toEqual({ [main.outputs["env-name"] ?? ""]: main.outputs.token });
  });

  test("after an answer that got lost, the list is asked for the name, the orphan deleted, one more made", async () => {
    const service = await started(start());
    service.fault(loseAnswer(once(isCreation)));
    const { main, post } = await runAction(inputsOf(chosen, service), {
      between: () => expect(service.live()).toHaveLength(1),
    });
    expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { probe: "accepted" } });
    const [first, second, ...more] = namesAsked(service);
    expect(more).toEqual([]);
    expect(first).toMatch(NAME);
    expect(second).toMatch(NAME);
    expect(second).not.toBe(first);
    const lines = service.requests.map(line);
    const [one, two] = [lines.indexOf(creation), lines.lastIndexOf(creation)];
    const asked = lines.slice(one + 1, two);
    expect(asked).toContain(list);
    expect(asked.at(-1)).toMatch(deletion);
    expect(asked.filter((request) => request.startsWith("DELETE"))).toHaveLength(1);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.live()).toEqual([]);
  });

  test.each([2, 100])("after %i answers that got lost, the step fails and nothing stays behind", async (count) => {
    const service = await started(start());
    service.fault(loseAnswer(firstOf(count, isCreation)));
    const { main, post } = await runAction({ ...inputsOf(chosen, service), retries: "10" });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "unavailable" } });
    expect(main.annotations).toHaveLength(1);
    expect(namesAsked(service)).toHaveLength(2);
    expect(new Set(namesAsked(service)).size).toBe(2);
    expect(service.live()).toEqual([]);
    expect(post?.log).toBe("Nothing to take back.\n");
  });

  test("with `retries: 0` an answer that got lost fails the step, and nothing stays behind", async () => {
    const service = await started(start());
    service.fault(loseAnswer(isCreation));
    const main = await runMain({ ...inputsOf(chosen, service), retries: "0" });
    expect(main.outputs.failure).toBe("unavailable");
    expect(namesAsked(service)).toHaveLength(1);
    expect(service.live()).toEqual([]);
  });

  test("after a 503 another key is made under another name", async () => {
    const service = await started(start());
    service.fault(answerWith(once(isCreation), 503, "down"));
    const { main } = await runAction(inputsOf(chosen, service));
    expect(main.exitCode).toBe(0);
    const names = namesAsked(service);
    expect(names).toHaveLength(2);
    expect(new Set(names).size).toBe(2);
    expect(service.live()).toEqual([]);
  });

  test.each([
    { what: "no key", body: "{}" },
    { what: "no JSON", body: "created" },
    { what: "a key of two lines", body: '{"id":12,"api_key":"ate-key_a\\nbcdefgh","identifier":"tlp-k1-29.ab\\ncd"}' },
    { what: "a key that is none", body: '{"id":12,"api_key":"short","identifier":"not-a-tuleap-key"}' },
  ])("an answer that holds $what is a bad-response, and the key is looked for and deleted", async ({ body }) => {
    const service = await started(start());
    service.fault(anotherBody(isCreation, body));
    const { main, post } = await runAction(inputsOf(chosen, service));
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "bad-response" }, env: {} });
    expect(namesAsked(service)).toHaveLength(1);
    expect(service.live()).toEqual([]);
    expect(post?.exitCode).toBe(0);
  });
});

describe("reportportal ephemeral-api-key", () => {
  test("the access token on the way is masked, and neither exported, put out, sealed nor left for post", async () => {
    const service = await started(startReportPortal({ personality: "new" }));
    const main = await runMain(inputsOf(KEY, service));
    const asked = service.requests.find(({ path }) => path === "/api/users");
    const access = asked?.headers.authorization?.replace("Bearer ", "") ?? "no token";
    expect(access).toMatch(/^eyJ/);
    expect(main.masks).toContain(access);
    expect(main.masks).toContain(main.outputs.token);
    expect(JSON.stringify(main.writes)).not.toContain(access);
    expect(leaks(main, [access, main.outputs.token ?? "no token"])).toEqual([]);
    expect(main.outputs.token).toMatch(/^ate-[0-9a-f]{8}-\d+-\d+-[0-9a-f]{6}_[\w-]{64}$/);
    expect(main.outputs).toMatchObject({ "expires-at": "", "expires-in": "", account: "ci-robot" });
  });

  test("the key is deleted with itself, at the place and id that the service told", async () => {
    const service = await started(startReportPortal({ personality: "6.0" }));
    const { main } = await runAction(inputsOf(KEY, service));
    const deletion = service.requests.at(-1);
    expect(deletion).toMatchObject({ method: "DELETE", path: "/api/v1/users/42/api-keys/12" });
    expect(deletion?.headers.authorization).toBe(`Bearer ${main.outputs.token}`);
    expect(service.live()).toEqual([]);
  });

  test("an orphan is found on whatever page of the list it is", async () => {
    const createdAt = new Date().toISOString();
    const leftoverKeys = Array.from({ length: 45 }, (_, index) => ({ name: `other-${index}`, createdAt }));
    const service = await started(startReportPortal({ personality: "new", leftoverKeys }));
    service.behaviour.keyList = "paged";
    const before = service.live();
    service.fault(loseAnswer(once(isCreation)));
    const { main } = await runAction(inputsOf(KEY, service));
    expect(main.exitCode).toBe(0);
    expect(service.live()).toEqual(before);
  });
});

describe("tuleap ephemeral-access-key", () => {
  const day = 86_400_000;

  test.each([
    { runner: "github-hosted", long: "6 hours", milliseconds: day / 4 },
    { runner: "self-hosted", long: "5 days", milliseconds: 5 * day },
    { runner: "", long: "6 hours", milliseconds: day / 4 },
  ])("where RUNNER_ENVIRONMENT is `$runner`, the key lives for $long", async ({ runner, milliseconds }) => {
    const service = await started(startTuleap());
    const before = Date.now();
    const main = await runMain(inputsOf(ACCESS_KEY, service), {
      env: preload(`process.env.RUNNER_ENVIRONMENT = ${JSON.stringify(runner)};`),
    });
    const after = Date.now();
    const creation = service.requests.find(isCreation);
    const asked = JSON.parse(creation?.body ?? "");
    expect(Object.keys(asked).sort()).toEqual(["description", "expiration_date", "scopes"]);
    expect(asked.scopes).toEqual(["write:rest"]);
    // PHP's DateTime::ATOM: no milliseconds, and no Z.
    expect(asked.expiration_date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
    expect(Date.parse(asked.expiration_date)).toBeGreaterThan(before + milliseconds - 60_000);
    expect(Date.parse(asked.expiration_date)).toBeLessThan(after + milliseconds + 60_000);
    expect(main.outputs["expires-at"]).toBe(asked.expiration_date.replace("+00:00", "Z"));
    expect(creation?.headers.authorization).toMatch(/^Basic /);
  });

  test("the user gets one e-mail for one key, and none for its deletion", async () => {
    const service = await started(startTuleap());
    await runAction(inputsOf(ACCESS_KEY, service));
    expect(service.emails).toHaveLength(1);
    expect(service.live()).toEqual([]);
  });

  test("the key is deleted with itself, by the id that stands in it", async () => {
    const service = await started(startTuleap());
    const { main } = await runAction(inputsOf(ACCESS_KEY, service));
    const [, id] = /^tlp-k1-(\d+)\.[0-9a-f]{64}$/.exec(main.outputs.token ?? "") ?? [];
    expect(service.requests.at(-1)).toMatchObject({ method: "DELETE", path: `/api/access_keys/${id}` });
    expect(service.requests.at(-1)?.headers).toMatchObject({ "x-auth-accesskey": main.outputs.token });
    expect(service.requests.at(-1)?.headers).not.toHaveProperty("authorization");
  });

  test("the pair for HTTP Basic is masked, and neither put out nor left for post", async () => {
    const service = await started(startTuleap());
    const main = await runMain(inputsOf(ACCESS_KEY, service));
    const pair = service.requests.find(isCreation)?.headers.authorization?.replace("Basic ", "") ?? "no pair";
    expect(main.masks).toContain(pair);
    expect(JSON.stringify(main.writes)).not.toContain(pair);
    expect(leaks(main, [pair, main.outputs.token ?? "no token"])).toEqual([]);
  });

  test("an orphan is found behind the first page of the list", async () => {
    const createdAt = new Date().toISOString();
    const leftoverKeys = Array.from({ length: 60 }, (_, index) => ({ description: `other-${index}`, createdAt }));
    const service = await started(startTuleap({ leftoverKeys }));
    const before = service.live();
    service.fault(loseAnswer(once(isCreation)));
    const { main } = await runAction(inputsOf(ACCESS_KEY, service));
    expect(main.exitCode).toBe(0);
    expect(service.live()).toEqual(before);
    expect(service.emails).toHaveLength(2);
  });

  test("keys of earlier runs are let be, since they end by themselves", async () => {
    const first = await started(startTuleap());
    await runMain(inputsOf(ACCESS_KEY, first));
    const name = namesAsked(first)[0] ?? "";
    const description = name.replace("-1658821493-", "-1658821492-");
    const createdAt = new Date(Date.now() - 7 * day).toISOString();
    const service = await started(startTuleap({ leftoverKeys: [{ description, createdAt }] }));
    await runAction(inputsOf(ACCESS_KEY, service));
    expect(service.live()).toEqual([expect.stringContaining(description)]);
  });

  test("a user name that HTTP Basic cannot carry is told before any request", async () => {
    const service = await started(startTuleap());
    const inputs = { ...inputsOf(ACCESS_KEY, service), username: "ci:robot" };
    const { main, post } = await runAction(inputs);
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(service.requests).toEqual([]);
    expect(post?.log).toBe("Nothing to take back.\n");
    expect((await runPost({ inputs }, main)).exitCode).toBe(0);
  });
});
