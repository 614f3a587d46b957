import * as z from "zod/mini";
import { Failure, type FailureCode } from "../../failure.ts";
import type { Answer } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { read, type Schema, schema } from "../../text/json.ts";
import type { OwnWord } from "./judge.ts";

/** One way of a service to say no, in its own shape. */
export interface Refusal {
  readonly when: (answer: Answer) => boolean;
  readonly failure: FailureCode;
  /** A few words for the annotation's title, where the code's own say too little. */
  readonly title?: string;
  /** What happened: it goes on after who says so, "Name at host". */
  readonly says: string;
  /** The likely cause and what to do now. */
  readonly do: string;
}

/**
 * What a service means by an answer: the first of its refusals that fits.
 * @param saying what of the answer is quoted
 * @param name the service, as its vendor writes it
 */
export function ownWords(refusals: readonly Refusal[], saying: (answer: Answer) => string, name?: string): OwnWord {
  return (answer, host) => {
    const refusal = refusals.find(({ when }) => when(answer));
    if (refusal === undefined) return undefined;
    const { failure, title, says, do: hint } = refusal;
    return new Failure(failure, `${name === undefined ? "" : `${name} at `}${host} ${says}.`, {
      ...(title !== undefined && { title }),
      hint,
      answered: saying(answer),
    });
  };
}

const OAuthError = schema(() => z.object({ error: z.string() }));

/** The error code of RFC 6749, section 5.2; empty where the answer has none. */
export function errorOf({ json }: Answer): string {
  return read(OAuthError, json)?.error ?? "";
}

/** What a success holds in this shape; undefined for any other answer. */
export function success<Type extends z.ZodMiniType>(shape: Schema<Type>, answer: Answer): z.output<Type> | undefined {
  return answer.status < 300 ? read(shape, answer.json) : undefined;
}

/** The same answer, to be quoted without the JSON around what it says. */
export function quoting(answer: Answer, said: string): Answer {
  return said === "" ? answer : { ...answer, body: said };
}

/** What an answer says where it is no JSON of the service: of a page nothing. */
export function plainly(answer: Answer): string {
  return answer.isHtml ? "" : (quoted(answer).answered ?? "");
}
