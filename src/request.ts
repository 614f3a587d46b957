import { chooseMethod, readCredentials } from "./credentials.ts";
import { Failure } from "./failure.ts";
import { open, readSealKey } from "./handoff.ts";
import {
  environmentName,
  INPUTS,
  type InputName,
  type Inputs,
  invalid,
  parseAllowHttp,
  type Settings,
} from "./inputs.ts";
import { providerById, providers } from "./providers/index.ts";
import type { Credential, Credentials, Handle, Method, Provider, Run } from "./providers/provider.ts";
import { baseUrl, isProtected } from "./url.ts";
import { utc } from "./words.ts";

/** What the service is and how to authenticate there. */
export interface Target {
  readonly provider: Provider;
  readonly method: Method;
  readonly url: string;
  /** Name of the environment variable to export the token as. */
  readonly envName: string;
}

/** What a step has to do: exchange credentials, or open what another job sealed. */
export type Request =
  | { readonly kind: "exchange"; readonly target: Target; readonly credentials: Credentials; readonly sealKey: string }
  | {
      readonly kind: "open";
      readonly target: Target;
      readonly credential: Credential;
      /** What to take back at the end of the job; undefined where that is another job's task. */
      readonly handle: Handle | undefined;
    };

/** Tells an output as soon as it is known, so that a failure has it too. */
export type Tell = (output: TellName, value: string) => void;
export type TellName = "provider" | "method" | "url" | "probe";

/** Inputs that may stand beside `sealed`; all else comes out of the seal. */
const BESIDE_SEALED: readonly InputName[] = [
  "sealed",
  "seal-key",
  "env-name",
  "export-env",
  "probe",
  "revoke",
  "timeout",
  "retries",
  "ca-certificate",
  "allow-http",
  "summary",
  "client-id",
  "client-secret",
];

/**
 * Decides from the inputs what is to be done; no request is sent.
 * @throws {Failure} `invalid-input`, `missing-secret`, or `refused` for a seal whose token has expired
 */
export async function chooseRequest(
  inputs: Inputs,
  settings: Settings,
  context: { run: Run; tell: Tell; secret: (value: string) => void },
): Promise<Request> {
  if (inputs.sealed !== "") return chooseSealed(inputs, settings, context);
  return chooseExchange(inputs, settings, context.tell);
}

async function chooseExchange(inputs: Inputs, settings: Settings, tell: Tell): Promise<Request> {
  const provider = chooseProvider(inputs);
  tell("provider", provider.id);
  const url = baseUrl(inputs, provider, inputs.provider.toLowerCase());
  tell("url", url);
  const credentials = readCredentials(inputs);
  const method = chooseMethod(provider, credentials, inputs);
  tell("method", method.id);
  if (inputs["seal-key"] !== "") {
    if (settings.revoke === "true") {
      throw invalid(
        "revoke",
        "is `true` in a step that seals its token for other jobs",
        "Revoke in the last job that opens the seal.",
      );
    }
    readSealKey(inputs["seal-key"]);
  }
  const target = { provider, method, url, envName: settings.envName || method.envName };
  return { kind: "exchange", target, credentials, sealKey: inputs["seal-key"] };
}

function chooseProvider(inputs: Inputs): Provider {
  const name = inputs.provider.toLowerCase();
  const provider = providers.find(({ id, aliases }) => id === name || Object.hasOwn(aliases ?? {}, name));
  if (provider !== undefined) return provider;
  const list = providers.flatMap(({ id, aliases }) => [id, ...Object.keys(aliases ?? {})]).join(", ");
  if (name === "" && inputs["seal-key"] !== "") {
    throw invalid(
      "sealed",
      "is empty, and no provider is given either",
      "The job that should have sealed a token set no such output: look at its log, and that its `outputs:` name the step's `sealed`. (To seal here, give a provider.)",
    );
  }
  throw invalid("provider", name === "" ? "is empty" : "names no provider", `Set it to one of ${list}.`);
}

async function chooseSealed(
  inputs: Inputs,
  settings: Settings,
  { run, tell, secret }: { run: Run; tell: Tell; secret: (value: string) => void },
): Promise<Request> {
  for (const name of INPUTS) {
    if (inputs[name] !== "" && !BESIDE_SEALED.includes(name)) {
      throw invalid(name, 'cannot be given beside "sealed"', "Leave it out: the seal holds what the other job used.");
    }
  }
  if (inputs["seal-key"] === "") {
    throw new Failure("missing-secret", 'The input "seal-key" is empty, so "sealed" cannot be opened.', {
      hint: "Give the same secret as in the job that sealed; a called workflow gets it through `secrets:` only.",
    });
  }
  const sealed = await open(inputs.sealed, readSealKey(inputs["seal-key"]), run);
  secret(sealed.token);
  if (sealed.handle !== undefined) secret(sealed.handle.secret);
  const provider = providerById(sealed.provider);
  const method = provider?.methods.find(({ id }) => id === sealed.method);
  if (provider === undefined || method === undefined) {
    throw invalid("sealed", "was made by another version of this action", "Use one version in all jobs of a run.");
  }
  const target = { provider, method, url: sealed.url, envName: settings.envName || environmentName(sealed.envName) };
  tell("provider", provider.id);
  tell("method", method.id);
  tell("url", sealed.url);
  checkSealedUrl(sealed.url, inputs);
  const handle = settings.revoke === "true" ? sealed.handle : undefined;
  checkClient(inputs, provider, handle);
  if (sealed.expiresAt !== undefined && sealed.expiresAt.getTime() <= Date.now())
    throw expired(provider, sealed.expiresAt);
  const { token, userId, account, expiresAt } = sealed;
  return { kind: "open", target, credential: { token, userId, account, expiresAt }, handle };
}

function checkSealedUrl(url: string, inputs: Inputs): void {
  if (isProtected(new URL(url)) || parseAllowHttp(inputs)) return;
  throw invalid(
    "allow-http",
    "is not set, but the sealed token is for a plain http service",
    "Set it here as in the sealing job.",
  );
}

/** QA's revocation wants the key pair again; in every other case it has no business beside a seal. */
function checkClient(inputs: Inputs, provider: Provider, handle: Handle | undefined): void {
  const wanted = provider.revokesWithClient === true && handle !== undefined;
  for (const name of ["client-id", "client-secret"] as const) {
    if (wanted && inputs[name] === "") {
      throw invalid(
        name,
        `is empty, but ${provider.name} revokes a token only with its key pair`,
        'Give "client-id" and "client-secret" here too, or leave "revoke" out.',
      );
    }
    if (!wanted && inputs[name] !== "") {
      throw invalid(
        name,
        'cannot be given beside "sealed" here',
        "It serves only to revoke a sealed QA token with `revoke: true`.",
      );
    }
  }
}

function expired(provider: Provider, expiresAt: Date): Failure {
  return new Failure("refused", `The sealed token expired at ${utc(expiresAt)}.`, {
    title: "Sealed token expired",
    hint: `Re-run all jobs, not only the failed ones: the job that seals has to get a new token from ${provider.name}.`,
  });
}
