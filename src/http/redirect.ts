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
    return new Failure("wrong-url", `${from.host} answered with a redirect that names no target.`, {
      hint: ofRedirect ?? [`Check that "${input}" is ${meant(input)}.`, ...mayMean].join(" "),
    });
  }
  const place = target.host === from.host ? "another place on itself" : shownHost(target);
  const sentence = `${from.host} redirects to ${place}, which is not followed: it would carry the secret along.`;
  if (ofRedirect !== undefined) return new Failure("wrong-url", sentence, { hint: ofRedirect });
  const isSameHost = target.hostname === from.hostname;
  const url = isSameHost ? suggestedUrl(request, from, target) : undefined;
  if (url !== undefined) {
    const hint = `Set "${input}" to where the redirect points, as the annotation of the step tells it.`;
    return new Failure("wrong-url", sentence, { hint, suggestion: `Set "${input}: ${url}".` });
  }
  const hint = mayMean.join(" ") || (isSameHost ? loginPage(input) : elsewhere(input));
  const told = isSameHost ? { answered: target.pathname, answeredBy: "It points to" } : {};
  return new Failure("wrong-url", sentence, { hint, ...told });
}

/** What an input that holds a URL should be. */
function meant(input: string): string {
  return input === "url" ? "the service's base URL" : "the endpoint's URL";
}

function elsewhere(input: string): string {
  const there = input === "url" ? "its base URL" : "that URL";
  return `If that is where the service lives now, set "${input}" to ${there} there; otherwise a portal or login wall answers in its place.`;
}

function loginPage(input: string): string {
  return `It may be a login page: check that "${input}" is ${meant(input)}, and that no login wall stands in front of it.`;
}

/** The target's host as people read it; what is too long to be one (RFC 1035, section 2.3.4) is not repeated. */
function shownHost({ host, hostname }: URL): string {
  return host.length <= SHOWN_CHARACTERS ? host.replace(hostname, domainToUnicode(hostname)) : "a host that cannot be";
}

/** What to set the input to, so that this very request goes where it was redirected; undefined where that is another place, or this. */
function suggestedUrl(request: Request, from: URL, target: URL): string | undefined {
  if (from.protocol === "https:" && target.protocol !== "https:") return undefined;
  const path = request.path.replace(/[?#].*$/, "");
  const url = request.urlInput === undefined ? movedBase(path, from, target) : movedEndpoint(path, from, target);
  return url === undefined || url.length > SHOWN_CHARACTERS ? undefined : url;
}

/** The base URL under which the target is the same path. */
function movedBase(asked: string, from: URL, target: URL): string | undefined {
  const path = withoutSlash(asked);
  const aim = withoutSlash(target.pathname);
  const url = target.origin + aim.slice(0, aim.length - path.length);
  return !aim.endsWith(path) || url === withoutSlash(from.href) ? undefined : url;
}

/** The whole URL of an endpoint that has moved: its last part is still the same. */
function movedEndpoint(path: string, from: URL, target: URL): string | undefined {
  const last = (text: string) => withoutSlash(text).replace(/^.*\//, "");
  const url = target.origin + target.pathname;
  return url === from.origin + path || last(target.pathname) !== last(path) ? undefined : url;
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, "");
}
