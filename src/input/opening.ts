import { Failure } from "../failure.ts";
import { isProtected } from "../http/protection.ts";
import { findProvider } from "../providers/index.ts";
import { FIELDS, type Handle, type Provider } from "../providers/provider.ts";
import { open, readSealKey, type Sealed } from "../seal/seal.ts";
import { utc } from "../text/time.ts";
import { isDefinable, noProvider } from "./choice.ts";
import { readCredentials } from "./credentials.ts";
import type { Plan, Planning, Target } from "./plan.ts";
import { environmentNameFlaw, invalid, misspeltHint, type Settings, variableOf, WHY_EMPTY } from "./settings.ts";
import { addressFlaw, baseUrl, normalised } from "./site.ts";
import { INPUTS, type InputName, type Inputs, mayStandBesideSeal } from "./table.ts";

/**
 * Opens what another job sealed; all that is in it passes the same checks as if it came from inputs.
 * @throws {Failure} `invalid-input`, `missing-secret`, or `refused` where the token has expired
 */
export async function chooseSealed(inputs: Inputs, settings: Settings, { run, tell, secret }: Planning): Promise<Plan> {
  for (const name of INPUTS)
    if (inputs[name] !== "" && !isForRevocation(name) && !mayStandBesideSeal(name)) throw besideSealed(name);
  if (inputs["seal-key"] === "") {
    throw new Failure("missing-secret", 'The input "seal-key" is empty, so "sealed" cannot be opened.', {
      hint: `${misspeltHint(inputs, ["seal-key"])}Give the same secret as in the job that sealed; a called workflow gets it through \`secrets:\` only. ${WHY_EMPTY}`,
    });
  }
  const sealed = open(inputs.sealed, readSealKey(inputs["seal-key"]), run);
  secret(sealed.token);
  for (const more of Object.values(sealed.secrets ?? {})) secret(more);
  if (sealed.handle !== undefined) secret(sealed.handle.secret);
  const target = await targetOf(sealed, settings);
  tell({ provider: target.provider, method: target.method.id, url: target.url });
  await checkTarget(target, inputs, settings);
  const handle = settings.revoke === "true" ? sealed.handle : undefined;
  checkRevocation(inputs, target.provider, handle);
  const { token, parts, secrets, account, expiresAt } = sealed;
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) throw expired(target.provider, expiresAt);
  return { kind: "open", target, credential: { token, parts, secrets, account, expiresAt }, handle };
}

/** What a revocation may need again; whether it does is known only when the seal is open. */
function isForRevocation(name: InputName): boolean {
  return FIELDS.some((field) => field === name);
}

function besideSealed(name: InputName | `credentials.${string}`): Failure {
  return invalid(name, 'cannot be given beside "sealed"', "Leave it out: the seal holds what the other job used.");
}

async function targetOf(sealed: Sealed, settings: Settings): Promise<Target> {
  const found = await findProvider(sealed.provider);
  const provider = found === undefined || !isDefinable(found) ? found : found.again(sealed.parts ?? {});
  const method = provider?.methods.find(({ id }) => id === sealed.method);
  if (provider === undefined || method === undefined) throw foreign("was made by another version of this action");
  const hasUrl = sealed.url !== "" || provider.placeWithoutUrl === undefined;
  const address = addressFlaw(sealed.url || sealed.place || "", provider);
  if (address !== undefined) throw foreign(`holds an address that ${address}`);
  const name = environmentNameFlaw(sealed.envName);
  if (name !== undefined) throw foreign(`holds a name for the variable that ${name}`);
  if (method.isWhole?.(sealed) === false) throw foreign("lacks a part of its credential");
  const { handle } = sealed;
  if (handle !== undefined && !(method.ending === "revocable" && provider.ownsHandle?.(handle) === true)) {
    throw foreign("holds something else than what it takes to revoke its token");
  }
  const url = hasUrl ? normalised(sealed.url, provider) : "";
  return {
    provider,
    method,
    url,
    place: url || sealed.place || "",
    envName: variableOf(method, settings.envName || sealed.envName),
  };
}

/** Who opens a seal may say what has to be in it. */
async function checkTarget({ provider, url, place }: Target, inputs: Inputs, settings: Settings): Promise<void> {
  const name = inputs.provider.toLowerCase();
  const wanted = name === "" ? provider : await findProvider(name);
  if (wanted === undefined) throw noProvider(name, inputs);
  if (wanted.id !== provider.id) {
    throw invalid("provider", `is ${wanted.id}, but the seal is of ${provider.id}`, MISMATCH);
  }
  const address = inputs.url === "" ? url : baseUrl(inputs, provider);
  if (address !== url) throw invalid("url", `is ${address}, but the seal is of ${url || place}`, MISMATCH);
  if (isProtected(new URL(place)) || settings.allowHttp) return;
  throw invalid(
    "allow-http",
    "is not set, but the sealed token is for a plain http service",
    "Set it here as in the sealing job.",
  );
}

const MISMATCH = 'Leave it out, or give the output "sealed" of the job that you mean.';

/** What the revocation names has to be given again; all other credentials have no business beside a seal. */
function checkRevocation(inputs: Inputs, provider: Provider, handle: Handle | undefined): void {
  const wanted = handle === undefined ? [] : (provider.revokesWith?.(handle) ?? []);
  const given = readCredentials(inputs);
  const inJson = inputs.credentials !== "";
  const spare = FIELDS.find((field) => given[field] !== undefined && !wanted.includes(field));
  if (spare !== undefined && wanted.length > 0)
    throw besideSealed(inputs[spare] === "" ? `credentials.${spare}` : spare);
  if (spare !== undefined || (wanted.length === 0 && inJson)) {
    throw invalid(
      spare === undefined || inputs[spare] === "" ? "credentials" : spare,
      'cannot be given beside "sealed" here',
      "It serves only `revoke: true`, at a service whose revocation needs it again.",
    );
  }
  const lacking = wanted.filter((field) => given[field] === undefined);
  const [first] = lacking;
  if (first === undefined) return;
  throw invalid(
    inJson ? `credentials.${first}` : first,
    `is empty, but ${provider.name} revokes a token only with it`,
    `Give ${wanted.map((field) => `"${field}"`).join(" and ")} here too, or leave "revoke" out. ${misspeltHint(inputs, [first, "credentials"])}${WHY_EMPTY}`,
  );
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
