/**
 * Writes into the documentation what the code already says: the tables between the markers `<!-- docs:… -->`, and the
 * owner of the repository, whose one place is `config.owner` of `package.json`. `node scripts/docs.ts [--check]`
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";
import { Failure, type FailureCode } from "../src/failure.ts";
import { providers } from "../src/providers/index.ts";
import { type Ending, FIELDS, type Method, type Provider } from "../src/providers/provider.ts";
import { definitionSchema } from "./definition-schema.ts";
import { platformRegistry, platforms } from "./platforms.ts";

/** Every file that names the repository or holds a table. */
const FILES = ["*.md", "docs/**/*.md", "examples/**/*", ".github/**/*.{md,yml}", ".github/CODEOWNERS", "action.yml"];

/** Files that are written as a whole. */
const WHOLE: Readonly<Record<string, () => string>> = {
  "schema/definition.json": definitionSchema,
  "src/providers/platforms/index.ts": platformRegistry,
};

/** A new code does not compile until it is described here; `docs/troubleshooting.md` then wants a chapter on it too. */
const FAILURES: Readonly<Record<FailureCode, string>> = {
  "invalid-input": "An input is malformed, contradictory or unknown, or names a forbidden environment variable.",
  "missing-secret": "An input that should hold a secret is empty.",
  refused: "The service says that the credentials are wrong, or the probe that the token is.",
  locked: "The service has locked the account or the address for now.",
  forbidden: "The credentials are right but not allowed, or something in front of the service forbids it.",
  "wrong-url": "What answered is not this service: a redirect, a page, nothing at the endpoint, another region.",
  "rate-limited": "Too many requests (429) until the retries or the time ran out.",
  unavailable: "A fault of the service (5xx), of the network or of a proxy, or an unknown host.",
  timeout: "The service did not answer in time.",
  tls: "The certificate is not trusted, has expired, is too weak or for another host, or the service wants one of the client.",
  "bad-response": "The answer holds no usable token, is not HTTP, or is too large.",
  runner: "A file that the runner should offer is missing or cannot be written.",
  unexpected: "A defect of this action. Please report it.",
};

const ENDINGS: Readonly<Record<Ending, string>> = {
  revocable: "revoked",
  expires: "expires by itself",
  "ready-made": "left as it is",
};

/** A value for whatever a method keeps beside its token: a part of code, or a placeholder of a definition. */
const PARTS = Object.fromEntries(
  ["user-id", "use.basic", ...globSync("src/providers/platforms/*.json").flatMap(placeholdersIn)].map((name) => [
    name,
    "...",
  ]),
);

interface Manifest {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

const manifest: Manifest = parse(readFileSync("action.yml", "utf8"));
const owner: string = JSON.parse(readFileSync("package.json", "utf8")).config.owner;
if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/.test(owner)) throw new Error("config.owner is no name of a GitHub account");

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
  const wanted = WHOLE[path]?.() ?? withOwner(withTables(text, path), path);
  if (wanted !== text && !process.argv.includes("--check")) writeFileSync(path, wanted);
  return wanted !== text;
}

function withOwner(text: string, path: string): string {
  const named = text.replace(/(?<![\w.-])[A-Za-z0-9][A-Za-z0-9-]*(?=\/api-token-exchange(?![\w-]))/g, owner);
  if (path === "action.yml") return named.replace(/^author: .*$/m, `author: "${owner}"`);
  return path === ".github/CODEOWNERS" ? named.replace(/@[A-Za-z0-9-]+$/gm, `@${owner}`) : named;
}

function withTables(text: string, path: string): string {
  return text.replace(
    /(<!-- docs:([a-z-]+)(?: ([a-z-]+))? -->\n).*?(<!-- \/docs -->)/gs,
    (_whole, start: string, name: string, argument: string | undefined, end: string) =>
      `${start}\n${tableOf(name, argument, path)}\n\n${end}`,
  );
}

function tableOf(name: string, argument: string | undefined, path: string): string {
  switch (name) {
    case "inputs":
      return table(
        ["Input", "Default", "Meaning"],
        Object.entries(manifest.inputs).map(([input, { description, default: unset }]) => [
          `\`${input}\``,
          unset === undefined ? "" : `\`${unset}\``,
          description,
        ]),
      );
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
    case "providers":
      return table(
        ["Provider", "`url`", "Method", "Needs", "Sent as", "Variable", "When the job ends"],
        [...providers, ...platforms].flatMap((provider) =>
          provider.methods.map((method, index) => [
            ...(index === 0 ? [providerLink(provider), urlOf(provider)] : ["", ""]),
            ...methodCells(method),
          ]),
        ),
      );
    case "methods": {
      const provider = [...providers, ...platforms].find(({ id }) => id === argument);
      if (provider === undefined) throw new Error(`${path}: there is no provider ${argument}`);
      return table(["Method", "Needs", "Sent as", "Variable", "When the job ends"], provider.methods.map(methodCells));
    }
    default:
      throw new Error(`${path}: there is no table ${name}`);
  }
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
  // A definition takes parameters only where it names them, and then it needs them.
  const named = takes.includes("parameters") ? [...needs, "parameters"] : needs;
  const optional = takes.filter(
    (name) => FIELDS.some((field) => field === name) && !needs.some((need) => need === name),
  );
  const more = others.map((set) => {
    const added = set.needs.filter((field) => !needs.includes(field));
    return set.needs.length - added.length === needs.length
      ? `; optional: ${code(added).join(" with ")}`
      : `, or ${code(set.needs).join(", ")}`;
  });
  return (
    code(named).join(", ") + more.join("") + (optional.length > 0 ? `; optional: ${code(optional).join(", ")}` : "")
  );
}

function providerLink({ id, aliases = {} }: Provider): string {
  const others = Object.keys(aliases).map((alias) => `\`${alias}\``);
  return [`[\`${id}\`](docs/providers/${id}.md)`, ...others].join(" or ");
}

function urlOf({ defaultUrl, aliases = {} }: Provider): string {
  const others = Object.entries(aliases).flatMap(([alias, { defaultUrl: url }]) =>
    url === undefined ? [] : [`\`${url}\` for \`${alias}\``],
  );
  return defaultUrl === undefined ? "required" : [`\`${defaultUrl}\``, ...others].join(", ");
}

function failureLink(code: string, path: string): string {
  return `[\`${code}\`](${path === "README.md" ? "docs/troubleshooting.md" : ""}#${code})`;
}

function titleOf(code: FailureCode): string {
  return new Failure(code, "", { hint: "" }).title;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
