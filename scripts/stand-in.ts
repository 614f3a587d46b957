/**
 * Starts the stand-in of one service on this machine and writes the inputs of one method to a file, as
 * `npm start -- --inputs FILE` reads them, or, with `--outputs`, as outputs of a step. It runs until it is stopped.
 * `node scripts/stand-in.ts PROVIDER METHOD FILE [--outputs]`
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { services } from "../sandbox/services/index.ts";

const [provider = "", method = "", file = "", format] = process.argv.slice(2);
const start = Object.entries(services).find(([id]) => id === provider)?.[1];
if (start === undefined || file === "") {
  throw new Error(
    `node scripts/stand-in.ts PROVIDER METHOD FILE [--outputs], with one of: ${Object.keys(services).join(", ")}`,
  );
}
const service = await start({});
const account = service.accounts[method];
if (account === undefined) {
  await service.close();
  throw new Error(`There is no method ${method}, only: ${Object.keys(service.accounts).join(", ")}`);
}
const lines = Object.entries({ provider, method, url: service.url, ...account.inputs }).map(
  ([name, value]) => `${name}=${value}\n`,
);
if (format === "--outputs") appendFileSync(file, lines.join(""));
else writeFileSync(file, lines.join(""));
console.log(`${provider} listens at ${service.url}`);
