/** What the built action really logs and takes back, seen in runs against the stand-ins. */
import { randomBytes } from "node:crypto";
import { type IdTokens, startIdTokens } from "../../sandbox/runner/id-token.ts";
import { runStep, type StepResult } from "../../sandbox/runner/runner.ts";
import { platforms, type Service, type StartOptions, services } from "../../sandbox/services/index.ts";
import type { Provider } from "../../src/providers/provider.ts";
import type { MethodFacts } from "../page/facts.ts";
import { asSeenAt } from "./lines.ts";

type Recorded = Pick<MethodFacts, "closing" | "log" | "logWhenSealing" | "logAtEnd">;

const SECRETS = ["token", "password", "client-secret", "private-key"];

/** A run of each method of a service, as it would look at `url`; nothing where no stand-in is there. */
export async function record(provider: Provider, url: string): Promise<Readonly<Record<string, Recorded>>> {
  const starts: Readonly<Record<string, (options: StartOptions) => Promise<Service>>> = { ...services, ...platforms };
  const start = starts[provider.id];
  if (start === undefined) return {};
  const idTokens = await startIdTokens();
  const service = await start({ trusts: idTokens });
  // A refresh token that is to be stored is one that does not rotate.
  if ("behaviour" in service) Object.assign(Object(service.behaviour), { rotates: false });
  try {
    const recorded: Record<string, Recorded> = {};
    for (const { id, ending } of provider.methods) {
      if (service.accounts[id] === undefined) continue;
      const place = { provider: provider.id, method: id, url: service.url };
      // Asked each time: a refresh token serves once.
      const account = () => service.accounts[id]?.inputs ?? {};
      const bench: Bench = { account, place, idTokens, host: new URL(url).host };
      recorded[id] = await recordMethod(bench, ending === "revocable");
    }
    return recorded;
  } finally {
    await service.close();
    await idTokens.close();
  }
}

/** What a method is run with. */
interface Bench {
  readonly account: () => Readonly<Record<string, string>>;
  readonly place: Readonly<Record<"provider" | "method" | "url", string>>;
  readonly idTokens: IdTokens;
  /** The host that the lines shall name. */
  readonly host: string;
}

async function recordMethod(bench: Bench, isRevocable: boolean): Promise<Recorded> {
  const { account, place } = bench;
  const sealKey = randomBytes(32).toString("base64");
  const plain = await run(bench, { ...account(), ...place });
  const { main } = await run(bench, { ...account(), ...place, "seal-key": sealKey });
  const sealed = main.outputs.sealed ?? "";
  const open = (given: Readonly<Record<string, string>>) =>
    run(bench, { ...given, sealed, "seal-key": sealKey, revoke: "true", probe: "false" });
  const closing = isRevocable ? await fieldsToClose(account(), open) : undefined;
  return {
    log: lines(bench, plain.main.log),
    logWhenSealing: lines(bench, main.log),
    logAtEnd: lines(bench, plain.post?.log),
    ...(closing !== undefined && { closing }),
  };
}

/** @throws where the step fails that gets a right account */
async function run({ place, idTokens }: Bench, inputs: Readonly<Record<string, string>>): Promise<StepResult> {
  const result = await runStep({ inputs, idTokens, secrets: SECRETS.flatMap((name) => inputs[name] ?? []) });
  const { outcome, log } = result.main;
  if (outcome !== "success" && inputs.sealed === undefined)
    throw new Error(`${place.provider}, ${place.method}: ${log}`);
  return result;
}

function lines({ place, host }: Bench, log = ""): string[] {
  return asSeenAt(log, place.url, host)
    .split("\n")
    .filter((line) => line !== "");
}

/** The credentials that a job has to give again to revoke what came out of a seal; undefined where nothing is revoked. */
async function fieldsToClose(
  account: Readonly<Record<string, string>>,
  open: (given: Record<string, string>) => Promise<StepResult>,
): Promise<string[] | undefined> {
  const fields = Object.keys(account).filter((name) => [...SECRETS, "username", "client-id"].includes(name));
  const client = fields.filter((name) => name === "client-id" || name === "client-secret" || name === "private-key");
  // The fewest that will do: an opening that lacks some is refused, and the first that is not revokes.
  for (const needed of [[], client, fields]) {
    const { main, post } = await open(Object.fromEntries(needed.map((name) => [name, account[name] ?? ""])));
    if (main.outcome === "success") return post?.log.includes("is revoked") === true ? needed : undefined;
  }
  return undefined;
}
