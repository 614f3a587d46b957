import * as z from "zod/mini";
import { Failure } from "../failure.ts";
import type { Answer, Http } from "../http/http.ts";
import { quoted } from "../http/quote.ts";
import { mask, maskMinted } from "../runner/masks.ts";
import { idTokenService } from "../runner/run.ts";
import { read, schema } from "../text/json.ts";
import { tokenFlaw } from "../text/token.ts";

const IdToken = schema(() => z.object({ value: z.string().check(z.minLength(1)) }));

/**
 * A new ID token of GitHub for this job, masked (GitHub Docs, "OpenID Connect reference"): the service that the runner names
 * gives one for the audience that is asked for, or for its default.
 * @throws {Failure} `missing-secret` without the permission, `forbidden` or `bad-response`, or a fault of the way
 */
export async function fetchIdToken(http: Http, audience?: string): Promise<string> {
  const service = idTokenService();
  if (service === undefined) throw noPermission();
  mask(service.token);
  const { origin, pathname, search } = new URL(service.url);
  const more = audience === undefined ? "" : `${search === "" ? "?" : "&"}audience=${encodeURIComponent(audience)}`;
  const there = http.at(origin);
  const answer = await there.send({
    method: "GET",
    path: `${pathname}${search}${more}`,
    headers: { authorization: `Bearer ${service.token}` },
    what: "Asking for an ID token",
    mints: true,
    ofRedirect: ON_THE_WAY,
  });
  const token = answer.status < 300 ? read(IdToken, answer.json)?.value : undefined;
  if (token === undefined) throw noIdToken(answer, there.host);
  maskMinted(token);
  if (tokenFlaw(token) !== undefined) throw noIdToken(answer, there.host);
  return token;
}

function noPermission(): Failure {
  return new Failure("missing-secret", "GitHub gives this job no ID token: it lacks the permission.", {
    title: "No ID token",
    hint: "Add to the job (not only to a step) the two lines `permissions:` and below it, indented, `id-token: write`, beside `contents: read` if it checks out. A called workflow gets it only where the job that calls it has it too; a pull request from a fork gets none.",
  });
}

function noIdToken(answer: Answer, host: string): Failure {
  if (!answer.isHtml && (answer.status === 401 || answer.status === 403)) {
    return new Failure(
      "forbidden",
      `GitHub's ID token service at ${host} refuses this job (status ${answer.status}).`,
      {
        hint: "The job has ended or its permission was taken away: re-run the job.",
        ...quoted(answer),
      },
    );
  }
  const what = answer.isHtml ? "a page" : `status ${answer.status} and no ID token`;
  return new Failure("bad-response", `GitHub's ID token service at ${host} answered with ${what}.`, {
    hint: ON_THE_WAY,
  });
}

const ON_THE_WAY =
  "Something on the way to GitHub may answer in its place: look at the proxy of the runner, then re-run the job.";
