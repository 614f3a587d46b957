import { method } from "../method.ts";
import type { Credential, Method } from "../provider.ts";
import { expiry } from "./expiry.ts";
import { Token } from "./fields.ts";

/** A secret that the user brings, and how to tell that it is whole. */
interface ReadyMade extends Pick<Method, "id" | "envName" | "headers" | "recognises"> {
  /** What it is, as a title begins, and what it consists of. */
  readonly form?: { readonly what: string; readonly of: string; readonly isWhole: (token: string) => boolean };
  probe(credential: Credential, http: Parameters<Method["probe"]>[1]): ReturnType<Method["probe"]>;
}

/** A method without an exchange. What does not look whole is sent all the same, with a warning. */
export function readyMade({ form, ...facts }: ReadyMade): Method {
  return method({
    ...facts,
    fields: Token,
    ending: "ready-made",

    async exchange({ token }, _http, { warn }) {
      if (form?.isWhole(token) === false) {
        warn(`The input "token" is not ${form.of}: copy it whole.`, `${form.what} looks cut off`);
      }
      return { token, expiresAt: expiry({ token }) };
    },
  });
}
