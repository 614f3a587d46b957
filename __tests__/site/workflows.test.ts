/** The workflows that the page writes, played against stand-ins of the services. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type IdTokens, startIdTokens } from "../../sandbox/runner/id-token.ts";
import { platforms, type Service, services } from "../../sandbox/services/index.ts";
import { type Choice, isPossible, methodsFor, USES, type Use } from "../../site/page/choice.ts";
import type { Facts, MethodFacts, ServiceFacts } from "../../site/page/facts.ts";
import { filesOf, secretName, variablesOf } from "../../site/page/workflow.ts";
import type { Ending } from "../../src/providers/provider.ts";
import { everyProvider } from "../../tools/about.ts";
import { buildPage } from "../kit/site.ts";
import { runWorkflow, type StepRun, type WorkflowRun } from "../kit/workflow.ts";

const folder = mkdtempSync(join(tmpdir(), "site-played-"));
const running: Record<string, Service> = {};
let idTokens: IdTokens;
let facts: Facts;

beforeAll(async () => {
  facts = buildPage(folder).facts;
  idTokens = await startIdTokens();
  for (const [id, start] of Object.entries({ ...services, ...platforms }))
    running[id] = await start({ trusts: idTokens });
});
afterAll(async () => {
  for (const service of Object.values(running)) await service.close();
  await idTokens?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every method once, every use of each service, and every hand-off that something takes back. */
const providers = (await everyProvider()).filter(({ id }) => Object.hasOwn({ ...services, ...platforms }, id));
const isPlayed = (use: Use, ending: Ending, isFirst: boolean) =>
  use === "upload" || use === "secretless" || isFirst || (use === "seal" && ending === "revocable");
const COMBINATIONS = providers.flatMap(({ id: service, methods }) =>
  methods.flatMap(({ id: method, ending }, index) =>
    USES.filter((use) => isPlayed(use, ending, index === 0)).map((use) => ({ service, method, use })),
  ),
);

const TELL = "#!/bin/sh\nenv | cut -d= -f1 | sed 's/^/has /'\n";
const TOOLS = { "run-tests": TELL, upload: TELL, report: TELL };

/** The inputs of an account for the method; where it uses another set of credentials, those of an account that has them. */
function inputsOf({ id }: ServiceFacts, { id: method, needs }: MethodFacts): Record<string, string> {
  const accounts = running[id]?.accounts ?? {};
  const others = Object.values(accounts).map(({ inputs }) => inputs);
  const missing = needs.filter((field) => accounts[method]?.inputs[field] === undefined);
  const found = missing.map((field) => [field, others.find((inputs) => inputs[field] !== undefined)?.[field] ?? ""]);
  return { ...accounts[method]?.inputs, ...Object.fromEntries(found) };
}

/** The choice of a reader whose service is the stand-in. */
function chosen(id: string, methodId: string, use: Use): Choice | undefined {
  const service = facts.services.find((one) => one.id === id);
  const method = service?.methods.find((one) => one.id === methodId);
  if (service === undefined || method === undefined || !isPossible(use, service)) return undefined;
  if (!methodsFor(use, service).includes(method)) return undefined;
  const account = inputsOf(service, method);
  // A client that is named beside other credentials and has no secret there is a public one.
  const named = running.oauth2?.accounts["client-assertion"]?.inputs["client-id"] ?? "";
  const options = method.options.flatMap((name) =>
    name === "client-id"
      ? id === "oauth2"
        ? [[name, named]]
        : []
      : account[name] === undefined
        ? []
        : [[name, account[name]]],
  );
  const inputs = { url: running[id]?.url ?? "", ...Object.fromEntries(options) };
  const others = facts.services.filter((one) => one.id === (id === "tuleap" ? "reportportal" : "tuleap"));
  return { service, method, use, inputs, others: use === "matrix" ? others : [] };
}

/** The secrets that a repository would hold for all services. */
function secretsFor({ service, method, others }: Choice): Record<string, string> {
  const secrets: Record<string, string> = { SEAL_KEY: randomBytes(32).toString("base64") };
  for (const [one, its] of [[service, method] as const, ...others.map((other) => [other, other.methods[0]] as const)]) {
    if (its === undefined) continue;
    const account = inputsOf(one, its);
    for (const field of its.needs) secrets[secretName(one, its, field)] = account[field] ?? "";
    const credentials = Object.fromEntries(its.needs.map((field) => [field, account[field] ?? ""]));
    secrets[`${one.id.toUpperCase().replaceAll("-", "_")}_CREDENTIALS`] = JSON.stringify(credentials);
  }
  return secrets;
}

function stepsOf({ jobs }: WorkflowRun): StepRun[] {
  return jobs.flatMap(({ steps, called }) => [...steps, ...(called === undefined ? [] : stepsOf(called))]);
}

describe("what the page writes works", () => {
  test("for many combinations", () => expect(COMBINATIONS.length).toBeGreaterThan(30));

  test.each(COMBINATIONS)("$service, $method, $use", async ({ service: id, method: methodId, use }) => {
    const choice = chosen(id, methodId, use);
    // What needs a stored secret is not offered where none shall be stored.
    if (choice === undefined) return expect(use).toBe("secretless");
    const before = running[id]?.live();
    const files = filesOf(choice, facts);
    const last = files.at(-1)?.text ?? "";
    const upload = join(folder, "upload.yml");
    if (use === "reusable") writeFileSync(upload, files[0]?.text ?? "");
    const here = choice.others.reduce(
      (text, other) => text.replaceAll(other.url.example, running[other.id]?.url ?? ""),
      last,
    );
    const run = await runWorkflow(here, {
      secrets: secretsFor(choice),
      idTokens,
      files: TOOLS,
      workflows: { "your-organization/workflows/.github/workflows/upload.yml": upload },
    });
    const steps = stepsOf(run);
    const logs = steps.map(({ name, log }) => `${name}\n${log}`).join("\n");
    expect([run.conclusion, logs]).toEqual(["success", logs]);
    expect(logs).not.toContain("##[error]");
    expect(steps.find(({ action }) => action !== undefined)?.outputs.method).toBe(methodId);
    const reading = steps.find(({ name }) => /^\.\/(?:upload|report)/.test(name));
    for (const name of use === "matrix" ? ["SERVICE_TOKEN", "SERVICE_HEADERS"] : variablesOf(choice)) {
      expect(reading?.log).toContain(`has ${name}\n`);
    }
    if (choice.method.ending === "revocable") expect(running[id]?.live()).toEqual(before);
  });
});
