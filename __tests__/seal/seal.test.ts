import { generateKeyPairSync, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CompactEncrypt, type CompactJWEHeaderParameters, CompactSign, compactDecrypt } from "jose";
import { Failure } from "../../src/failure.ts";
import { open, readSealKey, seal } from "../../src/seal/seal.ts";
import { RUN } from "../kit/run.ts";
import { runMain, startTrap, type Trap } from "../kit/support.ts";

const SEAL_KEY = randomBytes(32).toString("base64");
const KEY = readSealKey(SEAL_KEY);

const IN_AN_HOUR = new Date((Math.floor(Date.now() / 1000) + 3600) * 1000);

const CONTENT = {
  token: "0123456789abcdef0123456789abcdef",
  provider: "tuleap",
  method: "token",
  url: "https://tuleap.example.com",
  envName: "TULEAP_TOKEN",
  parts: { "user-id": "115" },
  account: "ci-robot",
  expiresAt: IN_AN_HOUR,
  handle: { secret: "0123456789abcdef0123456789abcdef", userId: "115" },
};

let sealed = "";
let header: CompactJWEHeaderParameters;
let payload: Record<string, unknown>;
beforeAll(async () => {
  sealed = await seal(CONTENT, KEY, RUN);
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, KEY);
  header = protectedHeader;
  payload = JSON.parse(new TextDecoder().decode(plaintext));
});

/** How opening fails, in words; what opens is an error of the test. */
async function refusal(text: string, key = KEY, run = RUN): Promise<string> {
  try {
    await open(text, key, run);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "invalid-input") return thrown.message;
    throw thrown;
  }
  throw new Error("it opened");
}

const encrypted = (content: unknown, more: Partial<CompactJWEHeaderParameters> = {}, key: unknown = KEY) =>
  new CompactEncrypt(new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content)))
    .setProtectedHeader({ ...header, ...more })
    .encrypt(key as Uint8Array);

describe("the seal", () => {
  test("is a JWE in compact form with `dir` and `A256GCM`, not compressed, which tells nothing in the open", () => {
    const [protectedHeader = "", encryptedKey, iv = "", , tag = "", ...more] = sealed.split(".");
    expect(more).toEqual([]);
    expect(JSON.parse(Buffer.from(protectedHeader, "base64url").toString())).toEqual({
      alg: "dir",
      enc: "A256GCM",
      kid: expect.stringMatching(/^[\w-]{8}$/),
    });
    expect(encryptedKey).toBe("");
    expect(Buffer.from(iv, "base64url")).toHaveLength(12);
    expect(Buffer.from(tag, "base64url")).toHaveLength(16);
  });

  test("is another one each time, and its open header is the same for one key and no piece of it", async () => {
    const again = await seal(CONTENT, KEY, RUN);
    const [first, second] = [sealed, again].map((text) => text.split("."));
    expect(first?.[0]).toBe(second?.[0]);
    expect(first?.[2]).not.toBe(second?.[2]);
    expect(first?.[3]).not.toBe(second?.[3]);
    const kid = String(header.kid);
    expect(SEAL_KEY).not.toContain(kid);
    expect(Buffer.from(KEY).toString("hex")).not.toContain(Buffer.from(kid, "base64url").toString("hex"));
  });

  test("holds what it takes to use, prove and revoke the token, and no more", () => {
    expect(payload).toEqual({
      repository: "octo-org/octo-repo",
      run: "1658821493",
      token: CONTENT.token,
      provider: "tuleap",
      method: "token",
      url: "https://tuleap.example.com",
      envName: "TULEAP_TOKEN",
      parts: { "user-id": "115" },
      account: "ci-robot",
      expires: IN_AN_HOUR.getTime() / 1000,
      handle: CONTENT.handle,
    });
  });

  test("opens in the same run, in whatever attempt and job, to what went in", async () => {
    expect(await open(sealed, KEY, RUN)).toEqual(CONTENT);
    expect(await open(sealed, KEY, { ...RUN, attempt: "2", job: "upload", workflow: "Called" })).toEqual(CONTENT);
  });
});

describe("what does not open says which of the reasons it is:", () => {
  test("another key", async () => {
    expect(await refusal(sealed, readSealKey(randomBytes(32).toString("base64")))).toBe(
      'The input "sealed" was made with another seal-key.',
    );
  });

  test("another run of the workflow", async () => {
    expect(await refusal(sealed, KEY, { ...RUN, id: "1658821494" })).toBe(
      'The input "sealed" was made in another run of the workflow.',
    );
  });

  test("another repository", async () => {
    const elsewhere = { ...RUN, repository: "octo-org/other" };
    expect(await refusal(sealed, KEY, elsewhere)).toBe('The input "sealed" was made in another repository.');
    // Run ids are of one server, so a run of another repository is first of all another repository.
    expect(await refusal(sealed, KEY, { ...elsewhere, id: "7" })).toContain("another repository");
  });

  const CHANGED = 'The input "sealed" is no seal of this action, or was changed or cut on the way.';

  test("one changed character, wherever it is", async () => {
    const opens: number[] = [];
    for (let index = 0; index < sealed.length; index++) {
      const other = sealed[index] === "A" ? "B" : "A";
      const message = await refusal(sealed.slice(0, index) + other + sealed.slice(index + 1)).catch(String);
      if (message !== CHANGED) opens.push(index);
    }
    expect(opens).toEqual([]);
  });

  test("a last character of a part that differs only in bits which decoders pass over", async () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=";
    const ends = [...sealed.matchAll(/[^.](?=\.|$)/g)].map(({ index }) => index);
    expect(ends).toHaveLength(4);
    for (const end of ends) {
      for (const other of alphabet.replace(sealed[end] ?? "", "")) {
        expect(await refusal(sealed.slice(0, end) + other + sealed.slice(end + 1))).toBe(CHANGED);
      }
    }
  });

  test.each<{ what: string; change: (text: string) => string }>([
    { what: "an encrypted key where there is none", change: (text) => text.replace("..", ".AAAA.") },
    { what: "an encrypted key of one character", change: (text) => text.replace("..", ".A.") },
    { what: "the last character cut off", change: (text) => text.slice(0, -1) },
    { what: "the tag cut to 12 bytes", change: (text) => text.slice(0, -6) },
    { what: "the tag cut off", change: (text) => text.slice(0, text.lastIndexOf(".") + 1) },
    { what: "four parts", change: (text) => text.slice(0, text.lastIndexOf(".")) },
    { what: "six parts", change: (text) => `${text}.AAAA` },
    { what: "padding", change: (text) => `${text}==` },
    { what: "a line break in it", change: (text) => `${text.slice(0, 90)}\n${text.slice(90)}` },
    { what: "a space in it", change: (text) => `${text.slice(0, 90)} ${text.slice(90)}` },
    { what: "another text", change: () => "the token, please" },
    { what: "what a runner shows of a secret", change: () => "***" },
    { what: "only dots", change: () => "...." },
    { what: "two of them", change: (text) => text + text },
    { what: "another's open header", change: (text) => text.replace(/^[^.]+/, otherHeader({ kid: "AAAAAAAA" })) },
    { what: "an open header in another order", change: (text) => text.replace(/^[^.]+/, reordered()) },
    { what: "no key in the open header", change: (text) => text.replace(/^[^.]+/, otherHeader({ kid: undefined })) },
  ])("$what", async ({ change }) => {
    const text = change(sealed);
    expect(text).not.toBe(sealed);
    expect(await refusal(text)).toBe(CHANGED);
  });

  function otherHeader(more: Record<string, unknown>): string {
    return Buffer.from(JSON.stringify({ ...header, ...more })).toString("base64url");
  }

  function reordered(): string {
    return Buffer.from(JSON.stringify({ kid: header.kid, enc: header.enc, alg: header.alg })).toString("base64url");
  }

  test.each<{ what: string; content: (payload: Record<string, unknown>) => unknown }>([
    { what: "no JSON", content: () => "hello" },
    { what: "null", content: () => null },
    { what: "no token", content: ({ token: _, ...rest }) => rest },
    { what: "a token that is a number", content: (rest) => ({ ...rest, token: 12345678 }) },
    { what: "a handle without a secret", content: (rest) => ({ ...rest, handle: { id: "1" } }) },
    { what: "an expiry that is a text", content: (rest) => ({ ...rest, expires: "soon" }) },
  ])("the right key but $what inside", async ({ content }) => {
    expect(await refusal(await encrypted(content(payload)))).toBe('The input "sealed" does not hold what it should.');
  });
});

describe("of all JWEs with the right key inside, only `dir` with `A256GCM` opens", () => {
  test("as it does where jose makes it with the same header", async () => {
    expect(await open(await encrypted(payload), KEY, RUN)).toEqual(CONTENT);
  });

  test.each<{ what: string; more: Partial<CompactJWEHeaderParameters>; key?: unknown }>([
    { what: "compressed", more: { zip: "DEF" } },
    { what: "dir with A128CBC-HS256, whose key is as long", more: { enc: "A128CBC-HS256" } },
    { what: "A256KW", more: { alg: "A256KW" } },
    { what: "A256GCMKW", more: { alg: "A256GCMKW" } },
    { what: "A256KW with A128GCM", more: { alg: "A256KW", enc: "A128GCM" } },
    { what: "A256KW with A256CBC-HS512", more: { alg: "A256KW", enc: "A256CBC-HS512" } },
    { what: "PBES2 with the key as its password", more: { alg: "PBES2-HS256+A128KW" } },
    {
      what: "RSA-OAEP-256",
      more: { alg: "RSA-OAEP-256" },
      key: generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey,
    },
  ])("$what does not", async ({ more, key = KEY }) => {
    const text = await encrypted(payload, more, key);
    expect(text.split(".")).toHaveLength(5);
    expect(await refusal(text)).toMatch(/^The input "sealed" is no seal of this action/);
  });

  test("a JWS does not", async () => {
    const signed = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader({ alg: "HS256" })
      .sign(KEY);
    expect(await refusal(signed)).toMatch(/^The input "sealed" is no seal of this action/);
  });
});

describe("in a step", () => {
  let trap: Trap;
  beforeAll(async () => {
    trap = await startTrap();
  });
  afterAll(() => trap.close());

  /** What a step makes of a seal that must not open; every request of it would be counted. */
  async function step(text: string, key = SEAL_KEY, github: Record<string, string> = {}) {
    const main = await runMain({ sealed: text, "seal-key": key }, { env: trap.env, github });
    expect(main).toMatchObject({ exitCode: 1, env: {} });
    for (const name of ["token", "authorization", "headers"]) expect(main.outputs).not.toHaveProperty(name);
    expect(main.annotations).toHaveLength(1);
    expect(trap.connections()).toBe(0);
    return { failure: main.outputs.failure, message: main.annotations[0]?.message };
  }

  test.each<{ what: string; says: string; given: () => Parameters<typeof step> }>([
    { what: "another key", says: "another seal-key", given: () => [sealed, randomBytes(32).toString("base64")] },
    { what: "another run", says: "another run", given: () => [sealed, SEAL_KEY, { run_id: "7" }] },
    { what: "another repository", says: "another repository", given: () => [sealed, SEAL_KEY, { repository: "o/r" }] },
    ...[0, 1, 2, 3, 4].map((part) => ({
      what: `a changed byte in part ${part + 1}`,
      says: "was changed or cut on the way",
      given: (): Parameters<typeof step> => [changedIn(part)],
    })),
  ])("$what is invalid-input that says so", async ({ says, given }) => {
    const { failure, message } = await step(...given());
    expect(failure).toBe("invalid-input");
    expect(message).toContain(`The input "sealed" `);
    expect(message).toContain(says);
  });

  function changedIn(part: number): string {
    const parts = sealed.split(".");
    const text = parts[part] ?? "";
    const middle = Math.floor(text.length / 2);
    parts[part] = text.slice(0, middle) + (text[middle] === "A" ? "B" : "A") + text.slice(middle + 1);
    return parts.join(".");
  }

  test("an expired token is refused, and the text says to re-run all jobs", async () => {
    const { failure, message } = await step(
      await encrypted({ ...payload, expires: Math.floor(Date.now() / 1000) - 1 }),
    );
    expect(failure).toBe("refused");
    expect(message).toMatch(/expired at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    expect(message).toMatch(/re-run all jobs/i);
  });

  test.each<{ what: string; change: Record<string, unknown>; names: string }>([
    { what: "a provider of another version", change: { provider: "oauth3" }, names: '"sealed"' },
    { what: "a method of another version", change: { method: "magic" }, names: '"sealed"' },
    { what: "the name of a forbidden variable", change: { envName: "NODE_OPTIONS" }, names: "NODE_OPTIONS" },
    { what: "a service of plain http", change: { url: "http://tuleap.example.com" }, names: '"allow-http"' },
  ])("$what inside is invalid-input", async ({ change, names }) => {
    const { failure, message } = await step(await encrypted({ ...payload, ...change }));
    expect(failure).toBe("invalid-input");
    expect(message).toContain(names);
  });
});
