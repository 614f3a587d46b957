import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Http } from "../http/http.ts";
import type { Step } from "../providers/provider.ts";
import { info } from "../runner/log.ts";
import { mask, maskMinted } from "../runner/masks.ts";
import { idTokenService } from "../runner/run.ts";
import { matching, read, schema } from "../text/json.ts";
import { tokenFlaw } from "../text/token.ts";

const IdToken = schema(() => z.object({ value: matching(/./s) }));

/** What a provider may do on the way at every stage, beside its requests. */
export function onTheWay(http: Http): Pick<Step, "secret" | "note" | "idToken"> {
  return { secret: maskMinted, note: info, idToken: (audience) => fetchIdToken(http, audience) };
}

/**
 * A new ID token of GitHub for this job, masked (GitHub Docs, "OpenID Connect reference"): the service that the runner names
 * gives one for the audience that is asked for, or for its default.
 * @throws {Failure} `missing-secret` without the permission, `forbidden` or `bad-response`, or a fault of the way
 */
async function fetchIdToken(http: Http, audience?: string): Promise<string> {
  const service = idTokenService();
  if (service === undefined) {
    throw new Failure("missing-secret", "GitHub gives this job no ID token: it lacks the permission.", {
      title: "No ID token",
      hint: "Add `permissions: id-token: write` (two lines) to the job, beside `contents: read` if it checks out; for a called workflow also to the job that calls it. A pull request from a fork gets none.",
    });
  }
  mask(service.token);
  const { origin, pathname, search } = service.url;
  const more = audience === undefined ? "" : `${search === "" ? "?" : "&"}audience=${encodeURIComponent(audience)}`;
  const { host, ...there } = http.at(origin);
  const { status, isHtml, json } = await there.send({
    method: "GET",
    path: `${pathname}${search}${more}`,
    headers: { authorization: `Bearer ${service.token}` },
    what: "Asking for an ID token",
    mints: true,
    ofRedirect: ON_THE_WAY,
  });
  const token = (status < 300 && read(IdToken, json)?.value) || "";
  maskMinted(token);
  if (tokenFlaw(token) === undefined) return token;
  const isRefusal = !isHtml && (status === 401 || status === 403);
  // The answer is not quoted: it may hold what looks like no ID token, but is one.
  throw new Failure(
    isRefusal ? "forbidden" : "bad-response",
    `GitHub's ID token service at ${host} answered status ${status} and no ID token.`,
    { hint: ON_THE_WAY },
  );
}

const ON_THE_WAY = "Something on the way to GitHub may answer in its place: look at the proxy of the runner.";
