import * as z from "zod/mini";
import type { Http } from "../../http/http.ts";
import { read, type Schema } from "../../text/json.ts";
import type { Handle, Provider, Revocation, Revoking } from "../provider.ts";

/** Values as a seal and a state take them, which is in ASCII; what is empty is left out. */
export function encoded(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value ? [[name, encodeURIComponent(value.toWellFormed())]] : [],
    ),
  );
}

/** What takes the handles of this shape back, and knows them: a seal or a state may hold others. */
export function takesBack<Type extends z.ZodMiniType>(
  shape: Schema<Type>,
  revoke: (handle: z.output<Type>, http: Http, revoking: Revoking) => Promise<Revocation>,
): Pick<Provider, "ownsHandle" | "revoke"> {
  return {
    ownsHandle: (handle: Handle) => read(shape, handle) !== undefined,
    revoke: (handle, http, revoking) => revoke(z.parse(shape(), handle), http, revoking),
  };
}
