import * as z from "zod/mini";
import type { Http } from "../http/http.ts";
import { read, schema, whole } from "../text/json.ts";
import { askForKey, type Keys, type ListedKey, removeNamed } from "./kit/creation.ts";
import { basic } from "./kit/headers.ts";
import { revocation } from "./kit/judge.ts";
import { mintedToken, tokenFlaw } from "./kit/token.ts";
import type { Credential, Revocation, Step } from "./provider.ts";
import { judgeExchange } from "./tuleap-refusals.ts";

/** A job on a hosted runner ends within 6 hours, on a self-hosted one within 5 days. */
const KEY_SECONDS = { hosted: 6 * 3600, selfHosted: 5 * 24 * 3600 };

export const REST_SCOPE = "write:rest";

/** Most keys that Tuleap lists at once, and how many such pages are read. */
const KEYS_PER_PAGE = 50;
const MOST_PAGES = 20;

/** Longer lists, of keys or of what a key may do, would only take time. */
export const MOST_ON_A_PAGE = 1_000;

/** `tlp-k1-<id>.<64 hex>`: the id of the key stands in the key. */
export const ACCESS_KEY = /^tlp-k1-(\d+)\.[0-9a-fA-F]+$/;

const CreatedKey = schema(() => z.object({ identifier: z.string() }));
const KeyList = schema(() => z.array(z.unknown()));
const KeyOfList = schema(() => z.object({ id: whole(1), description: z.optional(z.nullable(z.string())) }));
const UserId = schema(() => z.object({ id: whole(0) }));

export const keyHeaders = ({ token }: Pick<Credential, "token">) => ({ "X-Auth-AccessKey": token });

/** Creates an access key for this run. Tuleap sends the user an e-mail each time, so no more are made than have to be. */
export async function createKey(pair: string, http: Http, step: Step): Promise<Credential> {
  step.secret(pair);
  const seconds = step.run.selfHosted ? KEY_SECONDS.selfHosted : KEY_SECONDS.hosted;
  const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
  const headers = basic({ token: pair });
  const { answer, undo } = await askForKey(http, step, {
    expiresAt,
    request: (name) => ({
      method: "POST",
      path: "/api/access_keys",
      headers,
      json: { description: name, expiration_date: atom(expiresAt), scopes: [REST_SCOPE] },
    }),
    remove: (name, client) => removeKeys(name, headers, client),
  });
  const created = answer.status < 300 ? read(CreatedKey, answer.json) : undefined;
  if (created !== undefined) step.secret(created.identifier);
  const isKey = ACCESS_KEY.test(created?.identifier ?? "") && tokenFlaw(created?.identifier ?? "") === undefined;
  // What was created but is no usable key could not be deleted by anyone who does not look for it.
  if (answer.status < 300 && !isKey) await undo();
  if (created === undefined || !isKey) throw judgeExchange(answer, http, "basic");
  const token = mintedToken(created.identifier, http);
  step.revocable({ secret: token });
  return { token, expiresAt };
}

/** PHP's `DateTime::ATOM`, which knows no milliseconds. */
function atom(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "+00:00");
}

async function removeKeys(name: string, headers: Record<string, string>, http: Http): Promise<boolean> {
  // The list wants the user's number: `self` is not taken in this place by every version.
  const answer = await http.send({ method: "GET", path: "/api/users/self", headers, resend: "once" });
  const self = answer.status < 300 ? read(UserId, answer.json)?.id : undefined;
  const keys = await listKeys(`/api/users/${self ?? "self"}/access_keys`, headers, http);
  return removeNamed(name, keys, async (id) => {
    const deleted = await http.send({ method: "DELETE", path: `/api/access_keys/${id}`, headers, resend: "once" });
    return !deleted.isHtml && deleted.status === 200;
  });
}

/** The access keys of the user: a new one is not on the first page of many. */
async function listKeys(path: string, headers: Record<string, string>, http: Http): Promise<Keys<ListedKey>> {
  const listed: unknown[] = [];
  let isEnd = false;
  for (let page = 0; page < MOST_PAGES && !isEnd; page++) {
    const query = page === 0 ? "" : `?limit=${KEYS_PER_PAGE}&offset=${listed.length}`;
    const answer = await http.send({ method: "GET", path: path + query, headers, resend: "once" });
    const some = answer.status < 300 ? read(KeyList, answer.json) : undefined;
    if (some === undefined || some.length > MOST_ON_A_PAGE) break;
    listed.push(...some);
    const all = Number(answer.headers["x-pagination-size"] ?? Number.NaN);
    isEnd = some.length === 0 || (Number.isInteger(all) ? listed.length >= all : some.length < KEYS_PER_PAGE);
  }
  const keys = listed
    .flatMap((key) => read(KeyOfList, key) ?? [])
    .map(({ id, description }) => ({ id, name: description ?? "" }));
  return { keys, isWhole: isEnd && keys.length === listed.length };
}

export async function deleteKey(key: string, http: Http): Promise<Revocation> {
  const [, id] = ACCESS_KEY.exec(key) ?? [];
  const answer = await http.send({
    method: "DELETE",
    path: `/api/access_keys/${id}`,
    headers: keyHeaders({ token: key }),
  });
  return revocation(answer, answer.status === 401);
}
