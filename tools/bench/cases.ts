import { join, resolve } from "node:path";
import { PROJECT } from "../../sandbox/runner/runner.ts";
import type { TIMES } from "./bounds.ts";
import { type Program, run } from "./run.ts";
import type { Place } from "./service.ts";

/** What is measured, beside the least that could do the same. */
export interface Case extends Program {
  readonly name: string;
  readonly floor: Program;
}

export type Way = keyof typeof TIMES;

export const EMPTY: Program = { script: floorScript("empty"), env: {} };

/**
 * The ways of the action that are measured.
 * @param dist folder of the built action
 */
export async function casesAt(place: Place, dist: string = join(PROJECT, "dist")): Promise<Record<Way, Case>> {
  const main = join(resolve(dist), "main.js");
  const post = join(resolve(dist), "post.js");
  const account = { "INPUT_CLIENT-ID": "the-client-id", "INPUT_CLIENT-SECRET": "the-client-secret-of-the-bench" };
  const trusting = { NODE_EXTRA_CA_CERTS: place.authorityFile };
  const service = { ...account, INPUT_PROVIDER: "qa", INPUT_URL: place.url };
  // Nobody else can sign what main saves for post.
  const { state } = await run({ script: main, env: { ...service, ...trusting } });
  const floor = (name: string, env: Program["env"] = trusting): Program => ({
    script: floorScript(name),
    env: { URL: place.url, ...env },
  });
  return {
    exchange: {
      name: "exchange and probe",
      script: main,
      env: { ...service, ...trusting },
      floor: floor("exchange"),
    },
    proxy: {
      name: "the same, own certificate, through a proxy",
      script: main,
      env: { ...service, "INPUT_CA-CERTIFICATE": place.authority, https_proxy: place.proxy },
      floor: floor("through-proxy", { PROXY: place.proxy, CA: place.authority }),
    },
    oauth2: {
      name: "`oauth2`: discovery, grant, introspection",
      script: main,
      env: { ...account, INPUT_PROVIDER: "oauth2", INPUT_URL: place.url, ...trusting },
      floor: floor("oauth2"),
    },
    idle: {
      name: "post with nothing to take back",
      script: post,
      env: { STATE_revocation: "none" },
      floor: EMPTY,
    },
    revocation: {
      name: "post with a revocation",
      script: post,
      env: { ...service, ...trusting, STATE_revocation: state },
      floor: floor("revoke"),
    },
  };
}

function floorScript(name: string): string {
  return join(PROJECT, "tools/bench", "floors", `${name}.cjs`);
}
