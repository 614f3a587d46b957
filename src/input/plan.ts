import type { Failure } from "../failure.ts";
import {
  type Credential,
  type Given,
  type Handle,
  type Method,
  OPTIONS,
  type Prepared,
  type Provider,
  type Run,
} from "../providers/provider.ts";
import { readSealKey } from "../seal/seal.ts";
import { chooseMethod, chooseProvider } from "./choice.ts";
import { readCredentials } from "./credentials.ts";
import { chooseSealed } from "./opening.ts";
import { invalid, type Settings, variableOf, WHY_EMPTY } from "./settings.ts";
import { addressOf, baseUrl, checkEndpoints, lacksHost, placeOf } from "./site.ts";
import type { Inputs } from "./table.ts";

/** What the service is and how to authenticate there. */
export interface Target {
  readonly provider: Provider;
  readonly method: Method;
  /** The base URL, as the output tells it; empty where the user gave only an endpoint. */
  readonly url: string;
  /** What the client is bound to: the base URL, else the origin of the endpoint. */
  readonly place: string;
  /** Name of the environment variable to export the token as. */
  readonly envName: string;
}

/** What a step has to do: exchange credentials, or open what another job sealed. */
export type Plan =
  | {
      readonly kind: "exchange";
      readonly target: Target;
      readonly prepared: Prepared;
      /** What to seal with; undefined where nothing is sealed. */
      readonly sealKey: Uint8Array | undefined;
    }
  | {
      readonly kind: "open";
      readonly target: Target;
      readonly credential: Credential;
      /** What to take back at the end of the job; undefined where that is another job's task. */
      readonly handle: Handle | undefined;
    };

/** What is known of the target, also where the step fails later. */
export interface Known {
  readonly provider?: Provider;
  readonly method?: string;
  readonly url?: string;
  readonly probe?: string;
}

/** Tells what is known as soon as it is, so that a failure has it too. */
export type Tell = (known: Known) => void;

export interface Planning {
  readonly run: Run;
  readonly tell: Tell;
  readonly secret: (value: string) => void;
  /** The text of the definition file that the input names. */
  readonly definition: (path: string) => string;
}

/**
 * Decides from the inputs what is to be done; no request is sent.
 * @throws {Failure} `invalid-input`, `missing-secret`, or `refused` for a seal whose token has expired
 */
export function plan(inputs: Inputs, settings: Settings, planning: Planning): Plan {
  if (inputs.sealed !== "") return chooseSealed(inputs, settings, planning);
  return planExchange(inputs, settings, planning);
}

function planExchange(inputs: Inputs, settings: Settings, { tell, definition }: Planning): Plan {
  const provider = chooseProvider(inputs, definition);
  tell({ provider });
  const hasAddress = !lacksHost(addressOf(inputs, provider));
  const url = hasAddress ? baseUrl(inputs, provider, settings) : "";
  if (hasAddress) tell({ url });
  const given = { ...readCredentials(inputs), ...givenOptions(inputs) };
  const method = chooseMethod(provider, given, inputs);
  tell({ method: method.id });
  checkEndpoints(inputs, settings);
  const prepared = method.prepare(given, url);
  const place = hasAddress ? url : placeOf(inputs, provider, given);
  if (place === undefined) throw noAddress(provider, inputs);
  const isSealing = inputs["seal-key"] !== "";
  checkEnd(method, isSealing, settings);
  const sealKey = isSealing ? readSealKey(inputs["seal-key"]) : undefined;
  const target = { provider, method, url, place, envName: variableOf(method, settings.envName) };
  return { kind: "exchange", target, prepared, sealKey };
}

function givenOptions(inputs: Inputs): Given {
  return Object.fromEntries(OPTIONS.map((name) => [name, inputs[name]]).filter(([, value]) => value !== ""));
}

function checkEnd(method: Method, isSealing: boolean, { revoke }: Settings): void {
  if (revoke === "true" && method.neverRevokes === true) {
    throw invalid("revoke", `is \`true\`, but the method ${method.id} never revokes`, "Leave it out.");
  }
  if (revoke === "true" && isSealing) {
    throw invalid("revoke", "is `true` in a step that seals", "Revoke in the last job that opens the seal.");
  }
}

/** Told only where the credentials are there: without them, that is what is wrong. */
function noAddress({ name, placeWithoutUrl }: Provider, { url }: Inputs): Failure {
  const others = placeWithoutUrl === undefined ? "" : ', or "token-url" or "probe-url"';
  const flaw = url === "" ? `is empty, but ${name} has no default` : "names no host";
  return invalid("url", flaw, `Give the base URL of your installation${others}. ${WHY_EMPTY}`);
}
