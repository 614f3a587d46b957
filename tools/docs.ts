/**
 * Writes into the documentation what the code already says: the tables between the markers `<!-- docs:… -->`, and the
 * owner of the repository, whose one place is `config.owner` of `package.json`. `node tools/docs.ts [--check]`
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path/posix";
import { parseDocument } from "yaml";
import type { FailureCode } from "../src/failure.ts";
import { FIELDS, type Method, type Provider } from "../src/providers/provider.ts";
import {
  type Described,
  ENDINGS,
  everyProvider,
  FAILURES,
  INPUT_GROUPS,
  manifest,
  titleOf,
  usesIdToken,
} from "./about.ts";
import { definitionSchema } from "./definition-schema.ts";
import { platformRegistry, platforms } from "./platforms.ts";

/** Every file that names the repository or holds a table. */
const FILES = [
  "*.md",
  "docs/**/*.md",
  "examples/**/*.*",
  ".github/**/*.{md,yml}",
  ".github/CODEOWNERS",
  "action.yml",
  "action-types.yml",
];

/** Files that are written as a whole. */
const WHOLE: Readonly<Record<string, () => string>> = {
  "schema/definition.json": definitionSchema,
  "src/providers/platforms/index.ts": platformRegistry,
};

/** A value for whatever a method keeps beside its token: a part of code, or a placeholder of a definition. */
const PARTS = Object.fromEntries(
  ["user-id", "use.basic", ...globSync("src/providers/platforms/*.json").flatMap(placeholdersIn)].map((name) => [
    name,
    "...",
  ]),
);

const owner: string = JSON.parse(readFileSync("package.json", "utf8")).config.owner;
if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/.test(owner)) throw new Error("config.owner is no name of a GitHub account");

const providers = await everyProvider();
const stale = [...globSync(FILES), ...Object.keys(WHOLE)]
  .map((path) => path.replaceAll("\\", "/"))
  .sort()
  .filter((path) => isStale(path));
if (process.argv.includes("--check")) {
  for (const path of stale) console.error(`${path} is stale: run "npm run docs" and commit what it writes.`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  console.log(stale.length > 0 ? `Written: ${stale.join(", ")}` : "Nothing was stale.");
}

/** Whether the file is not what it should be; without `--check` it is so afterwards. */
function isStale(path: string): boolean {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const wanted = WHOLE[path]?.() ?? withPlatforms(withNames(withOwner(withTables(text, path), path), path));
  if (wanted !== text && !process.argv.includes("--check")) writeFileSync(path, wanted);
  return wanted !== text;
}

function withOwner(text: string, path: string): string {
  const named = text.replace(
    /(?<![\w.-])[A-Za-z0-9][A-Za-z0-9-]*(?=(?:\.github\.io)?\/api-token-exchange(?![\w-]))/g,
    owner,
  );
  if (path === "action.yml") return named.replace(/^author: .*$/m, `author: "${owner}"`);
  return path === ".github/CODEOWNERS" ? named.replace(/@[A-Za-z0-9-]+$/gm, `@${owner}`) : named;
}

/** The platforms in what the input `provider` says of itself. */
function withPlatforms(text: string): string {
  return text.replace(/(?<=; oauth2; )[a-z, -]+(?=; custom\.)/, platforms.map(({ id }) => id).join(", "));
}

/** The lists of providers in files of YAML. */
function withNames(text: string, path: string): string {
  const ids = providers.map(({ id }) => id);
  const names = providers.flatMap((provider) => namesOf(provider));
  const lists: Readonly<Record<string, readonly (readonly [place: readonly (string | number)[], names: string[]])[]>> =
    {
      "action-types.yml": [
        [["inputs", "provider", "allowed-values"], names],
        [["outputs", "provider", "allowed-values"], ids],
      ],
      ".github/ISSUE_TEMPLATE/bug.yml": [
        [
          ["body", 2, "attributes", "options"],
          [...ids, "none of them"],
        ],
      ],
    };
  if (lists[path] === undefined) return text;
  const document = parseDocument(text);
  for (const [place, names] of lists[path]) document.setIn(place, names);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function withTables(text: string, path: string): string {
  return text.replace(
    /(<!-- docs:([a-z-]+)(?: ([a-z0-9-]+))? -->\n).*?(<!-- \/docs -->)/gs,
    (_whole, start: string, name: string, argument: string | undefined, end: string) =>
      `${start}\n${tableOf(name, argument, path)}\n\n${end}`,
  );
}

function tableOf(name: string, argument: string | undefined, path: string): string {
  switch (name) {
    case "inputs":
      return table(["Input", "Default", "Meaning"], inputRows(INPUT_GROUPS[argument ?? ""]));
    case "outputs":
      return table(
        ["Output", "Value"],
        Object.entries(manifest.outputs).map(([output, { description }]) => [`\`${output}\``, description]),
      );
    case "failures":
      return table(
        ["`failure`", "Title", "When"],
        Object.entries(FAILURES).map(([code, when]) => [failureLink(code, path), titleOf(code as FailureCode), when]),
      );
    case "services":
      return table(
        ["Service", "`provider`", "Methods", "You need"],
        providers.map((provider) => serviceCells(provider, path)),
      );
    case "providers":
      return table(
        ["Provider", "`url`", "Method", "Needs", "Sent as", "Variable", "When the job ends"],
        providers.flatMap((provider) => {
          const place = [providerLink(provider, path), urlOf(provider)];
          if (provider.methods.length === 0) return [[...place, "", "what the file names", "", "", ""]];
          return provider.methods.map((method, index) => [...(index === 0 ? place : ["", ""]), ...methodCells(method)]);
        }),
      );
    case "methods": {
      const provider = providers.find(({ id }) => id === argument);
      if (provider === undefined) throw new Error(`${path}: there is no provider ${argument}`);
      return table(["Method", "Needs", "Sent as", "Variable", "When the job ends"], provider.methods.map(methodCells));
    }
    default:
      throw new Error(`${path}: there is no table ${name}`);
  }
}

/** @throws where there is no such group */
function inputRows(group: readonly string[] | undefined): string[][] {
  if (group === undefined) throw new Error("there is no such group of inputs");
  return group.map((input) => {
    const { description = "", default: unset } = manifest.inputs[input] ?? {};
    return [`\`${input}\``, unset === undefined ? "" : `\`${unset}\``, description];
  });
}

function serviceCells(provider: Provider | Described, path: string): string[] {
  const methods = provider.methods.map(({ id, byNameOnly }) => `\`${id}\`${byNameOnly === true ? " (by name)" : ""}`);
  return [
    `[${provider.name}](${pageOf(provider, path)})`,
    namesOf(provider)
      .map((name) => `\`${name}\``)
      .join(", "),
    methods.join(", ") || "those of the file",
    neededBy(provider),
  ];
}

function placeholdersIn(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(/\{([a-z.-]+)\}/g)].map(([, name = ""]) => name);
}

function methodCells(method: Method): string[] {
  const { id, byNameOnly, envName, ending, alsoExports } = method;
  const example = { token: "...", parts: PARTS };
  const names = [envName, ...Object.keys(alsoExports?.(example) ?? {})];
  const headers = Object.entries(method.headers(example)).map(
    ([name, value]) => `\`${name}: ${value.replace(/Basic \S+/, "Basic …").replaceAll("...", "…")}\``,
  );
  return [
    byNameOnly === true ? `\`${id}\` (only by name)` : `\`${id}\``,
    needsOf(method),
    headers.length > 0 ? headers.join(", ") : "no header",
    names.map((name) => `\`${name}\``).join(", "),
    ENDINGS[ending],
  ];
}

/** Each set of fields that will do, the smallest first; what a larger one adds is optional. */
function needsOf(method: Method): string {
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``);
  const [{ needs, takes } = { needs: [], takes: [] }, ...others] = method.fieldSets();
  const isMore = (set: { needs: readonly string[] }) => needs.every((need) => set.needs.includes(need));
  const alone = takes.filter((name) => FIELDS.some((field) => field === name) && !needs.some((need) => need === name));
  const added = others.filter(isMore).map((set) => set.needs.filter((field) => !needs.includes(field)));
  const optional = [...alone.map((name) => [name]), ...added].map((set) => code(set).join(" with "));
  return [
    needs.length === 0 ? "GitHub's ID token" : code(needs).join(", "),
    ...others.filter((set) => !isMore(set)).map((set) => `, or ${code(set.needs).join(", ")}`),
    ...(optional.length > 0 ? [`; optional: ${optional.join(", or ")}`] : []),
  ].join("");
}

/** The sets of inputs that will do, whichever the method. */
function neededBy(provider: Provider | Described): string {
  if (!("pastedTail" in provider)) return "`url` and `definition`, and what it names";
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(" and ");
  const sets = provider.methods.flatMap((method) => {
    const needed = method.fieldSets().map(({ needs }) => needs);
    // A set that holds another is that one with more.
    const least = needed.filter(
      (set) => !needed.some((other) => other !== set && other.every((one) => set.includes(one))),
    );
    return least.map(code);
  });
  const known = [...new Set(sets.filter((set) => set !== ""))];
  const secretless = provider.methods.some((method) => method.byNameOnly === true && usesIdToken(method));
  const all = secretless ? [...known, "no secret at all"] : known;
  const place: Readonly<Record<string, string>> = { required: "`url`; ", "or `token-url`": "`url` or `token-url`; " };
  return `${place[urlOf(provider)] ?? ""}${all.join(", or ")}`;
}

function namesOf(provider: Provider | Described): string[] {
  const aliases = "aliases" in provider ? Object.keys(provider.aliases ?? {}) : [];
  return [provider.id, ...aliases];
}

function pageOf({ id }: Provider | Described, from: string): string {
  return relative(dirname(from), id === "custom" ? "docs/definitions.md" : `docs/providers/${id}.md`);
}

function providerLink(provider: Provider | Described, path: string): string {
  const [id = "", ...others] = namesOf(provider).map((name) => `\`${name}\``);
  return [`[${id}](${pageOf(provider, path)})`, ...others].join(" or ");
}

function urlOf(provider: Provider | Described): string {
  if (!("pastedTail" in provider)) return "required";
  const { defaultUrl, aliases = {}, placeWithoutUrl } = provider;
  if (placeWithoutUrl !== undefined) return "or `token-url`";
  const others = Object.entries(aliases).flatMap(([alias, { defaultUrl: url }]) =>
    url === undefined ? [] : [`\`${url}\` for \`${alias}\``],
  );
  return defaultUrl === undefined ? "required" : [`\`${defaultUrl}\``, ...others].join(", ");
}

function failureLink(code: string, path: string): string {
  const page = relative(dirname(path), "docs/troubleshooting.md");
  return `[\`${code}\`](${path === "docs/troubleshooting.md" ? "" : page}#${code})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
