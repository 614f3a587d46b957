import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { type Answer, json, text } from "../services/answers.ts";
import { bearerToken } from "../services/credentials.ts";
import { type PublicJwk, publicJwk, signJws } from "../services/jws.ts";
import { type Call, type Listening, serve } from "../services/serve.ts";

/** Seconds that an ID token of GitHub lives. */
const LIFETIME = 300;

/** What GitHub's OpenID Connect provider says of each run, on this machine. */
export interface IdTokens extends Listening {
  /** The `iss` of every ID token; its metadata and its keys are served there. */
  readonly issuer: string;
  /** The public keys, as the JWK Set has them. */
  readonly keys: () => readonly PublicJwk[];
  /** The two variables that a job with the permission `id-token: write` finds in its environment. */
  variables(github: Readonly<Record<string, string>>): Record<string, string>;
}

export interface IdTokenOptions {
  /** `sub` names owner and repository with their ids, as it does for repositories since July 2026 (default false). */
  readonly immutableSubject?: boolean;
  /** The environment that the job names. */
  readonly environment?: string;
  /** Milliseconds since the epoch; real time unless told. */
  readonly now?: () => number;
}

/** A job that may ask, and what its request token is. */
interface Permitted {
  readonly github: Readonly<Record<string, string>>;
  readonly requestToken: string;
}

let signingKey: KeyObject | undefined;

/** Made once for all: a key of RSA takes its time. */
function rsaKey(): KeyObject {
  signingKey ??= generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return signingKey;
}

/** Starts the service that gives the jobs of this machine their ID tokens. */
export async function startIdTokens(options: IdTokenOptions = {}): Promise<IdTokens> {
  const kid = randomUUID();
  const keys = [{ ...publicJwk(rsaKey(), { kid, alg: "RS256" }), use: "sig" }];
  const jobs = new Map<string, Permitted>();
  let issuer = "";
  const listening = await serve({}, (call) => {
    if (call.route === "/.well-known/openid-configuration") return json(200, metadata(issuer));
    if (call.route === "/.well-known/jwks") return json(200, { keys });
    const job = jobs.get(call.route);
    if (job === undefined) return text(404, "Not Found");
    return answer(call, job, (aud) =>
      signJws(claims(issuer, aud, job.github, options), { typ: "JWT", alg: "RS256", kid }, rsaKey()),
    );
  });
  issuer = listening.url;
  return {
    ...listening,
    issuer,
    keys: () => keys,
    variables(github) {
      // As GitHub's own: a path of ids, a query that is there already, and a JWT to ask with.
      const route = `/57//idtoken/${randomUUID()}/${randomUUID()}`;
      const requestToken = signJws(
        { sub: github.run_id, jti: randomUUID(), scp: `Actions.GenerateIdToken:${github.run_id}` },
        { typ: "JWT", alg: "RS256", kid: "runner" },
        rsaKey(),
      );
      jobs.set(route, { github, requestToken });
      return {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${listening.url}${route}?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
      };
    },
  };
}

function answer(call: Call, { github, requestToken }: Permitted, mint: (audience: string) => string): Answer {
  if (call.method !== "GET") return json(405, { message: "The requested resource does not support this method." });
  if (bearerToken(call.headers.authorization) !== requestToken) {
    return json(401, { message: "Unauthorized" }, { "www-authenticate": "Bearer" });
  }
  // What was in the URL has to stay as it was, and in front.
  if (call.path.split("?")[1]?.split("&")[0] !== "api-version=2.0") {
    return json(400, { message: "No api-version was supplied for the request." });
  }
  const audiences = call.query.getAll("audience");
  if (audiences.length > 1 || audiences[0] === "") return json(400, { message: "The audience is not valid." });
  return json(200, { count: 1, value: mint(audiences[0] ?? `https://github.com/${github.repository_owner}`) });
}

function metadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks`,
    subject_types_supported: ["public", "pairwise"],
    response_types_supported: ["id_token"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: ["openid"],
  };
}

/** The claims that GitHub's documentation lists. */
function claims(
  iss: string,
  aud: string,
  github: Readonly<Record<string, string>>,
  { environment, immutableSubject = false, now = Date.now }: IdTokenOptions,
): Record<string, unknown> {
  const seconds = Math.floor(now() / 1000);
  const ids = { repository_owner_id: "9919", repository_id: "1296269" };
  const [owner = "", name = ""] = (github.repository ?? "").split("/");
  const subject = immutableSubject
    ? `${owner}@${ids.repository_owner_id}/${name}@${ids.repository_id}`
    : `${owner}/${name}`;
  const place = environment === undefined ? `ref:${github.ref}` : `environment:${escaped(environment)}`;
  const file = `${github.repository}/.github/workflows/ci.yml@${github.ref}`;
  return {
    iss,
    aud,
    sub: `repo:${subject}:${place}`,
    jti: randomUUID(),
    iat: seconds,
    nbf: seconds - LIFETIME,
    exp: seconds + LIFETIME,
    ...ids,
    ...taken(github),
    ...(environment !== undefined && { environment }),
    actor_id: "583231",
    base_ref: "",
    head_ref: "",
    job_workflow_ref: file,
    job_workflow_sha: github.sha,
    repository_visibility: "private",
    runner_environment: "github-hosted",
    workflow_ref: file,
    workflow_sha: github.sha,
  };
}

/** The claims that are named as in the `github` context. */
function taken(github: Readonly<Record<string, string>>): Record<string, string> {
  const names = ["actor", "event_name", "ref", "ref_type", "repository", "repository_owner", "run_attempt", "run_id"];
  return Object.fromEntries(
    [...names, "run_number", "sha", "workflow"].flatMap((name) => {
      const value = github[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** A colon inside of a value cannot be taken for the next part. */
function escaped(value: string): string {
  return value.replaceAll(":", "%3A");
}
