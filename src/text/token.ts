const SHORTEST = 8;
const LONGEST = 65_536;

/** What can be sent in any place of a request, also where it is too short for a token. */
export const PRINTABLE = /^[\x20-\x7e]{1,65536}$/;

/** Why a text is no token: every token is one line of printable ASCII of 8 to 65,536 characters. Undefined if it is. */
export function tokenFlaw(token: string): string | undefined {
  if (token.length < SHORTEST) return `has fewer than ${SHORTEST} characters`;
  if (token.length > LONGEST) return `has more than ${LONGEST} characters`;
  if (/[\r\n]/.test(token)) return "has more than one line";
  return PRINTABLE.test(token) ? undefined : "has characters other than printable ASCII";
}
