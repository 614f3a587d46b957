import { pointerStep } from "../../text/strict-json.ts";
import type { MethodDefinition, RequestDefinition } from "./schema.ts";

/** The parts of a method whose texts hold placeholders. */
export type Room = (typeof REQUESTS)[number] | "use" | "env";

/** Those that are requests. */
export const REQUESTS = ["exchange", "undo", "probe", "revoke"] as const;

/** A text that may hold placeholders, and where it stands. */
export interface Place {
  readonly room: Room;
  /** JSON Pointer from the method. */
  readonly pointer: string;
  readonly text: string;
}

/** Every text of a method that may hold placeholders. */
export function placesOf(method: MethodDefinition): Place[] {
  const { use, env } = method;
  return [
    ...REQUESTS.flatMap((room) => textsIn(method[room] && textual(method[room]), room, `/${room}`)),
    ...textsIn(use, "use", "/use"),
    ...textsIn(env?.also, "env", "/env/also"),
  ];
}

/** What of a request holds placeholders. */
function textual({ path, query, headers, basic, form, json }: RequestDefinition) {
  return { path, query, headers, basic, form, json };
}

function textsIn(value: unknown, room: Room, pointer: string): Place[] {
  if (typeof value === "string") return [{ room, pointer, text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, room, pointer + pointerStep(key)));
}

/** The keys of a JSON body, each with its place. */
export function keysIn(value: unknown, pointer: string): { key: string; pointer: string }[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = pointer + pointerStep(key);
    return [...(Array.isArray(value) ? [] : [{ key, pointer: place }]), ...keysIn(inner, place)];
  });
}
