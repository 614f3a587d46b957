/**
 * Loaded into the action's process before it starts (`--import`): writes down, in one order, what leaves the process: each
 * line of its log, each write to a command file and each request. Nothing is changed on the way.
 */
import { subscribe } from "node:diagnostics_channel";
import fs from "node:fs";
import type { ClientRequest } from "node:http";
import { syncBuiltinESMExports } from "node:module";

const { JOURNAL = "" } = process.env;
const append = fs.appendFileSync;
const print = process.stdout.write.bind(process.stdout);
const FILES = ["output", "env", "state", "path", "step_summary"].map((file) => [
  process.env[`GITHUB_${file.toUpperCase()}`],
  file.replace("step_", ""),
]);

function note(kind: string, text: string): void {
  append(JOURNAL, `${JSON.stringify([kind, text])}\n`);
}

fs.appendFileSync = (path, data, options) => {
  const file = FILES.find(([name]) => name === path)?.[1];
  if (file !== undefined) note(file, String(data));
  append(path, data, options);
};
syncBuiltinESMExports();

process.stdout.write = ((chunk: string, ...rest: []) => {
  for (const line of chunk.split("\n").filter(Boolean)) note("log", line);
  return print(chunk, ...rest);
}) as typeof process.stdout.write;

subscribe("http.client.request.start", (message) => {
  const { request } = message as { request: ClientRequest };
  note("request", `${request.method} ${request.path}`);
});
