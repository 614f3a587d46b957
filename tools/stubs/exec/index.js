// @actions/core runs programs only to describe the platform; no code path of this action reaches it.
export function getExecOutput() {
  return Promise.reject(new Error("@actions/exec is not part of this action"));
}
