import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type RecordedRequest, type Service, services } from "../../sandbox/services/index.ts";
import { pooled, WAYS, type Way } from "../kit/fault-stages.ts";
import { closeServices, line, runAction, started } from "../kit/support.ts";

/**
 * A cancelled step must lose nothing that it is minting. Here every service does its work at once and answers late, and
 * SIGINT comes at one moment after the other. `SWEEP=full npm test -- cancel-minting` plays each 5 milliseconds.
 */
const STEP = process.env.SWEEP === "full" ? 5 : 25;

/** Milliseconds from the work of the service to its answer. */
const LATE = 150;

/** Milliseconds after the first request in which SIGINT comes: past the answers, through the probe, to the end of the step. */
const UNTIL = { "one answer": 300, "two answers": 420 } as const;

afterEach(closeServices);

const MINTING: readonly Way[] = Object.values(WAYS);

/** The requests whose answers bring a secret. */
function mints({ method, path }: RecordedRequest): boolean {
  return (
    method === "POST" &&
    /(?:^|\/oauth2?)\/token\/?$|\/api-keys$|\/authenticate$|\/signin$|\/api\/tokens$|\/access_keys$/.test(path)
  );
}

function answerLate(res: ServerResponse, milliseconds: number): void {
  const end = res.end.bind(res);
  res.end = ((body: string) => {
    setTimeout(() => end(body), milliseconds);
    return res;
  }) as typeof res.end;
}

function inputsAt(way: Way, service: Service): Record<string, string> {
  return { provider: way.provider, method: way.method, url: service.url, ...service.accounts[way.method]?.inputs };
}

/** Resolves so many milliseconds after it was told to. */
function alarm(milliseconds: number): { readonly rung: Promise<void>; start(): void } {
  let ring = () => {};
  const rung = new Promise<void>((resolve) => {
    ring = resolve;
  });
  return { rung, start: () => setTimeout(ring, milliseconds) };
}

test("SIGINT at any moment of a step leaves nothing alive after post", async () => {
  const cases = MINTING.flatMap((way) => {
    const until = UNTIL[way.method === "ephemeral-api-key" ? "two answers" : "one answer"];
    return Array.from({ length: Math.ceil(until / STEP) }, (_, index) => ({ way, moment: index * STEP }));
  });
  const seen = await pooled(
    cases,
    async ({ way, moment }) => {
      const service = await services[way.provider]({});
      const before = service.live();
      const { rung, start } = alarm(moment);
      service.fault((request, _req, res) => {
        if (service.requests.length === 1) start();
        if (mints(request)) answerLate(res, LATE);
        return false;
      });
      try {
        const { main, post } = await runAction(inputsAt(way, service), {
          cancelWhen: rung,
          between: () => service.fault(undefined),
        });
        const left = service.live().filter((one) => !before.includes(one));
        return {
          left: way.stages.revocation === undefined ? [] : left,
          // A step that had ended before the signal came is no cancelled one.
          exitCode: main.outputs.failure === "" ? 1 : main.exitCode,
          annotations: [...main.annotations, ...(post?.annotations ?? [])],
          post: post?.exitCode,
        };
      } finally {
        await service.close();
      }
    },
    4,
  );
  const wrong = seen.flatMap((one, index) =>
    one.left.length === 0 && one.exitCode === 1 && one.annotations.length === 0 && one.post === 0
      ? []
      : [{ ...cases[index], ...one }],
  );
  expect(wrong).toEqual([]);
  expect(seen).toHaveLength(cases.length);
  expect(cases.length).toBeGreaterThanOrEqual(STEP === 5 ? 444 : 89);
});

describe("SIGINT while a request that mints is not answered", () => {
  test.each(MINTING.map((way) => ({ way, name: `${way.provider} ${way.method}` })))(
    "waits for the answer, masks and saves what it brings, and sends nothing more: $name",
    async ({ way }) => {
      const service = await started<Service>(services[way.provider]({}));
      const { rung, start } = alarm(0);
      let minted = "";
      service.fault((request, _req, res) => {
        if (way.stages.exchange?.(request.method, request.path) !== true) return false;
        // A busy machine has the time to send the signal before the answer is there.
        answerLate(res, 2_500);
        const end = res.end.bind(res);
        res.end = ((body: string) => {
          minted = body;
          return end(body);
        }) as typeof res.end;
        start();
        return false;
      });
      const inputs = { ...inputsAt(way, service), probe: "false" };
      let sent: string[] = [];
      const { main, post } = await runAction(inputs, {
        cancelWhen: rung,
        between: () => {
          sent = service.requests.map(line);
          service.fault(undefined);
        },
      });
      expect(main).toMatchObject({ exitCode: 1, signal: null, annotations: [], env: {}, stderr: "" });
      expect(Object.keys(main.outputs).sort()).toEqual(["method", "provider", "url"]);
      expect(main.masks.some((mask) => mask.length > 20 && minted.includes(mask))).toBe(true);
      expect(sent.at(-1)).toMatch(/^POST /);
      expect(sent.filter((request) => request === sent.at(-1))).toHaveLength(1);
      if (way.stages.revocation !== undefined) {
        expect(JSON.parse(main.state.revocation ?? "")).toMatchObject({ kind: "revocable" });
        expect(post?.log).toContain("is revoked at");
        expect(service.live()).toEqual([]);
      }
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    },
  );

  test("and brings a refusal: the step ends as a cancelled one, without an annotation", async () => {
    const service = await started(services.virtuozzo({}));
    const { rung, start } = alarm(0);
    service.fault((_request, _req, res) => {
      answerLate(res, 2_500);
      start();
      return false;
    });
    const inputs = { ...inputsAt(WAYS.Virtuozzo, service), password: "wrong-password" };
    const { main, post } = await runAction(inputs, { cancelWhen: rung });
    expect(main).toMatchObject({ exitCode: 1, outcome: "cancelled", annotations: [], summary: "" });
    expect(main.outputs).not.toHaveProperty("failure");
    expect(post?.log).toBe("Nothing to take back.\n");
  });
});

/** What becomes of a creation that the service has carried out. */
const MISHAPS: Readonly<Record<string, (res: ServerResponse) => void>> = {
  "the connection breaks": (res) => {
    res.end = (() => {
      setTimeout(() => res.destroy(), LATE);
      return res;
    }) as typeof res.end;
  },
  "it is answered with 500": (res) => answerInstead(res, 500, '{"message":"Internal Server Error"}'),
  "it is answered with 503": (res) => answerInstead(res, 503, ""),
  "it is answered without the key": (res) => answerInstead(res, 201, '{"id":0,"identifier":"none"}'),
};

function answerInstead(res: ServerResponse, status: number, body: string): void {
  const { writeHead, end } = { writeHead: res.writeHead.bind(res), end: res.end.bind(res) };
  res.writeHead = (() => res) as typeof res.writeHead;
  res.end = (() => {
    setTimeout(() => {
      writeHead(status, { "content-type": "application/json" });
      end(body);
    }, LATE);
    return res;
  }) as typeof res.end;
}

test("SIGINT while the key of a creation that met a fault is looked for and deleted leaves none", async () => {
  const keys = [WAYS["ReportPortal key"], WAYS["Tuleap key"]];
  const moments = Array.from({ length: 600 / (STEP * 4) }, (_, index) => index * STEP * 4);
  const cases = keys.flatMap((way) =>
    Object.entries(MISHAPS).flatMap(([what, play]) => moments.map((moment) => ({ way, what, play, moment }))),
  );
  const seen = await pooled(
    cases,
    async ({ way, play, moment }) => {
      const service = await services[way.provider]({});
      const { rung, start } = alarm(moment);
      let created = false;
      service.fault((request, _req, res) => {
        if (way.stages.exchange(request.method, request.path) && request.method === "POST" && !created) {
          created = true;
          start();
          play(res);
        } else if (created) {
          answerLate(res, LATE);
        }
        return false;
      });
      try {
        const { main, post } = await runAction(inputsAt(way, service), {
          cancelWhen: rung,
          between: () => service.fault(undefined),
        });
        // The service's own leftovers of before are not this step's.
        const left = service.live().filter((one) => one.includes("ate-"));
        // A step that had ended before the signal came tells its failure.
        const told = main.outputs.failure === undefined ? main.annotations.length : 0;
        return [main.exitCode, told, post?.exitCode, left.length];
      } finally {
        await service.close();
      }
    },
    4,
  );
  const wrong = seen.flatMap((one, index) =>
    JSON.stringify(one) === JSON.stringify([1, 0, 0, 0])
      ? []
      : [{ what: cases[index]?.what, way: cases[index]?.way.provider, moment: cases[index]?.moment, one }],
  );
  expect(wrong).toEqual([]);
});
