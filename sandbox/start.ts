import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printHeading, printLogs, type Row, table } from "./print.ts";
import { hasFailed, runForReal, secretsOf, UsageError } from "./real.ts";
import { type IdTokens, startIdTokens } from "./runner/id-token.ts";
import { PROJECT, runStep, type StepResult } from "./runner/runner.ts";
import { definitions, platforms, services } from "./services/index.ts";
import type { Service, StartOptions } from "./services/service.ts";

const USAGE = `Runs the built action as a job on GitHub would, and prints what its log would show.

  npm start                            every provider and method, against stand-ins on this machine, and a wrong secret
  npm start -- tuleap                  every method of one provider, and a wrong secret
  npm start -- tuleap token            one method
  npm start -- octane                  the worked example of a definition, from examples/definitions
  npm start -- --inputs FILE           the action for real, with the inputs of FILE
  npm start -- --definition DEFINITION --inputs FILE
                                       the same with a definition: every request is shown, and where what was read
  npm --prefix CHECKOUT start -- …     the same, called in another folder than the checkout of this repository
  npm start -- --help                  this text

FILE holds a step's inputs, one a line: "input=value" with the value as it is, without quotes, or "input: value" as it
stands under "with:". A value of several lines stands between "input<<EOF" and "EOF". Lines that start with # are skipped.

  provider=tuleap
  url=https://tuleap.example.com
  token=tlp-k1-…

A path in "ca-certificate" starts at the folder that you are in. The job summary is not shown.
The proxy variables and NODE_EXTRA_CA_CERTS of your shell are passed on to a real run, nothing else is. What the run
mints is masked, is never printed, and is taken back at the end as in a job. A definition has to lie in the folder that you
are in, or below. Of its requests method, path and the names of headers are shown, of an answer the status, never a value.`;

const OWN_DEFINITION = `A definition of your own: npm start -- --definition DEFINITION --inputs FILE
Those of the examples, such as npm start -- sessions: ${Object.keys(definitions).join(", ")}`;

const ALIASES: Readonly<Record<string, string>> = { jelastic: "virtuozzo", "cloud-academy": "qa" };

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
    if (values.definition !== undefined)
      throw new UsageError("--definition needs --inputs FILE, with url and credentials");
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
      options: {
        inputs: { type: "string" },
        definition: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
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
          if (!interrupted) rows.push(await rehearseMethod({ id, method: chosen, service }, idTokens));
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
  const wrong = rows.filter((row) => row.failed);
  console.log(`\n${table(rows)}\n\n${verdict(rows.length, wrong)}`);
  return interrupted || wrong.length > 0 ? 1 : 0;
}

/** The last line: a wrong secret that is refused looks like a failure, and is none. */
function verdict(runs: number, wrong: readonly Row[]): string {
  if (wrong.length === 0) return `${runs} of ${runs} runs went as they should.`;
  return `Not as they should went: ${wrong.map(({ provider, method }) => `${provider} ${method}`).join(", ")}`;
}

type Start = (options: StartOptions) => Promise<Service>;

function chooseProviders(name: string | undefined): [id: string, start: Start][] {
  const all: [string, Start][] = Object.entries({ ...services, ...platforms, ...definitions });
  if (name === undefined) return all;
  const id = ALIASES[name.toLowerCase()] ?? name.toLowerCase();
  const chosen = all.filter(([candidate]) => candidate === id);
  if (chosen.length === 0) {
    if (name.toLowerCase() === "custom") throw new UsageError(OWN_DEFINITION);
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

/** A method to rehearse at a stand-in. */
interface Rehearsal {
  /** A provider, or the name of a definition that is an example. */
  readonly id: string;
  readonly method: string;
  readonly service: Service;
}

async function rehearseMethod({ id, method, service }: Rehearsal, idTokens: IdTokens): Promise<Row> {
  printHeading(`${id} · ${method}`);
  const before = service.requests.length;
  const result = await runAt({ id, method, service }, service.accounts[method]?.inputs ?? {}, idTokens);
  return rowOf(id, method, service.requests.length - before, result);
}

/** Runs the step at a stand-in, which an example needs its definition for. */
async function runAt(
  { id, method, service }: Rehearsal,
  given: Readonly<Record<string, string>>,
  idTokens?: IdTokens,
): Promise<StepResult> {
  const isExample = Object.hasOwn(definitions, id);
  const provider = isExample ? { provider: "custom", definition: `examples/definitions/${id}.json` } : { provider: id };
  const inputs = { ...given, ...provider, method, url: service.url };
  const more = { ...(isExample ? { workspace: PROJECT } : {}), ...(idTokens === undefined ? {} : { idTokens }) };
  const result = await runStep({ inputs, secrets: secretsOf(inputs), ...more });
  printLogs(result);
  return result;
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

/** Runs one method of a service with a secret that the service does not know; nothing where it needs none. */
async function rehearseRefusal(provider: string): Promise<Row[]> {
  for (const [id, start] of chooseProviders(provider)) {
    const service = await start({});
    try {
      for (const [method, { inputs }] of Object.entries(service.accounts)) {
        const wrong = ["client-secret", "password", "token"].find((name) => inputs[name] !== undefined);
        if (wrong === undefined) continue;
        printHeading(`${id} · ${method}, with a wrong ${wrong}`);
        const spoilt = { ...inputs, [wrong]: otherLetter(inputs[wrong] ?? "") };
        const result = await runAt({ id, method, service }, spoilt);
        const row = rowOf(id, `wrong ${wrong}`, service.requests.length, result);
        return [{ ...row, failed: result.main.outputs.failure !== "refused" }];
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

process.exitCode = await main(process.argv.slice(2));
