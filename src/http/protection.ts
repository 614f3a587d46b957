/** Whether the URL may be talked to: TLS, or plain HTTP to this very machine. */
export function isProtected(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url.hostname);
}

/** https://www.rfc-editor.org/rfc/rfc6761#section-6.3 for the name; the parser has written addresses out already. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
