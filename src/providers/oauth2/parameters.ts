import { type Fields, invalid } from "./fields.ts";

/** Parameters of a token request beside those that the method sets, each name with all its values. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/** What says how an assertion is signed, and is not sent. */
const OF_ASSERTION = ["assertion-audience", "assertion-key-id", "assertion-algorithm"];

/** Secrets, which would stand in the log, and what has an input of its own or is set by every method. */
const INPUTS: Readonly<Record<string, string>> = {
  grant_type: 'Set "method".',
  client_id: 'Give "client-id".',
  client_secret: 'Give "client-secret", which is masked.',
  client_assertion: 'Set "method" to private-key-jwt or client-assertion.',
  client_assertion_type: 'Set "method" to private-key-jwt or client-assertion.',
  scope: 'Give "scope".',
  audience: 'Give "audience".',
  password: 'Give "password", which is masked.',
  refresh_token: 'Give "token", which is masked.',
  assertion: 'Set "method" to jwt-bearer.',
  subject_token: 'Set "method" to token-exchange.',
};

/**
 * Reads `parameters`: one `name=value` a line. A name and its value are never repeated in a text: they can be a secret.
 * @param isSigned whether the client signs an assertion, so that its own parameters have a use
 * @throws {Failure} `invalid-input`
 */
export function readParameters(given: Fields, isSigned: boolean): Parameters {
  const found = new Map<string, string[]>();
  for (const [index, line] of (given.parameters ?? "").split(/\r\n|[\r\n]/).entries()) {
    if (line.trim() === "") continue;
    const [, name, value = ""] = /^([\x21-\x3c\x3e-\x7e]+)\s*=\s*(.*)$/s.exec(line.trim()) ?? [];
    if (name === undefined) {
      throw invalid("parameters", `has a line ${index + 1} that is no \`name=value\``, "Write one parameter a line.");
    }
    checkName(name, given, isSigned);
    // A parameter without a value counts as left out (RFC 6749, section 3.2).
    if (value !== "") found.set(name, [...(found.get(name) ?? []), value]);
  }
  for (const [name, { length }] of found) if (length > 1) checkRepeated(name, given);
  return found;
}

function checkName(name: string, given: Fields, isSigned: boolean): void {
  const instead = Object.hasOwn(INPUTS, name) ? INPUTS[name] : undefined;
  if (instead !== undefined) throw invalid("parameters", `sets ${name}, which the method itself sets`, instead);
  if (name === "username" && given.username !== undefined) {
    throw invalid("parameters", "sets username, which the method itself sets", 'Give "username" alone.');
  }
  if (OF_ASSERTION.includes(name) && !isSigned) {
    throw invalid("parameters", `sets ${name}, but no assertion is signed here`, "It is for private-key-jwt.");
  }
}

/** Of a form only `resource` may come more than once (RFC 6749, section 3.2; RFC 8707, section 2). */
function checkRepeated(name: string, { body }: Fields): void {
  if (OF_ASSERTION.includes(name) || (name !== "resource" && body !== "json")) {
    throw invalid(
      "parameters",
      "sets a parameter twice",
      "Only `resource` may be repeated, and with `body: json` any.",
    );
  }
}

/** The parameters that are sent. */
export function sent(parameters: Parameters): Record<string, string | readonly string[]> {
  return Object.fromEntries(
    [...parameters].flatMap(([name, values]) => {
      const [only] = values.length === 1 ? values : [];
      return OF_ASSERTION.includes(name) ? [] : [[name, only ?? values]];
    }),
  );
}
