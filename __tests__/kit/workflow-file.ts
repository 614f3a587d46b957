import { parse } from "yaml";
import * as z from "zod";

/** What may stand where GitHub takes a text: a number or a boolean is the text that it would be written as. */
const Scalar = z.pipe(
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
  z.transform((value) => (value === null ? "" : String(value))),
);
const Texts = z.record(z.string(), Scalar);
const Condition = z.optional(Scalar);
/** Said to GitHub alone; nothing here depends on it. */
const Ignored = z.optional(z.unknown());

const Step = z.strictObject({
  id: z.optional(z.string()),
  name: z.optional(z.string()),
  if: Condition,
  uses: z.optional(z.string()),
  with: z._default(Texts, {}),
  run: z.optional(z.string()),
  shell: z.optional(z.enum(["bash"])),
  env: z._default(Texts, {}),
  "continue-on-error": z.optional(Scalar),
  "timeout-minutes": Ignored,
});

const Matrix = z.record(z.string(), z.unknown());
const Strategy = z.strictObject({
  matrix: z.optional(z.union([z.string(), Matrix])),
  "fail-fast": Ignored,
  "max-parallel": Ignored,
});

const Job = z.strictObject({
  name: Ignored,
  needs: z._default(
    z.pipe(
      z.union([z.string(), z.array(z.string())]),
      z.transform((needs) => (typeof needs === "string" ? [needs] : needs)),
    ),
    [],
  ),
  if: Condition,
  "runs-on": Ignored,
  environment: Ignored,
  permissions: Ignored,
  concurrency: Ignored,
  "timeout-minutes": Ignored,
  strategy: z._default(Strategy, {}),
  env: z._default(Texts, {}),
  outputs: z._default(Texts, {}),
  steps: z.optional(z.array(Step)),
  uses: z.optional(z.string()),
  with: z._default(Texts, {}),
  secrets: z._default(z.union([z.literal("inherit"), Texts]), {}),
});

const Declared = z.looseObject({
  required: z.optional(z.boolean()),
  default: z.optional(z.union([z.string(), z.number(), z.boolean()])),
  type: z.optional(z.enum(["string", "boolean", "number", "choice", "environment"])),
});
const Trigger = z.looseObject({
  inputs: z._default(z.record(z.string(), z.nullable(Declared)), {}),
  secrets: z._default(z.record(z.string(), z.nullable(Declared)), {}),
  outputs: z._default(z.record(z.string(), z.looseObject({ value: z.string() })), {}),
});

const Workflow = z.strictObject({
  name: z.optional(z.string()),
  on: z.unknown(),
  permissions: Ignored,
  concurrency: Ignored,
  env: z._default(Texts, {}),
  defaults: z.optional(z.strictObject({ run: z.strictObject({ shell: z.enum(["bash"]) }) })),
  jobs: z.record(z.string(), Job),
});

export type WorkflowFile = z.output<typeof Workflow>;
export type JobFile = z.output<typeof Job>;
export type StepFile = z.output<typeof Step>;
export type TriggerFile = z.output<typeof Trigger>;

/** Reads a workflow; throws on every key that the sandbox does not play, so that none is skipped in silence. */
export function readWorkflow(text: string): WorkflowFile {
  const parsed = z.safeParse(Workflow, parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`The sandbox cannot play this workflow:\n${z.prettifyError(parsed.error)}`);
}

/** What a workflow declares for those that call it, or start it by hand. */
export function readTrigger(
  { on }: WorkflowFile,
  event: "workflow_call" | "workflow_dispatch",
): TriggerFile | undefined {
  if (typeof on !== "object" || on === null || !(event in on)) return undefined;
  const trigger: unknown = Object.entries(on).find(([name]) => name === event)?.[1];
  return z.parse(Trigger, trigger ?? {});
}

/** The combinations of a matrix, in GitHub's order; one empty combination where there is no matrix. */
export function expandMatrix(matrix: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const { include, exclude, ...axes } = matrix;
  if (exclude !== undefined) throw new Error("The sandbox plays no strategy.matrix.exclude");
  let combinations: Record<string, unknown>[] = Object.keys(axes).length === 0 ? [] : [{}];
  for (const [name, values] of Object.entries(axes)) {
    if (!Array.isArray(values)) throw new Error(`strategy.matrix.${name} is no list`);
    combinations = combinations.flatMap((combination) =>
      values.map((value: unknown) => ({ ...combination, [name]: value })),
    );
  }
  const originals = combinations.map((combination) => ({ combination, axes: { ...combination } }));
  for (const entry of z.parse(z._default(z.array(Matrix), []), include)) {
    // An entry joins the combinations whose own values it would not change; one that joins none is a combination itself.
    const joined = originals.filter(({ axes: own }) =>
      Object.entries(entry).every(([name, value]) => !(name in own) || own[name] === value),
    );
    for (const { combination } of joined) Object.assign(combination, entry);
    if (joined.length === 0) combinations.push({ ...entry });
  }
  return combinations.length === 0 ? [{}] : combinations;
}
