import * as z from "zod/mini";
import type { Http } from "../http/http.ts";
import type { Schema } from "../text/json.ts";
import { invalidInput } from "./kit/faults.ts";
import {
  type About,
  type Credential,
  FIELDS,
  type FieldSet,
  type Given,
  type Method,
  type MethodFacts,
  OPTIONS,
  type Step,
  type Verdict,
} from "./provider.ts";

interface MethodOf<Type extends z.ZodMiniType> extends MethodFacts {
  /** What it needs and may take, in one strict object; a union of such where several sets will do. */
  readonly fields: Schema<Type>;
  /**
   * Checks what no schema can tell, before anything is sent.
   * @param url the base URL; empty where the user gave only an endpoint
   * @throws {Failure} `invalid-input`
   */
  check?(given: z.output<Type>, url: string): void;
  exchange(given: z.output<Type>, http: Http, step: Step): Promise<Credential>;
  probe(credential: Credential, http: Http, about: About<z.output<Type>>): Promise<Verdict>;
}

/** A text that the user gave. */
export const text = z.string;

/** A method whose exchange sees just the fields that it names. */
export function method<Type extends z.ZodMiniType>(definition: MethodOf<Type>): Method {
  const { fields, check, exchange, probe, ...facts } = definition;
  const minted = facts.ending === "ready-made" ? "by the user" : "here";
  return {
    ...facts,
    probe,
    fieldSets: () =>
      objectsOf(fields())
        .map(setOf)
        .sort((one, other) => one.needs.length - other.needs.length),
    prepare(raw, url = "") {
      const given = parsed(fields(), raw);
      check?.(given, url);
      return {
        exchange: (http, step) => exchange(given, http, step),
        probe: (credential, http, step) => probe(credential, http, { minted, given, step }),
      };
    },
  };
}

function objectsOf(fields: z.core.$ZodType): z.ZodMiniObject[] {
  if (fields instanceof z.ZodMiniUnion) return fields._zod.def.options.flatMap(objectsOf);
  return fields instanceof z.ZodMiniObject ? [fields] : [];
}

function setOf({ shape }: z.ZodMiniObject): FieldSet {
  const takes = [...FIELDS, ...OPTIONS].filter((name) => Object.hasOwn(shape, name));
  return { needs: FIELDS.filter((name) => takes.includes(name) && !isOptional(shape[name])), takes };
}

function isOptional(field: unknown): boolean {
  return field instanceof z.ZodMiniOptional;
}

/** Where nothing fits, the first set that takes all that is given says what is wrong with it. */
function parsed<Type extends z.ZodMiniType>(fields: Type, given: Given): z.output<Type> {
  const result = z.safeParse(fields, given);
  if (result.success) return result.data;
  const names = Object.keys(given);
  const set = objectsOf(fields).find(({ shape }) => names.every((name) => Object.hasOwn(shape, name)));
  const issue = z.safeParse(set ?? fields, given).error?.issues[0];
  const input = String(issue?.path[0]);
  const orNone = isOptional(set?.shape[input]) ? ", or leave it out" : "";
  throw invalidInput(input, String(issue?.message), `Correct it${orNone}.`);
}
