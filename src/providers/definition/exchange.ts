import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { askForKey } from "../kit/creation.ts";
import { expiry } from "../kit/expiry.ts";
import { judge } from "../kit/judge.ts";
import { keyName } from "../kit/key-name.ts";
import { mintedToken, tokenFlaw } from "../kit/token.ts";
import type { Credential, Handle, Step } from "../provider.ts";
import { filledHeaders, type Values } from "./fill.ts";
import { readParameters } from "./parameters.ts";
import { asText, expiryAt, found, pointedAt } from "./pick.ts";
import type { Room } from "./places.ts";
import { ownWord } from "./refusals.ts";
import { requestOf, useOf } from "./request.ts";
import type { ExchangeDefinition, MethodDefinition, Source } from "./schema.ts";
import { checkThere, expiryOf, type GivenTexts, kept, namesIn, pairsOf, startValues, withPairs } from "./values.ts";

/** What the exchange of a method goes by. */
export interface Exchanging {
  readonly method: MethodDefinition;
  readonly given: GivenTexts;
  /** Whom an ID token is for; GitHub's default where nobody says. */
  readonly audience: string | undefined;
  readonly http: Http;
  readonly step: Step;
  /** Makes the handle by which the credential is taken back; undefined where nothing can be. */
  readonly handle: (values: Values) => Handle | undefined;
}

/** The secrets that an answer may bring beside those that the definition names (RFC 6749, section 5.1). */
const MORE_SECRETS = ["/refresh_token", "/refreshToken", "/id_token"];

/**
 * Turns the credentials into a credential, as the definition says.
 * @throws {Failure} by the contract's judging order
 */
export async function exchange(exchanging: Exchanging): Promise<Credential> {
  const { method, given, step } = exchanging;
  const start = startValues(method, given, readParameters(given.parameters), Date.now());
  if (method.exchange === undefined) return ownCredential(method, { ...start, run: keyName(step.run) }, step);
  return method.exchange.creates === true
    ? created(exchanging, method.exchange, start)
    : minted(exchanging, method.exchange, start);
}

/** Nothing is exchanged: the credential is the user's own. */
function ownCredential(method: MethodDefinition, values: Values, { secret }: Step): Credential {
  const isPair = !namesIn({ use: { basic: method.use?.basic } }, ["use"]).includes("answer.token");
  const pair = isPair && !values.token ? pairsOf({ use: method.use }, values)["use.basic"] : undefined;
  const token = values.token || pair || values.password || values["client-secret"] || "";
  const flaw = tokenFlaw(token);
  if (flaw !== undefined)
    throw new Failure("invalid-input", `The secret that is sent as it is ${flaw}.`, { hint: WRONG_SECRET });
  return credentialOf(method, { ...values, "answer.token": token }, token, secret);
}

const WRONG_SECRET = "Check the secrets that this step is given: copy them again, each as one line.";

async function minted(exchanging: Exchanging, definition: ExchangeDefinition, start: Values): Promise<Credential> {
  const { http, step } = exchanging;
  const values = { ...start, run: keyName(step.run) };
  // Built anew for each attempt: an ID token is good for one use.
  const answer = await http.send(async () => ({
    ...requestOf(definition, "POST", await withIdToken("exchange", exchanging, values), http, step.secret),
    mints: true,
    resend: "once",
  }));
  return readAnswer(exchanging, answer, values);
}

/** What stays at the service is made once, unless it can be undone by its name. */
async function created(exchanging: Exchanging, definition: ExchangeDefinition, start: Values): Promise<Credential> {
  const { method, http, step } = exchanging;
  const { undo } = method;
  const names = namesIn(method, ["exchange"]);
  let run = "";
  let isHeld = false;
  // Without a name nothing can be said of what may be left.
  const asking = names.includes("run") ? step : { ...step, mayExist: () => {} };
  const asked = await askForKey(http, asking, {
    // An ID token is good for one use.
    request: async (name) => {
      run = name;
      return requestOf(
        definition,
        "POST",
        await withIdToken("exchange", exchanging, { ...start, run }),
        http,
        step.secret,
      );
    },
    ...(names.some((name) => name.startsWith("expiry")) ? { expiresAt: expiryOf(Date.now()) } : {}),
    onlyOnce: undo === undefined,
    remove: async (name, there) =>
      undo !== undefined &&
      isUndone(
        await there.send({
          ...requestOf(undo, "POST", await withIdToken("undo", exchanging, { ...start, run: name }), http, step.secret),
          resend: "once",
        }),
      ),
  });
  const holding: Step = {
    ...step,
    revocable: (handle) => {
      isHeld = true;
      step.revocable(handle);
    },
  };
  try {
    const credential = readAnswer({ ...exchanging, step: holding }, asked.answer, { ...start, run });
    step.settled();
    return credential;
  } catch (fault) {
    // A creation whose answer tells nothing of what it made is looked for by its name.
    if (asked.answer.status < 300 && !isHeld) await asked.undo();
    throw fault;
  }
}

function isUndone({ isHtml, status }: Answer): boolean {
  return !isHtml && (status < 300 || status === 404);
}

async function withIdToken(room: Room, { method, audience, step }: Exchanging, values: Values): Promise<Values> {
  return namesIn(method, [room]).includes("id-token")
    ? { ...values, "id-token": await step.idToken(audience) }
    : values;
}

/** @throws {Failure} where the answer is no success, or holds no usable token */
function readAnswer({ method, http, step, handle }: Exchanging, answer: Answer, before: Values): Credential {
  const { answer: places = {} } = method;
  const tokenAt = places.token ?? { json: "/access_token" };
  const own = ownWord(method.refusals);
  const isSuccess = answer.status < 300 && !answer.isHtml && own(answer, http.host) === undefined;
  const token = textAt(tokenAt, answer, isSuccess);
  const secrets = Object.entries(places.secrets ?? {}).map(
    ([name, at]) => [name, textAt(at, answer, isSuccess)] as const,
  );
  for (const value of [
    token,
    ...secrets.map(([, value]) => value),
    ...MORE_SECRETS.map((at) => pointedAt(answer.json, at)),
  ]) {
    if (typeof value === "string" && value !== "") step.secret(value);
  }
  if (!isSuccess || !isOneOf(answer.status, method.exchange?.success) || token === undefined) {
    throw judge(answer, http, own);
  }
  const values = Object.entries(places.values ?? {}).map(([name, at]) => [name, asText(found(at, answer))] as const);
  const read = [...secrets, ...values].flatMap(([name, value]) => (value ? [[`answer.${name}`, value] as const] : []));
  const all = { ...before, ...Object.fromEntries(read), "answer.token": mintedToken(token, http) };
  const toRevoke = handle(all);
  if (toRevoke !== undefined) step.revocable(toRevoke);
  else if (method.revoke !== undefined) step.note("The answer lacks what the revocation needs, so nothing is revoked.");
  const expiresAt =
    expiryAt(places.expires, answer) ?? expiry({ token, expiresIn: pointedAt(answer.json, "/expires_in") });
  return { ...credentialOf(method, all, token, step.secret), expiresAt };
}

/** A secret is a text. The whole body is one only in a success, and where it is no JSON object: else it says what is wrong. */
function textAt(at: Source, answer: Answer, isSuccess: boolean): string | undefined {
  const isText = isSuccess && typeof answer.json !== "object";
  const value = at.text === true && !isText ? undefined : found(at, answer);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isOneOf(status: number, statuses: readonly number[] | undefined): boolean {
  return statuses === undefined || statuses.includes(status);
}

/** The credential with all that is needed to use and to prove it, here and where a seal is opened. */
function credentialOf(
  method: MethodDefinition,
  values: Values,
  token: string,
  secret: (value: string) => void,
): Credential {
  const paired = withPairs(method);
  const all = { ...values, ...pairsOf(method, values) };
  for (const name of ["use.basic", "probe.basic"]) if (all[name] !== undefined) secret(all[name]);
  checkThere(namesIn(paired, ["use", "env"]), all);
  filledHeaders(useOf(paired.use), all);
  return { token, ...kept(namesIn(paired, ["use", "env", "probe"]), all, method) };
}
