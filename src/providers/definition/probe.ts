import { Failure } from "../../failure.ts";
import type { Http } from "../../http/http.ts";
import { DEAD, inconclusive } from "../kit/judge.ts";
import type { About, Credential, Verdict } from "../provider.ts";
import { lacking, requestOf, withUse } from "./fill.ts";
import { asText, expiryAt, found, isThere } from "./pick.ts";
import { heard } from "./refusals.ts";
import { missing, type Paired, valuesOf } from "./values.ts";

/**
 * Proves a credential as the definition says. What nobody has confirmed of a service is no failure: an answer that says
 * nothing of the credential is inconclusive.
 * @throws {Failure} `wrong-url` where the service says itself that this is not the place, or for a redirect
 */
export async function probe(
  method: Paired,
  credential: Credential,
  http: Http,
  { minted, step }: About<unknown>,
): Promise<Verdict> {
  const { use, probe: asks, refusals } = method;
  if (asks === undefined) return { kind: "skipped", why: "the definition has no probe" };
  const values = valuesOf(method, credential);
  const lost = missing({ use, probe: asks }, values);
  if (lost !== undefined) return inconclusive(lacking(lost));
  const request = await requestOf(withUse(asks, use), values, http, step, "GET");
  const answer = await http.send({ ...request, resend: "once" });
  const { status, isHtml } = answer;
  const { word, isSuccess, failure } = heard(answer, http, refusals);
  if (word?.code === "wrong-url") throw word;
  const isUnknown = word === undefined && status === 401;
  if (status === 401 && minted === "here" && asks["may-not-know"] === true) return inconclusive(failure);
  const value = isSuccess ? found(asks.accepted, answer) : undefined;
  if (isUnknown || value === false || failure.code === "refused") {
    const { answered, answeredBy } = failure;
    const sentence = `${http.host} refuses the credential (status ${status}).`;
    return { kind: "refused", failure: new Failure("refused", sentence, { hint: DEAD, answered, answeredBy }) };
  }
  if (isThere(value)) {
    const account = asks.account && asText(found(asks.account, answer));
    return { kind: "accepted", account, expiresAt: expiryAt(asks.expires, answer) };
  }
  // A page is no word of the service.
  return inconclusive(failure, failure.code === "forbidden" && !isHtml ? "permission" : "answer");
}
