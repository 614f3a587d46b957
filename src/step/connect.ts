import { type Client, openClient } from "../http/client.ts";
import { isProtected } from "../http/protection.ts";
import { proxySecrets } from "../http/proxy.ts";
import { trustedWith } from "../http/tls.ts";
import type { Underway } from "../http/underway.ts";
import { info, warning } from "../runner/log.ts";
import { mask } from "../runner/masks.ts";

/** Where the client goes, and by which rules. */
interface Connecting {
  /** Base URL. */
  readonly url: string;
  /** PEM text or an absolute path; empty for Node's own roots alone. */
  readonly caCertificate: string;
  readonly allowHttp: boolean;
  /** Where those requests are kept in mind that a cancellation must not lose. */
  readonly requests?: Underway;
}

/**
 * Opens the client for one service: trusted certificates, a masked proxy password, a line in the log for each retry.
 * @throws {Failure} `invalid-input` for a certificate that cannot be used, `unavailable` for a proxy variable that cannot be used
 */
export function connect({ url, caCertificate, allowHttp, requests }: Connecting): Client {
  return openClient({
    baseUrl: url,
    ca: trustedWith(caCertificate),
    allowHttp,
    ...(requests && { requests }),
    onRoute: maskProxy,
    onRetry: ({ what, attempt, reason, wait }) => {
      const which = what === undefined ? "Attempt" : `${what}: attempt`;
      info(`${which} ${attempt} failed (${reason}); the next one follows in ${wait.toFixed(1)} s.`);
    },
  });
}

/** Tells once, in main, what `allow-http` permits. */
export function warnIfPlain(url: string): void {
  const there = new URL(url);
  if (!isProtected(there))
    warning(`${there.host} is talked to over plain http: all on the way can read the secrets.`, "No TLS");
}

/** Before the variable is judged: what cannot be used may hold a password all the same. */
function maskProxy(url: string): void {
  const { password, forms } = proxySecrets(url);
  for (const form of forms) mask(form);
  // Of one that is known already nothing is said: several hosts go through one proxy.
  if (mask(password)) return;
  warning("The password of the proxy has fewer than 4 characters and is not masked.", "Secret too short to mask");
}
