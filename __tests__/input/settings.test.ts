import { describe, expect, test } from "@jest/globals";
import { Failure } from "../../src/failure.ts";
import { parseSettings } from "../../src/input/settings.ts";
import { type Given, inputsOf } from "../kit/given.ts";

describe("settings", () => {
  test("empty inputs are absent and take the defaults of the contract", () => {
    expect(parseSettings(inputsOf({}))).toEqual({
      probe: "true",
      exportEnv: true,
      envName: "",
      revoke: "auto",
      timeout: 60,
      retries: 4,
      caCertificate: "",
      allowHttp: false,
      summary: "failure",
    });
  });

  test.each([
    ["true", true],
    ["True", true],
    ["TRUE", true],
    ["false", false],
    ["False", false],
    ["FALSE", false],
  ])("%s is a boolean of YAML's core schema", (text, value) => {
    const settings = parseSettings(
      inputsOf({ "export-env": text, "allow-http": text, probe: text, revoke: text, summary: text }),
    );
    expect(settings).toMatchObject({ exportEnv: value, allowHttp: value });
    expect(settings).toMatchObject({ probe: String(value), revoke: String(value), summary: String(value) });
  });

  test.each(["yes", "no", "on", "off", "y", "n", "1", "0", "tRue", "TRUe", "fALSE", "null", "~", "truefalse"])(
    "%s is none",
    (text) => {
      expect(() => parseSettings(inputsOf({ "export-env": text }))).toThrow(Failure);
      expect(() => parseSettings(inputsOf({ "allow-http": text }))).toThrow(Failure);
    },
  );

  test.each<[Given, object]>([
    [{ timeout: "1" }, { timeout: 1 }],
    [{ timeout: "3600" }, { timeout: 3600 }],
    [{ retries: "0" }, { retries: 0 }],
    [{ retries: "10" }, { retries: 10 }],
    [{ probe: "strict" }, { probe: "strict" }],
    [{ revoke: "auto" }, { revoke: "auto" }],
    [{ summary: "failure" }, { summary: "failure" }],
  ])("%j is taken", (given, settings) => {
    expect(parseSettings(inputsOf(given))).toMatchObject(settings);
  });
});

describe("the variable's name", () => {
  test.each([
    ...["PATH", "PATHEXT", "HOME", "SHELL", "COMSPEC", "ENV", "BASH_ENV", "IFS", "CI", "PSMODULEPATH"],
    ...["NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NPM_CONFIG_REGISTRY"],
    ...[
      "LD_PRELOAD",
      "LD_LIBRARY_PATH",
      "DYLD_INSERT_LIBRARIES",
      "PYTHONPATH",
      "PYTHONSTARTUP",
      "PERL5LIB",
      "PERL5OPT",
    ],
    ...["RUBYOPT", "RUBYLIB", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "DOTNET_STARTUP_HOOKS"],
    ...["SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"],
    ...["GITHUB_TOKEN", "GITHUB_ENV", "RUNNER_TEMP", "ACTIONS_RUNTIME_TOKEN", "INPUT_TOKEN", "STATE_revocation"],
    ...["TULEAP_USER_ID", "path", "Node_Options", "ld_preload", "npm_config_registry", "https_proxy", "tuleap_user_id"],
    ...["github_token", "Bash_Env", "pythonpath"],
    ...["1TOKEN", "MY-TOKEN", "MY TOKEN", "MY.TOKEN", "TOKÉN", "A=B", "A\nB", "$TOKEN"],
  ])("%p is refused", (name) => {
    const parse = () => parseSettings(inputsOf({ "env-name": name }));
    expect(parse).toThrow(
      expect.objectContaining({ code: "invalid-input", message: expect.stringContaining('"env-name"') }),
    );
  });

  test.each([
    ...[
      "NPM_TOKEN",
      "NODE_AUTH_TOKEN",
      "RP_API_KEY",
      "XRAY_TOKEN",
      "_",
      "_token",
      "a",
      "Token9",
      "CI_TOKEN",
      "MY_PATH",
    ],
    ...["PATH_TOKEN", "HOME_TOKEN", "GITLAB_TOKEN", "ENVIRONMENT", "TULEAP_USER_ID_2", "PROXY_TOKEN", "JAVA_TOKEN"],
    ...["NODE_TOKEN", "SHELL_TOKEN", "SSL_TOKEN"],
  ])("%p is taken", (name) => {
    expect(parseSettings(inputsOf({ "env-name": name })).envName).toBe(name);
  });
});
