import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { StageResult } from "../../sandbox/runner/runner.ts";
import type { Service } from "../../sandbox/services/index.ts";
import { closeServices, own, services, startServices } from "../kit/five-services.ts";
import { runMain } from "../kit/support.ts";

beforeAll(startServices);
afterAll(closeServices);

const WRONG = `wr%C3 öng"pa&ss+word='`;

describe("the order of masks, writes and requests", () => {
  /** Runs main and tells in one order what it logged, wrote and sent. Masks that are only a form of a secret are left out. */
  async function journal(
    service: Service,
    inputs: Readonly<Record<string, string>>,
    names: (main: StageResult) => Readonly<Record<string, string | undefined>>,
  ): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "journal-"));
    try {
      const file = join(folder, "journal");
      const preload = pathToFileURL(join(import.meta.dirname, "../kit/journal.ts")).href;
      const env = { NODE_OPTIONS: `--import ${preload} --disable-warning=ExperimentalWarning`, JOURNAL: file };
      const main = await runMain({ url: service.url, ...inputs }, { env });
      const named = Object.entries(names(main));
      const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
      return lines.flatMap((line) => {
        const [kind = "", text = ""] = JSON.parse(line) as string[];
        return tell(kind, text, named);
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  function tell(kind: string, text: string, named: readonly [string, string | undefined][]): string[] {
    if (kind === "request") return [text];
    if (kind === "log") return logged(text, named);
    if (kind === "summary") return [];
    const [, name, value] = /^(.*?)<<(?:ghadelimiter_[\w-]+)\n(.*)\n/.exec(text) ?? [];
    return [kind === "state" && value === "none" ? `state ${name} none` : `${kind} ${name}`];
  }

  function logged(line: string, named: readonly [string, string | undefined][]): string[] {
    if (line.startsWith("::error")) return ["error"];
    const [, data] = /^::add-mask::(.*)$/.exec(line) ?? [];
    const mask = data?.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
    return named.flatMap(([name, value]) => (value !== undefined && value === mask ? [`mask ${name}`] : []));
  }

  const handedOut = [
    "output token",
    "output authorization",
    "output headers",
    "output expires-at",
    "output expires-in",
    "output account",
    "output user-id",
    "output env-name",
  ];

  test("a minted token is masked before it is saved, saved before it is proven, proven before it is handed out", async () => {
    const { tuleap } = services;
    const inputs = { provider: "tuleap", method: "token", ...own(tuleap, "token") };
    const order = await journal(tuleap, inputs, ({ outputs }) => ({
      password: own(tuleap, "token").password,
      token: outputs.token,
    }));
    expect(order).toEqual([
      "state revocation none",
      "mask password",
      "output provider",
      "output url",
      "output method",
      "POST /api/tokens",
      "mask token",
      "state revocation",
      "state revocation",
      "GET /api/users/self",
      "output probe",
      ...handedOut,
      "env TULEAP_TOKEN",
      "env TULEAP_USER_ID",
      "output failure",
    ]);
  });

  test("what is only a step on the way is masked like the rest", async () => {
    const { current } = services;
    const inputs = { provider: "reportportal", method: "ephemeral-api-key", ...own(current, "password") };
    const order = await journal(current, inputs, ({ outputs, masks }) => ({
      password: own(current, "password").password,
      "access token": masks.find((mask) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask)),
      key: outputs.token,
    }));
    expect(order).toEqual([
      "state revocation none",
      "mask password",
      "output provider",
      "output url",
      "output method",
      "POST /rp/uat/sso/oauth/token",
      "mask access token",
      "GET /rp/api/users",
      "POST /rp/api/users/42/api-keys",
      "mask key",
      "state revocation",
      "state revocation",
      "GET /rp/api/users",
      "output probe",
      "GET /rp/api/users/42/api-keys",
      ...handedOut,
      "env RP_API_KEY",
      "output failure",
    ]);
  });

  test("a token that nothing can revoke is masked before it is proven", async () => {
    const { xray } = services;
    const given = own(xray, "client-credentials");
    const order = await journal(xray, { provider: "xray", ...given }, ({ outputs }) => ({
      secret: given["client-secret"],
      token: outputs.token,
    }));
    expect(order.filter((entry) => !entry.startsWith("output"))).toEqual([
      "state revocation none",
      "mask secret",
      "POST /api/v2/authenticate",
      "mask token",
      "state revocation",
      "POST /api/v2/graphql",
      "env XRAY_TOKEN",
    ]);
  });

  test("a secret that the user brought is masked before its first request", async () => {
    const { virtuozzo } = services;
    const given = own(virtuozzo, "personal-access-token");
    const order = await journal(virtuozzo, { provider: "virtuozzo", ...given }, () => ({ token: given.token }));
    expect(order.filter((entry) => !entry.startsWith("output"))).toEqual([
      "state revocation none",
      "mask token",
      "POST /1.0/users/account/rest/getuserinfo",
      "env JELASTIC_TOKEN",
    ]);
  });

  test("a token that its probe refuses stays saved for post, and is never handed out", async () => {
    const { tuleap } = services;
    const given = tuleap.suspended.password.inputs;
    const order = await journal(tuleap, { provider: "tuleap", ...given }, () => ({ password: given.password }));
    expect(order).toEqual([
      "state revocation none",
      "mask password",
      "output provider",
      "output url",
      "output method",
      "POST /api/tokens",
      "state revocation",
      "state revocation",
      "GET /api/users/self",
      "error",
      "output failure",
    ]);
  });

  test("a refused secret is masked before the request, and the error comes after it", async () => {
    const { qa } = services;
    const given = { ...own(qa, "client-credentials"), "client-secret": WRONG };
    const order = await journal(qa, { provider: "qa", ...given }, () => ({ secret: WRONG }));
    expect(order).toEqual([
      "state revocation none",
      "mask secret",
      "output provider",
      "output url",
      "output method",
      "POST /oauth2/token/",
      "error",
      "output failure",
    ]);
  });
});
