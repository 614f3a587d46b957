import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type LeftoverApiKey,
  type Personality,
  type ReportPortal,
  type ReportPortalBehaviour,
  startReportPortal,
} from "../../sandbox/services/index.ts";
import type { Client } from "../../src/http/client.ts";
import type { Http } from "../../src/http/http.ts";
import { parseSettings } from "../../src/input/settings.ts";
import { reportportal } from "../../src/providers/reportportal.ts";
import { sweep } from "../../src/step/sweep.ts";
import { inputsOf as asRead } from "../kit/given.ts";
import { answerWith, closeServices, inputsOf, runAction, runMain, started, staySilent } from "../kit/support.ts";

afterEach(closeServices);

const KEY = { provider: "reportportal", method: "ephemeral-api-key" };

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Hash of this job's keys, as a run of it has written it. */
let hash = "";
beforeAll(async () => {
  const service = await startReportPortal({ personality: "new" });
  await runMain(inputsOf(KEY, service));
  [, hash = ""] = /"ate-([0-9a-f]{8})-1658821493-1-[0-9a-f]{6}"/.exec(service.live().join()) ?? [];
  await service.close();
  expect(hash).not.toBe("");
});

/** A key as an earlier run of this job named it. */
function leftover(age: number, { run = "1658000000", attempt = "1", end = "abcdef" } = {}): LeftoverApiKey {
  return { name: `ate-${hash}-${run}-${attempt}-${end}`, createdAt: new Date(Date.now() - age).toISOString() };
}

async function startWith(
  leftoverKeys: readonly LeftoverApiKey[],
  personality: Personality = "new",
  behaviour: Partial<ReportPortalBehaviour> = {},
): Promise<ReportPortal> {
  const service = await started(startReportPortal({ personality, leftoverKeys }));
  Object.assign(service.behaviour, behaviour);
  return service;
}

/** Names of the keys that are left, the account's own pre-made one aside. */
function names(service: ReportPortal): string[] {
  return service.keys.slice(1).map(({ name }) => name);
}

const isList = ({ method, path }: { method: string; path: string }): boolean =>
  method === "GET" && path.includes("/api-keys");

describe.each<{ personality: Personality }>([
  { personality: "legacy" },
  { personality: "new" },
  { personality: "6.0" },
])("ReportPortal $personality", ({ personality }) => {
  test.each<{ keyList: ReportPortalBehaviour["keyList"] }>([
    { keyList: "items" },
    { keyList: "array" },
    { keyList: "paged" },
  ])("what a killed run left is deleted, and nobody else's key, from a list of the form $keyList", async (form) => {
    const dead = leftover(7 * DAY);
    // The same name, but another user's: in the legacy generation whoever knows the id can delete it.
    const stranger: LeftoverApiKey = { ...leftover(7 * DAY), owner: "stranger" };
    const own = [
      leftover(5 * DAY + 23 * 60 * MINUTE, { end: "aaaaaa" }),
      { name: "deploy", createdAt: dead.createdAt },
    ];
    const service = await startWith([stranger, dead, ...own], personality, form);
    const { main, post } = await runAction(inputsOf(KEY, service));
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.log).toContain("Deleted keys that earlier runs of this job had left: 1.");
    expect(post?.log).toContain("is revoked at");
    expect(service.keys.map(({ name, userId }) => `${name} of ${userId}`)).toEqual([
      "ci pipeline of 42",
      `${stranger.name} of 1`,
      ...own.map(({ name }) => `${name} of 42`),
    ]);
  });
});

test("at most two keys are deleted by one run, and the next run goes on", async () => {
  const dead = ["a", "b", "c"].map((letter) => leftover(8 * DAY, { end: letter.repeat(6) }));
  const service = await startWith(dead);
  const { main } = await runAction(inputsOf(KEY, service));
  expect(main.log).toContain("Deleted keys that earlier runs of this job had left: 2.");
  expect(names(service)).toHaveLength(1);
  await runAction(inputsOf(KEY, service));
  expect(names(service)).toEqual([]);
});

test("a leftover is found behind the first page of the list", async () => {
  const createdAt = new Date().toISOString();
  const others = Array.from({ length: 25 }, (_, index) => ({ name: `other-${index}`, createdAt }));
  const service = await startWith([...others, leftover(7 * DAY)], "new", { keyList: "paged" });
  await runAction(inputsOf(KEY, service));
  expect(names(service)).toEqual(others.map(({ name }) => name));
});

describe("a key survives", () => {
  const named = (name: string, owner: "self" | "stranger" = "self"): LeftoverApiKey => ({
    name,
    createdAt: new Date(Date.now() - 30 * DAY).toISOString(),
    owner,
  });

  test("until it is over 6 days old", async () => {
    const survivors = [6 * DAY - MINUTE, 6 * DAY - 60 * MINUTE, MINUTE, -7 * DAY].map((age, index) =>
      leftover(age, { end: `aaaaa${index}` }),
    );
    const service = await startWith([...survivors, leftover(6 * DAY + MINUTE)]);
    const { main } = await runAction(inputsOf(KEY, service));
    expect(main.log).toContain("had left: 1.");
    expect(names(service)).toEqual(survivors.map(({ name }) => name));
  });

  test("that is of this very run, in whatever attempt", async () => {
    const survivors = ["1", "2", "17"].map((attempt) => leftover(30 * DAY, { run: "1658821493", attempt }));
    const service = await startWith(survivors);
    await runAction(inputsOf(KEY, service));
    expect(names(service)).toEqual(survivors.map(({ name }) => name));
  });

  test("whose name only looks like one of this job's", async () => {
    const survivors = [
      `ate-${hash.startsWith("0") ? "1" : "0"}${hash.slice(1)}-1658000000-1-abcdef`,
      `ate-${hash.toUpperCase()}-1658000000-1-abcdef`,
      `ate-${hash.slice(1)}-1658000000-1-abcdef`,
      `ate--1658000000-1-abcdef`,
      `my-ate-${hash}-1658000000-1-abcdef`,
      ` ate-${hash}-1658000000-1-abcdef`,
      `ate-${hash}-1658000000-1-abcdef-x`,
      `ate-${hash}-1658000000-1-abcdef\n`,
      `ate-${hash}-1658000000-1-abcdef\nx`,
      `ate-${hash}-1658000000-1-abcde`,
      `ate-${hash}-1658000000-1-abcdef0`,
      `ate-${hash}-1658000000-1-ABCDEF`,
      `ate-${hash}-1658000000-1-abcdeg`,
      `ate-${hash}-1658000000-1-`,
      `ate-${hash}-1658000000-abcdef`,
      `ate-${hash}-1658000000--abcdef`,
      `ate-${hash}-16580x-1-abcdef`,
      `ate-${hash}-1.658e9-1-abcdef`,
      `ate-${hash}--1658-1-abcdef`,
      `ate-${hash}-٣٤-1-abcdef`,
      `ATE-${hash}-1658000000-1-abcdef`,
      `gha-${hash}-1658000000-1-abcdef`,
      `ate_${hash}_1658000000_1_abcdef`,
      `ate-${hash}`,
      "ate",
      "",
    ].map((name) => named(name));
    const service = await startWith(survivors);
    const { main } = await runAction(inputsOf(KEY, service));
    expect(main.log).not.toContain("Deleted");
    expect(names(service)).toEqual(survivors.map(({ name }) => name));
  });

  test("of another repository, workflow, job or server", async () => {
    const dead = leftover(30 * DAY);
    const service = await startWith([dead]);
    for (const other of [
      { repository: "o/r" },
      { workflow: "W" },
      { job: "j" },
      { server_url: "https://ghes.example" },
    ]) {
      await runAction(inputsOf(KEY, service), { github: other });
      expect(names(service)).toEqual([dead.name]);
    }
  });

  /** What becomes of old leftovers of this job when the list shows them with other values. */
  async function survivorsOf(values: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const planted = values.map((_, index) => leftover(30 * DAY, { run: String(1658000000 + index) }));
    const service = await startWith(planted);
    const items = values.map((value, index) => ({ ...service.keys[index + 1], value: undefined, ...value }));
    service.fault(answerWith(isList, 200, JSON.stringify({ items })));
    const { main } = await runAction(inputsOf(KEY, service));
    expect(main.exitCode).toBe(0);
    expect(main.log).not.toContain("Deleted");
    expect(service.keys.map(({ name }) => name)).toEqual(["ci pipeline", ...planted.map(({ name }) => name)]);
  }

  test("whose time of creation cannot be read", () =>
    survivorsOf(
      [
        null,
        undefined,
        "",
        "long ago",
        "7",
        "key 12",
        0,
        1577836800,
        1577836800.123,
        "1577836800000",
        true,
        {},
        "0000-00-00T00:00:00Z",
      ].map((created_at) => ({
        created_at,
      })),
    ));

  test("whose id is no whole number", () =>
    survivorsOf(["12/../11", "12?x", "11", -11, 11.5, null].map((id) => ({ id, created_at: "2020-01-01T00:00:00Z" }))));

  test("but one that cannot be read does not save the others", async () => {
    const service = await startWith([leftover(30 * DAY)]);
    const [, planted] = service.keys;
    const dead = { id: planted?.id, name: planted?.name, created_at: "2020-01-01T00:00:00Z" };
    service.fault(answerWith(isList, 200, JSON.stringify([{ id: 7 }, null, "x", dead])));
    await runAction(inputsOf(KEY, service));
    expect(names(service)).toEqual([]);
  });

  test("where nothing is to be revoked", async () => {
    const dead = leftover(7 * DAY);
    const service = await startWith([dead]);
    await runAction({ ...inputsOf(KEY, service), revoke: "false" });
    expect(names(service)).toContain(dead.name);
    expect(service.requests.filter(({ method }) => method === "DELETE")).toEqual([]);
  });
});

describe("the clean-up is a favour, and no fault of it is one of the step:", () => {
  test.each([
    { what: "the list is refused", fault: answerWith(isList, 403, '{"errorCode":4003,"message":"no"}') },
    { what: "the list is down", fault: answerWith(isList, 503, "down") },
    { what: "the list is a page", fault: answerWith(isList, 200, "<html></html>", { "content-type": "text/html" }) },
    { what: "the list is something else", fault: answerWith(isList, 200, '{"keys":[1]}') },
    {
      what: "a list of pages without end",
      fault: answerWith(isList, 200, '{"content":[],"page":{"totalPages":99999}}'),
    },
  ])("$what", async ({ fault }) => {
    const service = await startWith([leftover(7 * DAY)]);
    service.fault(fault);
    const { main, post } = await runAction(inputsOf(KEY, service));
    expect(main).toMatchObject({ exitCode: 0, annotations: [], outputs: { probe: "accepted", failure: "" } });
    expect(service.requests.filter(isList).length).toBeLessThanOrEqual(20);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(names(service)).toHaveLength(1);
  });

  test.each([
    [3, 3],
    [60, 10],
  ])("with a `timeout` of %i seconds it is given %i", async (timeout, given) => {
    const seconds: number[] = [];
    const client: Client = {
      stage: (limits) => {
        seconds.push(limits.seconds);
        const send = () => Promise.reject(new Error("nothing is sent"));
        const http: Http = { baseUrl: "", host: "", send, at: () => http };
        return http;
      },
      proxyHost: undefined,
      clockAhead: () => undefined,
      close: () => {},
    };
    const [method] = reportportal.methods;
    if (method === undefined) throw new Error("ReportPortal has no method");
    const target = { provider: { ...reportportal, sweep: async () => 0 }, method, url: "", place: "", envName: "" };
    const handle = { secret: "ate-key_0123456789" };
    const run = { server: "", repository: "", workflow: "", job: "", id: "1", attempt: "1", selfHosted: false };
    await sweep(target, handle, client, { ...parseSettings(asRead({})), timeout }, run);
    expect(seconds).toEqual([given]);
  });

  test("a service that stays silent ends it without a fault", async () => {
    const service = await startWith([leftover(7 * DAY)]);
    service.fault(staySilent(isList));
    const { main } = await runAction({ ...inputsOf(KEY, service), timeout: "5" });
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.log).not.toContain("Deleted keys");
  });

  test("a key that could not be deleted is not told to be", async () => {
    const service = await startWith([leftover(7 * DAY)]);
    service.fault(answerWith(({ method, path }) => method === "DELETE" && path.endsWith("/12"), 403, "{}"));
    const { main, post } = await runAction(inputsOf(KEY, service));
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.log).not.toContain("Deleted");
    expect(post?.log).toContain("is revoked at");
  });
});
