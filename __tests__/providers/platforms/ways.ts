import { type IdTokens, startIdTokens } from "../../../sandbox/runner/id-token.ts";
import type { StageResult } from "../../../sandbox/runner/runner.ts";
import { platforms, type RecordedRequest, type Service } from "../../../sandbox/services/index.ts";

/** A method of a platform, and what it comes to, as its users are told. */
export interface Way {
  readonly provider: string;
  readonly method: string;
  /** The variable that it exports. */
  readonly env: string;
  readonly headers: readonly string[];
  readonly ends: "revoked" | "expires" | "left";
  /** Method and path of the probe; undefined where there is none. */
  readonly probe?: string;
  readonly account?: string;
  /** Seconds that the credential lives at least, on a busy machine, and at most; undefined where nobody tells. */
  readonly seconds?: readonly [least: number, most: number];
  /** What a real service asks for with the exchange: method and path. */
  readonly exchange?: string;
}

const BEARER = ["Authorization"];
const HOUR = 3600;
const DAY = 24 * HOUR;

function about(seconds: number): [least: number, most: number] {
  return [seconds - 600, seconds];
}

/** Every method of every platform. */
export const WAYS: readonly Way[] = [
  {
    ...{ provider: "qtest", method: "api-token", env: "QTEST_TOKEN", headers: BEARER, ends: "expires" },
    ...{ exchange: "POST /oauth/token", probe: "GET /oauth/status", seconds: about(DAY) },
  },
  {
    ...{ provider: "jama", method: "client-credentials", env: "JAMA_TOKEN", headers: BEARER, ends: "expires" },
    ...{
      exchange: "POST /rest/oauth/token",
      probe: "GET /rest/v1/users/current",
      account: "ci-robot",
      seconds: about(3599),
    },
  },
  {
    ...{
      provider: "allure-testops",
      method: "api-token",
      env: "ALLURE_ACCESS_TOKEN",
      headers: BEARER,
      ends: "expires",
    },
    ...{
      exchange: "POST /api/uaa/oauth/token",
      probe: "GET /api/uaa/account/me",
      account: "ci-robot",
      seconds: about(HOUR),
    },
  },
  {
    ...{ provider: "zebrunner", method: "access-token", env: "ZEBRUNNER_TOKEN", headers: BEARER, ends: "expires" },
    ...{ exchange: "POST /api/iam/v1/auth/refresh", seconds: about(HOUR) },
  },
  {
    ...{ provider: "tosca", method: "client-credentials", env: "TOSCA_TOKEN", ends: "expires" },
    ...{ headers: ["Authorization", "X-Tricentis"], exchange: "POST /tua/connect/token", seconds: about(HOUR) },
  },
  {
    ...{ provider: "blackduck", method: "api-token", env: "BLACKDUCK_BEARER_TOKEN", ends: "expires" },
    ...{ headers: ["Authorization", "X-CSRF-TOKEN"], exchange: "POST /api/tokens/authenticate" },
    ...{ probe: "GET /api/current-user", account: "ci-robot", seconds: about(2 * HOUR) },
  },
  {
    ...{ provider: "artifactory", method: "github-oidc", env: "JF_ACCESS_TOKEN", headers: BEARER, ends: "revoked" },
    ...{ exchange: "POST /access/api/v1/oidc/token", probe: "GET /access/api/v1/tokens/me", seconds: about(600) },
  },
  {
    ...{ provider: "dependency-track", method: "password", env: "DTRACK_TOKEN", headers: BEARER, ends: "expires" },
    ...{
      exchange: "POST /api/v1/user/login",
      probe: "GET /api/v1/user/self",
      account: "ci-robot",
      seconds: about(7 * DAY),
    },
  },
  {
    ...{ provider: "dependency-track", method: "api-key", env: "DTRACK_API_KEY", headers: ["X-Api-Key"], ends: "left" },
    probe: "GET /api/v1/team/self",
  },
  {
    ...{ provider: "sonarqube", method: "token", env: "SONAR_TOKEN", headers: BEARER, ends: "left" },
    probe: "GET /api/authentication/validate",
  },
  {
    ...{ provider: "sonarqube", method: "ephemeral-token", env: "SONAR_TOKEN", headers: BEARER, ends: "revoked" },
    ...{
      exchange: "POST /api/user_tokens/generate",
      probe: "GET /api/authentication/validate",
      seconds: [24 * HOUR, 49 * HOUR],
    },
  },
  {
    ...{ provider: "fortify-ssc", method: "ephemeral-token", env: "FCLI_DEFAULT_SSC_CI_TOKEN", headers: BEARER },
    ...{ ends: "revoked", exchange: "POST /api/v1/tokens", probe: "POST /api/v1/userSession/tokenData" },
    seconds: about(25 * HOUR),
  },
];

/** Those that send something before they have a token. */
export const MINTING = WAYS.filter(({ ends }) => ends !== "left");

let shared: Promise<IdTokens> | undefined;

/** Whom the stand-ins trust; started when it is first asked for. */
export function idTokens(): Promise<IdTokens> {
  shared ??= startIdTokens();
  return shared;
}

/** For `afterAll`. */
export async function closeIdTokens(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

/** Lets a test use a platform of its own. */
export async function at<Result>(provider: string, use: (service: Service) => Promise<Result>): Promise<Result> {
  const service = await platforms[provider]?.({ trusts: await idTokens() });
  if (service === undefined) throw new Error(`${provider} has no stand-in`);
  try {
    return await use(service);
  } finally {
    await service.close();
  }
}

/** The inputs of a step that uses this method at this service with its right account. */
export function inputsOf(
  { provider, method }: Pick<Way, "provider" | "method">,
  service: Service,
): Record<string, string> {
  return { provider, method, url: service.url, ...service.accounts[method]?.inputs };
}

/** What of the inputs is secret. */
export function secretsIn(inputs: Readonly<Record<string, string>>): string[] {
  return ["token", "password", "client-secret"].flatMap((name) => inputs[name] ?? []);
}

/** Every header and variable with a secret in it, for the look at what a reader sees. */
export function minted({ outputs }: StageResult): string[] {
  const headers: Record<string, string> = JSON.parse(outputs.headers || "{}");
  const values = Object.values(headers).map((value) => value.replace(/^\S+ /, ""));
  return [outputs.token ?? "", ...values].filter((value) => value.length > 3);
}

/** Whether a request is the one that is named so, such as `GET /me`. */
export function is(name: string | undefined) {
  return ({ method, path }: Pick<RecordedRequest, "method" | "path">) => `${method} ${path}` === name;
}
