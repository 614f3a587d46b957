/**
 * Runs a program on the Node that the lock file holds, whatever Node npm runs on: `node tools/node.js ARGUMENT…`. Plain
 * JavaScript, since an older Node starts it.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { delimiter, dirname, resolve } from "node:path";

/** The major version that the action itself runs on, and that strips types. */
const LEAST = 24;

const SYSTEMS = { win32: "win" };

/** Path of the locked Node; nothing where the platform has none, or where npm left out optional packages. */
function lockedNode() {
  const { platform, arch } = process;
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`node-${SYSTEMS[platform] ?? platform}-${arch}/package.json`);
    return resolve(dirname(manifest), require(manifest).bin.node);
  } catch {
    return undefined;
  }
}

function run(program) {
  // What the program starts by the name "node" is the same Node.
  process.env.PATH = [dirname(program), process.env.PATH].join(delimiter);
  const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", ({ message }) => fail(`${program} cannot be started: ${message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

const locked = lockedNode();
const own = Number.parseInt(process.versions.node, 10);
if (locked !== undefined) run(locked);
else if (own >= LEAST) run(process.execPath);
else {
  const brings =
    '"npm ci" brings it for Linux, and for Windows and macOS on x64, unless optional packages are left out';
  fail(`This needs Node ${LEAST} or newer, and runs on ${process.version}. ${brings}. Elsewhere install it.`);
}
