import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { awkwardBeyondAscii, type Pair } from "./pair.ts";
import { onFreePort, startProgram } from "./program.ts";
import { type Recorder, startRecorder } from "./recorder.ts";

const PROGRAM = "/usr/bin/glewlwyd";
const CONFIGURATION = "/etc/glewlwyd/glewlwyd.conf";
const SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

/** Whether Debian's package is here. */
export const hasGlewlwyd = [PROGRAM, CONFIGURATION, SCHEMA].every((path) => existsSync(path));

/** Who may do everything, as the schema of the database makes it. */
const ADMINISTRATOR = { username: "admin", password: "password" };

/** glewlwyd: a server in C that takes a Basic pair only as it is, and refuses with an empty 403. */
export interface Glewlwyd extends Recorder {
  readonly issuer: string;
  /** A client that proves itself with a secret. */
  readonly client: Pair;
  readonly user: Pair;
  /** Makes a client that proves itself with what is signed by the key of this JWK. */
  registerKey(id: string, publicJwk: object): Promise<void>;
  /** What the server's own database says of an access token. */
  isAlive(token: string): boolean;
}

/** Starts a server with one client and one user. */
export async function startGlewlwyd(): Promise<Glewlwyd> {
  const folder = mkdtempSync(join(tmpdir(), "glewlwyd-"));
  const recorder = await startRecorder();
  const path = join(folder, "glewlwyd.db");
  const database = new DatabaseSync(path);
  database.exec(readFileSync(SCHEMA, "utf8"));
  const { program, administer } = await onFreePort(async (port) => {
    const file = join(folder, "glewlwyd.conf");
    writeFileSync(file, configuration(readFileSync(CONFIGURATION, "utf8"), { port, url: recorder.url, path }));
    recorder.lead(port);
    const program = await startProgram(port, [PROGRAM, "--config-file", file], /Glewlwyd started on port/);
    // It says that it started before it knows whether the port is its own.
    try {
      return { program, administer: await logIn(recorder.url) };
    } catch (error) {
      await program.stop();
      throw error;
    }
  });
  const client = { id: "a client/of the job+1", secret: awkwardBeyondAscii() };
  const user = { id: "ci-robot", secret: awkwardBeyondAscii() };
  const issuer = `${recorder.url}/api/oidc`;
  await administer("mod/plugin", plugin(issuer));
  await administer("scope", SCOPE);
  const { id, secret } = client;
  await administer("client", { ...clientOf(id, SECRETS), password: secret });
  await administer("user", userOf(user));
  // What made the server ready is none of the requests that a test sends.
  recorder.requests.length = 0;
  return {
    ...recorder,
    issuer,
    client,
    user,
    registerKey: (id, publicJwk) =>
      administer("client", { ...clientOf(id, ["private_key_jwt"]), jwks: { keys: [publicJwk] } }),
    isAlive: (token) => {
      const row = database.prepare("SELECT gpoa_enabled FROM gpo_access_token WHERE gpoa_jti = ?").get(jtiOf(token));
      return row?.gpoa_enabled === 1;
    },
    async stop() {
      await program.stop();
      await recorder.stop();
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const SECRETS = ["client_secret_basic", "client_secret_post"];

/** The packaged configuration, for a server of a test. */
function configuration(packaged: string, { port, url, path }: { port: number; url: string; path: string }): string {
  const replaced = ["port", "external_url", "log_mode", "log_level", "bind_address"];
  const kept = packaged
    .split("\n")
    .filter((line) => !line.startsWith("@include") && !replaced.some((name) => line.startsWith(`${name}=`)));
  return [
    `port=${port}`,
    'bind_address="127.0.0.1"',
    `external_url="${url}"`,
    'log_mode="console"',
    'log_level="INFO"',
    ...kept,
    `database = { type = "sqlite3"; path = "${path}"; };`,
  ].join("\n");
}

type Administer = (what: string, entry: object) => Promise<void>;

async function logIn(url: string): Promise<Administer> {
  const send = (path: string, body: object, cookie = ""): Promise<Response> =>
    fetch(`${url}/api/${path}/`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: JSON.stringify(body),
    });
  const session = await send("auth", ADMINISTRATOR);
  if (session.status !== 200) throw new Error(`The log-in was answered with status ${session.status}`);
  const cookie = session.headers.getSetCookie().map((one) => one.split(";")[0]);
  return async (path, body) => {
    const answer = await send(path, body, cookie.join("; "));
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
}

/** OpenID Connect, with tokens that are signed with a secret of its own. */
function plugin(iss: string): object {
  const parameters = {
    iss,
    "jwt-type": "sha",
    "jwt-key-size": "256",
    key: randomBytes(16).toString("hex"),
    "code-duration": 600,
    "refresh-token-duration": 1_209_600,
    "access-token-duration": 3600,
    "allow-non-oidc": true,
    "auth-type-client-enabled": true,
    "auth-type-code-enabled": true,
    "auth-type-implicit-enabled": true,
    "auth-type-password-enabled": true,
    "auth-type-refresh-enabled": true,
    "introspection-revocation-allowed": true,
    "introspection-revocation-allow-target-client": true,
    "client-jwks-parameter": "jwks",
    "client-jwks_uri-parameter": "jwks_uri",
    "request-parameter-allow": true,
    "jwks-show": true,
    scope: [],
    "additional-parameters": [],
    claims: [],
  };
  return { module: "oidc", name: "oidc", display_name: "oidc", enabled: true, parameters };
}

const SCOPE = {
  name: "ci",
  display_name: "ci",
  description: "ci",
  password_required: true,
  password_max_age: 0,
  scheme: {},
};

function clientOf(id: string, methods: readonly string[]): object {
  return {
    client_id: id,
    name: id,
    confidential: true,
    enabled: true,
    scope: ["ci"],
    authorization_type: ["client_credentials", "password", "refresh_token"],
    token_endpoint_auth_method: methods,
    redirect_uri: [],
  };
}

function userOf({ id, secret }: Pair): object {
  return { username: id, name: id, password: secret, enabled: true, scope: ["ci", "openid", "g_profile"] };
}

/** Its tokens are JWTs; the database knows them by their id. */
function jtiOf(token: string): string {
  const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return typeof claims === "object" && claims !== null && "jti" in claims ? String(claims.jti) : "";
}
