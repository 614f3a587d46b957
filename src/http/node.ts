/** The parts of Node that a run without a request does not need: they take milliseconds to load, so each waits for its first use. */
export const node = {
  get http() {
    return process.getBuiltinModule("node:http");
  },
  get https() {
    return process.getBuiltinModule("node:https");
  },
  get tls() {
    return process.getBuiltinModule("node:tls");
  },
  get zlib() {
    return process.getBuiltinModule("node:zlib");
  },
};
