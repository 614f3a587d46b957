/** What documentation and the page of workflows say of the action, beside what the code itself says. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Failure, type FailureCode } from "../src/failure.ts";
import { INPUTS, type InputName } from "../src/input/table.ts";
import { findProvider, providerNames } from "../src/providers/index.ts";
import { type Ending, type Method, OPTIONS, type Provider } from "../src/providers/provider.ts";
import { platforms } from "./platforms.ts";

interface Manifest {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
}

/** `action.yml`, as a runner reads it. */
export const manifest: Manifest = parse(readFileSync("action.yml", "utf8"));

/** A new code does not compile until it is described here; `docs/troubleshooting.md` then wants a chapter on it too. */
export const FAILURES: Readonly<Record<FailureCode, string>> = {
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

export const ENDINGS: Readonly<Record<Ending, string>> = {
  revocable: "revoked",
  expires: "expires by itself",
  "ready-made": "left as it is",
};

/** The groups that the inputs are told in, each input in one of them. */
const RARELY: readonly InputName[] = [
  "probe",
  "export-env",
  "revoke",
  "timeout",
  "retries",
  "ca-certificate",
  "allow-http",
  "summary",
  "seal-key",
  "sealed",
];
const ANY_SERVICE: readonly InputName[] = ["private-key", ...OPTIONS, "definition"];
export const INPUT_GROUPS: Readonly<Record<string, readonly InputName[]>> = {
  always: INPUTS.filter((name) => ![...RARELY, ...ANY_SERVICE].includes(name)),
  "any-service": ANY_SERVICE,
  rarely: RARELY,
};

/** The provider that a file of the user describes. */
export interface Described {
  readonly id: string;
  readonly name: string;
  readonly methods: readonly [];
}

/** Every provider, in the order of the documentation; what a file of the user describes has no methods before it is read. */
export async function everyProvider(): Promise<readonly (Provider | Described)[]> {
  const shipped = platforms.map(({ id }) => id);
  const found = await Promise.all(
    providerNames().map((name) => (shipped.includes(name) ? undefined : findProvider(name))),
  );
  const all: (Provider | Described)[] = [];
  for (const each of found) {
    if (each === undefined || all.some(({ id }) => id === each.id)) continue;
    if (!("define" in each)) all.push(each);
    else all.push(...platforms, { id: each.id, name: "A service of your own", methods: [] });
  }
  return all;
}

/** Whether it proves the job with GitHub's ID token, so that no secret need be stored. */
export function usesIdToken(method: Method): boolean {
  return method.fieldSets().some(({ takes }) => takes.includes("id-token-audience"));
}

export function titleOf(code: FailureCode): string {
  return new Failure(code, "", { hint: "" }).title;
}
