import { Failure } from "../failure.ts";
import { providerById } from "../providers/index.ts";
import type { Handle, Provider, Run } from "../providers/provider.ts";
import { open, readSealKey, type Sealed } from "../seal/seal.ts";
import { environmentNameFlaw } from "../text/environment-name.ts";
import { utc } from "../text/time.ts";
import { chooseProvider } from "./choice.ts";
import { readCredentials } from "./credentials.ts";
import type { Request, Target, Tell } from "./plan.ts";
import {
  INPUTS,
  type InputName,
  type Inputs,
  invalid,
  misspeltHint,
  parseAllowHttp,
  type Settings,
  WHY_EMPTY,
} from "./settings.ts";
import { addressFlaw, baseUrl, isProtected, normalised } from "./site.ts";

/** What a revocation may need again; whether it does is known only when the seal is open. */
const CLIENT = ["client-id", "client-secret"] as const;

/** Inputs that may stand beside `sealed`; all else comes out of the seal. */
const BESIDE_SEALED: readonly InputName[] = [
  "sealed",
  "seal-key",
  "provider",
  "url",
  "env-name",
  "export-env",
  "probe",
  "revoke",
  "timeout",
  "retries",
  "ca-certificate",
  "allow-http",
  "summary",
  "credentials",
  ...CLIENT,
];

/**
 * Opens what another job sealed; all that is in it passes the same checks as if it came from inputs.
 * @throws {Failure} `invalid-input`, `missing-secret`, or `refused` where the token has expired
 */
export async function chooseSealed(
  inputs: Inputs,
  settings: Settings,
  { run, tell, secret }: { run: Run; tell: Tell; secret: (value: string) => void },
): Promise<Request> {
  for (const name of INPUTS) if (inputs[name] !== "" && !BESIDE_SEALED.includes(name)) throw besideSealed(name);
  if (inputs["seal-key"] === "") {
    throw new Failure("missing-secret", 'The input "seal-key" is empty, so "sealed" cannot be opened.', {
      hint: `${misspeltHint(inputs, ["seal-key"])}Give the same secret as in the job that sealed; a called workflow gets it through \`secrets:\` only. ${WHY_EMPTY}`,
    });
  }
  const sealed = await open(inputs.sealed, readSealKey(inputs["seal-key"]), run);
  secret(sealed.token);
  if (sealed.handle !== undefined) secret(sealed.handle.secret);
  const target = targetOf(sealed, settings);
  tell("provider", target.provider.id);
  tell("method", target.method.id);
  tell("url", target.url);
  checkTarget(target, inputs);
  const handle = settings.revoke === "true" ? sealed.handle : undefined;
  checkClient(inputs, target.provider, handle);
  const { token, userId, account, expiresAt } = sealed;
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) throw expired(target.provider, expiresAt);
  return { kind: "open", target, credential: { token, userId, account, expiresAt }, handle };
}

function besideSealed(name: InputName | `credentials.${string}`): Failure {
  return invalid(name, 'cannot be given beside "sealed"', "Leave it out: the seal holds what the other job used.");
}

function targetOf(sealed: Sealed, settings: Settings): Target {
  const provider = providerById(sealed.provider);
  const method = provider?.methods.find(({ id }) => id === sealed.method);
  if (provider === undefined || method === undefined) throw foreign("was made by another version of this action");
  const address = addressFlaw(sealed.url, provider);
  if (address !== undefined) throw foreign(`holds an address that ${address}`);
  const name = environmentNameFlaw(sealed.envName);
  if (name !== undefined) throw foreign(`holds a name for the variable that ${name}`);
  const parts = { ...method.headers(sealed), ...method.alsoExports?.(sealed) };
  if (Object.values(parts).includes("")) throw foreign("lacks a part of its credential");
  const { handle } = sealed;
  if (handle !== undefined && !(method.ending === "revocable" && provider.ownsHandle?.(handle) === true)) {
    throw foreign("holds something else than what it takes to revoke its token");
  }
  return {
    provider,
    method,
    url: normalised(sealed.url, provider),
    envName: settings.envName || sealed.envName,
  };
}

/** Who opens a seal may say what has to be in it. */
function checkTarget({ provider, url }: Target, inputs: Inputs): void {
  const wanted = inputs.provider === "" ? provider : chooseProvider(inputs);
  if (wanted !== provider) {
    throw invalid("provider", `is ${wanted.id}, but the seal is of ${provider.id}`, MISMATCH);
  }
  const address = inputs.url === "" ? url : baseUrl(inputs, provider);
  if (address !== url) throw invalid("url", `is ${address}, but the seal is of ${url}`, MISMATCH);
  if (isProtected(new URL(url)) || parseAllowHttp(inputs)) return;
  throw invalid(
    "allow-http",
    "is not set, but the sealed token is for a plain http service",
    "Set it here as in the sealing job.",
  );
}

const MISMATCH = 'Leave it out, or give the output "sealed" of the job that you mean.';

/** Some services revoke only for the client itself; in every other case it has no business beside a seal. */
function checkClient(inputs: Inputs, provider: Provider, handle: Handle | undefined): void {
  if (provider.revokesWithClient !== true || handle === undefined) {
    for (const name of [...CLIENT, "credentials"] as const) {
      if (inputs[name] !== "") {
        throw invalid(
          name,
          'cannot be given beside "sealed" here',
          "It serves only `revoke: true`, at a service that revokes for the client alone.",
        );
      }
    }
    return;
  }
  const given = readCredentials(inputs);
  for (const field of ["token", "username", "password"] as const) {
    if (given[field] !== undefined) throw besideSealed(`credentials.${field}`);
  }
  for (const name of CLIENT) {
    if (given[name] === undefined) {
      throw invalid(
        inputs.credentials === "" ? name : `credentials.${name}`,
        `is empty, but ${provider.name} revokes a token only with its key pair`,
        `Give "client-id" and "client-secret" here too, or leave "revoke" out. ${misspeltHint(inputs, [name, "credentials"])}${WHY_EMPTY}`,
      );
    }
  }
}

function foreign(what: string): Failure {
  return invalid(
    "sealed",
    what,
    "Use one version of this action in all jobs of a run, and pass the seal on unchanged.",
  );
}

function expired(provider: Provider, expiresAt: Date): Failure {
  return new Failure("refused", `The sealed token expired at ${utc(expiresAt)}.`, {
    title: "Sealed token expired",
    hint: `Re-run all jobs, not only the failed ones: the job that seals has to get a new token from ${provider.name}.`,
  });
}
