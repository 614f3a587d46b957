import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { runPost } from "../../sandbox/runner/runner.ts";
import { loseAnswer, type Service } from "../../sandbox/services/index.ts";
import { answerWith, inputsOf, line, mishap, once, REVOCABLE, runAction, runMain, staySilent } from "../kit/support.ts";

const any = (): boolean => true;

/** The lines of the requests that came after the first so many. */
function since(service: Service, count: number): string[] {
  return service.requests.slice(count).map(line);
}

describe.each(REVOCABLE)("$name: what lives after main and post is what lived before, where", (revocable) => {
  const { isProbe, revocation } = revocable;
  let service: Service;
  let inputs: Record<string, string>;
  let before: string[];

  beforeAll(async () => {
    service = await revocable.start();
    inputs = inputsOf(revocable, service);
    // A credential of another job, which has to outlive everything that follows.
    await runMain(inputs);
    before = service.live();
    expect(before).toHaveLength(1);
  });
  afterEach(() => {
    service.fault(undefined);
    expect(service.live()).toEqual(before);
  });
  afterAll(() => service.close());

  test("all goes well", async () => {
    let during: string[] = [];
    let sent = 0;
    const { main, post } = await runAction(inputs, {
      between: () => {
        during = service.live();
        sent = service.requests.length;
      },
    });
    expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { probe: "accepted", failure: "" } });
    expect(during).toHaveLength(2);
    expect(during).toContain(before[0]);
    expect(post).toMatchObject({ exitCode: 0, outcome: "success", annotations: [], outputs: {}, env: {} });
    expect(post?.log).toContain(`the credential is revoked at 127.0.0.1:${service.port}.`);
    expect(since(service, sent)).toEqual([expect.stringMatching(revocation)]);
  });

  test("the probe refuses it", async () => {
    // Virtuozzo says no by `result`, all others by the status; QA's no to a token just minted counts with `strict` only.
    service.fault(answerWith(isProbe, 401, '{"result":3,"error":"unknown"}'));
    const { main, post } = await runAction({ ...inputs, probe: "strict" });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "refused" }, env: {} });
    expect(main.outputs).not.toHaveProperty("token");
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("the credential is revoked at");
  });

  test("the step fails after the probe", async () => {
    const { main, post } = await runAction(inputs, { env: mishap("the write fails", "token<<") });
    expect(main).toMatchObject({ exitCode: 1, outputs: { probe: "accepted", failure: "runner" }, env: {} });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
  });

  test("main is killed right after the exchange, before it sends the probe", async () => {
    const sent = service.requests.length;
    const { main, post } = await runAction(inputs, {
      env: mishap("killed after", "revocable"),
      between: () => expect(service.live()).toHaveLength(2),
    });
    expect(main).toMatchObject({ exitCode: null, signal: "SIGKILL" });
    expect(service.requests.slice(sent).filter(isProbe)).toEqual([]);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toContain("the credential is revoked at");
  });

  test("the job is cancelled right after the exchange", async () => {
    service.fault(staySilent(isProbe));
    const { main, post } = await runAction(inputs, { env: mishap("cancelled after", "revocable") });
    // Had it waited for the probe, a warning would say so.
    expect(main).toMatchObject({ exitCode: 1, signal: null, annotations: [] });
    expect(main.outputs).not.toHaveProperty("token");
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
  });

  test.each([
    ["the service is down", answerWith(once(any), 503, "down for maintenance")],
    ["the connection breaks after the service has done its work", loseAnswer(once(any))],
  ])("%s for one request of post", async (_, fault) => {
    const { post } = await runAction(inputs, { between: () => service.fault(fault) });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post?.log).toMatch(/Attempt 1 failed \(.+\); the next one follows in \d\.\d s\./);
    expect(post?.log).toMatch(/the credential (?:is revoked|was already gone) at/);
  });

  test("post runs twice", async () => {
    const { main, post } = await runAction(inputs);
    expect(post?.log).toContain("the credential is revoked at");
    const again = await runPost({ inputs }, main);
    expect(again).toMatchObject({ exitCode: 0, annotations: [] });
    // RFC 7009 has a 200 for a token that is no longer known, too.
    expect(again.log).toContain(
      ["qa", "oauth2"].includes(revocable.provider) ? "is revoked at" : "was already gone at",
    );
  });
});
