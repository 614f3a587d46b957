import { domainToUnicode } from "node:url";
import { Failure } from "../failure.ts";
import { SHOWN_CHARACTERS } from "../text/redact.ts";
import type { Request } from "./http.ts";

/**
 * A redirect is never followed: it would carry the secret to wherever it points. The failure names the target's host,
 * and the `url` to set where the same request is meant to go elsewhere on the same host.
 * @param mayMean sentences for the hint, where the redirect itself does not tell what to do
 */
export function redirected(
  request: Request,
  location: string | undefined,
  baseUrl: string,
  mayMean: readonly string[],
): Failure {
  const from = new URL(baseUrl);
  const target = URL.parse(location || "no:target", baseUrl + request.path);
  if (target === null || !/^https?:$/.test(target.protocol)) {
    return new Failure("wrong-url", `${from.host} answered with a redirect that names no target.`, {
      hint: ['Check that "url" is the service\'s base URL.', ...mayMean].join(" "),
    });
  }
  const place = target.host === from.host ? "another place on itself" : shownHost(target);
  const sentence = `${from.host} redirects to ${place}, which is not followed: it would carry the secret along.`;
  const isSameHost = target.hostname === from.hostname;
  const url = isSameHost ? suggestedUrl(request, from, target) : undefined;
  if (url !== undefined) {
    const hint = 'Set "url" to where the redirect points, as the annotation of the step tells it.';
    return new Failure("wrong-url", sentence, { hint, suggestion: `Set "url: ${url}".` });
  }
  const hint = mayMean.join(" ") || (isSameHost ? LOGIN_PAGE : ELSEWHERE);
  const told = isSameHost ? { answered: target.pathname, answeredBy: "It points to" } : {};
  return new Failure("wrong-url", sentence, { hint, ...told });
}

const ELSEWHERE =
  'If that is where the service lives now, set "url" to its base URL there; otherwise a portal or login wall answers in its place.';

const LOGIN_PAGE =
  'It may be a login page: check that "url" is the service\'s base URL, and that no login wall stands in front of it.';

/** The target's host as people read it; what is too long to be one (RFC 1035, section 2.3.4) is not repeated. */
function shownHost({ host, hostname }: URL): string {
  return host.length <= SHOWN_CHARACTERS ? host.replace(hostname, domainToUnicode(hostname)) : "a host that cannot be";
}

/** The base URL under which the redirect's target is this very request; undefined where it is another place, or this. */
function suggestedUrl(request: Request, from: URL, target: URL): string | undefined {
  const downgrade = from.protocol === "https:" && target.protocol !== "https:";
  const path = request.path.replace(/[?#].*$/, "").replace(/\/$/, "");
  const aim = target.pathname.replace(/\/$/, "");
  if (downgrade || !aim.endsWith(path)) return undefined;
  const url = target.origin + aim.slice(0, aim.length - path.length);
  return url === from.href.replace(/\/$/, "") || url.length > SHOWN_CHARACTERS ? undefined : url;
}
