/** Gathers what the page knows: from the registry, `action.yml`, the page on OAuth2, and real runs. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { readDefinition } from "../../src/providers/definition/read.ts";
import { FIELDS, type Method, OPTIONS, type Provider } from "../../src/providers/provider.ts";
import { everyProvider, manifest, usesIdToken } from "../../tools/about.ts";
import type { Facts, MethodFacts, Recipe, ServiceFacts } from "../page/facts.ts";
import { record } from "./record.ts";

/** Where an example has to name another host than the service's id. */
const HOSTS: Readonly<Record<string, string>> = { virtuozzo: "app", oauth2: "login", custom: "service" };

export async function gatherFacts(repository: string): Promise<Facts> {
  const services = await Promise.all((await everyProvider()).map(serviceFacts));
  return {
    repository,
    inputs: Object.fromEntries(Object.entries(manifest.inputs).map(([name, { description }]) => [name, description])),
    services,
    recipes: recipesOf(readFileSync("docs/providers/oauth2.md", "utf8")),
  };
}

type Known = Awaited<ReturnType<typeof everyProvider>>[number];

async function serviceFacts(provider: Known): Promise<ServiceFacts> {
  const { id, name } = provider;
  const example = `https://${HOSTS[id] ?? id}.example.com`;
  if (!("pastedTail" in provider)) return { id, name, url: { isNeeded: true, example }, methods: [OWN] };
  const methods: MethodFacts[] = [];
  const runs = await record(provider, provider.defaultUrl ?? example);
  for (const method of provider.methods) methods.push({ ...methodFacts(provider, method), ...runs[method.id] });
  return { id, name, url: { isNeeded: provider.defaultUrl === undefined, example }, methods };
}

/** What a definition of the reader's own is until it is read. */
const OWN: MethodFacts = {
  id: "custom",
  isNamed: false,
  needs: ["username", "password"],
  options: ["parameters", "env-name"],
  parameters: [],
  usesIdToken: false,
  variables: ["ACCESS_TOKEN"],
  ending: "expires",
};

function methodFacts(provider: Provider, method: Method): MethodFacts {
  const [{ needs, takes } = { needs: [], takes: [] }, ...more] = method.fieldSets();
  const known: readonly string[] = [...takes, ...more.flatMap((set) => set.takes)];
  const example = { token: "…", parts: new Proxy<Record<string, string>>({}, { get: () => "…" }) };
  return {
    id: method.id,
    isNamed: method.byNameOnly === true || isHidden(provider, method),
    needs,
    // A client's id is no secret; where it need not be given, it is an option like others.
    options: [
      ...(known.includes("client-id") && !needs.includes("client-id") ? ["client-id"] : []),
      ...OPTIONS.filter((name) => known.includes(name)),
      "env-name",
    ],
    parameters: parametersOf(provider, method),
    usesIdToken: usesIdToken(method),
    variables: [method.envName, ...Object.keys(method.alsoExports?.(example) ?? {})],
    ending: method.ending,
  };
}

/** Whether the same credentials lead to a method that stands before it. */
function isHidden({ methods }: Provider, method: Method): boolean {
  const same = methods.filter(
    (other) =>
      other.byNameOnly !== true && String(other.fieldSets()[0]?.needs) === String(method.fieldSets()[0]?.needs),
  );
  return same[0] !== method;
}

/** The names that a definition reads from the input `parameters`. */
function parametersOf({ id }: Provider, method: Method): string[] {
  const path = `src/providers/platforms/${id}.json`;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const described = JSON.stringify(readDefinition(text).methods[method.id]);
  return [...new Set([...described.matchAll(/\{parameters\.([\w.-]+)\}/g)].map(([, name = ""]) => name))];
}

/** The recipes of the page on OAuth2: a step each, under the name of the server. */
function recipesOf(page: string): Recipe[] {
  const chapters = page.split(/^## /m).filter((chapter) => /^(?:Servers|Services)\n/.test(chapter));
  return chapters.flatMap((chapter) => chapter.split(/^### /m).slice(1).flatMap(recipesIn));
}

function recipesIn(chapter: string): Recipe[] {
  const [heading = ""] = chapter.split("\n");
  const blocks = [...chapter.matchAll(/^```yaml\n(- uses: .*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.map((block, index) => {
    const [{ with: given }]: [{ with: Record<string, unknown> }] = parse(block);
    const method = given.method ?? ("private-key" in given ? "private-key-jwt" : "client-credentials");
    const inputs = Object.entries(given)
      .map(([name, value]): [string, string] => [name, String(value).trim()])
      .filter(([name, value]) => !["provider", "method"].includes(name) && !isCredential(name, value));
    return {
      id: `${heading.toLowerCase().replace(/[^a-z0-9]+/g, "-")}${index === 0 ? "" : `-${index + 1}`}`,
      name: index === 0 ? heading : `${heading}, ${method}`,
      method: String(method),
      inputs: Object.fromEntries(inputs),
    };
  });
}

function isCredential(name: string, value: string): boolean {
  return FIELDS.some((field) => field === name) && value.includes("secrets.");
}
