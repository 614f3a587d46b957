import type * as http from "node:http";
import type * as https from "node:https";
import { node } from "./node.ts";
import { proxyFor } from "./proxy.ts";
import { tunnelling } from "./tunnel.ts";

/** What every attempt to one place has in common. */
export interface Route {
  readonly baseUrl: string;
  /** With port, for texts. */
  readonly host: string;
  readonly secure: boolean;
  readonly agent: http.Agent;
  readonly proxyHost: string | undefined;
  /** `ca-certificate` was given. */
  readonly caGiven: boolean;
}

/**
 * The way to a place.
 * @param agents those of the client by origin: whoever goes there again finds the connections open
 * @throws {Failure} `unavailable` where a proxy variable holds no proxy that can be used
 */
export function routeTo(baseUrl: string, ca: string[] | undefined, agents: Map<string, http.Agent>): Route {
  const { origin, host, protocol } = new URL(baseUrl);
  const secure = protocol === "https:";
  const proxy = proxyFor(baseUrl);
  let agent = agents.get(origin);
  if (agent === undefined) {
    const options: https.AgentOptions = { keepAlive: true, ca };
    agent = new (secure ? node.https.Agent : node.http.Agent)(options);
    if (proxy !== undefined) agent.createConnection = tunnelling(proxy, secure, ca);
    agents.set(origin, agent);
  }
  return { baseUrl, host, secure, agent, proxyHost: proxy?.url.host, caGiven: ca !== undefined };
}
