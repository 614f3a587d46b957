/** `npm start -- --definition FILE --inputs FILE`: a definition tried with a real account. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "@jest/globals";
import { definitions, type Service } from "../../sandbox/services/index.ts";
import { formsOf } from "../kit/support.ts";

const folder = mkdtempSync(join(tmpdir(), "trial-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Tried {
  readonly code: number;
  readonly text: string;
}

/** Calls the command in the folder that holds the definition, as somebody does who writes one. */
function start(...args: string[]): Promise<Tried> {
  return new Promise((done) => {
    execFile(process.execPath, [resolve("sandbox/start.ts"), ...args], { cwd: folder }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
    });
  });
}

/** Tries a definition at the stand-in of a worked example, with these inputs in the place of the right ones. */
async function tried(
  id: string,
  change: (definition: string) => string = (text) => text,
  inputs: Readonly<Record<string, string>> = {},
  use: (service: Service) => void = () => {},
): Promise<Tried & { service: Service; secrets: string[] }> {
  const service = await definitions[id]?.({ basePath: "/installed/here" });
  if (service === undefined) throw new Error(`${id} has no stand-in`);
  try {
    use(service);
    writeFileSync(join(folder, "own.json"), change(readFileSync(`examples/definitions/${id}.json`, "utf8")));
    const account = Object.values(service.accounts)[0]?.inputs;
    const lines = Object.entries({ url: service.url, ...account, ...inputs }).map(
      ([name, value]) => `${name}=${value}`,
    );
    writeFileSync(join(folder, "inputs"), lines.join("\n"));
    const { code, text } = await start("--definition", "own.json", "--inputs", "inputs");
    return { code, text, service, secrets: [account?.password ?? "", account?.["client-secret"] ?? ""] };
  } finally {
    await service.close();
  }
}

/** What is told of one request. */
function told(text: string, room: string): string[] {
  const [, after = ""] = text.split(`\n  ${room}: `);
  return (after.split("\n\n")[0] ?? "").split("\n").map((line) => line.trim());
}

describe("a definition that works", () => {
  test("shows each request without a value, what was read from where, and what the end of the job did", async () => {
    const { code, text, service, secrets } = await tried("sessions");
    const host = `127.0.0.1:${service.port}`;
    expect(code).toBe(0);
    expect(told(text, "exchange")).toEqual([
      `POST ${host}/installed/here/login`,
      expect.stringMatching(/^headers: .*content-type/),
      "json: user, password",
      "answered 200",
      "token: JSON /session/token, found (string)",
      "id: JSON /session/id, found (string)",
      "expires: JSON /session/ends as epoch, found (number)",
    ]);
    expect(told(text, "probe")).toEqual([
      `GET ${host}/installed/here/me`,
      expect.stringMatching(/^headers: .*x-session/),
      "answered 200",
      "accepted: JSON /user/name, found (string)",
      "account: JSON /user/name, found (string)",
    ]);
    expect(text.split("At the end of the job\n")[1]).toContain(
      `revoke: DELETE ${host}/installed/here/sessions/{answer.id}`,
    );
    expect(told(text, "revoke").at(-1)).toBe("answered 204, which is revoked");
    expect(service.live()).toEqual([]);
    const values = [...secrets, ...service.requests.map(({ headers }) => headers["x-session"] ?? "")].filter(Boolean);
    const ids = service.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1));
    expect(values.length).toBeGreaterThan(1);
    for (const value of [...values.flatMap(formsOf), ...ids]) expect(text).not.toContain(value);
  });

  test("finds cookies, and says of what has no probe and no end that there is none", async () => {
    const { code, text } = await tried("octane");
    expect(code).toBe(0);
    expect(told(text, "exchange").slice(-2)).toEqual([
      "token: cookie LWSSO_COOKIE_KEY, found",
      "user: cookie OCTANE_USER, found",
    ]);
    expect(text).not.toContain("\n  probe: ");
    const dojo = await tried("defectdojo");
    expect(dojo.text.split("At the end of the job\n")[1]).toContain('the definition has no "revoke"');
  });

  test("reads an answer that is packed, which nobody asked for", async () => {
    const { text } = await tried("sessions", undefined, {}, (service) => {
      service.fault((request, _req, res) => {
        if (!request.path.endsWith("/me")) return false;
        res.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"user":{"name":"ci-robot"}}'));
        return true;
      });
    });
    expect(told(text, "probe")).toContain("accepted: JSON /user/name, found (string)");
  });
});

describe("a definition that is not right yet", () => {
  test("is told what stands there in the place of what it looks for", async () => {
    const wrong = (text: string) => text.replace("/session/token", "/session/tokn").replace("/user/name", "/name");
    const { code, text, secrets } = await tried("sessions", wrong);
    expect(code).toBe(1);
    expect(told(text, "exchange")).toContain(
      "token: JSON /session/tokn: not there. There are: /session /session/id /session/token /session/ends",
    );
    expect(text).toContain("Nothing is revoked: this step minted nothing.");
    for (const form of secrets.flatMap(formsOf)) expect(text).not.toContain(form);
  });

  test("is told the places of a refusal, which it may name", async () => {
    const { code, text } = await tried("defectdojo", undefined, { password: "not-the-password" });
    expect(code).toBe(1);
    expect(told(text, "exchange").slice(-2)).toEqual([
      "answered 400",
      "JSON in it: /non_field_errors /non_field_errors/0",
    ]);
    expect(text).not.toContain("not-the-password");
  });

  test("shows no key of an answer that could be a value", async () => {
    const token = "tok_0123456789abcdef0123456789";
    const { text } = await tried("sessions", undefined, {}, (service) => {
      service.fault((_request, _req, res) => {
        res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ sessions: { [token]: "x" } }));
        return true;
      });
    });
    expect(told(text, "exchange")).toContain("token: JSON /session/token: not there. There are: /sessions");
    expect(text).not.toContain(token);
  });

  test("sends nothing where it is wrong itself", async () => {
    const { code, text, service } = await tried("sessions", (text) => text.replace('"exchange"', '"exchnage"'));
    expect(code).toBe(1);
    expect(text).toContain('Did you mean "exchange"?');
    expect(text).toContain("No request was sent.");
    expect(service.requests).toEqual([]);
  });
});

test("asks for a second look where a token that was good is gone at its end, or none is known at the probe", async () => {
  const noSession = (text: string) => text.replace('"DELETE", "path": "/sessions', '"DELETE", "path": "/session');
  expect(told((await tried("sessions", noSession)).text, "revoke")).toContain(
    'answered 404, which "gone" takes for already gone: where the token was good, see whether path and headers are right',
  );
  const otherHeader = (text: string) => text.replace('"X-Session"', '"X-Sesion"');
  expect(told((await tried("sessions", otherHeader)).text, "probe")).toContain(
    'answered 401, to a token of a moment ago: see in "use" how it is sent',
  );
});

describe("the command", () => {
  test("reads its files in the folder that npm was called in", async () => {
    writeFileSync(join(folder, "inputs"), "provider=tuleap\n");
    const text = await new Promise((done) => {
      const options = { env: { ...process.env, INIT_CWD: folder } };
      execFile(process.execPath, ["sandbox/start.ts", "--inputs", "inputs"], options, (_error, stdout) => done(stdout));
    });
    expect(text).toContain("No value arrived in");
  });

  test("says of a definition that it is not there, or not below that folder", async () => {
    writeFileSync(join(folder, "inputs"), "url=https://sessions.example.com\n");
    const wanted = join(realpathSync(folder), "no-such.json");
    expect((await start("--definition", "no-such.json", "--inputs", "inputs")).text).toBe(
      `There is no file ${wanted}\n`,
    );
    const outside = resolve("examples/definitions/sessions.json");
    expect((await start("--definition", outside, "--inputs", "inputs")).text).toContain(
      `${outside} is not below ${realpathSync(folder)}: call "npm --prefix `,
    );
  });

  test("wants the inputs, too", async () => {
    const { code, text } = await start("--definition", "own.json");
    expect({ code, text }).toEqual({ code: 1, text: "--definition needs --inputs FILE, with url and credentials\n" });
  });

  test("takes no other provider than custom", async () => {
    copyFileSync("examples/definitions/sessions.json", join(folder, "own.json"));
    writeFileSync(join(folder, "inputs"), "provider=tuleap\nurl=https://tuleap.example.com\ntoken=s3cr3t-s3cr3t\n");
    const { code, text } = await start("--definition", "own.json", "--inputs", "inputs");
    expect(code).toBe(1);
    expect(text).toBe("The inputs name the provider tuleap, which takes no definition: leave it out\n");
  });
});
