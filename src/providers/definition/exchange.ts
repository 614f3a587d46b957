import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { createKey, type NamedKey } from "../kit/creation.ts";
import { expiry } from "../kit/expiry.ts";
import { keyName } from "../kit/key-name.ts";
import { mintedToken, tokenFlaw } from "../kit/token.ts";
import type { Credential, Handle, Step } from "../provider.ts";
import { filledHeaders, lacking, requestOf, type Values } from "./fill.ts";
import { asText, expiryAt, found, pointedAt } from "./pick.ts";
import { namesOf } from "./places.ts";
import { heard } from "./refusals.ts";
import type { ExchangeDefinition, MethodDefinition, Source } from "./schema.ts";
import { kept, missing, pairsOf, startValues, withPairs } from "./values.ts";

/** What the exchange of a method goes by. */
export interface Exchanging {
  readonly method: MethodDefinition;
  readonly http: Http;
  readonly step: Step;
  /** Makes the handle by which the credential is taken back; undefined where nothing can be. */
  readonly handle: (values: Values) => Handle | undefined;
}

/** The secrets that an answer may bring beside those that the definition names (RFC 6749, section 5.1). */
const MORE_SECRETS: Readonly<Record<string, Source>> = {
  "/1": { json: "/refresh_token" },
  "/2": { json: "/refreshToken" },
  "/3": { json: "/id_token" },
};

/**
 * Turns the credentials into a credential, as the definition says.
 * @throws {Failure} by the contract's judging order
 */
export async function exchange(exchanging: Exchanging, given: Values): Promise<Credential> {
  const { method, http, step } = exchanging;
  const definition = method.exchange;
  const start = startValues(method, given);
  if (definition?.creates === true) return created(exchanging, definition, start);
  const values = { ...start, run: keyName(step.run) };
  if (definition === undefined) return ownCredential(method, values, step);
  const answer = await http.send(async () => ({
    ...(await requestOf(definition, values, http, step)),
    mints: true,
    resend: "once",
  }));
  return readAnswer(exchanging, answer, values);
}

/** Nothing is exchanged: the credential is the user's own. */
function ownCredential(method: MethodDefinition, values: Values, { secret }: Step): Credential {
  const pair = pairsOf(method, values)["use.basic"];
  const token = values.token || pair || values.password || values["client-secret"] || "";
  const flaw = tokenFlaw(token);
  if (flaw !== undefined) {
    throw new Failure("invalid-input", `The secret that is sent as it is ${flaw}.`, {
      hint: "Copy it again, as one line.",
    });
  }
  return credentialOf(method, values, token, secret);
}

/** What stays at the service is made once, unless it can be undone by its name. */
async function created(exchanging: Exchanging, definition: ExchangeDefinition, start: Values): Promise<Credential> {
  const { method, http, step } = exchanging;
  const { undo } = method;
  const names = namesOf(definition);
  let run = "";
  let isHeld = false;
  const revocable = (handle: Handle) => {
    isHeld = true;
    step.revocable(handle);
  };
  const key: NamedKey = {
    request: (name) => {
      run = name;
      return requestOf(definition, { ...start, run }, http, step);
    },
    ...(names.some((name) => name.startsWith("expiry")) && { expiresAt: new Date(start.expiry ?? "") }),
    onlyOnce: undo === undefined,
    // What is held is taken back by its handle, at the end of the job.
    remove: async (name, there) => {
      if (undo === undefined || isHeld) return false;
      const request = await requestOf(undo, { ...start, run: name }, http, step);
      const { isHtml, status } = await there.send({ ...request, resend: "once" });
      return !isHtml && (status < 300 || status === 404);
    },
  };
  // Without a name nothing can be said of what may be left.
  const asking = names.includes("run") ? step : { ...step, mayExist: () => {} };
  const credential = await createKey(http, asking, key, (answer) =>
    readAnswer({ ...exchanging, step: { ...step, revocable } }, answer, { ...start, run }),
  );
  step.settled();
  return credential;
}

/** @throws {Failure} where the answer is no success, or holds no usable token */
function readAnswer({ method, http, step, handle }: Exchanging, answer: Answer, before: Values): Credential {
  const { token: tokenAt = { json: "/access_token" }, secrets = {}, values = {}, expires } = method.answer ?? {};
  const { isSuccess, failure } = heard(answer, http, method.refusals);
  const all: Record<string, string | undefined> = { ...before };
  for (const [name, at] of Object.entries({ ...secrets, token: tokenAt, ...MORE_SECRETS })) {
    const value = secretAt(at, answer, isSuccess);
    if (value !== undefined) step.secret(value);
    all[`answer.${name}`] = value;
  }
  const token = all["answer.token"];
  if (!isSuccess || token === undefined || method.exchange?.success?.includes(answer.status) === false) {
    throw failure;
  }
  mintedToken(token, http);
  for (const [name, at] of Object.entries(values)) all[`answer.${name}`] = asText(found(at, answer));
  const toRevoke = handle(all);
  if (toRevoke !== undefined) step.revocable(toRevoke);
  else if (method.revoke !== undefined) step.note("The answer lacks what the revocation needs, so nothing is revoked.");
  const expiresAt = expiryAt(expires, answer) ?? expiry({ token, expiresIn: pointedAt(answer.json, "/expires_in") });
  return { ...credentialOf(method, all, token, step.secret), expiresAt };
}

/** A secret is a text. The whole body is one only in a success, and where it is no JSON object: else it says what is wrong. */
function secretAt(at: Source, answer: Answer, isSuccess: boolean): string | undefined {
  if (at.text === true && (!isSuccess || typeof answer.json === "object")) return undefined;
  const value = found(at, answer);
  return (typeof value === "string" && value) || undefined;
}

/** The credential with all that is needed to use and to prove it, here and where a seal is opened. */
function credentialOf(
  method: MethodDefinition,
  before: Values,
  token: string,
  secret: (value: string) => void,
): Credential {
  const values = { ...before, "answer.token": token };
  const { use, env, probe } = withPairs(method);
  const lost = missing({ use: method.use, env }, values);
  if (lost !== undefined) throw lacking(lost);
  const pairs = pairsOf(method, values);
  for (const pair of Object.values(pairs)) if (pair) secret(pair);
  const all = { ...values, ...pairs };
  filledHeaders(use, all);
  return { token, ...kept({ use, env, probe }, all, method) };
}
