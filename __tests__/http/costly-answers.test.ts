import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "@jest/globals";
import { services } from "../../sandbox/services/index.ts";
import type { Fault, RecordedRequest, Service } from "../../sandbox/services/service.ts";
import { WAYS } from "../kit/fault-stages.ts";
import { answerWith, closeServices, endedWithin, inputsOf, runAction, started } from "../kit/support.ts";

afterEach(closeServices);

/** The `timeout` that a step is given, in seconds. */
const LIMIT = 3;

async function step(way: keyof typeof WAYS, inputs: Readonly<Record<string, string>>, fault?: Fault) {
  const service = await started<Service>(services[WAYS[way].provider]({}));
  service.fault(fault);
  const all = { ...inputsOf(WAYS[way], service), timeout: String(LIMIT), retries: "0", ...inputs };
  const { main, post } = await runAction(all, { timeLimit: 90_000, between: () => service.fault(undefined) });
  return { main, post, left: service.live() };
}

describe("what a service answers", () => {
  test("in codings inside of each other that grow without an end and come to nothing is not decoded to its end", async () => {
    // A deflate stream of empty blocks: it never holds a byte.
    const empty = Buffer.alloc(20_000_000).fill(Buffer.from([0, 0, 0, 0xff, 0xff]));
    const member = gzipSync(empty, { level: 9 });
    const body = gzipSync(Buffer.concat(Array.from({ length: 3_000 }, () => member)), { level: 9 });
    const headers = { "content-type": "application/json", "content-encoding": "deflate, gzip, gzip" };
    const { main } = await step("QA", {}, (_request, _req, res) => {
      res.writeHead(200, headers).end(body);
      return true;
    });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "bad-response" } });
    expect(main.annotations[0]?.message).toContain("is larger than 1 MiB");
    expect(endedWithin(main, LIMIT)).toBe(true);
  });

  const LONG = `[${"0,".repeat(500_000)}0]`;
  const lists = ({ method, path }: RecordedRequest) => method === "GET" && /\/(?:api-keys|access_keys)/.test(path);

  test("as a list of half a million keys is no defect of the action, and keeps nothing from being taken back", async () => {
    const { main, post, left } = await step("ReportPortal key", {}, answerWith(lists, 200, LONG));
    expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { probe: "accepted", failure: "" } });
    expect(post?.log).toContain("is revoked at");
    expect(left.filter((one) => one.includes("ate-"))).toEqual([]);
  });

  test("as such a list after a creation that met a fault ends with the fault of the creation", async () => {
    const isCreation = ({ method }: RecordedRequest) => method === "POST";
    const fault: Fault = (request, req, res) =>
      answerWith(isCreation, 500, "{}")(request, req, res) || answerWith(lists, 200, LONG)(request, req, res);
    const { main } = await step("Tuleap key", {}, fault);
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "unavailable" } });
    expect(main.annotations.map(({ title }) => title)).toEqual(["A key may be left", "Service unavailable"]);
  });
});
