import { randomBytes } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { definitions, type Service } from "../../../sandbox/services/index.ts";
import { readDefinition } from "../../../src/providers/definition/read.ts";
import { leaks, runAction, runMain } from "../../kit/support.ts";

const FILES = globSync("examples/definitions/*.json")
  .map((path) => path.replaceAll("\\", "/"))
  .sort();
const SEAL_KEY = randomBytes(32).toString("base64");

/** What each way in of each worked example comes to. */
const EXPECTED: Readonly<Record<string, { env: readonly string[]; probe: string; post: string }>> = {
  "octane custom": {
    env: ["OCTANE_SESSION", "OCTANE_USER"],
    probe: "skipped",
    post: "ALM Octane: the credential is revoked at",
  },
  "defectdojo password": { env: ["DEFECTDOJO_TOKEN"], probe: "accepted", post: "DefectDojo offers no revocation" },
  "defectdojo api-key": { env: ["DEFECTDOJO_TOKEN"], probe: "accepted", post: "" },
  "sessions custom": { env: ["SESSION_TOKEN"], probe: "accepted", post: "Sessions: the credential is revoked at" },
};

const WAYS = Object.entries(EXPECTED).map(([name, expected]) => {
  const [id = "", method = ""] = name.split(" ");
  return { id, method, ...expected };
});

async function at(id: string, use: (service: Service) => Promise<void>): Promise<void> {
  const service = await definitions[id]?.();
  if (service === undefined) throw new Error(`${id} has no stand-in`);
  try {
    await use(service);
  } finally {
    await service.close();
  }
}

test("every worked example has a stand-in, and every method of it a row here", async () => {
  expect(FILES.map((file) => basename(file, ".json"))).toEqual(Object.keys(definitions));
  const ways: string[] = [];
  for (const id of Object.keys(definitions)) {
    await at(id, async ({ accounts }) => {
      ways.push(...Object.keys(accounts).map((method) => `${id} ${method}`));
    });
  }
  expect(ways.sort()).toEqual(Object.keys(EXPECTED).sort());
});

describe.each(WAYS)("$id, $method,", ({ id, method, env, probe, post: says }) => {
  const inputsAt = ({ url, accounts }: Service): Record<string, string> => ({
    ...{ provider: "custom", definition: `examples/definitions/${id}.json`, method, url },
    ...accounts[method]?.inputs,
  });
  const workspace = process.cwd();

  test("gives a job what it promises, and leaves nothing behind", () =>
    at(id, async (service) => {
      const inputs = inputsAt(service);
      const { main, post } = await runAction(inputs, { workspace });
      expect(main).toMatchObject({ outcome: "success", annotations: [], outputs: { probe, "env-name": env[0] } });
      expect(Object.keys(main.env)).toEqual(env);
      expect(post).toMatchObject({ outcome: "success", annotations: [] });
      expect(post?.log).toContain(says);
      expect(service.live()).toEqual([]);
      expect(leaks(main, [secretOf(inputs), ...Object.values(main.env)])).toEqual([]);
    }));

  test("travels in a seal, and needs no file where it is opened", () =>
    at(id, async (service) => {
      const sealing = await runAction({ ...inputsAt(service), "seal-key": SEAL_KEY }, { workspace });
      const { sealed = "" } = sealing.main.outputs;
      const revoke = service.live().length > 0 ? { revoke: "true" } : {};
      const { main, post } = await runAction({ sealed, "seal-key": SEAL_KEY, ...revoke });
      expect(main).toMatchObject({ outcome: "success", env: sealing.main.env, outputs: { probe } });
      expect(main.outputs.headers).toBe(sealing.main.outputs.headers);
      expect(post?.annotations).toEqual([]);
      expect(service.live()).toEqual([]);
    }));

  test("refuses a wrong secret, which is not shown", () =>
    at(id, async (service) => {
      const inputs = inputsAt(service);
      const name = ["token", "password", "client-secret"].find((field) => inputs[field] !== undefined) ?? "";
      const wrong = `${inputs[name]}x`;
      const main = await runMain({ ...inputs, [name]: wrong }, { workspace });
      expect(main).toMatchObject({ outcome: "failure", env: {}, outputs: { failure: "refused", provider: "custom" } });
      expect(leaks(main, [wrong])).toEqual([]);
    }));
});

test("the login service says with 200 that too many wrong passwords came, which is a lock", () =>
  at("sessions", async (service) => {
    const { username = "" } = service.accounts.custom?.inputs ?? {};
    const inputs = {
      provider: "custom",
      definition: "examples/definitions/sessions.json",
      url: service.url,
      username,
    };
    const codes: (string | undefined)[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      const main = await runMain({ ...inputs, password: "not-the-password" }, { workspace: process.cwd() });
      codes.push(main.outputs.failure);
    }
    expect(codes).toEqual([...Array(5).fill("refused"), "locked"]);
  }));

function secretOf(inputs: Readonly<Record<string, string>>): string {
  return inputs.token ?? inputs.password ?? inputs["client-secret"] ?? "";
}

describe("the page on definitions", () => {
  const page = readFileSync("docs/definitions.md", "utf8");
  const blocks = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = ""]) => text);

  test.each(blocks.map((text, index) => ({ name: `block ${index + 1}`, text })))(
    "$name is a definition",
    ({ text }) => {
      expect(Object.keys(readDefinition(text).methods).length).toBeGreaterThan(0);
    },
  );

  test.each(FILES)("shows %s as it is", (file) => {
    expect(blocks).toContain(readFileSync(file, "utf8"));
  });
});
