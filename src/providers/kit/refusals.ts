import type * as z from "zod/mini";
import { Failure, type FailureCode } from "../../failure.ts";
import type { Answer } from "../../http/http.ts";
import { read, type Schema } from "../../text/json.ts";
import { MEANINGS, type OwnWord } from "./judge.ts";
import { type Spoken, saying, spoken } from "./said.ts";

/** One way of a service to say no, in its own shape. */
export interface Refusal {
  readonly when: (answer: Spoken) => boolean;
  /** `refused` where nothing else is said. */
  readonly failure?: FailureCode;
  /** A few words for the annotation's title, where the code's own say too little. */
  readonly title?: string;
  /** What happened, after who says so: "refuses the credentials" where nothing else is said. */
  readonly says?: string;
  /** The likely cause and what to do now. */
  readonly do: string;
}

/**
 * What a service means by an answer: the first of its refusals that fits.
 * @param name the service, as its vendor writes it
 * @param quoting what of the answer is quoted
 */
export function ownWords(refusals: readonly Refusal[], name: string, quoting = saying): OwnWord {
  return (answer, host) => {
    const heard = { ...spoken(answer), body: answer.body };
    const refusal = refusals.find(({ when }) => when(heard));
    if (refusal === undefined) return undefined;
    const { failure = "refused", title, says = MEANINGS.refused[0], do: hint } = refusal;
    return new Failure(failure, `${name} at ${host} ${says}.`, {
      ...(title !== undefined && { title }),
      hint,
      answered: quoting(answer),
    });
  };
}

/** What a success holds in this shape; undefined for any other answer. */
export function success<Type extends z.ZodMiniType>(shape: Schema<Type>, answer: Answer): z.output<Type> | undefined {
  return answer.status < 300 ? read(shape, answer.json) : undefined;
}
