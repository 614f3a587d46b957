import type { Failure } from "../failure.ts";
import type { Credential, Credentials, Handle, Method, Provider, Run } from "../providers/provider.ts";
import { readSealKey } from "../seal/seal.ts";
import { chooseMethod, chooseProvider } from "./choice.ts";
import { readCredentials } from "./credentials.ts";
import { chooseSealed } from "./opening.ts";
import { type Inputs, invalid, misspeltHint, type Settings, WHY_EMPTY } from "./settings.ts";
import { addressOf, baseUrl, lacksHost } from "./site.ts";

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
  const hasAddress = !lacksHost(addressOf(inputs, provider));
  const url = hasAddress ? baseUrl(inputs, provider) : "";
  if (hasAddress) tell("url", url);
  const credentials = readCredentials(inputs);
  const method = chooseMethod(provider, credentials, inputs);
  tell("method", method.id);
  if (!hasAddress) throw noAddress(provider, inputs);
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

/** Told only where the credentials are there: without them, that is what is wrong. */
function noAddress(provider: Provider, inputs: Inputs): Failure {
  const hint = `Give the base URL of your installation. ${misspeltHint(inputs, ["url"])}${WHY_EMPTY}`;
  return invalid("url", inputs.url === "" ? `is empty, but ${provider.name} has no default` : "names no host", hint);
}
