import type { StageResult } from "../../sandbox/runner/runner.ts";
import { services } from "../../sandbox/services/index.ts";
import type { Fault } from "../../sandbox/services/service.ts";
import { when } from "./faults.ts";
import { runAction } from "./support.ts";

/** Where in a step a fault is played. */
export type StageName = "exchange" | "probe" | "revocation";

type Chosen = (method: string, path: string) => boolean;

/** A way to mint something, with the requests that make up each stage of it. */
export interface Way {
  readonly provider: keyof typeof services;
  readonly method: string;
  readonly stages: Readonly<Partial<Record<StageName, Chosen>>>;
  /** Inputs beside those of its account, for a service at this URL. */
  readonly inputs?: (url: string) => Readonly<Record<string, string>>;
}

function at(wanted: string, start: string): Chosen {
  return (method, path) => method === wanted && path.startsWith(start);
}

export const WAYS = {
  ReportPortal: {
    provider: "reportportal",
    method: "password",
    stages: {
      exchange: (method, path) => method === "POST" && path.endsWith("/sso/oauth/token"),
      probe: at("GET", "/api/"),
    },
  },
  Xray: {
    provider: "xray",
    method: "client-credentials",
    stages: { exchange: at("POST", "/api/v2/authenticate"), probe: at("POST", "/api/v2/graphql") },
  },
  Virtuozzo: {
    provider: "virtuozzo",
    method: "session",
    stages: {
      exchange: at("POST", "/1.0/users/authentication/rest/signin"),
      probe: at("POST", "/1.0/users/account/rest/getuserinfo"),
      revocation: at("POST", "/1.0/users/authentication/rest/signout"),
    },
  },
  Tuleap: {
    provider: "tuleap",
    method: "token",
    stages: {
      exchange: at("POST", "/api/tokens"),
      probe: at("GET", "/api/users/self"),
      revocation: at("DELETE", "/api/tokens/"),
    },
  },
  QA: {
    provider: "qa",
    method: "client-credentials",
    stages: {
      exchange: at("POST", "/oauth2/token/"),
      probe: at("GET", "/restapi/"),
      revocation: at("POST", "/oauth2/revoke_token/"),
    },
  },
  // With its endpoints given, so that there is one request in each stage; what finds them has tests of its own.
  OAuth2: {
    provider: "oauth2",
    method: "client-credentials",
    stages: { exchange: at("POST", "/token"), probe: at("GET", "/api/me"), revocation: at("POST", "/revoke") },
    inputs: (url) => ({
      "token-url": `${url}/token`,
      "client-auth": "post",
      "probe-url": `${url}/api/me`,
      "revocation-url": `${url}/revoke`,
    }),
  },
  "ReportPortal key": {
    provider: "reportportal",
    method: "ephemeral-api-key",
    stages: {
      exchange: at("POST", "/api/users/42/api-keys"),
      revocation: at("DELETE", "/api/users/42/api-keys/"),
    },
  },
  "Tuleap key": {
    provider: "tuleap",
    method: "ephemeral-access-key",
    stages: { exchange: at("POST", "/api/access_keys"), revocation: at("DELETE", "/api/access_keys/") },
  },
} as const satisfies Readonly<Record<string, Way>>;

/** The five services, each with the way that the tables are about. */
export const SERVICES = ["ReportPortal", "Xray", "Virtuozzo", "Tuleap", "QA"] as const;

/** The same, and whatever speaks OAuth2. */
export const ALL = [...SERVICES, "OAuth2"] as const;

export interface Seen {
  readonly main: StageResult;
  readonly post: StageResult | undefined;
  /** How many requests met the fault. */
  readonly requests: number;
  /** What still works at the service in the end. */
  readonly live: readonly string[];
  /** Every secret that the step was given. */
  readonly secrets: readonly string[];
}

/** Runs the built action with a fault in one of its stages; post only where the fault is there. */
export async function play(
  way: Way,
  stage: StageName,
  fault: Fault,
  inputs: Readonly<Record<string, string>>,
): Promise<Seen> {
  const service = await services[way.provider]({});
  const chosen = way.stages[stage] ?? (() => false);
  const account = service.accounts[way.method]?.inputs ?? {};
  try {
    if (stage !== "revocation") service.fault(when(chosen, fault));
    const { main, post } = await runAction(
      {
        provider: way.provider,
        method: way.method,
        url: service.url,
        ...account,
        ...way.inputs?.(service.url),
        ...inputs,
      },
      {
        post: stage === "revocation",
        between: () => {
          if (stage === "revocation") service.fault(when(chosen, fault));
        },
      },
    );
    const requests = service.requests.filter(({ method, path }) => chosen(method, path)).length;
    const secrets = [account.password, account["client-secret"], main.outputs.token].flatMap((secret) => secret || []);
    return { main, post, requests, live: service.live(), secrets };
  } finally {
    await service.close();
  }
}

/** Does the work for every item, so many at a time, and keeps their order. */
export async function pooled<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  size = 8,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: size }, worker));
  return results;
}
