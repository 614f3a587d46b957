import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "@jest/globals";
import { dropMaskedOutputs } from "../../sandbox/runner/runner.ts";
import { services as all, type Service, startQa, startTuleap, startVirtuozzo } from "../../sandbox/services/index.ts";
import {
  answerWith,
  closeServices,
  inputsOf,
  leaks,
  line,
  mishap,
  REVOCABLE,
  runAction,
  runMain,
  started,
  startTrap,
} from "../kit/support.ts";

afterEach(closeServices);

const SEAL_KEY = randomBytes(32).toString("base64");

/** How to start the stand-in of a provider, by its id. */
const services: Readonly<Record<string, (options?: object) => Promise<Service>>> = all;

/** Every way to come by a token. */
const METHODS: readonly { provider: string; method: string }[] = [
  { provider: "reportportal", method: "password" },
  { provider: "reportportal", method: "api-key" },
  { provider: "reportportal", method: "ephemeral-api-key" },
  { provider: "xray", method: "client-credentials" },
  { provider: "virtuozzo", method: "personal-access-token" },
  { provider: "virtuozzo", method: "session" },
  { provider: "tuleap", method: "access-key" },
  { provider: "tuleap", method: "ephemeral-access-key" },
  { provider: "tuleap", method: "oauth2-access-token" },
  { provider: "tuleap", method: "token" },
  { provider: "tuleap", method: "basic" },
  { provider: "qa", method: "client-credentials" },
];

/** Requests that would mint something. */
const EXCHANGE = /sso\/oauth\/token|authenticate|signin|^POST \/api\/(?:tokens|access_keys)|api-keys|\/oauth2\/token/;

/** Whatever lives and can be taken back; ReportPortal in its current generation. */
const CURRENT = REVOCABLE.filter(({ name }) => !/legacy|6\.0/.test(name));

/** A token of this method, sealed by a first job, and what it takes to open the seal in another. */
async function sealed(chosen: { provider: string; method: string }) {
  const start = services[chosen.provider] ?? startTuleap;
  const service = await started(start());
  const inputs = inputsOf(chosen, service);
  const { main, post } = await runAction({ ...inputs, "seal-key": SEAL_KEY });
  const opening: Record<string, string> = { sealed: main.outputs.sealed ?? "", "seal-key": SEAL_KEY };
  return { service, inputs, main, post, opening, sent: service.requests.length };
}

const kept = new Map<string, ReturnType<typeof sealed>>();

/** The same for all tests that need no more than the seal: its service may be closed. */
function sealedOnce(chosen: { provider: string; method: string }): ReturnType<typeof sealed> {
  const name = `${chosen.provider} ${chosen.method}`;
  const sealing = kept.get(name) ?? sealed(chosen);
  kept.set(name, sealing);
  return sealing;
}

describe.each(METHODS)("$provider $method", (chosen) => {
  test("what is sealed in one job and opened in another is as if it had been minted there", async () => {
    const { service, main, post, opening, sent } = await sealedOnce(chosen);
    expect(main).toMatchObject({ exitCode: 0, outputs: { probe: "accepted", failure: "" } });
    expect(post).toMatchObject({ exitCode: 0, annotations: [], log: "Nothing to take back.\n" });
    expect(service.requests).toHaveLength(sent);

    const opened = (await runAction(opening)).main;
    const { sealed: seal, "expires-in": left, ...same } = main.outputs;
    const { "expires-in": stillLeft, ...outputs } = opened.outputs;
    expect(seal).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(outputs).toEqual(same);
    expect(opened).toMatchObject({ exitCode: 0, annotations: [], env: main.env });
    if (left === "") expect(stillLeft).toBe("");
    else expect(Number(left) - Number(stillLeft)).toBeLessThan(600);
    // The probe is sent again, and nothing that would mint.
    const lines = service.requests.slice(sent).map(line);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((request) => EXCHANGE.test(request))).toEqual([]);
    // Nobody can read the token in either job.
    const token = main.outputs.token ?? "no token";
    expect(main.masks).toContain(token);
    expect(opened.masks).toContain(token);
    expect([...leaks(main, [token, SEAL_KEY]), ...leaks(opened, [token, SEAL_KEY])]).toEqual([]);
  });

  test("the seal leaves the job as an output, while all that shows the token is dropped", async () => {
    const { main, inputs } = await sealedOnce(chosen);
    const secrets = [SEAL_KEY, inputs.password ?? "", inputs["client-secret"] ?? "", inputs.token ?? ""];
    const { outputs } = dropMaskedOutputs(main.outputs, [...secrets.filter(Boolean), ...main.masks]);
    expect(outputs.sealed).toBe(main.outputs.sealed);
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(["provider", "method", "url", "probe", "sealed"]));
    for (const name of ["token", "authorization"]) expect(outputs).not.toHaveProperty(name);
    expect(JSON.stringify(outputs)).not.toContain(main.outputs.token);
  });
});

test("the opened token is masked before anything else is done with it", async () => {
  const { main, opening } = await sealedOnce({ provider: "tuleap", method: "token" });
  const opened = await runMain(opening, { env: mishap("killed before", "provider<<") });
  expect(opened).toMatchObject({ signal: "SIGKILL", outputs: {} });
  expect(opened.masks).toEqual(expect.arrayContaining([SEAL_KEY, main.outputs.token]));
});

test("the settings that may stand beside a seal are obeyed", async () => {
  const { main, opening, service, sent } = await sealed({ provider: "tuleap", method: "token" });
  const more = { "env-name": "MY_TOKEN", "export-env": "true", probe: "false", revoke: "auto", timeout: "9" };
  const opened = await runMain({ ...opening, ...more, retries: "0", "allow-http": "true", summary: "true" });
  expect(opened).toMatchObject({ exitCode: 0, outputs: { "env-name": "MY_TOKEN", probe: "skipped" } });
  expect(opened.env).toEqual({ MY_TOKEN: main.outputs.token, TULEAP_USER_ID: "115" });
  expect(opened.summary).toContain("opened from another job's seal");
  expect(service.requests).toHaveLength(sent);
  const silent = await runMain({ ...opening, "export-env": "false" });
  expect(silent).toMatchObject({ exitCode: 0, env: {}, outputs: { "env-name": "", token: main.outputs.token } });
});

test("the name that the sealing job exported under is the opening job's default", async () => {
  const service = await started(startTuleap());
  const inputs = inputsOf({ provider: "tuleap", method: "access-key" }, service);
  const { main } = await runAction({ ...inputs, "env-name": "THEIR_KEY", "seal-key": SEAL_KEY });
  const opened = await runMain({ sealed: main.outputs.sealed ?? "", "seal-key": SEAL_KEY });
  expect(opened.env).toEqual({ THEIR_KEY: inputs.token });
});

describe.each(CURRENT)("revoking what was sealed: $name", (revocable) => {
  test("`auto` and `false` leave it to the other jobs, `true` takes it back when the job ends", async () => {
    const { service, inputs, opening, main } = await sealed(revocable);
    expect(main.log).toContain("At the end: left to the other jobs");
    expect(service.live()).toHaveLength(1);
    for (const revoke of ["auto", "false"]) {
      const { main: opened, post } = await runAction({ ...opening, revoke });
      expect(opened.exitCode).toBe(0);
      expect(opened.log).toContain("At the end: left to the other jobs");
      expect(post).toMatchObject({ exitCode: 0, annotations: [], log: "Nothing to take back.\n" });
      expect(service.live()).toHaveLength(1);
    }
    const pair = { "client-id": inputs["client-id"] ?? "", "client-secret": inputs["client-secret"] ?? "" };
    const sent = service.requests.length;
    const last = await runAction({ ...opening, revoke: "true", ...pair });
    expect(last.main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(last.main.log).toContain("At the end: revoked when this job ends");
    expect(last.post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(last.post?.log).toContain("the credential is revoked at");
    expect(service.requests.slice(sent).map(line).at(-1)).toMatch(revocable.revocation);
    expect(service.live()).toEqual([]);
  });

  test("what was left for post stays until the seal is written, and only then is it given up", async () => {
    const service = await started(revocable.start());
    const inputs = { ...inputsOf(revocable, service), "seal-key": SEAL_KEY };
    for (const what of ["the write fails", "killed before", "killed after"] as const) {
      const { main, post } = await runAction(inputs, {
        env: mishap(what, "sealed<<"),
        between: () => expect(service.live()).toHaveLength(1),
      });
      expect(main.outputs.token).toBeDefined();
      expect(main.outputs.sealed !== undefined).toBe(what === "killed after");
      expect(post).toMatchObject({ exitCode: 0, annotations: [] });
      expect(post?.log).toContain("the credential is revoked at");
      expect(service.live()).toEqual([]);
    }
    const { main } = await runAction(inputs);
    const file = main.writes.filter(({ file }) => file === "state").map(({ value }) => value);
    expect(file[0]).toBe("none");
    expect(file.at(-1)).toBe("none");
    expect(file.slice(1, -1).every((value) => value.includes("revocable"))).toBe(true);
    expect(service.live()).toHaveLength(1);
  });

  test("a step that was to seal, but whose probe is refused, takes it back", async () => {
    const service = await started(revocable.start());
    service.fault(answerWith(revocable.isProbe, 401, '{"result":3,"error":"unknown"}'));
    const inputs = { ...inputsOf(revocable, service), "seal-key": SEAL_KEY, probe: "strict" };
    const { main, post } = await runAction(inputs);
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "refused" } });
    expect(main.outputs).not.toHaveProperty("sealed");
    expect(post?.log).toContain("is revoked at");
    expect(service.live()).toEqual([]);
  });

  test("a seal without an expiry brings a warning that names the closing job to add", async () => {
    const { main } = await sealed(revocable);
    const [warning, ...more] = main.annotations;
    expect(more).toEqual([]);
    if (revocable.expires) {
      expect(warning).toBeUndefined();
    } else {
      expect(warning?.type).toBe("warning");
      for (const part of ["closing job", '"needs"', '"if: always()"', '"revoke: true"']) {
        expect(warning?.message).toContain(part);
      }
    }
  });
});

test("a closing job takes back what was sealed also when its probe is refused, and when it is killed", async () => {
  for (const more of [{}, { env: mishap("killed after", "revocable") }]) {
    const { service, opening } = await sealed({ provider: "tuleap", method: "token" });
    service.fault(answerWith(({ method }) => method === "GET", 401, '{"error":{"code":401,"message":"Unauthorized"}}'));
    const { main, post } = await runAction({ ...opening, revoke: "true" }, more);
    expect(main.exitCode).not.toBe(0);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.live()).toEqual([]);
  }
});

test.each([
  { provider: "xray", method: "client-credentials", says: "lives until it expires, Xray Cloud offers no revocation" },
  { provider: "virtuozzo", method: "personal-access-token", says: "left as it is, you brought it" },
] as const)(
  "`revoke: true` has nothing to take back of $provider $method, and says so",
  async ({ says, ...chosen }) => {
    const { service, opening } = await sealed(chosen);
    const { main, post } = await runAction({ ...opening, revoke: "true" });
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.log).toContain(`At the end: ${says}`);
    expect(post).toMatchObject({ exitCode: 0, annotations: [] });
    expect(service.requests.map(line).filter((request) => /signout/.test(request))).toEqual([]);
  },
);

test("`revoke: false` in the sealing step leaves it too, and the seal still opens and closes", async () => {
  const service = await started(startVirtuozzo());
  const inputs = inputsOf({ provider: "virtuozzo", method: "session" }, service);
  const { main } = await runAction({ ...inputs, "seal-key": SEAL_KEY, revoke: "false" });
  expect(service.live()).toHaveLength(1);
  await runAction({ sealed: main.outputs.sealed ?? "", "seal-key": SEAL_KEY, revoke: "true" });
  expect(service.live()).toEqual([]);
});

describe("QA's key pair beside a seal", () => {
  const chosen = { provider: "qa", method: "client-credentials" } as const;

  test.each([
    { given: [], names: '"client-id"' },
    { given: ["client-id"], names: '"client-secret"' },
    { given: ["client-secret"], names: '"client-id"' },
  ])("has to be whole where the token is to be revoked (given: $given)", async ({ given, names }) => {
    const { service, inputs, opening } = await sealedOnce(chosen);
    const sent = service.requests.length;
    const some = Object.fromEntries(given.map((name) => [name, inputs[name] ?? ""]));
    const { main, post } = await runAction({ ...opening, revoke: "true", ...some });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" }, env: {} });
    expect(main.annotations[0]?.message).toContain(names);
    expect(post?.log).toBe("Nothing to take back.\n");
    expect(service.requests).toHaveLength(sent);
    expect(service.live()).toHaveLength(1);
  });

  test.each<{ what: string; given: (id: string, secret: string) => Record<string, string> }>([
    {
      what: "inside of `credentials`",
      given: (id, secret) => ({ credentials: JSON.stringify({ clientId: id, client_secret: secret }) }),
    },
    {
      what: "half inside, half outside",
      given: (id, secret) => ({ "client-id": id, credentials: JSON.stringify({ client_secret: secret }) }),
    },
  ])("may stand $what, and revokes", async ({ given }) => {
    const { service, inputs, opening } = await sealed(chosen);
    const more = given(inputs["client-id"] ?? "", inputs["client-secret"] ?? "");
    const { main, post } = await runAction({ ...opening, revoke: "true", ...more });
    expect(main).toMatchObject({ exitCode: 0, annotations: [] });
    expect(main.masks).toContain(inputs["client-secret"]);
    expect(post?.log).toContain("the credential is revoked at");
    expect(service.live()).toEqual([]);
  });

  test.each([
    { what: "half of it", credentials: '{"client_id":"abcdefgh"}', names: '"credentials.client-secret"' },
    { what: "nothing", credentials: "{}", names: '"credentials.client-id"' },
    {
      what: "another field",
      credentials: '{"client_id":"abcdefgh","client_secret":"ijklmnop","username":"robot"}',
      names: '"credentials.username"',
    },
    {
      what: "a quoted secret",
      credentials: '{"client_id":"abcdefgh","client_secret":"\'ijklmnop\'"}',
      names: "stands in quotes",
    },
    { what: "no JSON", credentials: "client_id=abcdefgh", names: '"credentials"' },
  ])("in `credentials` with $what is invalid-input", async ({ credentials, names }) => {
    const { service, opening } = await sealedOnce(chosen);
    const sent = service.requests.length;
    const main = await runMain({ ...opening, revoke: "true", credentials });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" }, env: {} });
    expect(main.annotations.at(-1)?.message).toContain(names);
    expect(service.requests).toHaveLength(sent);
  });

  test.each([{ revoke: "auto" }, { revoke: "false" }])(
    "in `credentials` with %j has no business there",
    async (more) => {
      const { opening } = await sealedOnce(chosen);
      const main = await runMain({
        ...opening,
        ...more,
        credentials: '{"client_id":"abcdefgh","client_secret":"ijklmnop"}',
      });
      expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
      expect(main.annotations[0]?.message).toContain('"credentials"');
    },
  );

  test.each(["auto", "false"])("is invalid-input with `revoke: %s`", async (revoke) => {
    const { inputs, opening } = await sealedOnce(chosen);
    const pair = { "client-id": inputs["client-id"] ?? "", "client-secret": inputs["client-secret"] ?? "" };
    const main = await runMain({ ...opening, revoke, ...pair });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(main.annotations[0]?.message).toContain('"client-id"');
  });

  test("is invalid-input beside another provider's seal", async () => {
    const { opening } = await sealedOnce({ provider: "tuleap", method: "token" });
    const main = await runMain({ ...opening, revoke: "true", "client-id": "abcdefgh", "client-secret": "abcdefgh" });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
  });

  test("a QA token that another job sealed is refused by a 401, which says nothing of one just minted", async () => {
    const { service, opening } = await sealed(chosen);
    service.fault(answerWith(({ path }) => path.startsWith("/restapi/"), 401, '{"errors":[{"detail":"no"}]}'));
    const main = await runMain(opening);
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "refused", probe: "refused" } });
  });
});

describe("each input that may not stand beside a seal is invalid-input that names it, without a request:", () => {
  test.each(["method", "token", "username", "password", "credentials"])("%s", async (name) => {
    const { service, inputs, opening } = await sealedOnce({ provider: "tuleap", method: "token" });
    const sent = service.requests.length;
    const values: Record<string, string> = { credentials: '{"username":"ci-robot"}', token: "a-ready-made-token" };
    const value = values[name] ?? inputs[name] ?? "x";
    const { main, post } = await runAction({ ...opening, [name]: value });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" }, env: {} });
    expect(main.annotations).toHaveLength(1);
    expect(main.annotations[0]?.message).toContain(`"${name}" cannot be given beside "sealed"`);
    expect(main.outputs).not.toHaveProperty("token");
    expect(post?.log).toBe("Nothing to take back.\n");
    expect(service.requests).toHaveLength(sent);
  });
});

describe("`provider` and `url` beside a seal say what has to be in it", () => {
  const chosen = { provider: "virtuozzo", method: "personal-access-token" } as const;

  test.each<{ what: string; given: (url: string) => Record<string, string> }>([
    { what: "the same provider", given: () => ({ provider: "virtuozzo" }) },
    { what: "an alias of it, in capitals", given: () => ({ provider: " JELASTIC " }) },
    { what: "the same address", given: (url) => ({ url }) },
    { what: "the address as people paste it", given: (url) => ({ url: `${url}/1.0/users/account/rest/getuserinfo/` }) },
    { what: "both", given: (url) => ({ url: `${url}//`, provider: "jelastic" }) },
  ])("$what opens it", async ({ given }) => {
    const { service, main, opening } = await sealed(chosen);
    const opened = await runMain({ ...opening, ...given(service.url) });
    expect(opened).toMatchObject({ exitCode: 0, annotations: [] });
    expect(opened.outputs).toMatchObject({ token: main.outputs.token, provider: "virtuozzo", url: service.url });
  });

  test.each<{ what: string; given: Record<string, string>; says: string[] }>([
    { what: "another provider", given: { provider: "tuleap" }, says: ['"provider"', "tuleap", "virtuozzo"] },
    { what: "no provider at all", given: { provider: "jira" }, says: ['"provider"', "names no provider"] },
    {
      what: "another address",
      given: { url: "https://other.example.com" },
      says: ['"url"', "https://other.example.com"],
    },
    { what: "another port", given: { url: "http://127.0.0.1:1" }, says: ['"url"', "http://127.0.0.1:1"] },
    { what: "an address that is none", given: { url: "https://https://other.example.com" }, says: ['"url"', "scheme"] },
    { what: "a method, be it the right one", given: { method: "personal-access-token" }, says: ['"method"'] },
  ])("$what is invalid-input that says which, without a request", async ({ given, says }) => {
    const { service, opening } = await sealedOnce(chosen);
    const sent = service.requests.length;
    const opened = await runMain({ ...opening, ...given });
    expect(opened).toMatchObject({ exitCode: 1, env: {}, outputs: { failure: "invalid-input" } });
    expect(opened.outputs).not.toHaveProperty("token");
    for (const part of says) expect(opened.annotations[0]?.message).toContain(part);
    expect(service.requests).toHaveLength(sent);
  });
});

describe("a mistake is told before any request:", () => {
  test("`revoke: true` in the step that seals", async () => {
    const service = await started(startQa());
    const inputs = inputsOf({ provider: "qa", method: "client-credentials" }, service);
    const main = await runMain({ ...inputs, "seal-key": SEAL_KEY, revoke: "true" });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(main.annotations[0]?.message).toContain('"revoke"');
    expect(service.requests).toEqual([]);
  });

  test.each([
    { what: "31 bytes", key: randomBytes(31).toString("base64") },
    { what: "33 bytes", key: randomBytes(33).toString("base64") },
    { what: "hexadecimal", key: randomBytes(32).toString("hex") },
    { what: "a password", key: "correct horse battery staple" },
    { what: "base64url", key: `${"-_".repeat(21)}8` },
  ])("a seal-key of $what", async ({ key }) => {
    const service = await started(startQa());
    const inputs = inputsOf({ provider: "qa", method: "client-credentials" }, service);
    const { opening } = await sealedOnce({ provider: "tuleap", method: "access-key" });
    for (const given of [inputs, { sealed: opening.sealed ?? "" }]) {
      const main = await runMain({ ...given, "seal-key": key });
      expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
      expect(main.annotations[0]?.message).toContain('"seal-key"');
      expect(main.annotations[0]?.message).toContain("openssl rand -base64 32");
      expect(main.log).not.toContain(key);
    }
    expect(service.requests).toEqual([]);
  });

  test("`sealed` without a seal-key is a missing secret", async () => {
    const { opening, service } = await sealedOnce({ provider: "tuleap", method: "access-key" });
    const sent = service.requests.length;
    const main = await runMain({ sealed: opening.sealed ?? "" });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "missing-secret" } });
    expect(main.annotations[0]?.message).toContain('"seal-key"');
    expect(service.requests).toHaveLength(sent);
  });

  test("a seal-key with neither `sealed` nor `provider` says that the producing job set no output", async () => {
    const trap = await startTrap();
    const main = await runMain({ "seal-key": SEAL_KEY, sealed: "" }, { env: trap.env });
    expect(main).toMatchObject({ exitCode: 1, outputs: { failure: "invalid-input" } });
    expect(main.annotations[0]?.message).toContain('"sealed" is empty');
    expect(main.annotations[0]?.message).toMatch(/job that should have sealed a token set no such output/);
    expect(trap.connections()).toBe(0);
    trap.close();
  });
});
