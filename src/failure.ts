/** What the output `failure` says: a workflow with `continue-on-error` can branch on it. */
export type FailureCode =
  | "invalid-input"
  | "missing-secret"
  | "refused"
  | "locked"
  | "forbidden"
  | "wrong-url"
  | "rate-limited"
  | "unavailable"
  | "timeout"
  | "tls"
  | "bad-response"
  | "runner"
  | "unexpected";

const TITLES: Readonly<Record<FailureCode, string>> = {
  "invalid-input": "Invalid input",
  "missing-secret": "Missing secret",
  refused: "Credentials refused",
  locked: "Account or address locked",
  forbidden: "Not allowed",
  "wrong-url": "Not the service's URL",
  "rate-limited": "Too many requests",
  unavailable: "Service unavailable",
  timeout: "No answer in time",
  tls: "Certificate not trusted",
  "bad-response": "Unusable answer",
  runner: "Fault of the runner",
  unexpected: "Defect in this action",
};

export interface FailureDetails {
  /** A few words for the annotation's title; each code has its own. */
  readonly title?: string;
  /** The likely cause and what to do now. */
  readonly hint: string;
  /** Takes the place of the hint in the log, where it holds a piece from outside: the job's summary shows none. */
  readonly suggestion?: string | undefined;
  /** What the service said, raw and untrusted: made safe where it is printed, never before. */
  readonly answered?: string | undefined;
  /** How a text introduces what was answered. */
  readonly answeredBy?: string;
  readonly cause?: unknown;
}

/** The one error of this action. Its message is one sentence on what happened, for the person whose pipeline is red. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly title: string;
  readonly hint: string;
  readonly suggestion: string | undefined;
  readonly answered: string;
  readonly answeredBy: string;

  constructor(code: FailureCode, sentence: string, details: FailureDetails) {
    super(sentence, { cause: details.cause });
    this.code = code;
    ({
      title: this.title = TITLES[code],
      hint: this.hint,
      suggestion: this.suggestion,
      answered: this.answered = "",
      answeredBy: this.answeredBy = "It answered",
    } = details);
  }
}

/** The same failure with another hint, and perhaps another sentence. */
export function reworded(failure: Failure, hint: string, sentence = failure.message): Failure {
  return new Failure(failure.code, sentence, { ...failure, hint, cause: failure.cause });
}

/** Whatever was thrown, as a `Failure`: all that is not one already is a defect of this action. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure("unexpected", "The action met a case that it does not handle.", {
    hint: "Please report it with the workflow step, without its secrets.",
    answered: String(thrown),
    answeredBy: "What it met",
    cause: thrown,
  });
}
