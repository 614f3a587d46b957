import { expect, test } from "@jest/globals";
import { services } from "../../sandbox/services/index.ts";
import { ALL, play, pooled, type Seen, WAYS } from "../kit/fault-stages.ts";
import { answer, flawedTokens, json, tokenAnswers } from "../kit/faults.ts";
import { table, together, writeChapter } from "../kit/reliability.ts";
import { endedWithin, leaks, runMain, shown } from "../kit/support.ts";

function minted(service: (typeof ALL)[number], token: unknown): string {
  return tokenAnswers[WAYS[service].provider]?.(token) ?? "";
}

/** Every text inside of what stood in the token's place. */
function textsOf(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(textsOf);
  return typeof value === "boolean" ? [] : String(value).split(/[\r\n]+/);
}

test("a token that is none is a bad response, is printed nowhere and exports nothing", async () => {
  const seen = await pooled(
    Object.entries(flawedTokens).flatMap(([flaw, token]) => ALL.map((service) => ({ flaw, token, service }))),
    async ({ flaw, token, service }) => {
      const fault = json(200, minted(service, token));
      const { main, requests } = await play(WAYS[service], "exchange", fault, { timeout: "10" });
      return {
        flaw,
        service,
        failure: main.outputs.failure ?? "",
        requests,
        exitCode: main.exitCode,
        token: main.outputs.token,
        env: Object.keys(main.env),
        annotations: main.annotations.map(({ type }) => type),
        leaks: leaks(main, textsOf(token)),
        stderr: main.stderr,
      };
    },
  );
  expect(seen).toEqual(
    Object.keys(flawedTokens).flatMap((flaw) =>
      ALL.map((service) => ({
        flaw,
        service,
        failure: "bad-response",
        requests: 1,
        exitCode: 1,
        token: undefined,
        env: [],
        annotations: ["error"],
        leaks: [],
        stderr: "",
      })),
    ),
  );

  const lines = Object.keys(flawedTokens).map((flaw) => [
    `a token ${flaw}`,
    together(seen.filter((one) => one.flaw === flaw).map(({ service, failure }) => [service, failure])),
  ]);
  writeChapter("tokens", table(["What the service answers", "`failure`"], lines));
});

test("what stands beside a token that is missed is not printed: it may be a token by another name", async () => {
  const secret = "s3cr3t-by-another-name";
  const seen = await pooled(ALL, async (service) => {
    const body = JSON.stringify({ jwt: secret, accessToken: secret, data: { token: { value: secret } } });
    const { main } = await play(WAYS[service], "exchange", json(200, body), { timeout: "10" });
    return [service, main.outputs.failure, shown(main).includes(secret)];
  });
  expect(seen).toEqual(ALL.map((service) => [service, "bad-response", false]));
});

test("the right answer counts whatever it is typed as, with a byte order mark, and padded to 1 MiB", async () => {
  const tokens = {
    ReportPortal: "opaque-token-1",
    Xray: "eyJh.eyJi.c2ln",
    Virtuozzo: "48bx-session",
    Tuleap: "0123456789abcdef",
    QA: "opaque-token-2",
    OAuth2: "opaque-token-3",
  };
  const seen = await pooled(
    ALL.flatMap((service) => [
      { service, type: "text/html; charset=utf-8", change: (body: string) => body },
      { service, type: "text/plain", change: (body: string) => `\ufeff${body}` },
      { service, type: "application/octet-stream", change: (body: string) => body.padEnd(1024 * 1024) },
    ]),
    async ({ service, type, change }) => {
      const body = change(minted(service, tokens[service]));
      const { main } = await play(WAYS[service], "exchange", json(200, body, type), { timeout: "10", probe: "false" });
      return [service, main.exitCode, main.outputs.token];
    },
  );
  expect(seen).toEqual(ALL.flatMap((service) => Array.from({ length: 3 }, () => [service, 0, tokens[service]])));
});

/** Fault answers in XML, and pages in it: with the type, and the failure that they are. */
const IN_XML = [
  [401, "application/xml", "<Error><Code>AccessDenied</Code></Error>", "refused"],
  [403, "text/xml", "<Error/>", "forbidden"],
  [400, "application/xml", "<Error/>", "bad-response"],
  [400, "application/xml", '<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"/>', "wrong-url"],
  [400, "application/xhtml+xml", "<p>Sorry</p>", "wrong-url"],
] as const;

test("XML is a page only where it is XHTML", async () => {
  const seen = await pooled(
    ALL.flatMap((service) => IN_XML.map(([status, type, body]) => ({ service, status, type, body }))),
    async ({ service, status, type, body }) => {
      const fault = answer(status, { "content-type": type }, `<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
      const { main } = await play(WAYS[service], "exchange", fault, { timeout: "10" });
      return [service, main.outputs.failure];
    },
  );
  expect(seen).toEqual(ALL.flatMap((service) => IN_XML.map(([, , , failure]) => [service, failure])));
});

/** `expires_in` as it stands in the answer; then `expires-in` of ReportPortal, which documents nothing, and of QA: 10 h. */
const LIFETIMES = [
  ["3600", 3600, 3600],
  ['"3600"', 3600, 3600],
  ["3600.9", 3600, 3600],
  ["-3600", undefined, 36_000],
  ["0", undefined, 36_000],
  ["1e308", undefined, 36_000],
  ["99999999999999", undefined, 36_000],
  ['"soon"', undefined, 36_000],
  ["null", undefined, 36_000],
  ["true", undefined, 36_000],
  ["[3600]", undefined, 36_000],
  [undefined, undefined, 36_000],
] as const;

test("a lifetime that is none gives way to the documented one", async () => {
  const cases = LIFETIMES.flatMap(([told, reportportal, qa]) => [
    { told, service: "ReportPortal" as const, wanted: reportportal },
    { told, service: "QA" as const, wanted: qa },
  ]);
  const seen = await pooled(cases, async ({ told, service, wanted }) => {
    const body = `{"access_token":"opaque-token","token_type":"Bearer"${told === undefined ? "" : `,"expires_in":${told}`}}`;
    const { main } = await play(WAYS[service], "exchange", json(200, body), { timeout: "10", probe: "false" });
    const { "expires-in": left = "?", "expires-at": date = "?" } = main.outputs;
    const right =
      wanted === undefined
        ? left === "" && date === ""
        : Number(left) <= wanted && Number(left) > wanted - 60 && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(date);
    return { told, service, right, exitCode: main.exitCode, left };
  });
  expect(seen.filter(({ right, exitCode }) => !right || exitCode !== 0)).toEqual([]);
});

const HOSTILE = `Eve\r\n::set-output name=failure::forged\n##[add-mask]a \u202e\u2066\u0007|</td></table><script>alert(1)</script>${"x".repeat(500)}`;

/** Where each service says whose the token is; the others say nothing. */
const ACCOUNTS: Readonly<Partial<Record<(typeof ALL)[number], unknown>>> = {
  ReportPortal: { userId: HOSTILE },
  Virtuozzo: { result: 0, name: HOSTILE },
  Tuleap: { is_anonymous: false, username: HOSTILE },
};

test("a hostile account name is one harmless line in output and log, and in no summary", async () => {
  const told = ALL.filter((service) => ACCOUNTS[service] !== undefined);
  const seen = await pooled(told, (service) =>
    play(WAYS[service], "probe", json(200, JSON.stringify(ACCOUNTS[service])), { timeout: "10", summary: "true" }),
  );
  for (const { main } of seen) {
    expect(main.exitCode).toBe(0);
    expect(main.outputs.failure).toBe("");
    expect(main.outputs.account).toHaveLength(200);
    expect(main.outputs.account).toMatch(/^Eve ::set-output name=failure::forged ## \[add-mask\]a \|<\/td>/);
    expect(main.outputs.account).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(main.summary).toContain("<h3>API token</h3>");
    expect(main.summary).not.toMatch(/Eve|script/);
    expect(main.commands.map(({ name }) => name).filter((name) => name !== "add-mask")).toEqual([]);
    expect(main.masks).not.toContain("a ");
    expect(main.annotations).toEqual([]);
  }
});

test("a refusal quotes 200 characters of what the service said, on one line, without the secret", async () => {
  const seen: Seen[] = await pooled(ALL, (service) => {
    const said = `no\r\n::error title=forged::forged\n##[group]x\u2028${"y".repeat(400)}`;
    return play(WAYS[service], "exchange", answer(400, { "content-type": "text/plain" }, said), { timeout: "10" });
  });
  for (const { main } of seen) {
    expect(main.annotations).toHaveLength(1);
    const quoted = /It answered: .(no .*)[”"]\. [A-Z]/.exec(main.annotations[0]?.message ?? "")?.[1] ?? "";
    expect(quoted).toHaveLength(200);
    expect(quoted).toMatch(/^no ::error title=forged::forged ## \[group\]x y+…$/);
  }
});

test("Tuleap's user id is a number, and no text of a megabyte that keeps later steps from starting", async () => {
  for (const userId of ["9".repeat(100_000), "1e3", "-1", "0x1F", "1\n2"]) {
    const body = JSON.stringify({ user_id: userId, token: "0123456789abcdef", uri: "tokens/x" });
    const { main } = await play(WAYS.Tuleap, "exchange", json(200, body), { timeout: "10" });
    expect([main.exitCode, main.outputs.failure, main.env]).toEqual([1, "bad-response", {}]);
  }
});

test("a session of a megabyte is not left for post, which could not start with it", async () => {
  const body = JSON.stringify({ result: 0, session: "a".repeat(1_000_000) });
  const { main } = await play(WAYS.Virtuozzo, "exchange", json(200, body), { timeout: "10" });
  expect([main.outputs.failure, main.state.revocation]).toEqual(["bad-response", "none"]);
});

test("a server that answers with nothing but backslashes does not hold the step up", async () => {
  const tuleap = await services.tuleap({});
  try {
    tuleap.fault(answer(400, { "content-type": "text/plain" }, "\\".repeat(1024 * 1024 - 1)));
    const secret = "\\\\server\\share' ''quoted''";
    const inputs = {
      provider: "tuleap",
      url: tuleap.url,
      username: "ci",
      password: secret,
      retries: "0",
    };
    const main = await runMain(inputs);
    expect(main.outputs.failure).toBe("bad-response");
    // What is not linear in the answer's megabyte takes hours.
    expect(endedWithin(main, 0)).toBe(true);
  } finally {
    await tuleap.close();
  }
});
