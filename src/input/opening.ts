import { Failure } from "../failure.ts";
import { findProvider } from "../providers/index.ts";
import { FIELDS, type Handle, type Provider } from "../providers/provider.ts";
import { broken, open, readSealKey, type Sealed, UNSOUND } from "../seal/seal.ts";
import { utc } from "../text/time.ts";
import { keptProvider, noProvider } from "./choice.ts";
import { readCredentials } from "./credentials.ts";
import type { Plan, Planning, Target } from "./plan.ts";
import { environmentNameFlaw, invalid, type Settings, variableOf, WHY_EMPTY } from "./settings.ts";
import { addressFlaw, baseUrl, checkScheme, normalised } from "./site.ts";
import { type InputName, type Inputs, OUT_OF_SEAL } from "./table.ts";

/**
 * Opens what another job sealed; all that is in it passes the same checks as if it came from inputs.
 * @throws {Failure} `invalid-input`, `missing-secret`, or `refused` where the token has expired
 */
export function chooseSealed(inputs: Inputs, settings: Settings, { run, tell, secret }: Planning): Plan {
  const spare = OUT_OF_SEAL.find((name) => inputs[name] !== "");
  if (spare !== undefined) throw besideSealed(spare);
  if (inputs["seal-key"] === "") {
    throw new Failure("missing-secret", 'The input "seal-key" is empty, which opens "sealed".', {
      hint: `Give the same secret as in the job that sealed. ${WHY_EMPTY}`,
    });
  }
  const sealed = open(inputs.sealed, readSealKey(inputs["seal-key"]), run);
  const { token, parts, secrets, account, expiresAt } = sealed;
  for (const one of [token, ...Object.values(secrets ?? {}), sealed.handle?.secret ?? ""]) secret(one);
  const target = targetOf(sealed, settings);
  tell({ provider: target.provider, method: target.method.id, url: target.url });
  checkTarget(target, inputs, settings);
  const handle = settings.revoke === "true" ? sealed.handle : undefined;
  checkRevocation(inputs, target.provider, handle);
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) {
    throw new Failure("refused", `The sealed token expired at ${utc(expiresAt)}.`, {
      title: "Sealed token expired",
      hint: "Re-run all jobs, not only the failed ones: the job that seals has to get a new token.",
    });
  }
  return { kind: "open", target, credential: { token, parts, secrets, account, expiresAt }, handle };
}

function besideSealed(name: InputName | `credentials.${string}`): Failure {
  const hint = "Leave it out: the seal holds it. Only a revocation may need the client again.";
  return invalid(name, 'cannot be given beside "sealed"', hint);
}

function targetOf(sealed: Sealed, settings: Settings): Target {
  const { url, place, envName, handle } = sealed;
  const provider = keptProvider(sealed.provider, sealed.parts ?? {});
  const method = provider?.methods.find(({ id }) => id === sealed.method);
  if (provider === undefined || method === undefined) throw broken("was made by another version of this action");
  const flaw = addressFlaw(url || place || "", provider) ?? environmentNameFlaw(envName);
  if (flaw !== undefined) throw broken(`holds an address or a name that ${flaw}`);
  const isOurs = handle === undefined || (method.ending === "revocable" && provider.ownsHandle?.(handle) === true);
  if (!isOurs || method.isWhole?.(sealed) === false) throw broken(UNSOUND);
  const hasUrl = url !== "" || provider.placeWithoutUrl === undefined;
  const base = hasUrl ? normalised(url, provider) : "";
  return {
    provider,
    method,
    url: base,
    place: base || place || "",
    envName: variableOf(method, settings.envName || envName),
  };
}

/** Who opens a seal may say what has to be in it. */
function checkTarget({ provider, url, place }: Target, inputs: Inputs, settings: Settings): void {
  const mustBe = (name: "provider" | "url", sealed: string, given: string) => {
    if (given === sealed) return;
    const hint = 'Leave it out, or give the output "sealed" of the job that you mean.';
    throw invalid(name, `is ${given}, but the seal is of ${sealed || place}`, hint);
  };
  const wanted = inputs.provider === "" ? provider : findProvider(inputs.provider.toLowerCase());
  if (wanted === undefined) throw noProvider(inputs);
  mustBe("provider", provider.id, wanted.id);
  mustBe("url", url, inputs.url === "" ? url : baseUrl(inputs, provider, settings));
  checkScheme("sealed", place, settings);
}

/** What the revocation names has to be given again; all other credentials have no business beside a seal. */
function checkRevocation(inputs: Inputs, provider: Provider, handle: Handle | undefined): void {
  const wanted = handle === undefined ? [] : (provider.revokesWith?.(handle) ?? []);
  if (wanted.length === 0 && inputs.credentials !== "") throw besideSealed("credentials");
  const given = readCredentials(inputs);
  const spare = FIELDS.find((field) => given[field] !== undefined && !wanted.includes(field));
  if (spare !== undefined) throw besideSealed(inputs[spare] === "" ? `credentials.${spare}` : spare);
  const lacking = wanted.find((field) => given[field] === undefined);
  if (lacking === undefined) return;
  throw invalid(
    inputs.credentials === "" ? lacking : `credentials.${lacking}`,
    `is empty, but ${provider.name} revokes a token only with it`,
    `Give it here too, or leave "revoke" out. ${WHY_EMPTY}`,
  );
}
