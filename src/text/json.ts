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

/** An object whose keys are free and whose values are alike. */
export function mapOf<Type extends z.ZodMiniType>(values: Type) {
  return z.catchall(z.object({}), values);
}

/** Any object of JSON. */
export const JsonObject = schema(() => mapOf(z.unknown()));

/**
 * A check by a function that tells what is wrong, undefined for nothing. Each kind of check that zod has brings code of its own;
 * this one does for all.
 * @param facts what JSON Schema says of what is checked
 */
export function flawless<Value>(flaw: (value: Value) => string | undefined, facts?: Readonly<Record<string, unknown>>) {
  const check = ({ value, issues }: z.core.ParsePayload<Value>) => {
    const message = flaw(value);
    if (message !== undefined) issues.push({ code: "custom", input: value, message, continue: true });
  };
  return z.check<Value>(check, { params: facts });
}

/** A text that the pattern fits. */
export function matching(pattern: RegExp, flaw = "it is not as it should be") {
  return z.string().check(flawless((text) => (pattern.test(text) ? undefined : flaw), { pattern: pattern.source }));
}

/** What counts as absent where it is not as it should be. */
export function orAbsent<Type extends z.ZodMiniType>(type: Type) {
  return z.catch(z.optional(type), undefined);
}

/** A whole number between the two, both included. */
export function whole(minimum: number, maximum = Number.MAX_SAFE_INTEGER) {
  const isOne = (value: number) => Number.isSafeInteger(value) && value >= minimum && value <= maximum;
  const flaw = `it is no whole number from ${minimum} to ${maximum}`;
  return z
    .number()
    .check(flawless((value) => (isOne(value) ? undefined : flaw), { type: "integer", minimum, maximum }));
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
