import { Failure } from "../failure.ts";
import type { Request } from "./http.ts";

/**
 * A redirect is never followed: it would carry the secret to wherever it points. The failure names the target's host,
 * and the `url` to set where the same request is meant to go elsewhere on the same host.
 */
export function redirected(request: Request, location: string | undefined, baseUrl: string): Failure {
  const from = new URL(baseUrl);
  const target = parse(location, baseUrl + request.path);
  if (target === undefined) {
    return new Failure("wrong-url", `${from.host} answered with a redirect that names no target.`, {
      hint: 'Check that "url" is the base URL of the service\'s API.',
    });
  }
  const sentence = `${from.host} redirects to ${target.host === from.host ? "another place on itself" : target.host}, and redirects are not followed: they would carry the secret along.`;
  const url = target.hostname === from.hostname ? suggestedUrl(request, from, target) : undefined;
  if (url !== undefined) return new Failure("wrong-url", sentence, { hint: `Set \`url: ${url}\`.` });
  const hint =
    target.hostname === from.hostname
      ? `It points to ${target.pathname}, perhaps a login page: check that "url" is the base URL of the service's API, and that no login wall stands in front of it.`
      : `If ${target.host} is where the service lives now, set "url" to its base URL there; otherwise a portal or login wall answers in its place.`;
  return new Failure("wrong-url", sentence, { hint });
}

function parse(location: string | undefined, base: string): URL | undefined {
  if (location === undefined || location === "") return undefined;
  return URL.canParse(location, base) ? new URL(location, base) : undefined;
}

/** The base URL under which the redirect's target is this very request; undefined where it is another place. */
function suggestedUrl(request: Request, from: URL, target: URL): string | undefined {
  const downgrade = from.protocol === "https:" && target.protocol !== "https:";
  const path = request.path.replace(/[?#].*$/, "").replace(/\/$/, "");
  const aim = target.pathname.replace(/\/$/, "");
  if (downgrade || !aim.endsWith(path)) return undefined;
  return target.origin + aim.slice(0, aim.length - path.length);
}
