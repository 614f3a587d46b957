/** Names that change how later steps run, or that the runner or this action sets itself; `*` stands for any end or start. */
const FORBIDDEN_NAMES = [
  "PATH PATHEXT HOME SHELL COMSPEC ENV BASH_ENV IFS CI PSMODULEPATH",
  "NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_* NPM_CONFIG_*",
  "LD_* DYLD_* PYTHON* PERL* RUBY* JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS DOTNET_*",
  "SSL_CERT_* GIT_* *_PROXY GITHUB_* RUNNER_* ACTIONS_* INPUT_* STATE_*",
].join(" ");

/**
 * Why nothing may be exported under this name; undefined where it may.
 * @param taken more names that are not to be used
 */
export function nameFlaw(name: string, taken: readonly string[]): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "is no name of letters, digits and underscores";
  const upper = name.toUpperCase();
  const isTaken = [...FORBIDDEN_NAMES.split(" "), ...taken].some((one) => {
    const rest = one.replace("*", "");
    if (one.startsWith("*")) return upper.endsWith(rest);
    return one.endsWith("*") ? upper.startsWith(rest) : upper === one.toUpperCase();
  });
  return isTaken ? `names ${name}, which steers how later steps run` : undefined;
}
