import type { Answer } from "../../sandbox/services/answers.ts";
import { type Call, type Listening, serve } from "../../sandbox/services/serve.ts";
import { Failure } from "../../src/failure.ts";
import { openClient } from "../../src/http/client.ts";
import type { Credential, Credentials, Handle, Provider, Revocation, Verdict } from "../../src/providers/provider.ts";

/** What a scripted service says to a call, word for word. */
export type Script = (call: Call) => Answer;

/** One step that an exchange took beside its requests, in order. */
export type Step =
  | readonly ["secret", string]
  | readonly ["revocable", Handle]
  | readonly ["note", string]
  | readonly ["warn", string, title: string];

/** How an exchange went. */
export interface Exchanged {
  readonly credential: Credential | undefined;
  readonly failure: Failure | undefined;
  readonly steps: readonly Step[];
  readonly requests: Listening["requests"];
}

export const RUN = {
  server: "https://github.com",
  repository: "octo-org/octo-repo",
  workflow: "CI",
  job: "test",
  id: "1658821493",
  attempt: "1",
  selfHosted: false,
};

/** Exchanges credentials by one method of a provider, at a service that says what the script says. */
export async function exchanged(
  provider: Provider,
  method: string,
  credentials: Credentials,
  script: Script,
): Promise<Exchanged> {
  const steps: Step[] = [];
  return at(script, async (service) => {
    const { exchange } = methodOf(provider, method).prepare(credentials);
    const attempt = exchange(stage(service), {
      secret: (value) => steps.push(["secret", value]),
      revocable: (handle) => steps.push(["revocable", handle]),
      note: (text) => steps.push(["note", text]),
      warn: (text, title) => steps.push(["warn", text, title]),
      // What becomes of a name that nobody settles is the flow's business.
      mayExist: () => {},
      settled: () => {},
      idToken,
      run: RUN,
    });
    const requests = service.requests;
    return attempt.then(
      (credential) => ({ credential, failure: undefined, steps, requests }),
      (thrown: unknown) => ({ credential: undefined, failure: asExpected(thrown), steps, requests }),
    );
  });
}

/** How a probe went: its verdict, or the failure that it ended in. */
export interface Probed {
  readonly verdict: Verdict | undefined;
  readonly failure: Failure | undefined;
  readonly requests: Listening["requests"];
}

/** Probes a credential at a service that says what the script says. */
export async function probed(
  provider: Provider,
  method: string,
  credential: Credential,
  script: Script,
  minted: "here" | "elsewhere" = "elsewhere",
): Promise<Probed> {
  return at(script, async (service) => {
    const { requests } = service;
    return methodOf(provider, method)
      .probe(credential, stage(service), { minted, given: undefined, step: { secret() {}, note() {}, idToken } })
      .then(
        (verdict) => ({ verdict, failure: undefined, requests }),
        (thrown: unknown) => ({ verdict: undefined, failure: asExpected(thrown), requests }),
      );
  });
}

/** Takes back what the handle names, at a service that says what the script says. */
export async function revoked(
  provider: Provider,
  handle: Handle,
  given: Credentials,
  script: Script,
): Promise<Revocation | undefined> {
  return at(script, async (service) => provider.revoke?.(handle, stage(service), { given, secret() {}, idToken }));
}

/** A verdict in a word or two, for tables: `accepted ci-robot`, `inconclusive permission`, `refused`, `fails wrong-url`. */
export function inShort({ verdict, failure }: Probed): string {
  switch (verdict?.kind) {
    case undefined:
      return `fails ${failure?.code}`;
    case "accepted":
      return verdict.account === undefined ? "accepted" : `accepted ${verdict.account}`;
    case "inconclusive":
      return `inconclusive ${verdict.lacks}`;
    case "refused":
    case "skipped":
      return verdict.kind;
  }
}

async function at<Result>(script: Script, use: (service: Listening) => Promise<Result>): Promise<Result> {
  const service = await serve({}, script);
  try {
    return await use(service);
  } finally {
    await service.close();
  }
}

/** These services ask for none. */
const idToken = () => Promise.reject(new Error("no ID token is asked for"));

function stage(service: Listening) {
  return openClient({ baseUrl: service.url, onRetry: () => {} }).stage({ seconds: 10, retries: 0 });
}

function methodOf(provider: Provider, id: string) {
  const method = provider.methods.find((candidate) => candidate.id === id);
  if (method === undefined) throw new Error(`${provider.id} has no method ${id}`);
  return method;
}

/** Anything but a `Failure` is a defect, and fails the test as it is. */
function asExpected(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  throw thrown;
}
