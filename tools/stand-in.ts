/**
 * Starts the stand-in of one service on this machine, for one of its methods.
 *
 * `node tools/stand-in.ts PROVIDER METHOD FILE` writes the inputs to a file, as `npm start -- --inputs FILE` reads them,
 * and runs until it is stopped.
 *
 * `node tools/stand-in.ts PROVIDER METHOD FILE --background` adds the inputs and its process id to a file of outputs. It
 * outlives the step that starts it, also where a step's processes end with the step, and ends by itself: when all that it
 * minted has been taken back, and after ten minutes whatever happens.
 *
 * With `ID_TOKEN_ISSUER` in the environment it takes the ID tokens of that issuer, by the keys that the issuer serves.
 */
import { spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Service, services, type TrustedIssuer } from "../sandbox/services/index.ts";

const LONGEST_LIFE = 600_000;
const LOOKS_EACH = 200;
/** The answer to the request that took the last credential back is still on its way. */
const LINGERS = 2_000;

/** What the process in the background tells the one that started it, if it does not tell what went wrong. */
const READY = "ready";

const [provider = "", method = "", file = "", mode] = process.argv.slice(2);

if (mode === "--background") await startInBackground();
else if (mode === "--until-revoked") await runUntilRevoked();
else {
  const { service, inputs } = await startService();
  writeFileSync(file, lines(inputs));
  console.log(`${provider} listens at ${service.url}`);
}

async function startService(): Promise<{ service: Service; inputs: Readonly<Record<string, string>> }> {
  const start = Object.entries(services).find(([id]) => id === provider)?.[1];
  if (start === undefined || file === "") {
    const known = Object.keys(services).join(", ");
    throw new Error(`node tools/stand-in.ts PROVIDER METHOD FILE [--background], with one of: ${known}`);
  }
  const service = await start(await trusting(process.env.ID_TOKEN_ISSUER));
  const account = service.accounts[method];
  if (account === undefined) {
    await service.close();
    throw new Error(`There is no method ${method}, only: ${Object.keys(service.accounts).join(", ")}`);
  }
  return { service, inputs: { provider, method, url: service.url, ...account.inputs } };
}

/** Whose ID tokens are taken: those of an issuer, by the keys of its JWK Set as GitHub's provider serves it. */
async function trusting(issuer = ""): Promise<{ trusts?: TrustedIssuer }> {
  if (issuer === "") return {};
  const answer = await fetch(`${issuer}/.well-known/jwks`);
  const { keys } = (await answer.json()) as { keys: ReturnType<TrustedIssuer["keys"]> };
  return { trusts: { issuer, keys: () => keys } };
}

function lines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** In a session of its own and with no stream of this process, so that neither ends with the other. */
async function startInBackground(): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), provider, method, file, "--until-revoked"], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    windowsHide: true,
  });
  const told = await new Promise((resolve) => {
    child.once("message", resolve);
    child.once("exit", (code) => resolve(`The stand-in ended with exit code ${code}.`));
  });
  if (told !== READY) throw new Error(String(told));
  child.disconnect();
  child.unref();
  appendFileSync(file, `pid=${child.pid}\n`);
}

async function runUntilRevoked(): Promise<void> {
  try {
    const { service, inputs } = await startService();
    const end = () => service.close().then(() => process.exit());
    let hasMinted = false;
    const looking = setInterval(() => {
      const live = service.live().length;
      hasMinted ||= live > 0;
      if (!hasMinted || live > 0) return;
      clearInterval(looking);
      setTimeout(end, LINGERS);
    }, LOOKS_EACH);
    setTimeout(end, LONGEST_LIFE);
    appendFileSync(file, lines(inputs));
    process.send?.(READY);
  } catch (error) {
    process.send?.(error instanceof Error ? error.message : String(error));
  }
}
