/** The user-id and password of RFC 7617, in UTF-8, as the scheme `Basic` sends them. */
export function basicPair(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`, "utf8").toString("base64");
}
