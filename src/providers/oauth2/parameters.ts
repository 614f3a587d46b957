import { parameterLines } from "../kit/parameters.ts";
import { type Fields, invalid } from "./fields.ts";

/** What `parameters` holds. */
export interface Parameters {
  /** Parameters of a token request beside those that the method sets; an array holds the values of one that is repeated. */
  readonly sent: ReadonlyMap<string, string | readonly string[]>;
  readonly signing: Signing;
}

/** What says how an assertion is signed, and is not sent: `assertion-audience` and its like. */
export type Signing = ReadonlyMap<string, string | undefined>;

const OF_ASSERTION = ["assertion-audience", "assertion-key-id", "assertion-algorithm"];

/** What the method or an input sets: one that is secret would stand in the log. */
const SET_ELSEWHERE = [
  "grant_type",
  "client_id",
  "client_secret",
  "client_assertion",
  "client_assertion_type",
  "scope",
  "audience",
  "password",
  "refresh_token",
  "assertion",
  "subject_token",
];

/**
 * Reads `parameters`: one `name=value` a line. Of a line that is none nothing is repeated, nor a value: they can be a secret.
 * @param isSigned whether the client signs an assertion, so that its own parameters have a use
 * @throws {Failure} `invalid-input`
 */
export function readParameters(given: Fields, isSigned: boolean): Parameters {
  const signing = new Map<string, string>();
  const sent = new Map<string, string | readonly string[]>();
  for (const { name, value, number } of parameterLines(given.parameters)) {
    if (name === undefined) {
      throw invalid("parameters", `has a line ${number} that is no \`name=value\``, "Write one parameter a line.");
    }
    checkName(name, given, isSigned);
    // A parameter without a value counts as left out (RFC 6749, section 3.2).
    if (value === "") continue;
    const before = signing.get(name) ?? sent.get(name);
    // RFC 6749, section 3.2; RFC 8707, section 2.
    if (before !== undefined && (signing.has(name) || (name !== "resource" && given.body !== "json"))) {
      throw invalid(
        "parameters",
        "sets a parameter twice",
        "Only `resource` may be repeated, or any with `body: json`.",
      );
    }
    if (OF_ASSERTION.includes(name)) signing.set(name, value);
    else sent.set(name, before === undefined ? value : [before, value].flat());
  }
  return { signing, sent };
}

function checkName(name: string, given: Fields, isSigned: boolean): void {
  // A client may name a user where no input does.
  if (SET_ELSEWHERE.includes(name) || (name === "username" && given.username !== undefined)) {
    throw invalid("parameters", `sets ${name}, which "method" or an input of its own sets`, "Use that.");
  }
  if (OF_ASSERTION.includes(name) && !isSigned) {
    throw invalid("parameters", `sets ${name}, but no assertion is signed here`, "It is for private-key-jwt.");
  }
}
