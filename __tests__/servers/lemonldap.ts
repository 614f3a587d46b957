import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awkwardBeyondAscii, type Pair } from "./pair.ts";
import { onFreePort, startProgram } from "./program.ts";
import { type Recorder, startRecorder } from "./recorder.ts";

const PLACKUP = "/usr/bin/plackup";
const TEMPLATES = "/usr/share/lemonldap-ng/portal/templates";
const PERL = "/usr/bin/perl";

/** Without any of these it answers every request with status 500. */
const MODULES = [
  "Lemonldap::NG::Portal::Issuer::OpenIDConnect",
  "Convert::Base32",
  "Crypt::OpenSSL::RSA",
  "Crypt::OpenSSL::X509",
  "Email::Sender",
  "GD",
  "GD::SecurityImage",
  "HTML::Template",
  "Image::Magick",
  "IO::String",
  "MIME::Entity",
  "Regexp::Common",
  "String::Random",
  "Unicode::String",
  "XML::LibXML",
];

/** Whether Debian's packages are here. */
export const hasLemonldap =
  [PLACKUP, TEMPLATES].every((path) => existsSync(path)) &&
  spawnSync(PERL, [...MODULES.map((name) => `-M${name}`), "-e", "1"]).status === 0;

/** LemonLDAP::NG: a portal in Perl that takes a Basic pair only as it is, and answers an unknown path with its login page. */
export interface Lemonldap extends Recorder {
  readonly issuer: string;
  readonly client: Pair;
  readonly user: Pair;
  /** What the server's own folder of sessions says of an access token. */
  isAlive(token: string): boolean;
}

/** Starts a portal with one client; any user is known whose password is his name. */
export async function startLemonldap(): Promise<Lemonldap> {
  const folder = mkdtempSync(join(tmpdir(), "lemonldap-"));
  const sessions = join(folder, "sessions");
  for (const path of [sessions, join(folder, "locks")]) mkdirSync(path);
  const recorder = await startRecorder();
  const client = { id: "a client/of the job+1", secret: awkwardBeyondAscii() };
  const name = awkwardBeyondAscii();
  const application = join(folder, "app.psgi");
  const initial = join(folder, "lemonldap-ng.ini");
  writeFileSync(application, "use Lemonldap::NG::Portal::Main;\nLemonldap::NG::Portal::Main->run({});\n");
  writeFileSync(initial, iniOf(folder));
  writeFileSync(join(folder, "lmConf-1.json"), JSON.stringify(configuration(recorder.url, client, folder)));
  const program = await onFreePort((port) => {
    recorder.lead(port);
    const at = ["--host", "127.0.0.1", "--port", String(port)];
    const command = [PLACKUP, "-s", "HTTP::Server::PSGI", ...at, application] as const;
    return startProgram(port, command, /Accepting connections at/, { LLNG_DEFAULTCONFFILE: initial });
  });
  return {
    ...recorder,
    issuer: recorder.url,
    client,
    user: { id: name, secret: name },
    isAlive: (token) => /^[0-9a-f]+$/.test(token) && existsSync(join(sessions, token)),
    async stop() {
      await program.stop();
      await recorder.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function iniOf(folder: string): string {
  return `[all]
logLevel = error
[configuration]
type = File
dirName = ${folder}
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'lemonldap-ng-config', 'cache_root' => '${folder}/cache', 'cache_depth' => 1 }
[portal]
templateDir = ${TEMPLATES}
staticPrefix = /static
languages = en
`;
}

function configuration(url: string, client: Pair, folder: string): object {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return {
    cfgNum: 1,
    cfgDate: 1,
    cfgAuthor: "test",
    cfgVersion: "2.16.1",
    portal: `${url}/`,
    domain: "127.0.0.1",
    authentication: "Demo",
    userDB: "Null",
    passwordDB: "Null",
    // As loose as it can be: names of users are as awkward as secrets here.
    userControl: "^.+$",
    globalStorage: "Apache::Session::File",
    globalStorageOptions: {
      Directory: join(folder, "sessions"),
      LockDirectory: join(folder, "locks"),
      generateModule: "Lemonldap::NG::Common::Apache::Session::Generate::SHA256",
    },
    // It wants to protect one host at least.
    locationRules: { "127.0.0.1": { default: "deny" } },
    localSessionStorage: "Cache::FileCache",
    localSessionStorageOptions: { namespace: "sessions", cache_root: join(folder, "cache"), cache_depth: 1 },
    whatToTrace: "_user",
    issuerDBOpenIDConnectActivation: 1,
    oidcServicePrivateKeySig: privateKey,
    oidcServicePublicKeySig: publicKey,
    oidcServiceAllowOnlyDeclaredScopes: 1,
    oidcRPMetaDataOptions: {
      job: {
        oidcRPMetaDataOptionsClientID: client.id,
        oidcRPMetaDataOptionsClientSecret: client.secret,
        oidcRPMetaDataOptionsAllowClientCredentialsGrant: 1,
        oidcRPMetaDataOptionsAllowPasswordGrant: 1,
        oidcRPMetaDataOptionsIDTokenSignAlg: "RS256",
      },
    },
    oidcRPMetaDataScopeRules: { job: { ci: "$requested" } },
  };
}
