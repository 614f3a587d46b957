import * as z from "zod/mini";
import type { Http } from "../http/http.ts";
import { schema, whole } from "../text/json.ts";
import { createKey, type Keys, listKeys, removeNamed } from "./kit/creation.ts";
import { basic } from "./kit/headers.ts";
import { success } from "./kit/refusals.ts";
import { mintedToken } from "./kit/token.ts";
import type { Credential, Step } from "./provider.ts";
import { judgeExchange } from "./tuleap-refusals.ts";

/** A job on a hosted runner ends within 6 hours, on a self-hosted one within 5 days. */
const KEY_SECONDS = { hosted: 6 * 3600, selfHosted: 5 * 24 * 3600 };

export const REST_SCOPE = "write:rest";

/** Most keys that Tuleap lists at once. */
const KEYS_PER_PAGE = 50;

/** `tlp-k1-<id>.<64 hex>`: the id of the key stands in the key. */
export const ACCESS_KEY = /^tlp-k1-(\d+)\.[0-9a-fA-F]+$/;

const CreatedKey = schema(() => z.object({ identifier: z.string() }));
const UserId = schema(() => z.object({ id: whole(0) }));

export const keyHeaders = ({ token }: Pick<Credential, "token">) => ({ "X-Auth-AccessKey": token });

/** Creates an access key for this run. Tuleap sends the user an e-mail each time, so no more are made than have to be. */
export async function createAccessKey(pair: string, http: Http, step: Step): Promise<Credential> {
  step.secret(pair);
  const seconds = step.run.selfHosted ? KEY_SECONDS.selfHosted : KEY_SECONDS.hosted;
  const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
  const headers = basic({ token: pair });
  // PHP's `DateTime::ATOM`, which knows no milliseconds.
  const expiration_date = expiresAt.toISOString().replace(/\.\d+Z$/, "+00:00");
  const key = {
    expiresAt,
    request: (description: string) => ({
      method: "POST" as const,
      path: "/api/access_keys",
      headers,
      json: { description, expiration_date, scopes: [REST_SCOPE] },
    }),
    remove: async (name: string, client: Http) =>
      removeNamed(name, await listAccessKeys(headers, client), (id) =>
        client.send({ method: "DELETE", path: `/api/access_keys/${id}`, headers, resend: "once" }),
      ),
  };
  return createKey(http, step, key, (answer) => {
    const identifier = success(CreatedKey, answer)?.identifier ?? "";
    if (identifier !== "") step.secret(identifier);
    if (!ACCESS_KEY.test(identifier)) throw judgeExchange(answer, http, "basic");
    const token = mintedToken(identifier, http);
    step.revocable({ secret: token });
    return { token, expiresAt };
  });
}

/** The access keys of the user: a new one is not on the first page of many. */
async function listAccessKeys(headers: Record<string, string>, http: Http): Promise<Keys> {
  // The list wants the user's number: `self` is not taken in this place by every version.
  const self = await http.send({ method: "GET", path: "/api/users/self", headers, resend: "once" });
  const path = `/api/users/${success(UserId, self)?.id ?? "self"}/access_keys`;
  return listKeys(
    (page, read) => {
      const query = page === 1 ? "" : `?limit=${KEYS_PER_PAGE}&offset=${read}`;
      return http.send({ method: "GET", path: path + query, headers, resend: "once" });
    },
    (answer, { some, read }) => {
      const all = Number(answer.headers["x-pagination-size"] ?? Number.NaN);
      return some === 0 || (Number.isInteger(all) ? read >= all : some < KEYS_PER_PAGE);
    },
  );
}
