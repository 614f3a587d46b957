import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { judge, lacksPermission, noAnswer } from "../kit/judge.ts";
import type { About, Credential, Verdict } from "../provider.ts";
import { lacking } from "./fill.ts";
import { asText, expiryAt, found, isThere } from "./pick.ts";
import { ownWord } from "./refusals.ts";
import { requestOf, withUse } from "./request.ts";
import type { MethodDefinition, ProbeDefinition } from "./schema.ts";
import { namesIn, valuesOf, withPairs } from "./values.ts";

/**
 * Proves a credential as the definition says. What nobody has confirmed of a service is no failure: an answer that says
 * nothing of the credential is inconclusive.
 * @throws {Failure} `wrong-url` where the service says itself that this is not the place, or for a redirect
 */
export async function probe(
  definition: MethodDefinition,
  credential: Credential,
  http: Http,
  { minted, step }: About<unknown>,
): Promise<Verdict> {
  const method = withPairs(definition);
  const { probe: asks } = method;
  if (asks === undefined) return { kind: "skipped", why: "the definition has no probe" };
  const values = valuesOf(method, credential);
  const missing = namesIn(method, ["use", "probe"]).find((name) => values[name] === undefined);
  if (missing !== undefined) return noAnswer(lacking(missing));
  const request = requestOf(withUse(asks, method), "GET", values, http, step.secret);
  const answer = await http.send({ ...request, resend: "once" });
  return verdict(answer, http, method, asks, minted === "here");
}

function verdict(
  answer: Answer,
  http: Http,
  { refusals }: MethodDefinition,
  asks: ProbeDefinition,
  isFresh: boolean,
): Verdict {
  const own = ownWord(refusals);
  const word = own(answer, http.host);
  const failure = judge(answer, http, own);
  const value = answer.status < 300 && !answer.isHtml && word === undefined ? found(asks.accepted, answer) : undefined;
  if (answer.status === 401 && isFresh && asks["may-not-know"] === true) return noAnswer(failure);
  if (word?.code === "wrong-url") throw word;
  if (value === false || word?.code === "refused" || (word === undefined && answer.status === 401)) {
    return { kind: "refused", failure: refusal(answer, http.host) };
  }
  if (isThere(value)) {
    const account = asks.account === undefined ? undefined : asText(found(asks.account, answer));
    return { kind: "accepted", account, expiresAt: expiryAt(asks.expires, answer) };
  }
  const lacksRight = word?.code === "forbidden" || (word === undefined && answer.status === 403 && !answer.isHtml);
  return lacksRight ? lacksPermission(failure.message, failure.hint, failure.answered) : noAnswer(failure);
}

function refusal(answer: Answer, host: string): Failure {
  return new Failure("refused", `${host} refuses the credential (status ${answer.status}).`, {
    hint: "It is wrong, expired or revoked.",
    ...(answer.status < 300 ? {} : quoted(answer)),
  });
}
