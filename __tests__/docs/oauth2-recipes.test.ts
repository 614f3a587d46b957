/** The steps of the page on OAuth2, played: each as it stands, at a server that wants just what the step sends. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import * as z from "zod";
import { type IdTokens, startIdTokens } from "../../sandbox/runner/id-token.ts";
import { runStep } from "../../sandbox/runner/runner.ts";
import { type OAuth2, startOAuth2 } from "../../sandbox/services/index.ts";

const Steps = z.tuple([z.object({ uses: z.string(), with: z.record(z.string(), z.coerce.string()) })]);
const RECIPES = readFileSync("docs/providers/oauth2.md", "utf8")
  .split(/^##+ /m)
  .flatMap((chapter) =>
    [...chapter.matchAll(/^```yaml\n(- uses: .*?)^```$/gms)].map(([, block = ""], index) => {
      const [{ with: inputs }] = z.parse(Steps, parse(block));
      return { name: `${chapter.split("\n")[0]}${index === 0 ? "" : ` (${index + 1})`}`, inputs };
    }),
  );

/** The inputs that name places, and where these are at the stand-in. */
const PLACES: Readonly<Record<string, string>> = {
  url: "",
  "token-url": "/token",
  "revocation-url": "/revoke",
  "probe-url": "/api/me",
};

let idTokens: IdTokens;
let server: OAuth2;

beforeAll(async () => {
  idTokens = await startIdTokens();
  server = await startOAuth2({ trusts: idTokens });
});
afterAll(async () => {
  await server.close();
  await idTokens.close();
});

function methodOf(inputs: Readonly<Record<string, string>>): string {
  if (inputs.method !== undefined) return inputs.method;
  return inputs["private-key"] === undefined ? "client-credentials" : "private-key-jwt";
}

/** The inputs with the stand-in's places and secrets; all else is as the page has it. */
function here(inputs: Readonly<Record<string, string>>): Record<string, string> {
  const account = server.accounts[methodOf(inputs)]?.inputs ?? {};
  // A client that is named and has no secret is a public one.
  const isPublic = inputs["client-id"] !== undefined && inputs["client-secret"] === undefined;
  const named = server.accounts["client-assertion"]?.inputs["client-id"] ?? "";
  const values = Object.entries(inputs).map(([name, value]): [string, string] => {
    if (PLACES[name] !== undefined) return [name, `${server.url}${PLACES[name]}`];
    if (name === "client-id" && isPublic && methodOf(inputs) !== "private-key-jwt") return [name, named];
    if (name === "parameters") return [name, value.replace(/^(assertion-audience=).*/m, `$1${server.url}`)];
    return [name, account[name] ?? (value.startsWith("${{") ? "of-a-variable" : value)];
  });
  return Object.fromEntries(values);
}

describe("the page on OAuth2", () => {
  test("has many recipes", () => expect(RECIPES.length).toBeGreaterThan(25));

  test.each(RECIPES)("works as it stands: $name", async ({ inputs }) => {
    Object.assign(server.behaviour, {
      body: inputs.body ?? "form",
      scopes: inputs.scope?.split(" ") ?? ["any"],
      scopeRequired: inputs.scope !== undefined,
      audiences: inputs.audience === undefined ? [] : [inputs.audience],
      audienceRequired: inputs.audience !== undefined,
      idTokenAudience: inputs["id-token-audience"]?.replace(/^\$\{\{.*/, "of-a-variable"),
      basic: inputs["client-auth"] === "post" ? "no" : "encoded",
      post: inputs["client-auth"] !== "basic",
      // Where no client is named nobody can take a token back.
      revocation: inputs.method === "token-exchange" && inputs["client-id"] === undefined ? "none" : "real",
    });
    const before = server.live();
    const given = here(inputs);
    const secrets = ["token", "password", "client-secret", "private-key"].flatMap((name) => given[name] ?? []);
    const { main, post } = await runStep({ inputs: given, secrets, idTokens });
    expect([main.outcome, post?.outcome, main.outputs.failure, main.log]).toEqual(["success", "success", "", main.log]);
    expect(main.outputs.method).toBe(methodOf(inputs));
    expect(post?.log).not.toContain("##[warning]");
    if (post?.log.includes("is revoked") === true) expect(server.live()).toEqual(before);
    else expect(inputs["token-url"] ?? inputs.method).toBeDefined();
  });
});
