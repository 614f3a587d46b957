/** From a choice to the files that a reader copies. */
import type { Choice } from "./choice.ts";
import type { Facts, MethodFacts, ServiceFacts } from "./facts.ts";
import { entry, expression, indent, item } from "./yaml.ts";

export interface File {
  readonly path: string;
  readonly text: string;
}

/** Where the definition of a service of one's own stands. */
export const DEFINITION = ".github/tokens/service.json";

/** The variable that all services of a matrix share. */
const SHARED = "SERVICE_TOKEN";

/** The files of a choice: one workflow, or a called one and its caller. */
export function filesOf(choice: Choice, { repository }: Facts): File[] {
  const uses = `uses: ${repository}@v1`;
  switch (choice.use) {
    case "matrix":
      return [{ path: ".github/workflows/nightly.yml", text: text(matrix(choice, uses)) }];
    case "reusable":
      return [
        { path: ".github/workflows/upload.yml", text: text(called(choice, uses)) },
        { path: ".github/workflows/tests.yml", text: text(caller(choice)) },
      ];
    case "seal":
      return [{ path: ".github/workflows/tests.yml", text: text(sealed(choice, uses)) }];
    default:
      return [{ path: ".github/workflows/tests.yml", text: text(upload(choice, uses)) }];
  }
}

/** The name of the secret that holds a credential, the same in every recipe. */
export function secretName(service: ServiceFacts, { id }: MethodFacts, field: string): string {
  const kind = field === "token" ? (/(?:api|access)-key$/.exec(id)?.[0] ?? field) : field;
  return constant(`${service.id}-${kind}`);
}

function upload(choice: Choice, uses: string): string[] {
  const always = `if: ${expression("!cancelled()")} # also after failed tests`;
  return [
    ...head("Tests", "push"),
    ...job(
      "test",
      permissions([choice.method], true),
      item(["uses: actions/checkout@v7"]),
      item(["run: ./run-tests"]),
      exchange(uses, inputsOf(choice), always),
      item([`run: ./upload # reads ${variablesOf(choice).join(" and ")}`, always]),
    ),
  ];
}

function matrix(choice: Choice, uses: string): string[] {
  const entries = [choice, ...choice.others.map((service) => alone(service, choice))].map(entryOf);
  const names = [...new Set(entries.flatMap((one) => Object.keys(one)))].filter((name) => name !== "credentials");
  const given = names.map((name) => [name, expression(`matrix.${name}`)] as const);
  const inputs = {
    ...Object.fromEntries(given),
    ...(entries.some((one) => one.credentials) && { credentials: expression("secrets[matrix.credentials]") }),
    "env-name": SHARED,
  };
  const methods = [choice.method, ...choice.others.flatMap(({ methods: [first] }) => first ?? [])];
  return [
    ...head("Nightly", ["schedule:", '  - cron: "17 3 * * *"']),
    "jobs:",
    ...indent([
      "report:",
      ...indent([
        "strategy:",
        ...indent(["fail-fast: false", "matrix:", ...indent(["include:", ...indent(entries.flatMap(asItem))])]),
        "runs-on: ubuntu-latest",
        ...permissions(methods, needsCheckout([choice.service, ...choice.others])),
        "steps:",
        ...indent([
          ...(needsCheckout([choice.service, ...choice.others]) ? item(["uses: actions/checkout@v7"]) : []),
          ...item([
            "id: token",
            uses,
            "with:",
            ...indent(Object.entries(inputs).flatMap(([name, value]) => entry(name, value))),
          ]),
          ...item([
            `run: ./upload # reads ${SHARED} and SERVICE_HEADERS`,
            "env:",
            `  SERVICE_HEADERS: ${expression("steps.token.outputs.headers")}`,
          ]),
        ]),
      ]),
    ]),
  ];
}

/** A service as the matrix takes it without further choice: by its first method. */
function alone(service: ServiceFacts, choice: Choice): Choice {
  return { ...choice, service, method: service.methods[0] ?? choice.method, inputs: {}, others: [] };
}

/** What one entry of the matrix says: all that the step needs, with the credentials by the name of their secret. */
function entryOf(choice: Choice): Record<string, string> {
  const { service, method } = choice;
  const { needs } = method;
  const inputs = Object.entries(inputsOf(choice)).filter(([name]) => name !== "env-name" && !needs.includes(name));
  const credentials = needs.length > 0 ? { credentials: constant(`${service.id}-credentials`) } : {};
  return { ...Object.fromEntries(inputs), ...credentials };
}

function asItem(one: Readonly<Record<string, string>>): string[] {
  return item(Object.entries(one).flatMap(([name, value]) => entry(name, value)));
}

function called(choice: Choice, uses: string): string[] {
  const secrets = secretsOf(choice).flatMap((name) => [`${name}:`, "  required: true"]);
  return [
    ...head(
      "Upload results",
      secrets.length > 0 ? ["workflow_call:", "  secrets:", ...indent(secrets, 2)] : ["workflow_call:"],
    ),
    ...job(
      "upload",
      permissions([choice.method], needsCheckout([choice.service])),
      needsCheckout([choice.service]) ? item(["uses: actions/checkout@v7"]) : [],
      exchange(uses, inputsOf(choice)),
      item([`run: ./upload # reads ${variablesOf(choice).join(" and ")}`]),
    ),
  ];
}

function caller(choice: Choice): string[] {
  const secrets = secretsOf(choice).map((name) => `${name}: ${expression(`secrets.${name}`)}`);
  return [
    ...head("Tests", "push"),
    "jobs:",
    ...indent([
      "upload:",
      ...indent([
        "uses: your-organization/workflows/.github/workflows/upload.yml@v1",
        ...permissions([choice.method], needsCheckout([choice.service])),
        ...(secrets.length > 0 ? ["secrets:", ...indent(secrets)] : []),
      ]),
    ]),
  ];
}

function sealed(choice: Choice, uses: string): string[] {
  const { method, service } = choice;
  const opening = { sealed: expression("needs.token.outputs.sealed"), "seal-key": expression("secrets.SEAL_KEY") };
  const checkout = needsCheckout([service]);
  const [first = ""] = variablesOf(choice);
  return [
    ...head("Many jobs, one exchange", "push"),
    "jobs:",
    ...indent([
      "token:",
      ...indent([
        "runs-on: ubuntu-latest",
        ...permissions([method], checkout),
        "outputs:",
        `  sealed: ${expression("steps.token.outputs.sealed")}`,
        "steps:",
        ...indent([
          ...(checkout ? item(["uses: actions/checkout@v7"]) : []),
          ...item([
            "id: token",
            ...exchange(uses, { ...inputsOf(choice), "seal-key": opening["seal-key"] }).map(unlisted),
          ]),
        ]),
      ]),
      "use:",
      ...indent([
        "needs: token",
        "strategy:",
        "  matrix:",
        "    part: [1, 2, 3]",
        "runs-on: ubuntu-latest",
        "steps:",
        ...indent([
          ...exchange(uses, { ...opening, probe: "false" }),
          ...item([`run: ./report --part "$PART" # reads ${first}`, "env:", `  PART: ${expression("matrix.part")}`]),
        ]),
      ]),
      ...(method.closing === undefined ? [] : closing(choice, method.closing, opening, uses)),
    ]),
  ];
}

/** The job that takes the credential back, when all others have ended. */
function closing(
  { service, method }: Choice,
  fields: readonly string[],
  opening: Readonly<Record<string, string>>,
  uses: string,
): string[] {
  const given = fields.map((field) => [field, expression(`secrets.${secretName(service, method, field)}`)]);
  const inputs = { ...opening, ...Object.fromEntries(given), revoke: "true", probe: "false", "export-env": "false" };
  return [
    "close:",
    ...indent([
      "needs: [token, use]",
      `if: ${expression("always() && needs.token.outputs.sealed != ''")}`,
      "runs-on: ubuntu-latest",
      ...permissions([method], false),
      "steps:",
      ...indent(exchange(uses, inputs)),
    ]),
  ];
}

/** What the step is given for a choice, in the order of `action.yml`. */
function inputsOf({ service, method, inputs }: Choice): Record<string, string> {
  const credentials = method.needs.map((field) => [field, expression(`secrets.${secretName(service, method, field)}`)]);
  const missing = method.parameters.filter((name) => !new RegExp(`^${name}=`, "m").test(inputs.parameters ?? ""));
  const parameters = [...(inputs.parameters ? [inputs.parameters] : []), ...missing.map((name) => `${name}=…`)];
  const hasPlace = inputs.url !== undefined || inputs["token-url"] !== undefined;
  const options = method.options.filter((name) => name !== "parameters" && inputs[name]);
  return {
    provider: service.id,
    ...(method.isNamed && { method: method.id }),
    ...(inputs.url !== undefined && { url: inputs.url }),
    ...(service.url.isNeeded && !hasPlace && { url: service.url.example }),
    ...Object.fromEntries(credentials),
    ...Object.fromEntries(options.map((name) => [name, inputs[name] ?? ""])),
    ...(parameters.length > 0 && { parameters: parameters.join("\n") }),
    ...(service.id === "custom" && { definition: DEFINITION }),
  };
}

/** The variables that later steps find. */
export function variablesOf({ method, inputs }: Choice): string[] {
  const [first = "", ...others] = method.variables;
  return [inputs["env-name"] ?? first, ...others];
}

/** The secrets that a choice reads, by name. */
function secretsOf({ service, method }: Choice): string[] {
  return method.needs.map((field) => secretName(service, method, field));
}

function exchange(uses: string, inputs: Readonly<Record<string, string>>, condition?: string): string[] {
  const given = Object.entries(inputs).flatMap(([name, value]) => entry(name, value));
  return item([uses, ...(condition === undefined ? [] : [condition]), "with:", ...indent(given)]);
}

/** A line of a list's entry as it stands in another entry. */
function unlisted(line: string): string {
  return line.slice(2);
}

function head(name: string, on: string | readonly string[]): string[] {
  const event = typeof on === "string" ? [`on: ${on}`] : ["on:", ...indent(on)];
  return [`name: ${name}`, ...event, "", "permissions: {}", ""];
}

function job(id: string, rights: readonly string[], ...steps: readonly (readonly string[])[]): string[] {
  return [
    "jobs:",
    ...indent([`${id}:`, ...indent(["runs-on: ubuntu-latest", ...rights, "steps:", ...indent(steps.flat())])]),
  ];
}

function permissions(methods: readonly MethodFacts[], checksOut: boolean): string[] {
  const rights = [
    ...(checksOut ? ["contents: read # for the checkout"] : []),
    ...(methods.some(({ usesIdToken }) => usesIdToken) ? ["id-token: write # for GitHub's ID token"] : []),
  ];
  return rights.length > 0 ? ["permissions:", ...indent(rights)] : [];
}

/** The file of a definition has to be in the workspace. */
function needsCheckout(services: readonly ServiceFacts[]): boolean {
  return services.some(({ id }) => id === "custom");
}

function constant(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
