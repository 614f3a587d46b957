import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs, styleText } from "node:util";
import { explained } from "./explain.ts";
import { type IdTokens, startIdTokens } from "./id-token.ts";
import { InputsFileError, parseInputs } from "./inputs-file.ts";
import { readManifest } from "./manifest.ts";
import { PROJECT, runStep, type StepOptions, type StepResult } from "./runner.ts";
import { examples, platforms, services } from "./services/index.ts";
import type { Service, StartOptions } from "./services/service.ts";

const USAGE = `Runs the built action as a job on GitHub would, and prints what its log would show.

  npm start                            every provider and method, against stand-ins on this machine, and a wrong secret
  npm start -- tuleap                  every method of one provider, and a wrong secret
  npm start -- tuleap token            one method
  npm start -- --inputs FILE           the action for real, with the inputs of FILE
  npm start -- --definition JSON --inputs FILE
                                       the same with a definition, and each request shown: method, path, names of headers
  npm start -- --help                  this text

FILE holds a step's inputs, one a line: "input=value" with the value as it is, without quotes, or "input: value" as it
stands under "with:". A value of several lines stands between "input<<EOF" and "EOF". Lines that start with # are skipped.

  provider=tuleap
  url=https://tuleap.example.com
  token=tlp-k1-…

A path in "ca-certificate" starts at the folder that you are in. The job summary is not shown.
The proxy variables and NODE_EXTRA_CA_CERTS of your shell are passed on to a real run, nothing else is. What the run
mints is masked, is never printed, and is taken back at the end as in a job.`;

/** Shows each request of the action's process. */
const WATCH = pathToFileURL(join(import.meta.dirname, "watch.ts")).href;

const ALIASES: Readonly<Record<string, string>> = { jelastic: "virtuozzo", "cloud-academy": "qa" };

/** Inputs that a workflow would fill from its secrets. */
const SECRET_INPUTS = ["token", "password", "client-secret", "private-key", "credentials", "seal-key"];

/** What a real run takes over from the shell. */
const PASSED_VARIABLES = [
  ...["http_proxy", "https_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()]),
  "NODE_EXTRA_CA_CERTS",
];

/** GitHub's colours, where there are any. */
const COLOURS = [
  ["##[error]", "red"],
  ["##[warning]", "yellow"],
  ["##[notice]", "cyan"],
  ["##[debug]", "magenta"],
  ["##[group]", "bold"],
] as const;

/** A mistake of whoever typed the command, said without a stack. */
class UsageError extends Error {}

interface Row {
  readonly provider: string;
  readonly method: string;
  /** The verdict, or in a failed row what failed. */
  readonly probe: string;
  readonly expiry: string;
  readonly requests: number;
  readonly milliseconds: number;
  readonly failed: boolean;
}

let interrupted = false;

process.on("SIGINT", () => {
  // The running stage gets Ctrl-C from the terminal too; staying alive lets post take back what it minted.
  interrupted = true;
});

async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = readArguments(args);
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if (!existsSync(join(PROJECT, "dist", "main.js"))) throw new UsageError("There is no dist/ yet: npm run build");
    if (values.inputs !== undefined) return await runForReal(values.inputs, values.definition);
    if (values.definition !== undefined) throw new UsageError(`--definition needs --inputs too\n\n${USAGE}`);
    return await rehearse(positionals);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 1;
  }
}

function readArguments(args: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { inputs: { type: "string" }, definition: { type: "string" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    const most = parsed.values.inputs === undefined ? 2 : 0;
    if (parsed.positionals.length > most) throw new Error(`Too many arguments: ${parsed.positionals.join(" ")}`);
    return parsed;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

/** Runs the chosen methods against the stand-ins and sums them up in a table. */
async function rehearse([provider, method]: readonly string[]): Promise<number> {
  const rows: Row[] = [];
  const idTokens = await startIdTokens();
  try {
    for (const [id, start] of chooseProviders(provider)) {
      const service = await start({ trusts: idTokens });
      try {
        for (const chosen of chooseMethods(id, service, method)) {
          if (!interrupted) rows.push(await rehearseMethod(id, chosen, service, idTokens));
        }
      } finally {
        await service.close();
      }
    }
    // What a failure looks like, once.
    if (!interrupted && method === undefined) rows.push(...(await rehearseRefusal(provider ?? "xray")));
  } finally {
    await idTokens.close();
  }
  console.log(`\n${table(rows)}`);
  return interrupted || rows.some((row) => row.failed) ? 1 : 0;
}

type Start = (options: StartOptions) => Promise<Service>;

function chooseProviders(name: string | undefined): [id: string, start: Start][] {
  const all: [string, Start][] = Object.entries({ ...services, ...platforms, ...examples });
  if (name === undefined) return all;
  const id = ALIASES[name.toLowerCase()] ?? name.toLowerCase();
  const chosen = all.filter(([candidate]) => candidate === id);
  if (chosen.length === 0) {
    const known = [...all.map(([candidate]) => candidate), ...Object.keys(ALIASES)];
    throw new UsageError(`There is no provider ${name}. There are: ${known.join(", ")}`);
  }
  return chosen;
}

function chooseMethods(provider: string, service: Service, name: string | undefined): string[] {
  const all = Object.keys(service.accounts);
  if (name === undefined) return all;
  const chosen = all.filter((candidate) => candidate === name.toLowerCase());
  if (chosen.length === 0) {
    throw new UsageError(`There is no method ${name} of ${provider}. There are: ${all.join(", ")}`);
  }
  return chosen;
}

async function rehearseMethod(provider: string, method: string, service: Service, idTokens: IdTokens): Promise<Row> {
  printHeading(`${provider} · ${method}`);
  const before = service.requests.length;
  const inputs = { ...service.accounts[method]?.inputs, ...wayOf(provider), method, url: service.url };
  const result = await runStep({ inputs, secrets: secretsOf(inputs), idTokens, workspace: PROJECT });
  printLogs(result);
  return rowOf(provider, method, service.requests.length - before, result);
}

function rowOf(provider: string, method: string, requests: number, result: StepResult): Row {
  const { outputs, milliseconds } = result.main;
  const failed = hasFailed(result);
  return {
    provider,
    method,
    probe: failed ? outputs.failure || "failed" : outputs.probe || "–",
    expiry: outputs["expires-at"] || "–",
    requests,
    milliseconds,
    failed,
  };
}

/** The inputs that name a provider; a worked example of a definition is one of `custom`. */
function wayOf(id: string): Record<string, string> {
  if (!Object.hasOwn(examples, id)) return { provider: id };
  return { provider: "custom", definition: `examples/definitions/${id}.json` };
}

/** Runs one method of a service with a secret that the service does not know; nothing where it needs none. */
async function rehearseRefusal(provider: string): Promise<Row[]> {
  for (const [id, start] of chooseProviders(provider)) {
    const service = await start({});
    try {
      for (const [method, { inputs }] of Object.entries(service.accounts)) {
        const wrong = ["client-secret", "password", "token"].find((name) => inputs[name] !== undefined);
        if (wrong === undefined) continue;
        printHeading(`${id} · ${method}, with a wrong ${wrong}`);
        const spoilt = { ...inputs, [wrong]: otherLetter(inputs[wrong] ?? ""), ...wayOf(id), method, url: service.url };
        const result = await runStep({ inputs: spoilt, secrets: secretsOf(spoilt), workspace: PROJECT });
        printLogs(result);
        return [
          {
            ...rowOf(id, `wrong ${wrong}`, service.requests.length, result),
            failed: result.main.outputs.failure !== "refused",
          },
        ];
      }
    } finally {
      await service.close();
    }
  }
  return [];
}

/** The same text but for its last letter, so that it still looks like what it was. */
function otherLetter(text: string): string {
  return `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
}

/** Runs the action with the inputs of a file against whatever service they name. */
async function runForReal(file: string, definition: string | undefined): Promise<number> {
  const inputs = { ...readInputsFile(file), ...(definition !== undefined && { provider: "custom", definition }) };
  const watching = definition === undefined ? {} : { NODE_OPTIONS: `--import ${WATCH}` };
  if (definition !== undefined) console.log(explained(definition));
  const env = { ...passedVariables(), ...watching };
  const options: StepOptions = { inputs, secrets: secretsOf(inputs), env, workspace: process.cwd() };
  const result = await runStep(options);
  printLogs(result);
  const names = Object.entries(result.main.outputs).flatMap(([name, value]) =>
    value === "" ? [] : [name === "failure" ? `failure (${value})` : name],
  );
  console.log(`\nOutputs set: ${names.join(", ") || "none"}`);
  return hasFailed(result) ? 1 : 0;
}

function readInputsFile(file: string): Record<string, string> {
  try {
    return parseInputs(readFileSync(file, "utf8"), [...readManifest(PROJECT).inputs.keys()]);
  } catch (error) {
    if (error instanceof InputsFileError) throw new UsageError(`${file}: ${error.message}`);
    if (error instanceof Error && "code" in error) throw new UsageError(unreadable(file, String(error.code)));
    throw error;
  }
}

function unreadable(file: string, code: string): string {
  if (code === "ENOENT") return `There is no file ${resolve(file)}`;
  return code === "EISDIR" ? `${file} is a folder` : `${file} cannot be read (${code})`;
}

function passedVariables(): Record<string, string> {
  return Object.fromEntries(
    PASSED_VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function secretsOf(inputs: Readonly<Record<string, string>>): string[] {
  return SECRET_INPUTS.flatMap((name) => inputs[name] ?? []);
}

function hasFailed({ main, post }: StepResult): boolean {
  return main.outcome !== "success" || (post !== undefined && post.outcome !== "success");
}

function printHeading(text: string): void {
  console.log(`\n${styleText("bold", `── ${text} ${"─".repeat(Math.max(4, 74 - text.length))}`)}`);
}

function printLogs({ main, post }: StepResult): void {
  printLog(main.log);
  if (post) printLog(`Post job cleanup.\n${post.log}`);
}

function printLog(log: string): void {
  for (const line of log.split("\n").slice(0, -1)) {
    const colour = COLOURS.find(([tag]) => line.startsWith(tag))?.[1];
    console.log(colour ? styleText(colour, line) : line);
  }
}

function table(rows: readonly Row[]): string {
  const cells = [
    ["provider", "method", "probe", "expiry", "requests", "ms"],
    ...rows.map((row) => [row.provider, row.method, row.probe, row.expiry, `${row.requests}`, `${row.milliseconds}`]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row
      .map((cell, column) => align(cell, column, widths))
      .join("  ")
      .trimEnd(),
  );
  return lines
    .map((line, index) =>
      index === 0 ? styleText("bold", line) : rows[index - 1]?.failed ? styleText("red", line) : line,
    )
    .join("\n");
}

/** Numbers stand to the right. */
function align(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column < 4 ? cell.padEnd(width) : cell.padStart(width);
}

process.exitCode = await main(process.argv.slice(2));
