import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { Http } from "../http/http.ts";
import { read, schema, whole } from "../text/json.ts";
import { type Keys, listKeys, type NamedKey, removeNamed } from "./kit/creation.ts";
import { bearer } from "./kit/headers.ts";
import { isLeftover } from "./kit/key-name.ts";
import type { Run } from "./provider.ts";

/** At most this many leftover keys are deleted by one run. */
const SWEPT_AT_MOST = 2;

const Pages = schema(() => z.object({ page: z.object({ totalPages: whole(0) }) }));

/** The keys of the token's own user at that path, oldest first: where the list comes in pages, a new key is on the last. */
function keysAt(path: string, token: string, http: Http): Promise<Keys> {
  return listKeys(
    (page) => {
      const query = page === 1 ? "" : `?page.page=${page}`;
      return http.send({ method: "GET", path: path + query, headers: bearer({ token }) });
    },
    (answer, { page }) => page >= (read(Pages, answer.json)?.page.totalPages ?? 1),
  );
}

const deletion = (path: string, id: number, token: string) =>
  ({ method: "DELETE", path: `${path}/${id}`, headers: bearer({ token }) }) as const;

/** A key for this run, below that path. It has no expiry of its own. */
export function apiKey(path: string, token: string): NamedKey {
  return {
    request: (name) => ({ method: "POST", path, headers: bearer({ token }), json: { name } }),
    remove: async (name, http) =>
      removeNamed(name, await keysAt(path, token, http), (id) => http.send(deletion(path, id, token))),
  };
}

/** Deletes what earlier runs of this job left of the keys at that path; returns how many. */
export async function sweepKeys(path: string, token: string, http: Http, run: Run): Promise<number> {
  const { keys } = await keysAt(path, token, http);
  const leftovers = keys
    .filter(({ name, created_at }) => isLeftover(name ?? "", created_at, run))
    .slice(0, SWEPT_AT_MOST);
  let swept = 0;
  for (const { id } of leftovers) {
    const answer = await http.send(deletion(path, id, token));
    if (answer.status === 200 && !answer.isHtml) swept++;
  }
  return swept;
}

/**
 * Whether a key can be one: `<name>_<base64url of 16 random bytes and the SHA3-256 of name and bytes>`, or one of the two
 * legacy forms (a UUID, 27 characters of base64url) or a JWT, which carry no checksum. ApiKeyHandlerImpl of ReportPortal.
 */
export function isWholeKey(key: string): boolean {
  if (/^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w-]{27}|[\w-]+(?:\.[\w-]+){2})$/.test(key)) return true;
  const [, name = "", encoded = ""] = /^([^_]*)_([\w-]+)$/.exec(key) ?? [];
  const bytes = Buffer.from(encoded, "base64url");
  const uuid = bytes.subarray(0, 16);
  const checksum = createHash("sha3-256").update(name).update(uuid).digest();
  return bytes.subarray(16).equals(checksum);
}
