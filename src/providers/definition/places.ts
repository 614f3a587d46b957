import { pointerStep } from "../../text/strict-json.ts";
import type { MethodDefinition, RequestDefinition } from "./schema.ts";
import { placeholders } from "./template.ts";

/** The parts of a method whose texts hold placeholders. */
export const ROOMS = ["exchange", "undo", "probe", "revoke", "use", "env"] as const;
export type Room = (typeof ROOMS)[number];

/** What may hold placeholders, and where it stands. */
export interface Place {
  readonly room: Room;
  /** JSON Pointer from the method. */
  readonly pointer: string;
  /** Empty for what is no text. */
  readonly text: string;
}

/** What of a part may hold placeholders. */
export type Texts = Partial<RequestDefinition> & Pick<NonNullable<MethodDefinition["env"]>, "also">;

/** Every text of a method that may hold placeholders, and what is around it. */
export function placesOf(method: MethodDefinition): Place[] {
  return ROOMS.flatMap((room) => {
    const { path, query, headers, basic, form, json, also }: Texts = method[room] ?? {};
    return placesIn({ path, query, headers, basic, form, json, also }, room, `/${room}`);
  });
}

function placesIn(value: unknown, room: Room, pointer: string): Place[] {
  const text = typeof value === "string" ? value : "";
  const inside = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [
    { room, pointer, text },
    ...inside.flatMap(([key, inner]) => placesIn(inner, room, pointer + pointerStep(key))),
  ];
}

/** The names of the placeholders in these parts of a method, each once. */
export function namesIn(parts: Pick<MethodDefinition, Room>): string[] {
  return [...new Set(placesOf(parts).flatMap(({ text }) => placeholders(text) ?? []))];
}

/** The names in one request. */
export function namesOf(request: RequestDefinition): string[] {
  return namesIn({ undo: request });
}
