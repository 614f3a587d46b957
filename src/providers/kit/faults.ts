import { Failure } from "../../failure.ts";

/** What comes, or the failure that came in its place; a defect stays thrown. */
export async function orFailure<Value>(value: Promise<Value>): Promise<Value | Failure> {
  try {
    return await value;
  } catch (fault) {
    if (fault instanceof Failure) return fault;
    throw fault;
  }
}
