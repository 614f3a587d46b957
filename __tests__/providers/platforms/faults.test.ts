/** Every fault that a service can have at its exchange, at every platform. */
import { afterAll, describe, expect, test } from "@jest/globals";
import type { Fault } from "../../../sandbox/services/index.ts";
import { Failure, type FailureCode } from "../../../src/failure.ts";
import { openClient } from "../../../src/http/client.ts";
import { findProvider } from "../../../src/providers/index.ts";
import type { Step } from "../../../src/providers/provider.ts";
import { pooled } from "../../kit/fault-stages.ts";
import { faults, when } from "../../kit/faults.ts";
import { RUN } from "../../kit/scripted.ts";
import { formsOf, leaks, runAction, runMain, shown } from "../../kit/support.ts";
import { at, closeIdTokens, idTokens, inputsOf, is, MINTING, minted, secretsIn, type Way } from "./ways.ts";

afterAll(closeIdTokens);

type FaultName = keyof typeof faults;

/** What each fault means at whatever service, by the contract's judging order. */
const CODES: Readonly<Partial<Record<FailureCode, (name: string) => boolean>>> = {
  timeout: (name) => /silent|^drips|for ever|^408/.test(name),
  unavailable: (name) => /without an answer|^breaks off|^resets|^50\d|^511/.test(name),
  "rate-limited": (name) => name.startsWith("429"),
  "wrong-url": (name) => /^30\d|^40[45]|^410|^(?:200|400|406) (?:with a|of a) (?:login )?(?:page|firewall)/.test(name),
  refused: (name) => name.startsWith("401 without"),
  forbidden: (name) => /^403|^401 with a page/.test(name),
};

/** Where a platform's own way is another: a text is what Dependency-Track answers with. */
const BUT: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>> = {
  "dependency-track": {
    "200 in plain text": "a token",
    "200 with a number": "a token",
    "200 with JSON that breaks off": "a token",
  },
};

function codeOf(name: string): string {
  return Object.entries(CODES).find(([, isIt]) => isIt(name))?.[0] ?? "bad-response";
}

/** What the parser of Node does not take; where tests run it is one of another realm, so the built action is asked. */
const FOR_THE_PARSER: readonly string[] = [
  "answers in another protocol",
  "answers with random bytes",
  "sends a header with a line break",
  "sends 100 kB of headers",
  "tells two lengths",
];

/** The limit of the exchange in seconds: only what ends by it has to wait for it. */
function limitOf(name: string): number {
  return codeOf(name) === "timeout" ? 2 : 60;
}

/** The same by the built action. */
async function exchangedByStep(way: Way, fault: Fault) {
  return at(way.provider, async (service) => {
    service.fault(when((method, path) => is(way.exchange)({ method, path }), fault));
    const inputs = inputsOf(way, service);
    const main = await runMain({ ...inputs, retries: "0" }, { idTokens: await idTokens() });
    return { code: main.outputs.failure, said: shown(main), secrets: secretsIn(inputs) };
  });
}

/** Exchanges at a platform that has this fault; what came of it, and what was said. */
async function exchanged(way: Way, fault: Fault, seconds: number) {
  return at(way.provider, async (service) => {
    const provider = await findProvider(way.provider);
    if (provider === undefined || "define" in provider) throw new Error(`there is no ${way.provider}`);
    const { provider: _, method: id, url, ...given } = inputsOf(way, service);
    const prepared = provider.methods.find((method) => method.id === id)?.prepare(given);
    service.fault(when((method, path) => is(way.exchange)({ method, path }), fault));
    const client = openClient({ baseUrl: url ?? "", onRetry: () => {}, random: () => 0 });
    try {
      await prepared?.exchange(client.stage({ seconds, retries: 0 }), QUIET);
      return { code: "a token", said: "", secrets: secretsIn(given) };
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      return { code: thrown.code, said: [thrown.message, thrown.hint].join(" "), secrets: secretsIn(given) };
    } finally {
      client.close();
    }
  });
}

const QUIET: Step = {
  secret: () => {},
  revocable: () => {},
  mayExist: () => {},
  settled: () => {},
  note: () => {},
  warn: () => {},
  idToken: async () => "an-id-token",
  run: RUN,
};

describe("a fault of the exchange", () => {
  test.each(Object.keys(faults) as FaultName[])("“%s” means the same at every platform", async (name) => {
    const seen = await pooled(MINTING, async (way) => {
      const exchange = FOR_THE_PARSER.includes(name) ? exchangedByStep : exchanged;
      const { code, said, secrets } = await exchange(way, faults[name], limitOf(name));
      return { provider: way.provider, code, leaks: secrets.flatMap(formsOf).filter((form) => said.includes(form)) };
    });
    const wanted = MINTING.map(({ provider }) => ({
      provider,
      code: BUT[provider]?.[name] ?? codeOf(name),
      leaks: [],
    }));
    expect(seen).toEqual(wanted);
  });
});

/** Repeats all that it was sent, as it came and as a service would print it. */
const repeating: Fault = (request, _req, res) => {
  const basic = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString();
  const said = [
    request.body,
    decodeURIComponent(request.body.replaceAll("+", " ")),
    request.headers.authorization,
    basic,
  ];
  const message = said.join(" | ");
  res.writeHead(400, { "content-type": "application/json" });
  res.end(JSON.stringify({ error: message, error_description: message, message, errors: [{ msg: message, message }] }));
  return true;
};

describe("a service that repeats what it was sent", () => {
  test("shows none of it in log, annotation and summary", async () => {
    const seen = await pooled(MINTING, (way) =>
      at(way.provider, async (service) => {
        service.fault(repeating);
        const inputs = inputsOf(way, service);
        const main = await runMain({ ...inputs, summary: "true", retries: "0" }, { idTokens: await idTokens() });
        return { way: way.provider, outcome: main.outcome, leaks: leaks(main, secretsIn(inputs)) };
      }),
    );
    expect(seen).toEqual(MINTING.map(({ provider }) => ({ way: provider, outcome: "failure", leaks: [] })));
  });
});

describe("a fault of the revocation", () => {
  const REVOKED = MINTING.filter(({ ends }) => ends === "revoked");

  test.each(REVOKED)(
    "at $provider is one warning without a word of the service, and the job stays green",
    async (way) => {
      await at(way.provider, async (service) => {
        const inputs = inputsOf(way, service);
        const { main, post } = await runAction(inputs, {
          idTokens: await idTokens(),
          between: () => service.fault(repeating),
        });
        expect(main).toMatchObject({ outcome: "success" });
        expect(post).toMatchObject({ outcome: "success" });
        expect(post?.annotations.map(({ type, title }) => `${type}: ${title}`)).toEqual(["warning: Not revoked"]);
        expect(post?.annotations[0]?.message).toContain("status 400");
        if (post !== undefined) expect(leaks(post, [...secretsIn(inputs), ...minted(main)])).toEqual([]);
        expect(service.live()).toHaveLength(1);
      });
    },
  );
});
