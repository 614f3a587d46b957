import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { Http } from "../http/http.ts";
import { type Parsed, read, schema, whole } from "../text/json.ts";
import { type Keys, removeNamed } from "./kit/creation.ts";
import { bearer } from "./kit/headers.ts";
import { isLeftover } from "./kit/key-name.ts";
import type { Run } from "./provider.ts";

/** At most this many leftover keys are deleted by one run. */
const SWEPT_AT_MOST = 2;

/** Pages of a user's keys that are read, however many the service says there are. */
const MOST_PAGES = 20;

/** No user has more keys than these; a longer list would only take time. */
const MOST_KEYS = 10_000;

const ListedKey = schema(() => z.object({ id: whole(1), name: z.string(), created_at: z.optional(z.unknown()) }));
type ListedKey = Parsed<typeof ListedKey>;
const KeyList = schema(() =>
  z.union([
    z.array(z.unknown()),
    z.object({ items: z.array(z.unknown()) }),
    z.object({ content: z.array(z.unknown()), page: z.optional(z.object({ totalPages: z.optional(whole(0)) })) }),
  ]),
);

/** The keys of one page, and how many pages there are. */
function pageOf(list: Parsed<typeof KeyList>): { keys: unknown[]; pages: number } {
  if (Array.isArray(list)) return { keys: list, pages: 1 };
  if ("items" in list) return { keys: list.items, pages: 1 };
  return { keys: list.content, pages: list.page?.totalPages ?? 1 };
}

/** Deletes the keys of that name; true where there is certain to be none of them any more. */
export async function removeKeys(name: string, path: string, token: string, http: Http): Promise<boolean> {
  return removeNamed(name, await listKeys(path, token, http), async (id) => {
    const answer = await http.send({ method: "DELETE", path: `${path}/${id}`, headers: bearer({ token }) });
    return !answer.isHtml && (answer.status === 200 || answer.status === 404);
  });
}

/** The keys of the token's own user, oldest first: where the list comes in pages, a new key is on the last. */
async function listKeys(path: string, token: string, http: Http): Promise<Keys<ListedKey>> {
  const listed: unknown[] = [];
  let pages = 1;
  let page = 1;
  for (; page <= Math.min(pages, MOST_PAGES); page++) {
    const query = page === 1 ? "" : `?page.page=${page}`;
    const answer = await http.send({ method: "GET", path: path + query, headers: bearer({ token }) });
    const list = answer.status < 300 ? read(KeyList, answer.json) : undefined;
    const found = list && pageOf(list);
    if (found === undefined || listed.length + found.keys.length > MOST_KEYS) break;
    listed.push(...found.keys);
    pages = found.pages;
  }
  const keys = listed.flatMap((key) => read(ListedKey, key) ?? []);
  return { keys, isWhole: page > pages && keys.length === listed.length };
}

/** Deletes what earlier runs of this job left of the keys in that list; returns how many. */
export async function sweepKeys(list: string, token: string, http: Http, run: Run): Promise<number> {
  const { keys } = await listKeys(list, token, http);
  const leftovers = keys.filter(({ name, created_at }) => isLeftover(name, created_at, run)).slice(0, SWEPT_AT_MOST);
  let swept = 0;
  for (const { id } of leftovers) {
    const path = `${list}/${id}`;
    const answer = await http.send({ method: "DELETE", path, headers: bearer({ token }) });
    if (answer.status === 200 && !answer.isHtml) swept++;
  }
  return swept;
}

/**
 * Whether a key can be one: `<name>_<base64url of 16 random bytes and the SHA3-256 of name and bytes>`, or one of the two
 * legacy forms (a UUID, 27 characters of base64url) or a JWT, which carry no checksum. ApiKeyHandlerImpl of ReportPortal.
 */
export function isWholeKey(key: string): boolean {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key) || /^[\w-]{27}$/.test(key)) return true;
  if (/^[\w-]+(?:\.[\w-]+){2}$/.test(key)) return true;
  const [, name = "", encoded = ""] = /^([^_]*)_([\w-]+)$/.exec(key) ?? [];
  const bytes = Buffer.from(encoded, "base64url");
  const uuid = bytes.subarray(0, 16);
  const checksum = createHash("sha3-256").update(name).update(uuid).digest();
  return bytes.subarray(16).equals(checksum);
}
