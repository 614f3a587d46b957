import { Failure } from "../../failure.ts";
import type { Answer, Http } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { judge, MEANINGS } from "../kit/judge.ts";
import { asText, isThere, pointedAt } from "./pick.ts";
import type { Refusal } from "./schema.ts";

/** What an answer says: the first refusal of the definition that fits, whether it is a success, and why it is none if not. */
export function heard(answer: Answer, http: Http, refusals: readonly Refusal[] = []) {
  const word = wordOf(answer, http.host, refusals);
  const isSuccess = answer.status < 300 && !answer.isHtml && word === undefined;
  return { word, isSuccess, failure: judge(answer, http, () => word) };
}

function wordOf(answer: Answer, host: string, refusals: readonly Refusal[]): Failure | undefined {
  const code = refusals.find((refusal) => fits(refusal, answer))?.failure;
  if (code === undefined) return undefined;
  const [sentence, hint] = MEANINGS[code];
  // A success may hold a secret in a shape that nobody expects, and so could not mask.
  return new Failure(code, `${host} ${sentence}.`, { hint, ...(answer.status >= 300 && quoted(answer)) });
}

function fits({ status, json, values }: Refusal, answer: Answer): boolean {
  if (status === undefined ? answer.status < 400 : !status.includes(answer.status)) return false;
  // A page is not the service's own word, whatever its status.
  if (json === undefined) return !answer.isHtml;
  const found = pointedAt(answer.json, json);
  if (values === undefined) return isThere(found);
  const text = asText(found)?.toLowerCase() ?? "";
  return values.some((value) => text.includes(value.toLowerCase()));
}
