import type { Http } from "../../http/http.ts";
import { encoded } from "../kit/handles.ts";
import { failed, notRevoked } from "../kit/judge.ts";
import type { Field, Handle, Revocation, Revoking } from "../provider.ts";
import { requestOf, type Values, withUse } from "./fill.ts";
import { namesOf } from "./places.ts";
import { CREDENTIALS, type MethodDefinition, type RevokeDefinition } from "./schema.ts";
import { isSecret, missing, restored } from "./values.ts";

/** Characters that a handle may have: the state of a step takes no more of one value. */
const LARGEST = 65_536;

/** The revocation as it is sent. */
function revocationOf({ use, revoke }: MethodDefinition): RevokeDefinition | undefined {
  return revoke?.with === "use" ? withUse(revoke, use) : revoke;
}

/**
 * What it takes to revoke: the values that the revocation names, but for the credentials, which are read again, and the ID
 * token, which is made anew. Undefined where the answer lacks one, or brought one that is too large.
 * @param more what else is to be kept
 */
export function handleOf(
  id: string,
  method: MethodDefinition,
  values: Values,
  more: Readonly<Record<string, string>> | undefined,
): Handle | undefined {
  const revoke = revocationOf(method);
  if (revoke === undefined || missing({ revoke }, values) !== undefined) return undefined;
  const names = namesOf(revoke);
  const given = CREDENTIALS.filter((field) => names.includes(field) && values[field]);
  const again: readonly string[] = [...CREDENTIALS, "id-token", "answer.token"];
  const named = [...names, "audience"].filter((name) => !again.includes(name)).map((name) => [name, values[name]]);
  const handle = {
    ...more,
    ...encoded(Object.fromEntries(named)),
    ...(given.length > 0 && { given: given.join(" ") }),
    method: id,
    secret: values["answer.token"] ?? "",
  };
  return JSON.stringify(handle).length > LARGEST ? undefined : handle;
}

/** The credentials that the revocation of a handle needs again. */
export function revokesWith(methods: Methods, { method = "", given = "" }: Handle): readonly Field[] {
  const revoke = revocationOf(methods[method] ?? {});
  const names = revoke === undefined ? [] : namesOf(revoke);
  return CREDENTIALS.filter((field) => names.includes(field) && given.split(" ").includes(field));
}

type Methods = Readonly<Record<string, MethodDefinition>>;

/** @throws {Failure} where the service cannot be reached */
export async function revoke(methods: Methods, handle: Handle, http: Http, step: Revoking): Promise<Revocation> {
  const method = methods[handle.method ?? ""] ?? {};
  const asks = revocationOf(method);
  if (asks === undefined) return failed("the service offers no revocation");
  const names = namesOf(asks);
  const kept = restored([...names, "audience"], handle);
  for (const [name, value] of Object.entries(kept)) if (value && isSecret(name, method)) step.secret(value);
  const values = { ...kept, ...step.given, "answer.token": handle.secret };
  const isOnce = CREDENTIALS.some((field) => names.includes(field));
  const answer = await http.send(async () => ({
    ...(await requestOf(asks, values, http, step)),
    resend: isOnce ? "once" : "freely",
  }));
  const { revoked = [200, 204], gone = [] } = asks;
  // A page never tells: what answers so is not the API.
  if (answer.isHtml) return notRevoked(answer);
  if (revoked.includes(answer.status)) return { kind: "revoked" };
  return gone.includes(answer.status) ? { kind: "gone" } : notRevoked(answer);
}
