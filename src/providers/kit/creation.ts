import * as z from "zod/mini";
import { type Answer, type Http, type Request, undoing } from "../../http/http.ts";
import { orAbsent, type Parsed, read, schema, whole } from "../../text/json.ts";
import type { Step } from "../provider.ts";
import { orFailure } from "./faults.ts";
import { keyName } from "./key-name.ts";
import { success } from "./refusals.ts";

/** How a key is asked for by its name, and taken back by it where nobody holds the key. */
export interface NamedKey {
  readonly request: (name: string) => Request | Promise<Request>;
  /** When a key that is made now ends by itself. */
  readonly expiresAt?: Date;
  /**
   * Looks for the keys of that name and deletes them. Resolves with true only where there is certain to be none any more.
   * @throws {Failure} where the service cannot be asked
   */
  readonly remove: (name: string, http: Http) => Promise<boolean>;
  /** It is never made again, also where nobody can have made it. */
  readonly onlyOnce?: boolean;
}

/**
 * Creates a key under a name of its own. The request is never sent again: after a fault the key is looked for by its name,
 * deleted, and made once more under a new one. Where that cannot be done nothing is made again, and the name stays unsettled,
 * so that the step warns of it. One whose answer cannot be used is looked for, too: nobody else could delete it.
 * @param take masks the key and makes it revocable
 * @throws {Failure} the fault of the creation, or of `take`
 */
export async function createKey<Key>(
  http: Http,
  { mayExist, settled, run }: Pick<Step, "mayExist" | "settled" | "run">,
  { request, expiresAt, remove, onlyOnce }: NamedKey,
  take: (answer: Answer) => Key,
): Promise<Key> {
  let name = "";
  const undo = async (): Promise<boolean> => {
    // The fault of the creation is the one to report; one of the look-up only leaves it unsettled.
    const isGone = (await orFailure(remove(name, undoing(http)))) === true;
    if (isGone) settled();
    return isGone;
  };
  const creation = async (): Promise<Request> => {
    name = keyName(run);
    const built = await request(name);
    mayExist(name, expiresAt);
    return {
      ...built,
      what: "Creating the key",
      mints: true,
      resend: async (mayHaveActed) => {
        if (mayHaveActed) return (await undo()) ? creation : undefined;
        settled();
        return onlyOnce === true ? undefined : creation;
      },
    };
  };
  const answer = await http.send(await creation());
  if (answer.status >= 300) settled();
  try {
    return take(answer);
  } catch (fault) {
    if (answer.status < 300) await undo();
    throw fault;
  }
}

/** Most pages, and keys of one user, that are read, however many there are: more would only take time. */
const MOST_PAGES = 20;
const MOST_KEYS = 10_000;

const Page = () => z.array(z.unknown());
const List = schema(() => z.union([Page(), z.object({ items: Page() }), z.object({ content: Page() })]));

/** A key of a list, whose name services have in one of two places. */
const ListedKey = schema(() =>
  z.object({
    id: whole(1),
    name: orAbsent(z.string()),
    description: orAbsent(z.string()),
    created_at: z.optional(z.unknown()),
  }),
);

/** Keys of one user; `isWhole` tells that every one of them is there. */
export interface Keys {
  readonly keys: readonly Parsed<typeof ListedKey>[];
  readonly isWhole: boolean;
}

/** How far a list of keys is read: which page this is, how many keys it has, and how many there are up to its end. */
interface Progress {
  readonly page: number;
  readonly some: number;
  readonly read: number;
}

/**
 * Reads a list of keys to its end.
 * @param ask asks for a page, from 1, when so many keys are read
 */
export async function listKeys(
  ask: (page: number, read: number) => Promise<Answer>,
  isLast: (answer: Answer, progress: Progress) => boolean,
): Promise<Keys> {
  const listed: unknown[] = [];
  let isEnd = false;
  for (let page = 1; page <= MOST_PAGES && !isEnd; page++) {
    const answer = await ask(page, listed.length);
    const list = success(List, answer);
    if (list === undefined) break;
    const some = "items" in list ? list.items : "content" in list ? list.content : list;
    if (listed.length + some.length > MOST_KEYS) break;
    listed.push(...some);
    isEnd = isLast(answer, { page, some: some.length, read: listed.length });
  }
  const keys = listed.flatMap((key) => read(ListedKey, key) ?? []);
  return { keys, isWhole: isEnd && keys.length === listed.length };
}

/**
 * Deletes the keys of that name; true where there is certain to be none of them any more. A name is given once, so what could
 * not be read of a list does not matter where it was found.
 */
export async function removeNamed(
  name: string,
  { keys, isWhole }: Keys,
  remove: (id: number) => Promise<Answer>,
): Promise<boolean> {
  const found = keys.filter((key) => (key.name ?? key.description) === name);
  for (const { id } of found) {
    const { isHtml, status } = await remove(id);
    if (isHtml || (status !== 200 && status !== 404)) return false;
  }
  return isWhole || found.length > 0;
}
