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
  const { urlInput: input = "url", path, ofRedirect } = request;
  const from = new URL(baseUrl);
  const target = URL.parse(location || "no:target", baseUrl + path);
  if (target === null || !/^https?:$/.test(target.protocol)) {
    const hint = ofRedirect ?? [`Check "${input}".`, ...mayMean].join(" ");
    return new Failure("wrong-url", `${from.host} answered with a redirect that names no target.`, { hint });
  }
  const place = target.host === from.host ? "another place on itself" : shownHost(target);
  const sentence = `${from.host} redirects to ${place}, which is not followed: it would carry the secret along.`;
  if (ofRedirect !== undefined) return new Failure("wrong-url", sentence, { hint: ofRedirect });
  if (target.hostname !== from.hostname) {
    const elsewhere = `If the service lives there now, set "${input}" to its address there; otherwise a portal or login wall answers in its place.`;
    return new Failure("wrong-url", sentence, { hint: mayMean.join(" ") || elsewhere });
  }
  const url = suggestedUrl(request, from, target);
  if (url !== undefined) {
    const hint = `Set "${input}" to where the redirect points, as the annotation of the step tells it.`;
    return new Failure("wrong-url", sentence, { hint, suggestion: `Set "${input}: ${url}".` });
  }
  return new Failure("wrong-url", sentence, {
    hint:
      mayMean.join(" ") || `It may be a login page: check "${input}", and that no login wall stands in front of it.`,
    answered: target.pathname,
    answeredBy: "It points to",
  });
}

/** The target's host as people read it; what is too long to be one (RFC 1035, section 2.3.4) is not repeated. */
function shownHost({ host, hostname }: URL): string {
  return host.length <= SHOWN_CHARACTERS ? host.replace(hostname, domainToUnicode(hostname)) : "a host that cannot be";
}

/**
 * What to set the input to, so that this very request goes where it was redirected: the base URL under which the target is the
 * same path, or the whole URL of an endpoint whose last part is the same. Undefined where that is another place, or this.
 */
function suggestedUrl({ path, urlInput }: Request, from: URL, target: URL): string | undefined {
  const asked = path.replace(/[?#].*$/, "");
  const kept = withoutSlash(urlInput === undefined ? asked : asked.replace(/^.*(?=\/.)/, ""));
  const aim = withoutSlash(target.pathname);
  if (!aim.endsWith(kept) || (from.protocol === "https:" && target.protocol !== "https:")) return undefined;
  const [old, url] =
    urlInput === undefined
      ? [withoutSlash(from.href), target.origin + aim.slice(0, aim.length - kept.length)]
      : [from.origin + asked, target.origin + target.pathname];
  return url === old || url.length > SHOWN_CHARACTERS ? undefined : url;
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, "");
}
