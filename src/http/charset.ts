import { isAscii } from "node:buffer";

/**
 * The text of a body in the charset that it names, where Node knows it, else in UTF-8. What is no UTF-8 is read byte by byte
 * (Windows-1252, which every byte is a character of), so that nothing is lost of a text that a secret may be in.
 */
export function decodeBody(bytes: Buffer, contentType: string): string {
  // Every charset that is taken reads ASCII alike.
  if (isAscii(bytes)) return bytes.toString("latin1");
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*["']?([\w:.-]+)/.exec(contentType.toLowerCase()) ?? [];
  for (const label of [charset, "utf-8"]) {
    try {
      const decoder = new TextDecoder(label, { fatal: true });
      // JSON is never UTF-16 (RFC 8259, section 8.1), and ASCII read in one of these would be hidden from who looks for it.
      if (!/^(?:utf-16|iso-2022)/.test(decoder.encoding)) return decoder.decode(bytes);
    } catch {
      // An unknown charset, or bytes that are none of its characters.
    }
  }
  return new TextDecoder("windows-1252").decode(bytes);
}
