import * as z from "zod/mini";

// Each schema is used once or twice in a run, so to compile it costs more than it saves.
z.config({ jitless: true });

/** The shape of something from outside. It is built only when it is first used: no run needs most of them. */
export type Schema<Type extends z.ZodMiniType> = () => Type;

/** What a schema makes of a value that it accepts. */
export type Parsed<Of> = Of extends Schema<infer Type> ? z.output<Type> : never;

export function schema<Type extends z.ZodMiniType>(build: () => Type): Schema<Type> {
  let built: Type | undefined;
  return () => {
    built ??= build();
    return built;
  };
}

/** What came from outside as the schema has it; undefined where it is something else. */
export function read<Type extends z.ZodMiniType>(shape: Schema<Type>, value: unknown): z.output<Type> | undefined {
  const result = z.safeParse(shape(), value);
  return result.success ? result.data : undefined;
}

/** The text as JSON; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
