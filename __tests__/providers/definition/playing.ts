import type { Answer } from "../../../sandbox/services/answers.ts";
import { type Call, type Listening, serve } from "../../../sandbox/services/serve.ts";
import { Failure } from "../../../src/failure.ts";
import { openClient } from "../../../src/http/client.ts";
import { custom } from "../../../src/providers/definition/custom.ts";
import type { Credential, Given, Handle, Provider, Revocation, Verdict } from "../../../src/providers/provider.ts";
import { RUN } from "../../kit/scripted.ts";

export type Script = (call: Call) => Answer;

/** What is tried with a definition. */
export interface Trial {
  readonly given?: Given;
  readonly script: Script;
  readonly retries?: number;
  readonly basePath?: string;
  /** The method, where the file holds several. */
  readonly method?: string;
  /** A step that opens a seal probes in the place of the one that minted. */
  readonly opens?: true;
}

/** How a definition fared: one failure, or all that it came to. */
export interface Outcome {
  readonly failure?: Failure;
  readonly credential?: Credential;
  readonly headers?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly verdict?: Verdict;
  readonly handle?: Handle | undefined;
  readonly revocation?: Revocation | undefined;
  readonly requests: Listening["requests"];
  /** Every value that was masked, in order. */
  readonly masked: readonly string[];
  /** The names of keys that may exist, while nobody has settled their fate. */
  readonly unsettled: readonly string[];
  readonly notes: readonly string[];
  readonly audiences: readonly (string | undefined)[];
}

/** Runs a definition as a step and the end of its job do: exchange, probe, revocation. */
export async function play(definition: unknown, trial: Trial): Promise<Outcome> {
  const service = await serve({ basePath: trial.basePath ?? "" }, trial.script);
  const seen = {
    masked: [] as string[],
    unsettled: [] as string[],
    notes: [] as string[],
    audiences: [] as (string | undefined)[],
  };
  try {
    return { ...(await outcome(definition, trial, service, seen)), ...seen, requests: service.requests };
  } catch (thrown) {
    if (thrown instanceof Failure) return { failure: thrown, ...seen, requests: service.requests };
    throw thrown;
  } finally {
    await service.close();
  }
}

type Seen = { masked: string[]; unsettled: string[]; notes: string[]; audiences: (string | undefined)[] };

async function outcome(definition: unknown, trial: Trial, service: Listening, seen: Seen) {
  const text = typeof definition === "string" ? definition : JSON.stringify(definition);
  const provider = custom.define(text);
  const method = methodOf(provider, trial.method);
  const given = trial.given ?? {};
  const prepared = method.prepare(given);
  const client = openClient({ baseUrl: service.url, onRetry: () => {}, random: () => 0 });
  const stage = () => client.stage({ seconds: 20, retries: trial.retries ?? 0 });
  const tools = toolsOf(seen);
  let handle: Handle | undefined;
  const credential = await prepared.exchange(stage(), {
    ...tools,
    revocable(made) {
      handle = made;
      seen.unsettled.length = 0;
    },
    warn: (text) => seen.notes.push(text),
    mayExist: (name) => {
      seen.unsettled.splice(0, 1, name);
    },
    settled: () => {
      seen.unsettled.length = 0;
    },
    run: RUN,
  });
  const user = trial.opens === true ? methodOf(custom.again(credential.parts ?? {}), method.id) : method;
  const verdict =
    trial.opens === true
      ? await user.probe(credential, stage(), { minted: "elsewhere", given: undefined, step: tools })
      : await prepared.probe(credential, stage(), tools);
  const revocation = handle === undefined ? undefined : await revoked(handle, given, stage(), tools);
  client.close();
  return {
    credential,
    headers: user.headers(credential),
    variables: user.alsoExports?.(credential) ?? {},
    verdict,
    handle,
    revocation,
  };
}

/** The end of the job knows the handle alone, and reads again what that asks for. */
async function revoked(
  handle: Handle,
  given: Given,
  http: Parameters<NonNullable<Provider["revoke"]>>[1],
  tools: ReturnType<typeof toolsOf>,
) {
  const provider = custom.again(handle);
  const again = Object.fromEntries((provider.revokesWith?.(handle) ?? []).map((field) => [field, given[field]]));
  return provider.revoke?.(handle, http, { ...tools, given: again });
}

function toolsOf(seen: Seen) {
  return {
    secret: (value: string) => {
      seen.masked.push(value);
    },
    idToken: async (audience?: string) => {
      seen.audiences.push(audience);
      return `id-token-${seen.audiences.length}`;
    },
    note: (text: string) => {
      seen.notes.push(text);
    },
  };
}

function methodOf(provider: Provider, id = provider.methods[0]?.id) {
  const method = provider.methods.find((one) => one.id === id);
  if (method === undefined) throw new Error(`there is no method ${id}`);
  return method;
}
