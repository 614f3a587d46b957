import { Failure, type FailureDetails } from "../../failure.ts";

/** An input that cannot be right, named in the sentence, which the flaw completes. */
export function invalidInput(input: string, flaw: string, hint: string, more?: Partial<FailureDetails>): Failure {
  return new Failure("invalid-input", `The input "${input}" ${flaw}.`, { hint, ...more });
}

/** The hint of an answer that the service does not give. */
export const CHECK_SERVICE = 'Check that "url" and "provider" (or "definition") belong together.';

/** What comes, or the failure that came in its place; a defect stays thrown. */
export async function orFailure<Value>(value: Promise<Value>): Promise<Value | Failure> {
  try {
    return await value;
  } catch (fault) {
    if (fault instanceof Failure) return fault;
    throw fault;
  }
}
