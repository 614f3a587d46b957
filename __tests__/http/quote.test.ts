import { expect, test } from "@jest/globals";
import { type Answer, html, json } from "../../sandbox/services/answers.ts";
import { services } from "../../sandbox/services/index.ts";
import { qa } from "../../src/providers/qa.ts";
import { reportportal } from "../../src/providers/reportportal.ts";
import { tuleap } from "../../src/providers/tuleap.ts";
import { virtuozzo } from "../../src/providers/virtuozzo.ts";
import { xray } from "../../src/providers/xray.ts";
import { exchanged, probed } from "../kit/scripted.ts";
import { inputsOf, leaks, runMain, shown } from "../kit/support.ts";

const PAIR = { "client-id": "5F2A", "client-secret": "s3cret-of-the-client" };
const LOGIN = { username: "ci-robot", password: "p4ssword-of-the-robot" };

/** One exchange of each service. */
const EXCHANGES = [
  { provider: reportportal, method: "password", credentials: LOGIN },
  { provider: xray, method: "client-credentials", credentials: PAIR },
  { provider: virtuozzo, method: "session", credentials: LOGIN },
  { provider: tuleap, method: "token", credentials: LOGIN },
  { provider: qa, method: "client-credentials", credentials: PAIR },
];

/** A page with this between the tags of its title, or with no title at all. */
function page(status: number, title: string | undefined, head = ""): Answer {
  const titled = title === undefined ? "" : `<title>${title}</title>`;
  return {
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!DOCTYPE html><html><head>${head}${titled}</head><body><h1>s3cret-of-the-body</h1></body></html>`,
  };
}

async function failedWith(answer: Answer) {
  const { failure } = await exchanged(qa, "client-credentials", PAIR, () => answer);
  return failure;
}

test.each([200, 400, 401, 403, 404, 405, 406, 408, 410, 418, 429, 500, 501, 502, 503, 504, 511])(
  "a page with status %i is quoted with its title, at every service",
  async (status) => {
    const seen: unknown[] = [];
    for (const { provider, method, credentials } of EXCHANGES) {
      const { failure } = await exchanged(provider, method, credentials, () => page(status, "Maintenance until noon"));
      seen.push([failure?.answeredBy, failure?.answered]);
    }
    expect(seen).toEqual(EXCHANGES.map(() => ["Its page is titled", "Maintenance until noon"]));
  },
);

test.each<{ what: string; answer: Answer; title: string }>([
  {
    what: "in capitals and with attributes",
    answer: page(503, undefined, '<TITLE lang="en">Busy</TITLE>'),
    title: "Busy",
  },
  {
    what: "with character references",
    answer: page(503, "Rock&#8217;n&#x2019;roll &amp;amp; more&hellip;"),
    title: "Rock’n’roll &amp; more…",
  },
  { what: "with references without an end", answer: page(503, "A&#66C &ampD"), title: "ABC &ampD" },
  { what: "with references of nothing", answer: page(503, "&#99999999; &nothing;"), title: "&#99999999; &nothing;" },
  { what: "over several lines", answer: page(503, "\n  Bad\n  gateway\n"), title: "Bad\n  gateway" },
  { what: "without an end", answer: page(503, undefined, "<title>Bad gateway"), title: "" },
  { what: "that is empty", answer: page(503, " "), title: "" },
  { what: "that is not there", answer: page(503, undefined), title: "" },
  { what: "of another name", answer: page(503, undefined, "<titles>no</titles>"), title: "" },
  { what: "after a megabyte", answer: page(503, "Late", `<style>${"a".repeat(900_000)}</style>`), title: "" },
])("a title $what is read as a browser does, and nothing else of the page is", async ({ answer, title }) => {
  expect((await failedWith(answer))?.answered).toBe(title);
});

test.each(["<title", "<title ", "<title>&#", "<title><", "<title></titl"])(
  "a page of nothing but `%s` costs no more time than its length",
  async (piece) => {
    const body = `<html>${piece.repeat(Math.floor(1_000_000 / piece.length))}`;
    const started = process.cpuUsage();
    await failedWith({ status: 503, headers: { "content-type": "text/html" }, body });
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2_000);
  },
);

test.each([
  "Request Rejected",
  "Just a moment...",
  "Attention Required! | Cloudflare",
  "Access Denied",
  "Access to this page has been denied.",
  "ERROR: The request could not be satisfied",
  "Web Page Blocked!",
  "Human Verification",
  "Not Acceptable!",
])("a page titled “%s” may come from a web application firewall, and no text is sure of it", async (title) => {
  for (const status of [200, 403, 404, 429, 503]) {
    const failure = await failedWith(html(status, title, "Sorry."));
    expect(failure?.hint).toMatch(/By its title it may come from a web application firewall/);
    expect(failure?.answered).toBe(title);
  }
});

test.each(["Sign in", "Log in - Jira", "Login", "Sign In to your account", "SSO", "Anmelden | Intranet"])(
  "a page titled “%s” may be a login wall",
  async (title) => {
    for (const status of [200, 401, 403, 503]) {
      expect((await failedWith(html(status, title, "Password?")))?.hint).toMatch(/By its title it may be a login wall/);
    }
  },
);

test.each([
  "502 Bad Gateway",
  "Blogging",
  "ReportPortal",
  "Welcome to nginx!",
  "example.com | 522: Connection timed out",
])("a page titled “%s” is not put down to anything in front", async (title) => {
  for (const status of [200, 503]) {
    expect((await failedWith(html(status, title, "…")))?.hint).not.toMatch(/By its title/);
  }
});

/** `WWW-Authenticate` as servers write it, right or not, and what is quoted of it. */
const CHALLENGES = [
  [
    'Bearer realm="api",error="invalid_token",error_description="The access token is invalid."',
    "The access token is invalid.",
  ],
  [
    'Bearer error="invalid_token", error_description="Access token has expired", scope="a b"',
    "Access token has expired",
  ],
  ["Bearer error=invalid_token, error_description=Access token is malformed", "Access token is malformed"],
  ["Bearer error_description=Cannot authenticate user, error=invalid_token", "Cannot authenticate user"],
  ['Bearer error_description="the quote never ends', "the quote never ends"],
  ['Bearer error_description="one is missing, error_uri="https://example.org/"', "one is missing"],
  ['Basic realm="Restricted API realm=x, Bearer error_description="found all the same"', "found all the same"],
  ['Bearer ERROR_DESCRIPTION = "in capitals"', "in capitals"],
  ['Bearer error_description="a \\"quoted\\" word"', 'a "quoted" word'],
  ['Bearer error_description="", error="invalid_token"', "invalid_token"],
  ['Bearer error="invalid_client"', "invalid_client"],
  ['Bearer realm="api"', ""],
] as const;

test.each(CHALLENGES)("of an empty answer with `%s` is quoted: %s", async (challenge, told) => {
  for (const status of [400, 401, 403, 500]) {
    const failure = await failedWith({ status, headers: { "www-authenticate": challenge } });
    expect(failure?.answered).toBe(told);
  }
});

test("the challenge of an empty answer is quoted at every service and at the probe, and a body goes before it", async () => {
  const headers = { "www-authenticate": 'Bearer error="invalid_token", error_description="It has expired"' };
  for (const { provider, method, credentials } of EXCHANGES) {
    const { failure } = await exchanged(provider, method, credentials, () => ({ status: 418, headers }));
    expect([provider.id, failure?.answered]).toEqual([provider.id, "It has expired"]);
  }
  const { verdict } = await probed(tuleap, "oauth2-access-token", { token: "tlp-oauth2-at1-1.abc" }, () => ({
    status: 401,
    headers,
  }));
  expect(verdict).toMatchObject({ kind: "refused", failure: { answered: "It has expired" } });
  const withBody = await failedWith(json(418, { error: "teapot" }, headers));
  expect(withBody?.answered).toBe('{"error":"teapot"}');
});

test("a hostile title or challenge is one line of 200 characters without secrets, and starts no command", async () => {
  const service = await services.qa({});
  const inputs = inputsOf({ provider: "qa", method: "client-credentials" }, service);
  const secret = inputs["client-secret"] ?? "";
  const hostile = `no\r\n::error::forged ##[group]x \u202e ${secret.slice(0, 1)}&#${secret.charCodeAt(1)};${secret.slice(2)} ${"y".repeat(400)}`;
  const answers = [
    page(503, hostile),
    { status: 418, headers: { "www-authenticate": `Bearer error_description="::error::x ##[group]y ${secret}"` } },
  ];
  try {
    for (const { status, headers, body = "" } of answers as readonly Answer[]) {
      service.fault((_request, _req, res) => {
        res.writeHead(status, { ...headers }).end(body);
        return true;
      });
      const main = await runMain({ ...inputs, retries: "0" });
      expect(main.annotations).toHaveLength(1);
      const [quote = ""] = /“[^”]*”/.exec(main.annotations[0]?.message ?? "") ?? [];
      expect(quote).toContain("***");
      expect(quote.length).toBeLessThanOrEqual(202);
      expect(quote).not.toMatch(/##\[|^“::|[\p{Cc}\p{Cf}]/u);
      expect(main.summary).not.toContain("***");
      expect(leaks(main, [secret])).toEqual([]);
      expect(shown(main)).not.toContain("s3cret-of-the-body");
    }
  } finally {
    await service.close();
  }
});
