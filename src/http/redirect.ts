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
  const target = parse(location, baseUrl + request.path);
  if (target === undefined) {
    return new Failure("wrong-url", `${from.host} answered with a redirect that names no target.`, {
      hint: [`Check that "${request.urlInput ?? "url"}" is ${meant(request.urlInput)}.`, ...mayMean].join(" "),
    });
  }
  const place = target.host === from.host ? "another place on itself" : shownHost(target);
  const sentence = `${from.host} redirects to ${place}, which is not followed: it would carry the secret along.`;
  const { urlInput: input = "url" } = request;
  const url = target.hostname === from.hostname ? suggestedUrl(request, from, target) : undefined;
  if (url !== undefined) {
    const hint = `Set "${input}" to where the redirect points, as the annotation of the step tells it.`;
    return new Failure("wrong-url", sentence, { hint, suggestion: `Set "${input}: ${url}".` });
  }
  if (target.hostname !== from.hostname) {
    return new Failure("wrong-url", sentence, {
      hint: mayMean.join(" ") || elsewhere(input),
    });
  }
  return new Failure("wrong-url", sentence, {
    hint: mayMean.join(" ") || loginPage(input),
    answered: target.pathname,
    answeredBy: "It points to",
  });
}

/** What an input that holds a URL should be. */
function meant(input: string | undefined): string {
  return input === undefined || input === "url" ? "the service's base URL" : "the endpoint's URL";
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

function parse(location: string | undefined, base: string): URL | undefined {
  if (location === undefined || location === "" || !URL.canParse(location, base)) return undefined;
  const target = new URL(location, base);
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

/** What to set the input to, so that this very request goes where it was redirected; undefined where that is another place, or this. */
function suggestedUrl(request: Request, from: URL, target: URL): string | undefined {
  const downgrade = from.protocol === "https:" && target.protocol !== "https:";
  if (request.urlInput !== undefined) return downgrade ? undefined : movedEndpoint(request, from, target);
  const path = request.path.replace(/[?#].*$/, "").replace(/\/$/, "");
  const aim = target.pathname.replace(/\/$/, "");
  if (downgrade || !aim.endsWith(path)) return undefined;
  const url = target.origin + aim.slice(0, aim.length - path.length);
  return url === from.href.replace(/\/$/, "") || url.length > SHOWN_CHARACTERS ? undefined : url;
}

/** The whole URL of an endpoint that has moved: its last part is still the same. */
function movedEndpoint(request: Request, from: URL, target: URL): string | undefined {
  const last = (path: string) =>
    path
      .replace(/[?#].*$/, "")
      .replace(/\/$/, "")
      .replace(/^.*\//, "");
  const url = target.origin + target.pathname;
  const isSame = url === from.origin + request.path.replace(/[?#].*$/, "");
  return isSame || last(target.pathname) !== last(request.path) || url.length > SHOWN_CHARACTERS ? undefined : url;
}
