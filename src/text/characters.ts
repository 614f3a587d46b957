import { type Tree, tree } from "./tree.ts";

/** Named references of ASCII (HTML, section 13.5) and of two letters in lower case, each behind its character. */
const SINGLE =
  "!excl \"quot #num $dollar %percnt &amp 'apos (lpar )rpar *ast *midast +plus ,comma .period /sol :colon ;semi <lt =equals >gt ?quest @commat [lsqb [lbrack \\bsol ]rsqb ]rbrack ^hat _lowbar `grave {lcub {lbrace |verbar |vert }rcub }rbrace \ttab \nnewline ßszlig ×times";

/** Those of Latin-1 from U+00A0 and from U+00E0 on. */
const SIGNS =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest";
const LETTERS =
  "agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/** What the named references stand for. */
interface References {
  /** The code point of each name in lower case. */
  readonly codes: ReadonlyMap<string, number>;
  /** The names, to be read letter by letter. */
  readonly names: Tree;
}

let made: References | undefined;

/** The named references, which most runs never read. */
export function references(): References {
  if (made !== undefined) return made;
  const codes = new Map<string, number>();
  for (const entry of SINGLE.split(" ")) codes.set(entry.slice(1), entry.charCodeAt(0));
  for (const [index, name] of SIGNS.split(" ").entries()) codes.set(name, 0xa0 + index);
  for (const [index, name] of LETTERS.split(" ").entries()) codes.set(name, 0xe0 + index);
  made = { codes, names: tree(codes.keys()) };
  return made;
}

/** Windows-1252 from 0x80 to 0x9F: what stands in the place of control characters. */
const WINDOWS = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** The byte that a character is in Latin-1 or Windows-1252; -1 for none. */
export function byteOf(code: number): number {
  if (code <= 0xff) return code;
  const index = code <= 0xffff ? WINDOWS.indexOf(String.fromCharCode(code)) : -1;
  return index < 0 ? -1 : 0x80 + index;
}
