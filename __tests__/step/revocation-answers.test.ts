import { createHmac } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import { runPost, type StageResult } from "../../sandbox/runner/runner.ts";
import { answerWith, closeServices, inputsOf, REVOCABLE, type Revocable, runMain, started } from "../kit/support.ts";

const any = (): boolean => true;

afterEach(closeServices);

/** A step of main alone, at a service of its own. */
async function minted(revocable: Revocable, more: Readonly<Record<string, string>> = {}) {
  const service = await started(revocable.start());
  const inputs = { ...inputsOf(revocable, service), ...more };
  return { service, inputs, main: await runMain(inputs) };
}

function stateOf({ state }: StageResult): Record<string, unknown> {
  return JSON.parse(state.revocation ?? "");
}

/** The state with the signature that main would give it. */
function signedAnew(state: Record<string, unknown>, secret: string): Record<string, unknown> {
  return { ...state, mac: createHmac("sha256", secret).update(JSON.stringify(state)).digest("base64url") };
}

interface Answered {
  readonly what: string;
  readonly fault: ReturnType<typeof answerWith>;
}

const HTML = { "content-type": "text/html; charset=utf-8" };
const PAGE = "<!DOCTYPE html><html><body>You need to enable JavaScript to run this app.</body></html>";

function answers(what: string, status: number, body = "", headers?: Readonly<Record<string, string>>): Answered {
  return { what, fault: answerWith(any, status, body, headers) };
}

/** What no service means as "revoked" or "gone". */
const NEVER: readonly Answered[] = [
  answers("a page", 200, PAGE, HTML),
  answers("a page that is not typed as one", 200, `\n ${PAGE}`, {}),
  answers("a redirect", 302, "", { location: "/login" }),
  answers("403", 403, '{"message":"no"}'),
  answers("429", 429, "{}"),
  answers("500", 500, "{}"),
  answers("503 with a page", 503, PAGE, HTML),
  { what: "an answer that breaks off", fault: (_, req) => !req.socket.destroy().writable },
];

/** What is neither "revoked" nor "gone", by provider. */
const OTHERWISE: Readonly<Record<string, readonly Answered[]>> = {
  tuleap: [
    ...NEVER,
    answers("400 with another reason", 400, '{"error":{"code":400,"message":"Bad Request"}}'),
    answers("404", 404, '{"error":{"code":404,"message":"Not Found"}}'),
  ],
  virtuozzo: [
    ...NEVER,
    answers("another result", 200, '{"result":8202,"error":"no permission"}'),
    answers("a nested error", 200, '{"result":0,"response":{"result":99,"error":"unknown error"}}'),
    answers("an answer without a result", 200, "{}"),
    answers("401 without a result", 401, "{}"),
  ],
  qa: [
    ...NEVER,
    answers("401, since the key pair was changed", 401, '{"error": "invalid_client"}'),
    answers("404", 404, "{}"),
    answers("400", 400, '{"error": "invalid_request"}'),
  ],
  reportportal: [...NEVER, answers("400", 400, '{"errorCode":4001,"message":"Incorrect Request."}')],
};

/** What says that the credential is no more. */
const GONE: readonly (Answered & { readonly provider: string })[] = [
  { provider: "tuleap", ...answers("401", 401, '{"error":{"code":401,"message":"Unauthorized: Invalid access key"}}') },
  { provider: "virtuozzo", ...answers("`result` 3", 200, '{"result":3,"error":"invalid parameter [session]"}') },
  { provider: "virtuozzo", ...answers("a nested 3", 200, '{"result":0,"response":{"result":3,"error":"session"}}') },
  {
    provider: "virtuozzo",
    ...answers("a dead session at an unknown `result`", 200, '{"result":702,"error":"session [48bxxx] has expired"}'),
  },
  {
    provider: "virtuozzo",
    ...answers("a nested dead session", 200, '{"result":0,"response":{"result":1,"error":"USER_NOT_AUTHENTICATED"}}'),
  },
  { provider: "virtuozzo", ...answers("`result` 3 with status 401", 401, '{"result":3,"error":"session"}') },
  { provider: "reportportal", ...answers("401", 401, '{"error":"invalid_token"}') },
  { provider: "reportportal", ...answers("404", 404, '{"errorCode":40430,"message":"\'Api key\' not found."}') },
];

/** One of each service and method; ReportPortal in its current generation. */
const CURRENT = REVOCABLE.filter(({ name }) => !/legacy|6\.0/.test(name));

describe.each(CURRENT)("$name", (revocable) => {
  const { byHand, expires } = revocable;

  test("`revoke: false` leaves the credential in place and says so, without a request", async () => {
    const { service, inputs, main } = await minted(revocable, { revoke: "false" });
    const sent = service.requests.length;
    const post = await runPost({ inputs }, main);
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.log).toContain("At the end: left in place, as `revoke: false` says");
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    const until = expires ? `until ${main.outputs["expires-at"]}` : "until someone revokes it";
    expect(post.log).toContain(`the credential is left in place, as \`revoke: false\` says; it lives ${until}.`);
    expect(service.requests).toHaveLength(sent);
    expect(service.live()).toHaveLength(1);
    // Where nothing is taken back, the secret has no business in the state.
    expect(Object.keys(stateOf(main)).sort()).toEqual(["kind", "text"]);
  });

  test("the state holds what post needs, and no secret but the one to take back", async () => {
    const { inputs, main } = await minted(revocable);
    const post = ["allowHttp", "caCertificate", "handle", "kind", "provider", "retries", "timeout", "url"];
    // Where a secret of the inputs is sent beside it, the state is signed with that.
    const mac = ["qa", "oauth2"].includes(revocable.provider) ? ["mac"] : [];
    expect(Object.keys(stateOf(main)).sort()).toEqual([...post, ...(expires ? ["expires"] : []), ...mac].sort());
    const written = main.writes.filter(({ file }) => file === "state").map(({ name, value }) => `${name}=${value}`);
    for (const secret of [inputs.password, inputs["client-secret"], inputs["client-id"], inputs.username]) {
      if (secret === undefined) continue;
      expect(written.join("\n")).not.toContain(secret);
      expect(written.join("\n")).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  test("an expired credential is skipped without a request", async () => {
    const { service, inputs, main } = await minted(revocable);
    const sent = service.requests.length;
    const { mac, ...state } = stateOf(main);
    const expired = { ...state, expires: Math.floor(Date.now() / 1000) - 1 };
    const signed = mac === undefined ? expired : signedAnew(expired, inputs["client-secret"] ?? "");
    const post = await runPost({ inputs }, { state: { revocation: JSON.stringify(signed) } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(post.log).toMatch(/the credential expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, so nothing is left to revoke/);
    expect(service.requests).toHaveLength(sent);
  });

  test("whatever else the service says is one warning of what stays valid, until when, and where to remove it", async () => {
    const { service, inputs, main } = await minted(revocable, { retries: "0" });
    const until = expires ? `It stays valid until ${main.outputs["expires-at"]}.` : "until someone revokes it";
    for (const { what, fault } of OTHERWISE[revocable.provider] ?? []) {
      service.fault(fault);
      const post = await runPost({ inputs }, main);
      expect({ what, exitCode: post.exitCode }).toEqual({ what, exitCode: 0 });
      expect(post.annotations).toEqual([
        {
          type: "warning",
          title: "Not revoked",
          message: expect.stringMatching(/^\w+: the credential could not be revoked at 127\.0\.0\.1:\d+ \(/),
        },
      ]);
      expect(post.annotations[0]?.message).toContain(until);
      expect(post.annotations[0]?.message).toMatch(new RegExp(`Remove it by hand: [^.]*${byHand}`));
      expect(`${post.log}${post.raw}`).not.toMatch(/is revoked|already gone/);
      expect(post.log).not.toContain(main.outputs.token);
    }
    service.fault(undefined);
    expect(service.live()).toHaveLength(1);
  });
});

test.each(
  CURRENT.flatMap((revocable) =>
    GONE.filter(({ provider }) => provider === revocable.provider).map((answered) => ({
      ...revocable,
      ...answered,
      revocable,
    })),
  ),
)("$name: $what is a plain line, it was already gone", async ({ revocable, fault }) => {
  const { service, inputs, main } = await minted(revocable);
  service.fault(fault);
  const post = await runPost({ inputs }, main);
  expect(post).toMatchObject({ exitCode: 0, annotations: [] });
  expect(post.log).toContain(`the credential was already gone at 127.0.0.1:${service.port}.`);
});

test.each([
  { method: "token", says: "the credential was already gone at", warns: 0 },
  { method: "ephemeral-access-key", says: "could not be revoked at", warns: 1 },
])('Tuleap\'s 400 "Invalid Token" tells that a token is gone, but nothing of a key ($method)', async (expected) => {
  const revocable = CURRENT.find(({ method }) => method === expected.method);
  if (revocable === undefined) throw new Error("no such method");
  const { service, inputs, main } = await minted(revocable);
  service.fault(answerWith(any, 400, '{"error":{"code":400,"message":"Bad Request: Invalid Token"}}'));
  const post = await runPost({ inputs }, main);
  expect(post.exitCode).toBe(0);
  expect(post.annotations).toHaveLength(expected.warns);
  expect(post.log).toContain(expected.says);
});
