import * as z from "zod/mini";
import type { Answer } from "../../http/http.ts";
import { quoted } from "../../http/quote.ts";
import { type Parsed, read, schema } from "../../text/json.ts";

const Text = () => z.catch(z.string(), "");
const Errors = schema(() =>
  z.object({
    error: z.catch(z.union([z.string(), z.object({ code: z.optional(z.number()), message: Text() })]), ""),
    error_description: Text(),
    message: Text(),
    errorCode: z.optional(z.unknown()),
    path: Text(),
    is_anonymous: z.optional(z.unknown()),
  }),
);

/** An error in JSON; what it does not have is empty. */
export interface Said extends Omit<Parsed<typeof Errors>, "error"> {
  /** The code of RFC 6749, section 5.2, or whatever text stands in its place. */
  readonly error: string;
  /** The code and the message of an `error` that is an object. */
  readonly code?: number | undefined;
}

/** An answer together with what it says. */
export type Spoken = Answer & Said;

/** What an answer says in JSON, in the shapes that services share. */
function said({ json }: Answer): Said {
  const { error, ...more } = read(Errors, json) ?? z.parse(Errors(), {});
  return typeof error === "string" ? { ...more, error } : { ...more, error: "", ...error };
}

/** The sentence that an answer says, without the JSON around it; nothing of a page, nor of a success, which may hold a secret. */
export function saying(answer: Answer): string {
  const { message, error_description, error } = said(answer);
  const isMute = answer.isHtml || answer.status < 300;
  return message || error_description || error || (isMute ? "" : (quoted(answer).answered ?? ""));
}

/** The answer with what it says in JSON, of which only that is quoted. */
export function spoken(answer: Answer): Spoken {
  return { ...answer, ...said(answer), ...(answer.json === undefined ? {} : { body: saying(answer) }) };
}
