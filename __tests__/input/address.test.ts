import { afterEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Service, startQa, startXray } from "../../sandbox/services/index.ts";
import { addressFlaw } from "../../src/input/site.ts";
import { providers } from "../../src/providers/index.ts";
import { answerWith, closeServices, leaks, runMain, shown, started, trapped } from "../kit/support.ts";

const PAIR = { "client-id": "5F2A", "client-secret": "battery-staple" } as const;
const TOKEN = "a-ready-made-token";

const trap = trapped();
afterEach(closeServices);

/** What a step says to an address that it must not ask for. */
async function refused(url: string, provider = "reportportal") {
  const before = trap.connections();
  const credential = provider === "xray" || provider === "qa" ? PAIR : { token: TOKEN };
  const main = await runMain({ provider, url, ...credential }, { env: trap.env });
  expect(main).toMatchObject({ exitCode: 1, env: {}, outputs: { failure: "invalid-input" } });
  const errors = main.annotations.filter(({ type }) => type === "error");
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toContain('The input "url"');
  expect(main.outputs).not.toHaveProperty("url");
  expect(trap.connections()).toBe(before);
  return { main, message: errors[0]?.message ?? "" };
}

describe("an address that cannot be one is invalid-input that says what it is, before anything is resolved:", () => {
  test.each<{ url: string; says: RegExp }>([
    ...[
      "https://https://rp.example.com",
      "https://http://rp.example.com",
      "http://https://rp.example.com",
      "HTTPS://HTTPS://rp.example.com/rp",
      "https://rp.example.com/https://rp.example.com",
      "rp.example.com/http://rp.example.com",
      "https://ftp://rp.example.com",
      "https:https://rp.example.com",
      "https://https:rp.example.com",
      "://rp.example.com",
      "https:/rp.example.com",
      "https:rp.example.com",
      "https://https:/rp.example.com",
    ].map((url) => ({ url, says: /scheme/ })),
    ...[
      "https",
      "http",
      "https://http",
      "https://https/",
      "HTTP",
      "http:8080",
      "https//rp.example.com",
      "http//rp.example.com/rp",
      "https://https.",
    ].map((url) => ({ url, says: /the word https?|scheme/ })),
    ...[
      `\${RP_URL}`,
      `https://\${RP_URL}`,
      `https://\${HOST}/rp`,
      `https://rp.example.com/\${PROJECT}`,
      `\${{ secrets.RP_URL }}`,
      `https://\${{ vars.HOST }}`,
      "{{ rp_url }}",
      "https://{{host}}",
      "$RP_URL",
      "https://$RP_HOST:8080",
    ].map((url) => ({ url, says: /filled in/ })),
    ...[
      '"https://rp.example.com"',
      "'https://rp.example.com'",
      "`rp.example.com`",
      "“https://rp.example.com”",
      'https://rp.example.com"',
      "https://'rp.example.com'",
    ].map((url) => ({ url, says: /quote/ })),
    ...[
      "https://rp .example.com",
      "https://rp.example.com/a b",
      "rp.example.com rp2.example.com",
      "https://rp\t.example.com",
      "https://rp.example.com\nhttps://b.example.com",
      "https://rp\u00a0.example.com",
    ].map((url) => ({ url, says: /blank/ })),
    { url: "https://rp.exa\u200bmple.com", says: /invisible/ },
    { url: "https://rp\\example.com", says: /backslash/ },
    ...[
      "***",
      "https://***/",
      "https://rp,example.com",
      "https://rp..example.com",
      "https://.example.com",
      "https://rp!",
      "https://{host}",
    ].map((url) => ({ url, says: /host that cannot be/ })),
    ...[
      "https://<host>",
      "%RP_URL%",
      "ftp://rp.example.com",
      "htps://rp.example.com",

      "https%3A%2F%2Frp.example.com",
    ].map((url) => ({ url, says: /no URL|host that cannot be/ })),
  ])("$url", async ({ url, says }) => {
    const { message } = await refused(url);
    expect(message).toMatch(says);
  });
});

describe("user information is found by what a parser makes of the address, and its password is masked first:", () => {
  const PASSWORD = "hunter2-secret";
  test.each([
    `https://user:${PASSWORD}@rp.example.com`,
    `https:///user:${PASSWORD}@rp.example.com`,
    `https:////user:${PASSWORD}@rp.example.com`,
    `//user:${PASSWORD}@rp.example.com`,
    `///user:${PASSWORD}@rp.example.com`,
    `/user:${PASSWORD}@rp.example.com`,
    `https:user:${PASSWORD}@rp.example.com`,
    `https:/user:${PASSWORD}@rp.example.com`,
    `HTTPS:user:${PASSWORD}@rp.example.com`,
    `user:${PASSWORD}@rp.example.com`,
    `:${PASSWORD}@rp.example.com`,
    `https:\\\\user:${PASSWORD}@rp.example.com`,
    `https:/\\user:${PASSWORD}@rp.example.com`,
    `\\\\user:${PASSWORD}@rp.example.com`,
    `https://\\user:${PASSWORD}@rp.example.com`,
    `ftp://user:${PASSWORD}@rp.example.com`,
    `https://https://user:${PASSWORD}@rp.example.com`,
    `https://user@mail.example.com:${PASSWORD}@rp.example.com/rp`,
    `https:// user:${PASSWORD}@rp.example.com`,
    `http://user:${PASSWORD}@127.0.0.1:8080`,
    `https://user:${PASSWORD}@rp.example.com/?a=b#c`,
  ])("%s", async (url) => {
    const { main, message } = await refused(url);
    expect(message).toMatch(/user name or password/);
    expect(main.masks).toContain(PASSWORD);
    expect(shown(main)).not.toContain(PASSWORD);
  });

  test.each([
    ["https:///user:p%40ss%3Aword@rp.example.com", ["p%40ss%3Aword", "p@ss:word"]],
    ["https://user:pass:word@rp.example.com", ["pass:word"]],
    ["https://user:pass/word@rp.example.com", ["pass/word"]],
    ["https://user:1234/word@rp.example.com", ["1234/word"]],
    ["https://user:pass#word@rp.example.com", ["pass#word"]],
    ["https://user:pass?word@rp.example.com", ["pass?word"]],
    ["https://user:pass@word@rp.example.com", ["pass@word"]],
    ["https://user:pass%zzword@rp.example.com", ["pass%zzword"]],
    ["https://user:p%C3%A4ssword@rp.example.com", ["p%C3%A4ssword", "pässword"]],
  ])("%s, whatever its password holds", async (url, passwords) => {
    const { main } = await refused(url);
    expect(main.masks).toEqual(expect.arrayContaining(passwords));
    expect(leaks(main, passwords)).toEqual([]);
  });

  test.each([
    "https://user@rp.example.com",
    "https://@rp.example.com",
    "https:///user@rp.example.com",
    "user@rp.example.com",
  ])("%s, which holds no password", async (url) => {
    expect((await refused(url)).message).toMatch(/user name or password/);
  });

  test("in an address of any making", () => {
    const [reportportal] = providers;
    const slashes = fc.array(fc.constantFrom("/", "\\"), { maxLength: 4 }).map((parts) => parts.join(""));
    const starts = fc.tuple(fc.constantFrom("", "https:", "http:", "HTTPS:"), slashes).map((parts) => parts.join(""));
    const words = fc.stringMatching(/^[\w.~%!$&()*+,;=-]{0,12}$/);
    const property = fc.property(starts, words, words, (start, user, password) => {
      expect(reportportal && addressFlaw(`${start}${user}:${password}@rp.example.com`, reportportal)).toMatch(
        /user name/,
      );
    });
    fc.assert(property, { numRuns: 500, seed: 20_261_125 });
  });
});

describe("an address of any kind", () => {
  test("either has a flaw, or is a URL of http or https that holds host and path alone", () => {
    const pieces = fc.constantFrom(
      "https:",
      "http:",
      "//",
      "/",
      "\\",
      "@",
      ":",
      "rp.example.com",
      "[::1]",
      "8080",
      "?",
      "#",
      "ui",
      "$",
      "{",
      "}",
      " ",
      "'",
      "%41",
      "é",
      "https",
    );
    const addresses = fc.oneof(
      fc.array(pieces, { maxLength: 9 }).map((parts) => parts.join("")),
      fc.string({ maxLength: 30, unit: "grapheme" }),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
    );
    let sound = 0;
    fc.assert(
      fc.property(addresses, fc.constantFrom(...providers), (text, provider) => {
        // Inputs come trimmed, and an empty one is absent.
        const address = text.trim();
        if (address === "" || addressFlaw(address, provider) !== undefined) return;
        sound++;
        const url = new URL(/^https?:\/\//i.test(address) ? address : `https://${address}`);
        expect(url).toMatchObject({ username: "", password: "", search: "" });
        expect(url.hostname).toMatch(/^[\w.[\]:-]+$/);
        expect(url.hostname).not.toMatch(/^https?$/);
      }),
      { numRuns: 3_000, seed: 20_261_125 },
    );
    expect(sound).toBeGreaterThan(100);
  });
});

describe("another product's address", () => {
  test.each([
    ["xray", "https://acme.atlassian.net", "Jira"],
    ["xray", "acme.atlassian.net/", "Jira"],
    ["xray", "https://ACME.Atlassian.NET/jira/software", "Jira"],
    ["xray", "https://atlassian.net", "Jira"],
    ["xray", "https://acme.jira.com", "Jira"],
    ["xray", "https://api.atlassian.com/ex/jira", "Jira"],
    ["xray", "https://app.qa.com", "QA"],
    ["xray", "https://cloudacademy.com", "QA"],
    ["qa", "https://xray.cloud.getxray.app/api/v2", "Xray Cloud"],
    ["reportportal", "https://xray.cloud.getxray.app", "Xray Cloud"],
  ])("%s at %s is told before a secret goes there", async (provider, url, product) => {
    const { message } = await refused(url, provider);
    expect(message).toContain(`is an address of ${product}`);
    if (provider !== "reportportal") expect(message).toMatch(/leave "url" out/);
  });

  test.each(["https://notatlassian.net", "https://atlassian.net.example.com", "https://eu.xray.cloud.getxray.app"])(
    "is not %s",
    (url) => {
      const xray = providers.find(({ id }) => id === "xray");
      expect(xray && addressFlaw(url, xray)).toBeUndefined();
    },
  );

  test.each([
    { what: "404", status: 404, body: "Not Found", headers: { "content-type": "text/plain" } },
    {
      what: "a page",
      status: 200,
      body: "<!doctype html><title>Jira</title>",
      headers: { "content-type": "text/html" },
    },
    { what: "a redirect", status: 302, body: "", headers: { location: "https://id.example.com/login" } },
  ])("that answers with $what to a provider with an address of its own says to leave url out", async (answer) => {
    const services: Readonly<Record<string, () => Promise<Service>>> = { xray: startXray, qa: startQa };
    for (const [provider, start] of Object.entries(services)) {
      const service = await started(start());
      service.fault(answerWith(() => true, answer.status, answer.body, answer.headers));
      const main = await runMain({ provider, url: service.url, ...PAIR });
      expect(main.outputs.failure).toBe("wrong-url");
      const text = main.annotations.at(-1)?.message ?? "";
      expect(text.match(/leave "url" out/g)).toHaveLength(1);
      // Not to set and to leave out the same input.
      expect(text).not.toContain("lives now");
    }
  });

  test.each(["https://jira.example.com", "https://my-jira.example.com/jira", "jira:8443"])(
    "is suspected at %s, whatever goes wrong there",
    async (url) => {
      const main = await runMain({ provider: "xray", url, ...PAIR, retries: "0" }, { env: trap.env });
      expect(main.outputs.failure).toBe("unavailable");
      expect(main.annotations.at(-1)?.message).toMatch(/address of Jira\? Then leave "url" out/);
      const other = await runMain({ provider: "qa", url, ...PAIR, retries: "0" }, { env: trap.env });
      expect(other.annotations.at(-1)?.message).not.toContain("leave");
    },
  );

  test("is not what keeps data in another region: that says which url to set, and no more", async () => {
    const service = await started(startXray({}));
    service.fault(answerWith(() => true, 400, '{"error":"Your data is in another region"}'));
    const main = await runMain({ provider: "xray", url: service.url, ...PAIR });
    expect(main.outputs.failure).toBe("wrong-url");
    expect(main.annotations.at(-1)?.message).not.toMatch(/leave "url" out/);
  });
});
