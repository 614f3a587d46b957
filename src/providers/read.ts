import * as z from "zod/mini";

/** What came from outside as the schema has it; undefined where it is something else. */
export function read<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> | undefined {
  const result = z.safeParse(schema, value);
  return result.success ? result.data : undefined;
}
