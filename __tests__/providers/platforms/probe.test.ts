/** What a probe's answers mean at each platform, by the built action. */
import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../../sandbox/runner/runner.ts";
import type { Fault } from "../../../sandbox/services/index.ts";
import { pooled } from "../../kit/fault-stages.ts";
import { when } from "../../kit/faults.ts";
import { leaks, runAction, runMain } from "../../kit/support.ts";
import { at, closeIdTokens, idTokens, inputsOf, is, minted, secretsIn, WAYS, type Way } from "./ways.ts";

afterAll(closeIdTokens);

const PROVEN = WAYS.filter(({ probe }) => probe !== undefined);
/** The only place that may not know what was minted a moment ago. */
const MAY_NOT_KNOW = ["fortify-ssc"];

/** A fault that answers so. */
function says(status: number, body = "{}", type = "application/json"): Fault {
  return (_request, _req, res) => {
    res.writeHead(status, { "content-type": type }).end(body);
    return true;
  };
}

interface Seen {
  readonly way: string;
  readonly outcome: string;
  readonly probe: string | undefined;
  readonly failure: string | undefined;
  readonly annotations: readonly string[];
}

/** Runs a step of every method with this answer to its probe. */
function probed(fault: Fault, ways: readonly Way[], inputs: Readonly<Record<string, string>> = {}): Promise<Seen[]> {
  return pooled(ways, (way) =>
    at(way.provider, async (service) => {
      service.fault(when((method, path) => is(way.probe)({ method, path }), fault));
      const given = { ...inputsOf(way, service), ...inputs };
      const main = await runMain(given, { idTokens: await idTokens() });
      expect(leaks(main, [...secretsIn(given), ...minted(main)])).toEqual([]);
      return seen(way, main);
    }),
  );
}

function seen({ provider, method }: Way, { outcome, outputs, annotations }: StageResult): Seen {
  const [probe, failure] = [outputs.probe, outputs.failure];
  return { way: `${provider} ${method}`, outcome, probe, failure, annotations: annotations.map(({ type }) => type) };
}

function all(ways: readonly Way[], wanted: Omit<Seen, "way">): Seen[] {
  return ways.map(({ provider, method }) => ({ way: `${provider} ${method}`, ...wanted }));
}

const UNSURE = { outcome: "success", probe: "inconclusive", failure: "" } as const;

describe("at the probe of each platform", () => {
  test("401 refuses the credential, but where what is new may not be known yet", async () => {
    const refused = PROVEN.filter(({ provider }) => !MAY_NOT_KNOW.includes(provider));
    const wanted = { outcome: "failure", probe: "refused", failure: "refused", annotations: ["error"] };
    expect(await probed(says(401, '{"message":"Unauthorized"}'), refused)).toEqual(all(refused, wanted));
    const unsure = PROVEN.filter(({ provider }) => MAY_NOT_KNOW.includes(provider));
    const seen = await probed(says(401, '{"message":"Unauthorized"}'), unsure);
    expect(seen).toEqual(all(unsure, { ...UNSURE, annotations: ["warning"] }));
  });

  test("403 says that the credential is known, which is a plain line, and fails a strict step as forbidden", async () => {
    expect(await probed(says(403), PROVEN)).toEqual(all(PROVEN, { ...UNSURE, annotations: [] }));
    const strict = { outcome: "failure", probe: "inconclusive", failure: "forbidden", annotations: ["error"] };
    expect(await probed(says(403), PROVEN, { probe: "strict" })).toEqual(all(PROVEN, strict));
  });

  test.each<readonly [what: string, fault: Fault, strict: string]>([
    ["a page", says(200, "<!doctype html><title>Sign in</title>", "text/html"), "wrong-url"],
    ["nothing there", says(404), "wrong-url"],
    ["an answer without what tells who asks", says(200, '{"hello":"stranger"}'), "bad-response"],
    [
      "an answer that tells it as null",
      says(
        200,
        '{"expiration":null,"username":null,"data":null,"userName":null,"token_id":null,"uuid":null,"valid":null}',
      ),
      "bad-response",
    ],
    ["no answer in a format that was asked for", says(406), "bad-response"],
    ["an outage", says(503), "unavailable"],
  ])("%s tells nothing of the credential, which fails a strict step", async (_what, fault, failure) => {
    const strict = { outcome: "failure", probe: "inconclusive", failure, annotations: ["error"] };
    expect(await probed(fault, PROVEN, { retries: "0", probe: "strict" })).toEqual(all(PROVEN, strict));
  });

  test("what tells nothing of the credential is a warning otherwise", async () => {
    expect(await probed(says(404), PROVEN)).toEqual(all(PROVEN, { ...UNSURE, annotations: ["warning"] }));
  });

  test("a redirect is another service", async () => {
    const fault: Fault = (_request, _req, res) => {
      res.writeHead(302, { location: "https://elsewhere.example/login" }).end();
      return true;
    };
    const wanted = { outcome: "failure", failure: "wrong-url", annotations: ["error"] };
    const seen = await probed(fault, PROVEN);
    expect(seen.map(({ probe: _, ...rest }) => rest)).toEqual(
      all(PROVEN, { ...wanted, probe: "" }).map(({ probe: _, ...rest }) => rest),
    );
  });
});

describe("what was made for a run and is refused at its probe", () => {
  test.each(
    WAYS.filter(({ ends, probe, provider }) => ends === "revoked" && probe && !MAY_NOT_KNOW.includes(provider)),
  )("is taken back all the same: $provider", async (way) => {
    await at(way.provider, async (service) => {
      service.fault(when((method, path) => is(way.probe)({ method, path }), says(401)));
      const { main, post } = await runAction(inputsOf(way, service), { idTokens: await idTokens() });
      expect(main.annotations[0]?.message).toContain("minted a moment ago");
      expect(post?.log).toContain("the credential is revoked");
      expect(service.live()).toEqual([]);
    });
  });
});

test("what came out of a seal and is refused asks to run all jobs again", async () => {
  const key = randomBytes(32).toString("base64");
  const texts = await pooled(PROVEN, (way) =>
    at(way.provider, async (service) => {
      const { main } = await runAction({ ...inputsOf(way, service), "seal-key": key }, { idTokens: await idTokens() });
      service.fault(when((method, path) => is(way.probe)({ method, path }), says(401)));
      const opened = await runMain({ sealed: main.outputs.sealed ?? "", "seal-key": key });
      expect(leaks(opened, minted(main))).toEqual([]);
      return [way.provider, opened.outputs.failure, opened.annotations[0]?.message.includes("re-run all jobs")];
    }),
  );
  expect(texts).toEqual(PROVEN.map(({ provider }) => [provider, "refused", true]));
});
