/** Named references of ASCII (HTML, section 13.5) in lower case, each behind its character. */
const ASCII =
  "!excl \"quot #num $dollar %percnt &amp 'apos (lpar )rpar *ast *midast +plus ,comma .period /sol :colon ;semi <lt =equals >gt ?quest @commat [lsqb [lbrack \\bsol ]rsqb ]rbrack ^hat _lowbar `grave {lcub {lbrace |verbar |vert }rcub }rbrace \ttab \nnewline";

/** Those of Latin-1 from U+00A0 and from U+00E0 on. */
const LATIN_NAMES =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest";
const LETTERS =
  "agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

export const LONGEST_NAME = 7;

/** The code point of each name in lower case. */
export const ENTITIES = new Map<string, number>([
  ["szlig", 0xdf],
  ["times", 0xd7],
]);
for (const entry of ASCII.split(" ")) ENTITIES.set(entry.slice(1), entry.charCodeAt(0));
for (const [index, name] of LATIN_NAMES.split(" ").entries()) ENTITIES.set(name, 0xa0 + index);
for (const [index, name] of LETTERS.split(" ").entries()) ENTITIES.set(name, 0xe0 + index);

/** Windows-1252 from 0x80 to 0x9F: what stands in the place of control characters. */
const WINDOWS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** The byte that a character is in Latin-1 or Windows-1252; -1 for none. */
export function byteOf(code: number): number {
  if (code <= 0xff) return code;
  const index = code <= 0xffff ? WINDOWS.indexOf(String.fromCharCode(code)) : -1;
  return index < 0 ? -1 : 0x80 + index;
}
