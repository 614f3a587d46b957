import * as z from "zod/mini";
import type { Answer, Http } from "../../http/http.ts";
import { schema } from "../../text/json.ts";
import { PRINTABLE } from "../../text/token.ts";
import type { Field, Handle, Revocation, Revoking } from "../provider.ts";
import type { Values } from "./fill.ts";
import { requestOf, withUse } from "./request.ts";
import { CREDENTIALS, type MethodDefinition, type RevokeDefinition } from "./schema.ts";
import { isSecret, kept, namesIn, valuesOfHandle } from "./values.ts";

/** A handle of a definition names the method. */
const OwnHandle = schema(() => z.looseObject({ method: z.string() }));

/** Characters that a handle may have: the state of a step is a variable of a process, which has a limit. */
const LARGEST = 80_000;

/** The method with its revocation as it is sent, and nothing that is not sent there. */
export function revoking({
  use,
  ...method
}: MethodDefinition): MethodDefinition & { revoke?: RevokeDefinition | undefined } {
  const { revoke } = method;
  return { ...method, revoke: revoke?.with === "use" ? withUse(revoke, { use }) : revoke };
}

/**
 * What it takes to revoke: the values that the revocation names, but for the credentials, which are read again, and the ID
 * token, which is made anew. Undefined where the answer lacks one, or brought one that cannot be kept.
 * @param more what else is to be kept
 */
export function handleOf(
  id: string,
  definition: MethodDefinition,
  values: Values,
  more: Readonly<Record<string, string>>,
): Handle | undefined {
  const method = revoking(definition);
  if (method.revoke === undefined) return undefined;
  const again: readonly string[] = [...CREDENTIALS, "id-token"];
  const names = namesIn(method, ["revoke"]);
  const named = names.filter((name) => !again.includes(name));
  const isKept = (name: string, value = "") => value !== "" && (!isSecret(name, method) || PRINTABLE.test(value));
  if (!named.every((name) => isKept(name, values[name]))) return undefined;
  const { secrets, parts } = kept(named, values, method);
  const given = CREDENTIALS.filter((field) => names.includes(field) && values[field] !== "");
  const handle = {
    ...more,
    ...parts,
    ...secrets,
    ...(given.length > 0 ? { given: given.join(" ") } : {}),
    method: id,
    secret: values["answer.token"] ?? "",
  };
  return JSON.stringify(handle).length > LARGEST ? undefined : handle;
}

/** The credentials that the revocation of a handle needs again. */
export function revokesWith(methods: Methods, handle: Handle): readonly Field[] {
  const { method: id = "", given = "" } = handle;
  const names = namesIn(revoking(methods[id] ?? {}), ["revoke"]);
  return CREDENTIALS.filter((field) => names.includes(field) && given.split(" ").includes(field));
}

type Methods = Readonly<Record<string, MethodDefinition>>;

/** @throws {Failure} where the service cannot be reached */
export async function revoke(
  methods: Methods,
  handle: Handle,
  http: Http,
  { given, idToken, secret }: Revoking,
): Promise<Revocation> {
  const method = revoking(methods[z.parse(OwnHandle(), handle).method] ?? {});
  const { revoke: asks } = method;
  if (asks === undefined) return { kind: "failed", answered: "the service offers no revocation" };
  const names = namesIn(method, ["revoke"]);
  for (const name of names) if (isSecret(name, method) && handle[name] !== undefined) secret(handle[name]);
  const values = valuesOfHandle(method, handle, given);
  const isOnce = CREDENTIALS.some((field) => names.includes(field));
  // Built anew for each attempt: an ID token is good for one use.
  const answer = await http.send(async () => {
    const fresh = names.includes("id-token") ? { "id-token": await idToken(handle.audience) } : {};
    return { ...requestOf(asks, "POST", { ...values, ...fresh }, http, secret), resend: isOnce ? "once" : "freely" };
  });
  return outcome(answer, asks);
}

/** A page never tells: what answers so is not the API. */
function outcome({ status, isHtml }: Answer, { revoked = [200, 204], gone = [] }: RevokeDefinition): Revocation {
  if (isHtml) return { kind: "failed", answered: "a page, not the API" };
  if (revoked.includes(status)) return { kind: "revoked" };
  return gone.includes(status) ? { kind: "gone" } : { kind: "failed", answered: `status ${status}` };
}
