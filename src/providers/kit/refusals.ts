import { Failure, type FailureCode } from "../../failure.ts";
import type { Answer } from "../../http/http.ts";
import type { OwnWord } from "./judge.ts";

/** One way of a service to say no, in its own shape. */
export interface Refusal {
  readonly when: (answer: Answer) => boolean;
  readonly failure: FailureCode;
  /** A few words for the annotation's title, where the code's own say too little. */
  readonly title?: string;
  /** The sentence on what happened; `{host}` stands for where. */
  readonly says: string;
  /** The likely cause and what to do now. */
  readonly do: string | ((host: string) => string);
}

/**
 * What a service means by an answer: the first of its refusals that fits.
 * @param saying what of the answer is quoted
 */
export function ownWords(refusals: readonly Refusal[], saying: (answer: Answer) => string): OwnWord {
  return (answer, host) => {
    const refusal = refusals.find(({ when }) => when(answer));
    if (refusal === undefined) return undefined;
    const { failure, title, says, do: hint } = refusal;
    return new Failure(failure, says.replace("{host}", host), {
      ...(title !== undefined && { title }),
      hint: typeof hint === "string" ? hint : hint(host),
      answered: saying(answer),
    });
  };
}
